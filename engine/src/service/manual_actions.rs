//! What the engine cannot decide, and what people decide about it.

use patchbay_domain::{
    ManualActionId, MessageId,
    conversation::SendMessage,
    delivery::{Decision, MessageState},
};
use patchbay_store::{
    jobs::Partitions,
    manual_actions::{ActionStatus, CHANNEL_UNAUTHORIZED, DEAD_LETTER, MESSAGE_FAILED, ManualAction, OUTCOME_UNKNOWN},
    sending::Decided,
    tickets::Page,
};
use serde_json::json;

use super::{
    ServiceError,
    audit::{Action, Entity},
    dead_letters::{self, Reach, Which},
    page::{Listed, Part},
};
use crate::{
    app::App,
    auth::{Admin, Principal},
    conversation::{ConversationError, Request},
};

/// The newest first.
pub async fn list(
    app: &App,
    principal: &Principal,
    status: Option<ActionStatus>,
    part: Part<ManualActionId>,
) -> Result<Listed<ManualAction>, ServiceError> {
    let organisation = principal.organisation_id;
    let page = Page { limit: part.limit(), offset: part.offset(), after: part.after() };
    let items = app.store.manual_action_page(organisation, status, page).await?;
    let total = app.store.count_manual_actions(organisation, status).await?;
    Ok(Listed::of(items, total, part.limit(), |last| last.id))
}

async fn get(app: &App, principal: &Principal, id: ManualActionId) -> Result<ManualAction, ServiceError> {
    let found = app.store.manual_action(principal.organisation_id, id).await?;
    found.ok_or(ServiceError::NotFound("manual action"))
}

/// Closes it, and does what was decided.
pub async fn complete(
    app: &App,
    principal: &Principal,
    id: ManualActionId,
    decision: Option<Decision>,
) -> Result<ManualAction, ServiceError> {
    let action = get(app, principal, id).await?;
    if action.status != ActionStatus::Pending {
        return Err(closed_before());
    }
    let word = match (action.kind.as_str(), decision) {
        (OUTCOME_UNKNOWN, Some(decision)) => {
            decide(app, principal, &action, decision).await?;
            return get(app, principal, id).await;
        }
        (OUTCOME_UNKNOWN, None) => return Err(ServiceError::invalid("resolution", "must be resend, sent or drop")),
        (MESSAGE_FAILED, Some(Decision::Resend)) => {
            send_again(app, principal, &action).await?;
            Decision::Resend.word()
        }
        (DEAD_LETTER, Some(Decision::Resend)) => {
            replay(app, principal, &action).await?;
            return get(app, principal, id).await;
        }
        (MESSAGE_FAILED | DEAD_LETTER, None | Some(Decision::Drop)) => Decision::Drop.word(),
        (CHANNEL_UNAUTHORIZED, None) => "corrected",
        (_, None) => "done",
        (_, Some(_)) => return Err(ServiceError::invalid("resolution", "is not one for this kind of manual action")),
    };
    let (organisation, now) = (principal.organisation_id, (app.clock)());
    let (before, after) = (json!({"kind": action.kind, "status": "PENDING"}), json!({"resolution": word}));
    let audit = principal.did(Action::Update, Entity::ManualAction, id).with_change(before, after);
    if !app.store.complete_manual_action(organisation, id, ActionStatus::Completed, word, Some(&audit), now).await? {
        return Err(closed_before());
    }
    get(app, principal, id).await
}

fn closed_before() -> ServiceError {
    ServiceError::conflict("ALREADY_COMPLETED", "this manual action is closed already")
}

async fn decide(
    app: &App,
    principal: &Principal,
    action: &ManualAction,
    decision: Decision,
) -> Result<(), ServiceError> {
    let message_id = action.message_id.ok_or(ServiceError::NotFound("message"))?;
    let decided = Decided { organisation_id: principal.organisation_id, question: action.id, message_id, decision };
    let audit = principal.did(Action::Update, Entity::Message, message_id);
    let audit = audit.with_change(json!({"state": MessageState::Unknown}), json!({"resolution": decision.word()}));
    let partitions = Partitions(app.config.bus.partitions);
    if !app.store.decide(decided, partitions, Some(&audit), (app.clock)()).await? {
        return Err(closed_before());
    }
    if let Some(channel) = action.channel_id.filter(|_| decision == Decision::Resend) {
        app.bus.wake(channel);
    }
    Ok(())
}

/// A message that failed stays so: what is sent is another one that says the same. It has the identifier of the action,
/// so that of two who ask for it, at once or after an answer that was lost, one sends.
async fn send_again(app: &App, principal: &Principal, action: &ManualAction) -> Result<(), ServiceError> {
    let failed = action.message_id.ok_or(ServiceError::NotFound("message"))?;
    let failed = app.store.message(principal.organisation_id, failed).await?;
    let failed = failed.ok_or(ServiceError::NotFound("message"))?.message;
    let id = MessageId::from(action.id.uuid());
    if app.store.message(principal.organisation_id, id).await?.is_some() {
        return Ok(());
    }
    let send = SendMessage {
        id,
        content: failed.content,
        sender_user_id: Some(principal.user_id),
        sender_name: principal.name.clone(),
        campaign_id: None,
        ticket_id: failed.ticket_id,
        reply_to: failed.reply_to,
        metadata: failed.metadata,
        scheduled_at: None,
    };
    let audit = Some(principal.did(Action::Create, Entity::Message, id));
    match app.conversations.ask(failed.conversation_id, Request::Send { send: Box::new(send), audit }).await {
        // Somebody else was faster.
        Err(ConversationError::Broken(_)) if app.store.message(principal.organisation_id, id).await?.is_some() => {
            Ok(())
        }
        asked => Ok(asked?),
    }
}

async fn replay(app: &App, principal: &Principal, action: &ManualAction) -> Result<(), ServiceError> {
    let letter = action.dead_letter_id.ok_or(ServiceError::NotFound("dead letter"))?;
    let reach = Reach::Organisation(Box::new(Admin::of(principal.clone())?));
    let replayed = dead_letters::replay(app, &reach, Which::These(vec![letter])).await?;
    match replayed.refused.into_iter().next() {
        Some((_, message)) => Err(ServiceError::Refused { code: "NOT_REPLAYABLE", message }),
        None => Ok(()),
    }
}
