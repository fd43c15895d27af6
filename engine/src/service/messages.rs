//! Messages of a ticket, and sending one.

use chrono::{DateTime, Utc};
use patchbay_domain::{MacroId, MediaId, MessageId, TicketId, conversation::SendMessage, platform::Content};
use patchbay_store::messages::{self as stored, MessageCursor, MessageView, Thread};
use serde_json::Value;

use super::{
    ServiceError, WriteId,
    audit::{Action, Entity},
    fields::MessageText,
    macros, media,
    page::{Cursor, LONGEST, Listed, Part},
    tickets,
};
use crate::{app::App, auth::Principal, conversation::Request};

/// What a message says.
#[derive(Debug)]
pub enum Text {
    Written(MessageText),
    /// What the macro says in this ticket.
    Macro(MacroId),
    /// Nothing beside the files.
    None,
}

impl Text {
    pub fn of(written: Option<MessageText>) -> Self {
        written.map_or(Self::None, Self::Written)
    }
}

#[derive(Debug)]
pub struct Send {
    pub text: Text,
    /// Files that go with it.
    pub files: Vec<MediaId>,
    pub reply_to: Option<String>,
    /// An object.
    pub metadata: Value,
    pub scheduled_at: Option<DateTime<Utc>>,
}

/// Oldest first; without a page the newest of them.
pub async fn of_ticket(
    app: &App,
    principal: &Principal,
    ticket: TicketId,
    part: Part<MessageCursor>,
) -> Result<Listed<MessageView>, ServiceError> {
    let organisation = principal.organisation_id;
    let ticket = tickets::get(app, principal, ticket).await?;
    let thread = Thread::Ticket(ticket.ticket.id);
    let (limit, which) = match part {
        Part::All => (LONGEST, stored::Part::Newest),
        Part::Page { limit, .. } | Part::From { limit, .. } => (limit, stored::Part::Offset(part.offset())),
        Part::After { cursor, limit } => (limit, stored::Part::After(cursor)),
    };
    let items = app.store.thread_messages(organisation, thread, which, limit).await?;
    let total = app.store.count_messages(organisation, thread).await?;
    let full = part != Part::All && u32::try_from(items.len()).is_ok_and(|count| count >= limit);
    let next = items
        .last()
        .filter(|_| full)
        .map(|last| MessageCursor { platform_at: last.message.platform_at, sequence: last.sequence }.write());
    Ok(Listed { items, total, next })
}

/// Commits a message for sending. When this answers `Ok`, it will be sent or its failure will show.
pub async fn send(
    app: &App,
    principal: &Principal,
    ticket: TicketId,
    write: WriteId,
    send: Send,
) -> Result<MessageView, ServiceError> {
    let Send { text, files, reply_to, metadata, scheduled_at } = send;
    let (organisation, id) = (principal.organisation_id, MessageId::from(write.id));
    let ticket = tickets::get(app, principal, ticket).await?;
    if write.repeated
        && let Some(known) = app.store.message(organisation, id).await?
    {
        return Ok(known);
    }
    let text = match text {
        Text::Written(text) => Some(text),
        Text::Macro(id) => Some(macros::applied(app, principal, id, ticket.ticket.id).await?),
        Text::None => None,
    };
    let content = Content {
        text: text.map(MessageText::into_string),
        attachments: media::attachments(app, principal, &files).await?,
        detail: None,
    };
    let send = SendMessage {
        id,
        content,
        sender_user_id: Some(principal.user_id),
        sender_name: principal.name.clone(),
        campaign_id: None,
        ticket_id: Some(ticket.ticket.id),
        reply_to,
        metadata,
        scheduled_at,
    };
    let audit = Some(principal.did(Action::Create, Entity::Message, id));
    app.conversations.ask(ticket.conversation_id, Request::Send { send: Box::new(send), audit }).await?;
    fail::fail_point!("messages::answer");
    app.store.message(organisation, id).await?.ok_or(ServiceError::NotFound("message"))
}
