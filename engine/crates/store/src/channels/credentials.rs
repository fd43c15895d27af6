//! A channel whose credentials the platform refuses stops, keeps its queue, and
//! a person is asked, once, whoever noticed it.

use std::collections::BTreeMap;

use patchbay_domain::{ChannelId, event::Change};
use serde_json::json;
use uuid::Uuid;

use crate::{
    StoreError,
    backend::sql,
    manual_actions::{self, NewManualAction},
    notifications::{self, NewNotification},
    organisation_tx::OrganisationTx,
    rows::batch,
};

batch! {
    struct ReasonRow<'a> { id: ChannelId, reason: &'a str }
}

/// Stops those that were active, each for its reason, and says how many those were.
pub(crate) async fn ask(tx: &mut OrganisationTx, refused: &[(ChannelId, &str)]) -> Result<usize, StoreError> {
    let refused: BTreeMap<ChannelId, &str> = refused.iter().copied().collect();
    if refused.is_empty() {
        return Ok(0);
    }
    let rows: Vec<_> = refused.iter().map(|(id, reason)| ReasonRow { id: *id, reason }).collect();
    // Looked after at once: the session may be what was lost.
    let stopped: Vec<(Uuid, Uuid, String)> = sql("update channels set status = 'NEEDS_REAUTH', \
         status_reason = r.reason, refused_at = $2, tend_at = $2, version = version + 1, updated_at = $2 from {rows} r \
         where channels.id = r.id and channels.status = 'ACTIVE' and channels.deleted_at is null \
         returning channels.id, channels.organisation_id, channels.name")
    .rows(&rows)
    .bind(tx.now())
    .fetch_all(&mut *tx)
    .await?;
    for (id, organisation_id, name) in &stopped {
        let (channel_id, organisation_id) = (ChannelId::from(*id), (*organisation_id).into());
        let reason = refused.get(&channel_id).copied().unwrap_or_default();
        tx.push(organisation_id, Change::ChannelUpdated { channel_id })?;
        let action = NewManualAction {
            channel_id: Some(channel_id),
            ..NewManualAction::new(organisation_id, manual_actions::CHANNEL_UNAUTHORIZED, reason)
        };
        manual_actions::raise(tx, vec![action]).await?;
        let notification = NewNotification {
            organisation_id,
            user_id: None,
            kind: manual_actions::CHANNEL_UNAUTHORIZED.to_owned(),
            title: format!("{name} cannot send"),
            message: "The platform refuses the channel's credentials. Correct them and test the connection.".to_owned(),
            data: json!({ "channelId": channel_id, "reason": reason }),
        };
        notifications::insert(tx, &[notification]).await?;
    }
    Ok(stopped.len())
}
