//! Conversations: finding them, what was written in them, and what a person
//! marks about them.

use patchbay_domain::{ConversationId, MessageId};
use patchbay_store::{
    history::Span,
    listing::{ConversationCursor, ConversationFilter, ConversationUpdate, ConversationView, Handling, Order, Shown},
    marks::Marks,
    message_list::MessageFilter,
    messages::{MessageCursor, MessageView},
    tickets::Page,
};
use serde_json::{Value, json};

use super::{
    ServiceError,
    audit::{Action, Entity},
    page::{Listed, Part},
    presence, users,
};
use crate::{app::App, auth::Principal, conversation::Request};

/// By their newest message.
pub async fn list(
    app: &App,
    principal: &Principal,
    filter: &ConversationFilter,
    order: Order,
    part: Part<ConversationCursor>,
) -> Result<Listed<Shown>, ServiceError> {
    let page = Page { limit: part.limit(), offset: part.offset(), after: part.after() };
    let organisation = principal.organisation_id;
    let found = app.store.conversations(organisation, filter, order, page).await?;
    let items = app.store.with_contacts(organisation, found).await?;
    let total = app.store.count_conversations(organisation, filter).await?;
    Ok(Listed::of(items, total, part.limit(), |last| ConversationCursor {
        last_message_at: last.conversation.last_message_at,
        id: last.conversation.id,
    }))
}

pub async fn find(app: &App, principal: &Principal, id: ConversationId) -> Result<ConversationView, ServiceError> {
    let found = app.store.conversation_views(principal.organisation_id, &[id]).await?;
    found.into_iter().find(|view| !view.is_deleted).ok_or(ServiceError::NotFound("conversation"))
}

pub async fn get(app: &App, principal: &Principal, id: ConversationId) -> Result<Shown, ServiceError> {
    let found = find(app, principal, id).await?;
    let shown = app.store.with_contacts(principal.organisation_id, vec![found]).await?;
    shown.into_iter().next().ok_or(ServiceError::NotFound("conversation"))
}

pub async fn update(
    app: &App,
    principal: &Principal,
    id: ConversationId,
    update: ConversationUpdate,
) -> Result<Shown, ServiceError> {
    if update != ConversationUpdate::default() {
        let known = find(app, principal, id).await?;
        let audit = principal.did(Action::Update, Entity::Conversation, id).with_change(
            json!({"isStarred": known.is_starred, "unreadCount": known.unread_count}),
            json!({
                "isStarred": update.is_starred.unwrap_or(known.is_starred),
                "unreadCount": update.unread_count.map_or(known.unread_count, i64::from),
            }),
        );
        let now = (app.clock)();
        if !app.store.update_conversation(principal.organisation_id, id, update, Some(&audit), now).await? {
            return Err(ServiceError::NotFound("conversation"));
        }
        if update.unread_count == Some(0) && known.unread_count > 0 {
            presence::was_read(app, known.channel_id, id).await;
        }
    }
    get(app, principal, id).await
}

/// What people mark about it in their own words. Whoever it is given to has to be active.
pub async fn mark(app: &App, principal: &Principal, id: ConversationId, marks: Marks) -> Result<Shown, ServiceError> {
    if let Some(Some(user)) = marks.assignee_id {
        users::active(app, principal, user).await.map_err(|error| match error {
            ServiceError::NotFound(_) => {
                ServiceError::invalid("assignedTo", "must be an active user of the organisation")
            }
            error => error,
        })?;
    }
    if marks != Marks::default() {
        let known = find(app, principal, id).await?.handling;
        let (before, after) = told(&known, &marks);
        let audit = principal.did(Action::Update, Entity::Conversation, id).with_change(before, after);
        let now = (app.clock)();
        if !app.store.mark_conversation(principal.organisation_id, id, &marks, Some(&audit), now).await? {
            return Err(ServiceError::NotFound("conversation"));
        }
    }
    get(app, principal, id).await
}

