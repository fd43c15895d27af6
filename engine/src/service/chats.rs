//! The chats of a session: everything with one contact on it. Each function first asks whether the caller reaches the
//! session.

mod recipient;

use std::collections::HashMap;

use super::{
    ServiceError, WriteId, composing,
    fields::MessageText,
    kinds, media,
    page::{Listed, Part},
    presence, search,
    sessions::reach,
};
use crate::{app::App, auth::Principal, conversation::Request};
use patchbay_domain::{
    ChannelId, ContactId, ConversationId, MediaId, MessageId,
    platform::{Content, SessionState},
    sending::Refusal,
};
use patchbay_store::{
    channels::Channel,
    chats::Chat,
    listing::{ConversationCursor, ConversationView},
    messages::{MessageCursor, MessageView},
    search::SearchFilter,
    tickets::Page,
};
pub use recipient::Recipient;

#[derive(Debug)]
pub struct Send {
    pub to: Recipient,
    pub text: Option<MessageText>,
    pub files: Vec<MediaId>,
}

/// A message, and whether somebody of the organisation has opened its chat since.
pub struct Written {
    pub message: MessageView,
    pub is_read: bool,
}

/// A message that was found, and the chat that it is of.
pub struct Found {
    pub message: MessageView,
    pub contact_id: ContactId,
    pub contact_name: String,
}

/// By their newest message, those without one last.
pub async fn list(
    app: &App,
    principal: &Principal,
    session: ChannelId,
    part: Part<ConversationCursor>,
) -> Result<Listed<Chat>, ServiceError> {
    let (channel, organisation) = (reach(app, principal, session).await?, principal.organisation_id);
    let items = app.store.chats(organisation, channel.id, page(&part)).await?;
    let total = app.store.count_chats(organisation, channel.id).await?;
    let place = |last: &Chat| ConversationCursor { last_message_at: last.last_message_at, id: last.conversation_id };
    Ok(Listed::of(items, total, part.limit(), place))
}

/// The newest first.
pub async fn messages(
    app: &App,
    principal: &Principal,
    session: ChannelId,
    contact: ContactId,
    part: Part<MessageCursor>,
) -> Result<Listed<Written>, ServiceError> {
    let ids: Vec<_> = chat(app, principal, session, contact).await?.into_iter().map(|(id, _)| id).collect();
    let organisation = principal.organisation_id;
    let chats = app.store.conversation_views(organisation, &ids).await?;
    let read: HashMap<_, _> = chats.into_iter().map(|view| (view.id, view.handling.read_through)).collect();
    let items = app.store.messages_of_chat(organisation, &ids, page(&part)).await?;
    let total = app.store.count_messages_of_chat(organisation, &ids).await?;
    let Listed { items, total, next } = Listed::of(items, total, part.limit(), place);
    let written = |message: MessageView| {
        let is_read = read.get(&message.message.conversation_id).is_some_and(|read| message.sequence <= *read);
        Written { message, is_read }
    };
    Ok(Listed { items: items.into_iter().map(written).collect(), total, next })
}

/// Messages by the words in them, the newest first; and what to ask for next, where there may be more.
pub async fn search(
    app: &App,
    principal: &Principal,
    session: ChannelId,
    text: &str,
    part: Part<i64>,
) -> Result<(Vec<Found>, Option<String>), ServiceError> {
    let channel = reach(app, principal, session).await?;
    let filter = SearchFilter { channels: &[channel.id] };
    let search::Found { items, next } = search::search_messages(app, principal, text, filter, part).await?;
    let mut ids: Vec<ConversationId> = items.iter().map(|view| view.message.conversation_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let chats = app.store.conversation_views(principal.organisation_id, &ids).await?;
    let chats: HashMap<ConversationId, ConversationView> = chats.into_iter().map(|view| (view.id, view)).collect();
    let found = |message: MessageView| {
        let ConversationView { contact_id, name, .. } = chats.get(&message.message.conversation_id)?;
        Some(Found { contact_id: *contact_id, contact_name: name.clone(), message })
    };
    Ok((items.into_iter().filter_map(found).collect(), next))
}

/// How many messages were unread.
pub async fn mark_read(
    app: &App,
    principal: &Principal,
    session: ChannelId,
    contact: ContactId,
) -> Result<u64, ServiceError> {
    let mut marked = 0;
    for (id, unread) in chat(app, principal, session, contact).await? {
        if unread > 0 {
            app.conversations.ask(id, Request::MarkRead).await?;
            presence::was_read(app, session, id).await;
            marked += unread.unsigned_abs();
        }
    }
    Ok(marked)
}

/// Commits a message for sending, in the chat with the recipient, which is made where there is none.
pub async fn send(
    app: &App,
    principal: &Principal,
    session: ChannelId,
    write: WriteId,
    send: Send,
) -> Result<MessageView, ServiceError> {
    let channel = reach(app, principal, session).await?;
    let (organisation, id) = (principal.organisation_id, MessageId::from(write.id));
    if write.repeated
        && let Some(known) = app.store.message(organisation, id).await?
    {
        return Ok(known);
    }
    if !takes_messages(channel.session_state) {
        let message = "the session is not connected; pair its phone first".to_owned();
        return Err(ServiceError::Refused { code: Refusal::ChannelUnauthorized.code(), message });
    }
    let Send { to, text, files } = send;
    let content = Content {
        text: text.map(MessageText::into_string),
        attachments: media::attachments(app, principal, &files).await?,
        detail: None,
    };
    let conversation = conversation_with(app, &channel, &to).await?;
    composing::commit(app, principal, conversation, composing::message(principal, id, content)).await
}

/// One that was lost, or starts, is expected back: what is written meanwhile waits for it.
const fn takes_messages(state: Option<SessionState>) -> bool {
    matches!(state, Some(SessionState::Connected | SessionState::Starting | SessionState::Disconnected))
}

/// One with the same number may have begun under another name of WhatsApp's.
async fn conversation_with(app: &App, channel: &Channel, to: &Recipient) -> Result<ConversationId, ServiceError> {
    if let Some(phone) = &to.phone
        && let Some(contact) = app.store.contact_of_point(channel.organisation_id, phone).await?
    {
        let known = app.store.conversations_with(channel.id, contact).await?;
        if let Some(id) = kinds::with_address(&known, phone) {
            return Ok(id);
        }
    }
    composing::open(app, channel, to.opening()).await
}

async fn chat(
    app: &App,
    principal: &Principal,
    session: ChannelId,
    contact: ContactId,
) -> Result<Vec<(ConversationId, i64)>, ServiceError> {
    let channel = reach(app, principal, session).await?;
    let conversations = app.store.conversations_of_chat(principal.organisation_id, channel.id, contact).await?;
    if conversations.is_empty() { Err(ServiceError::NotFound("chat")) } else { Ok(conversations) }
}

fn page<C: Copy>(part: &Part<C>) -> Page<C> {
    Page { limit: part.limit(), offset: part.offset(), after: part.after() }
}

fn place(last: &MessageView) -> MessageCursor {
    MessageCursor { platform_at: last.message.platform_at, sequence: last.sequence }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_taken_for_a_phone_that_was_never_paired() {
        use SessionState::{AwaitingQr, Connected, Disconnected, Failed, Starting, Stopped};
        for state in [None, Some(AwaitingQr), Some(Failed), Some(Stopped)] {
            assert!(!takes_messages(state), "{state:?}");
        }
        assert!([Connected, Disconnected, Starting].into_iter().all(|state| takes_messages(Some(state))));
    }
}
