//! Conversations: finding them, what was written in them, and what a person
//! marks about them.

use patchbay_domain::ConversationId;
use patchbay_store::{
    history::Span,
    listing::{ConversationCursor, ConversationFilter, ConversationUpdate, ConversationView, Order, Shown},
    messages::{MessageCursor, MessageView},
    tickets::Page,
};

use super::{
    ServiceError,
    audit::{Action, Entity},
    page::{Listed, Part},
};
use crate::{app::App, auth::Principal};

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
        let now = (app.clock)();
        if !app.store.update_conversation(principal.organisation_id, id, update, None, now).await? {
            return Err(ServiceError::NotFound("conversation"));
        }
    }
    get(app, principal, id).await
}

/// Puts it out of sight, until somebody writes in it again. What was written stays.
pub async fn delete(app: &App, principal: &Principal, id: ConversationId) -> Result<(), ServiceError> {
    let (update, now) = (ConversationUpdate { delete: true, ..ConversationUpdate::default() }, (app.clock)());
    let audit = principal.did(Action::Delete, Entity::Conversation, id);
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
