//! What Meta sends, as types. Parts are read one by one, so that one of an unknown shape does not spoil the others.

use crate::json::{Raw, Text};
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
pub struct Envelope<'a> {
    #[serde(default, borrow)]
    pub object: Text<'a>,
    #[serde(default, borrow)]
    pub entry: Raw<'a>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Entry<'a> {
    #[serde(default, borrow)]
    pub id: Text<'a>,
    #[serde(default, borrow)]
    pub messaging: Raw<'a>,
    /// What happens in a conversation that another app holds.
    #[serde(default, borrow)]
    pub standby: Raw<'a>,
    #[serde(default, borrow)]
    pub changes: Raw<'a>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Change<'a> {
    #[serde(default, borrow)]
    pub field: Text<'a>,
    #[serde(default, borrow)]
    pub value: Raw<'a>,
}

/// One thing that happened in one conversation.
#[derive(Debug, Default, Deserialize)]
pub struct Item<'a> {
    #[serde(default, borrow)]
    pub sender: Raw<'a>,
    #[serde(default, borrow)]
    pub recipient: Raw<'a>,
    #[serde(default, borrow)]
    pub timestamp: Text<'a>,
    #[serde(default, borrow)]
    pub message: Raw<'a>,
    #[serde(default, borrow)]
    pub message_edit: Raw<'a>,
    #[serde(default, borrow)]
    pub reaction: Raw<'a>,
    #[serde(default, borrow)]
    pub postback: Raw<'a>,
    #[serde(default, borrow)]
    pub delivery: Raw<'a>,
    #[serde(default, borrow)]
    pub read: Raw<'a>,
    #[serde(default, borrow)]
    pub optin: Raw<'a>,
    #[serde(default, borrow)]
    pub referral: Raw<'a>,
    #[serde(default, borrow)]
    pub account_linking: Raw<'a>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Identified<'a> {
    #[serde(default, borrow)]
    pub id: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Message<'a> {
    #[serde(default, borrow)]
    pub mid: Text<'a>,
    #[serde(default, borrow)]
    pub text: Text<'a>,
    #[serde(default, borrow)]
    pub is_echo: Text<'a>,
    #[serde(default, borrow)]
    pub is_deleted: Text<'a>,
    #[serde(default, borrow)]
    pub metadata: Text<'a>,
    #[serde(default, borrow)]
    pub app_id: Raw<'a>,
    #[serde(default, borrow)]
    pub attachments: Raw<'a>,
    #[serde(default, borrow)]
    pub quick_reply: Raw<'a>,
    #[serde(default, borrow)]
    pub reply_to: Raw<'a>,
    #[serde(default, borrow)]
    pub referral: Raw<'a>,
}

#[derive(Debug, Default, Deserialize)]
pub struct ReplyTo<'a> {
    #[serde(default, borrow)]
    pub mid: Text<'a>,
    #[serde(default, borrow)]
    pub story: Raw<'a>,
}

#[derive(Debug, Default, Deserialize)]
pub struct QuickReply<'a> {
    #[serde(default, borrow)]
    pub payload: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Attachment<'a> {
    #[serde(default, borrow, rename = "type")]
    pub kind: Text<'a>,
    #[serde(default, borrow)]
    pub title: Text<'a>,
    /// Beside the payload in echoes.
    #[serde(default, borrow)]
    pub url: Text<'a>,
    #[serde(default, borrow)]
    pub payload: Raw<'a>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Payload<'a> {
    #[serde(default, borrow)]
    pub url: Text<'a>,
    #[serde(default, borrow)]
    pub title: Text<'a>,
    #[serde(default, borrow)]
    pub sticker_id: Text<'a>,
    #[serde(default, borrow)]
    pub coordinates: Raw<'a>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Coordinates<'a> {
    #[serde(default, borrow)]
    pub lat: Text<'a>,
    #[serde(default, borrow)]
    pub long: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Edit<'a> {
    #[serde(default, borrow)]
    pub mid: Text<'a>,
    #[serde(default, borrow)]
    pub text: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Reaction<'a> {
    #[serde(default, borrow)]
    pub mid: Text<'a>,
    #[serde(default, borrow)]
    pub action: Text<'a>,
    #[serde(default, borrow, rename = "reaction")]
    pub name: Text<'a>,
    #[serde(default, borrow)]
    pub emoji: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Postback<'a> {
    #[serde(default, borrow)]
    pub mid: Text<'a>,
    #[serde(default, borrow)]
    pub title: Text<'a>,
    #[serde(default, borrow)]
    pub payload: Text<'a>,
    #[serde(default, borrow)]
    pub referral: Raw<'a>,
}

/// Of deliveries and of reads: Messenger names a moment, Instagram a message.
#[derive(Debug, Default, Deserialize)]
pub struct Receipt<'a> {
    #[serde(default, borrow)]
    pub mid: Text<'a>,
    #[serde(default, borrow)]
    pub mids: Raw<'a>,
    #[serde(default, borrow)]
    pub watermark: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
pub struct OptIn<'a> {
    #[serde(default, borrow, rename = "type")]
    pub kind: Text<'a>,
    #[serde(default, borrow)]
    pub notification_messages_status: Text<'a>,
}

/// The link or the advertisement through which a contact came.
#[derive(Debug, Default, Deserialize)]
pub struct Referral<'a> {
    #[serde(default, borrow, rename = "ref")]
    pub reference: Text<'a>,
    #[serde(default, borrow)]
    pub source: Text<'a>,
    #[serde(default, borrow, rename = "type")]
    pub kind: Text<'a>,
}