/// The marks as they were and as they are.
fn told(known: &Handling, marks: &Marks) -> (Value, Value) {
    let Marks { status, assignee_id, tags, contact_name } = marks;
    let assigned = known.assignee.as_ref().map(|colleague| colleague.id);
    let before = json!({
        "status": known.status,
        "assigneeId": assigned,
        "tags": known.tags,
        "contactName": known.contact_name,
    });
    let after = json!({
        "status": status.unwrap_or(known.status),
        "assigneeId": assignee_id.unwrap_or(assigned),
        "tags": tags.as_ref().unwrap_or(&known.tags),
        "contactName": contact_name.as_ref().unwrap_or(&known.contact_name),
    });
    (before, after)
}

/// Nothing in it is unread any more.
pub async fn mark_read(app: &App, principal: &Principal, id: ConversationId) -> Result<(), ServiceError> {
    let known = find(app, principal, id).await?;
    if known.unread_count > 0 {
        app.conversations.ask(id, Request::MarkRead).await?;
        presence::was_read(app, known.channel_id, id).await;
    }
    Ok(())
}

/// Messages of all conversations, the newest first, each with its conversation.
pub async fn messages(
    app: &App,
    principal: &Principal,
    filter: &MessageFilter,
    part: Part<MessageCursor>,
) -> Result<Listed<(MessageView, ConversationView)>, ServiceError> {
    let organisation = principal.organisation_id;
    let page = Page { limit: part.limit(), offset: part.offset(), after: part.after() };
    let messages = app.store.messages(organisation, filter, page).await?;
    let mut ids: Vec<_> = messages.iter().map(|view| view.message.conversation_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let conversations = app.store.conversation_views(organisation, &ids).await?;
    let with_conversation = |view: MessageView| {
        let conversation = conversations.iter().find(|known| known.id == view.message.conversation_id)?;
        Some((view, conversation.clone()))
    };
    let items = messages.into_iter().filter_map(with_conversation).collect();
    let total = app.store.count_all_messages(organisation, filter).await?;
    Ok(Listed::of(items, total, part.limit(), |(last, _)| MessageCursor {
        platform_at: last.message.platform_at,
        sequence: last.sequence,
    }))
}

/// A message, and the conversation in which it was written.
pub async fn message(app: &App, principal: &Principal, id: MessageId) -> Result<(MessageView, Shown), ServiceError> {
    let organisation = principal.organisation_id;
    let view = app.store.message(organisation, id).await?.ok_or(ServiceError::NotFound("message"))?;
    let known = app.store.conversation_views(organisation, &[view.message.conversation_id]).await?;
    let shown = app.store.with_contacts(organisation, known).await?;
    let shown = shown.into_iter().next().ok_or(ServiceError::NotFound("message"))?;
    Ok((view, shown))
}

/// Puts it out of sight, until somebody writes in it again. What was written stays.
pub async fn delete(app: &App, principal: &Principal, id: ConversationId) -> Result<(), ServiceError> {
    let (update, now) = (ConversationUpdate { delete: true, ..ConversationUpdate::default() }, (app.clock)());
    let audit = principal.did(Action::Delete, Entity::Conversation, id);
    let audit = audit.with_change(json!({"isDeleted": false}), json!({"isDeleted": true}));
    let deleted = app.store.update_conversation(principal.organisation_id, id, update, Some(&audit), now).await?;
    if deleted { Ok(()) } else { Err(ServiceError::NotFound("conversation")) }
}

/// A part of what was written, and the conversation. Parts go from the newest to the oldest; each comes oldest first.
pub async fn history(
    app: &App,
    principal: &Principal,
    id: ConversationId,
    span: Span,
    part: Part<MessageCursor>,
) -> Result<(ConversationView, Listed<MessageView>), ServiceError> {
    let conversation = find(app, principal, id).await?;
    let page = Page { limit: part.limit(), offset: part.offset(), after: part.after() };
    let organisation = principal.organisation_id;
    let items = app.store.history(organisation, id, span, page).await?;
    let total = app.store.count_history(organisation, id, span).await?;
    let mut listed = Listed::of(items, total, part.limit(), |last| MessageCursor {
        platform_at: last.message.platform_at,
        sequence: last.sequence,
    });
    listed.items.reverse();
    Ok((conversation, listed))
}
