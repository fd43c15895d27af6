//! What Meta sends, as types: every field may be missing, a part of an unknown shape stays unread ([`Raw`]).
#![expect(clippy::struct_field_names, reason = "the names are Meta's")]

use patchbay_plugin_meta::json::{Raw, Text};
use serde::Deserialize;

pub const OBJECT: &str = "whatsapp_business_account";

macro_rules! wire {
    ($($(#[$doc:meta])* $type:ident { $($(#[$attribute:meta])* $field:ident: $of:ty,)* })*) => { $(
        $(#[$doc])*
        #[derive(Debug, Default, Deserialize)]
        pub struct $type<'a> {
            $(#[serde(default, borrow)] $(#[$attribute])* pub $field: $of,)*
        }
    )* };
}

wire! {
    Envelope {
        object: Text<'a>,
        entry: Raw<'a>,
    }

    Entry {
        /// The WhatsApp Business Account.
        id: Text<'a>,
        changes: Raw<'a>,
    }

    Change {
        field: Text<'a>,
        value: Raw<'a>,
    }

    /// The value of every field that concerns one telephone number.
    Value {
        metadata: Raw<'a>,
        contacts: Raw<'a>,
        messages: Raw<'a>,
        message_echoes: Raw<'a>,
        statuses: Raw<'a>,
        errors: Raw<'a>,
        user_preferences: Raw<'a>,
    }

    Metadata {
        phone_number_id: Text<'a>,
    }

    Contact {
        wa_id: Text<'a>,
        user_id: Text<'a>,
        parent_user_id: Text<'a>,
        profile: Raw<'a>,
    }

    Profile {
        name: Text<'a>,
        username: Text<'a>,
    }

    /// A message of either direction, with the body of its `type` unread.
    Message {
        id: Text<'a>,
        #[serde(rename = "type")]
        kind: Text<'a>,
        timestamp: Text<'a>,
        from: Text<'a>,
        from_user_id: Text<'a>,
        from_parent_user_id: Text<'a>,
        to: Text<'a>,
        to_user_id: Text<'a>,
        to_parent_user_id: Text<'a>,
        group_id: Text<'a>,
        context: Raw<'a>,
        referral: Raw<'a>,
        text: Raw<'a>,
        image: Raw<'a>,
        video: Raw<'a>,
        audio: Raw<'a>,
        voice: Raw<'a>,
        document: Raw<'a>,
        sticker: Raw<'a>,
        location: Raw<'a>,
        contacts: Raw<'a>,
        reaction: Raw<'a>,
        button: Raw<'a>,
        interactive: Raw<'a>,
        order: Raw<'a>,
        system: Raw<'a>,
        edit: Raw<'a>,
        revoke: Raw<'a>,
    }

    Context {
        id: Text<'a>,
        forwarded: Raw<'a>,
        frequently_forwarded: Raw<'a>,
        referred_product: Raw<'a>,
    }

    TextBody {
        body: Text<'a>,
    }

    Media {
        id: Text<'a>,
        mime_type: Text<'a>,
        filename: Text<'a>,
        caption: Text<'a>,
        voice: Text<'a>,
    }

    Location {
        latitude: Text<'a>,
        longitude: Text<'a>,
        name: Text<'a>,
        address: Text<'a>,
        url: Raw<'a>,
    }

    Card {
        name: Raw<'a>,
        phones: Raw<'a>,
        emails: Raw<'a>,
    }

    CardName {
        formatted_name: Text<'a>,
        first_name: Text<'a>,
        last_name: Text<'a>,
    }

    CardPhone {
        phone: Text<'a>,
        wa_id: Text<'a>,
    }

    CardEmail {
        email: Text<'a>,
    }

    Reaction {
        message_id: Text<'a>,
        emoji: Text<'a>,
    }

    Button {
        payload: Text<'a>,
        text: Text<'a>,
    }

    Interactive {
        button_reply: Raw<'a>,
        list_reply: Raw<'a>,
        nfm_reply: Raw<'a>,
    }

    Reply {
        id: Text<'a>,
        title: Text<'a>,
        description: Text<'a>,
    }

    FormReply {
        body: Text<'a>,
    }

    Order {
        text: Text<'a>,
        product_items: Raw<'a>,
    }

    OrderItem {
        product_retailer_id: Text<'a>,
        quantity: Text<'a>,
        item_price: Text<'a>,
        currency: Text<'a>,
    }

    System {
        #[serde(rename = "type")]
        kind: Text<'a>,
        wa_id: Text<'a>,
        user_id: Text<'a>,
        previous_user_id: Text<'a>,
        parent_user_id: Text<'a>,
    }

    Edit {
        original_message_id: Text<'a>,
        message: Raw<'a>,
    }

    Revoke {
        original_message_id: Text<'a>,
    }

    Status {
        id: Text<'a>,
        status: Text<'a>,
        timestamp: Text<'a>,
        recipient_id: Text<'a>,
        recipient_user_id: Text<'a>,
        group_id: Text<'a>,
        errors: Raw<'a>,
        biz_opaque_callback_data: Text<'a>,
    }

    UserPreference {
        category: Text<'a>,
        value: Text<'a>,
    }

    TemplateUpdate {
        event: Text<'a>,
        message_template_name: Text<'a>,
        message_template_language: Text<'a>,
        reason: Text<'a>,
        rejection_info: Raw<'a>,
    }

    RejectionInfo {
        reason: Text<'a>,
    }

    /// A field that says only what happened, such as `account_update`.
    Happening {
        event: Text<'a>,
    }
}
