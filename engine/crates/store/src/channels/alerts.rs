//! What a person should look at on a channel that goes on all the same.

use patchbay_domain::{ChannelId, OrganisationId};
use serde_json::json;
use uuid::Uuid;

use crate::{
    StoreError,
    backend::sql,
    manual_actions::{self, CHANNEL_ALERT, NewManualAction},
    notifications::{self, NewNotification},
    organisation_tx::OrganisationTx,
};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Alert<'a> {
    pub(crate) organisation_id: OrganisationId,
    pub(crate) channel_id: ChannelId,
    pub(crate) title: &'a str,
    pub(crate) message: &'a str,
}

/// When it is not raised again.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unless<'a> {
    /// It was in the same words, at any time.
    Ever,
    /// Nobody has seen to one yet that begins so: what follows is the platform's, and may be otherwise each time.
    Pending(&'a str),
}

/// Asks a person to see to it, and tells everybody.
pub(crate) async fn raise(tx: &mut OrganisationTx, alert: Alert<'_>, unless: Unless<'_>) -> Result<(), StoreError> {
    let Alert { organisation_id, channel_id, title, message } = alert;
    let (is_same, words) = match unless {
        Unless::Ever => ("detail = $4", message),
        Unless::Pending(beginning) => ("status = 'PENDING' and substr(detail, 1, length($4)) = $4", beginning),
    };
    let known: Option<(Uuid,)> = sql(format!(
        "select id from manual_actions where organisation_id = $1 and channel_id = $2 and kind = $3 and {is_same} limit 1"
    ))
    .bind(organisation_id)
    .bind(channel_id)
    .bind(CHANNEL_ALERT)
    .bind(words)
    .fetch_optional(&mut *tx)
    .await?;
    if known.is_some() {
        return Ok(());
    }
    let action = NewManualAction {
        channel_id: Some(channel_id),
        ..NewManualAction::new(organisation_id, CHANNEL_ALERT, message)
    };
    manual_actions::raise(tx, vec![action]).await?;
    let notification = NewNotification {
        organisation_id,
        user_id: None,
        kind: CHANNEL_ALERT.to_owned(),
        title: title.to_owned(),
        message: message.to_owned(),
        data: json!({ "channelId": channel_id }),
    };
    notifications::insert(tx, &[notification]).await
}
