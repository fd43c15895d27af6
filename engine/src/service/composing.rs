//! What every way of writing to somebody has in common: the conversation is opened where there is none yet, and what is
//! written is committed for sending.

use patchbay_domain::{ConversationId, MessageId, conversation::SendMessage, platform::Content};
use patchbay_store::{
    channels::Channel,
    conversations::{ChannelKey, Opening},
    messages::MessageView,
};
use serde_json::json;

use super::{
    ServiceError,
    audit::{Action, Entity},
};
use crate::{app::App, auth::Principal, conversation::Request};

/// A message of the caller's that says this, and nothing besides.
pub(super) fn message(principal: &Principal, id: MessageId, content: Content) -> SendMessage {
    SendMessage {
        id,
        content,
        sender_user_id: Some(principal.user_id),
        sender_name: principal.name.clone(),
        campaign_id: None,
        ticket_id: None,
        reply_to: None,
        metadata: json!({}),
        scheduled_at: None,
    }
}

/// When this answers `Ok`, it will be sent or its failure will show.
pub(super) async fn commit(
    app: &App,
    principal: &Principal,
    conversation: ConversationId,
    send: SendMessage,
) -> Result<MessageView, ServiceError> {
    let id = send.id;
    let audit = Some(principal.did(Action::Create, Entity::Message, id));
    app.conversations.ask(conversation, Request::Send { send: Box::new(send), audit }).await?;
    app.store.message(principal.organisation_id, id).await?.ok_or(ServiceError::NotFound("message"))
}

/// The conversation with somebody on a channel, made where there is none.
pub(super) async fn open(app: &App, channel: &Channel, opening: Opening) -> Result<ConversationId, ServiceError> {
    let key = ChannelKey {
        organisation_id: channel.organisation_id,
        channel_id: channel.id,
        channel_type: channel.channel_type.clone(),
    };
    let opened = app.store.open_conversations(&key, &[opening], (app.clock)()).await?;
    opened.first().copied().ok_or_else(|| ServiceError::Internal("a conversation was not opened".to_owned()))
}
