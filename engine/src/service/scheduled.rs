//! Messages for later, and what becomes of them when they are not wanted any more.

use patchbay_domain::{MessageId, delivery::MessageState};

use serde_json::json;

use super::{
    ServiceError,
    audit::{Action, Entity},
};
use crate::{app::App, auth::Principal};

/// It is not sent any more. To cancel it again changes nothing.
pub async fn cancel(app: &App, principal: &Principal, id: MessageId) -> Result<(), ServiceError> {
    let organisation = principal.organisation_id;
    let known = app.store.message(organisation, id).await?.filter(|known| known.message.scheduled_at.is_some());
    let known = known.ok_or(ServiceError::NotFound("scheduled message"))?;
    let audit = principal.did(Action::Update, Entity::Message, id);
    let audit = audit.with_change(json!({"state": known.message.state}), json!({"state": MessageState::Cancelled}));
    let cancelled = known.message.state == MessageState::Cancelled
        || app.store.cancel_message(organisation, id, Some(&audit), (app.clock)()).await?;
    if cancelled {
        return Ok(());
    }
    Err(ServiceError::conflict("ALREADY_SENT", "the message is on its way or was sent already"))
}
