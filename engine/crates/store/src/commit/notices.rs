//! Tells people what the drafts say they are to be told.

use std::collections::BTreeSet;

use serde_json::json;

use super::Accepted;
use crate::{
    StoreError,
    backend::sql,
    manual_actions::{self, CHANNEL_ALERT, NewManualAction},
    notifications::{self, NewNotification},
    organisation_tx::OrganisationTx,
    rows::word,
};

pub(super) async fn tell(tx: &mut OrganisationTx, accepted: &[Accepted<'_>]) -> Result<(), StoreError> {
    let mut told = Vec::new();
    for Accepted { draft, known, .. } in accepted {
        let conversation = &draft.conversation;
        for notice in &draft.effects.notices {
            told.push(NewNotification {
                organisation_id: conversation.organisation_id,
                user_id: notice.to,
                kind: word(&notice.kind)?,
                title: notice.title.clone(),
                message: notice.message.clone(),
                data: json!({
                    "ticketId": notice.ticket_id,
                    "customerId": conversation.identity_id,
                    "platform": known.platform,
                    "channelId": conversation.channel_id,
                }),
            });
        }
    }
    notifications::insert(tx, &told).await
}

/// Asks a person to see to what a connector says of a channel, and tells everybody; once for each channel.
pub(super) async fn alert(tx: &mut OrganisationTx, accepted: &[Accepted<'_>]) -> Result<(), StoreError> {
    let mut raised = BTreeSet::new();
    for Accepted { draft, .. } in accepted {
        let conversation = &draft.conversation;
        for alert in &draft.effects.alerts {
            let (organisation_id, channel_id) = (conversation.organisation_id, conversation.channel_id);
            if !raised.insert((channel_id, &alert.message)) {
                continue;
            }
            let known: Option<(i64,)> = sql("select count(*) from manual_actions where organisation_id = $1 \
                 and channel_id = $2 and kind = $3 and detail = $4 having count(*) > 0")
            .bind(organisation_id)
            .bind(channel_id)
            .bind(CHANNEL_ALERT)
            .bind(&alert.message)
            .fetch_optional(&mut *tx)
            .await?;
            if known.is_some() {
                continue;
            }
            let action = NewManualAction {
                channel_id: Some(channel_id),
                ..NewManualAction::new(organisation_id, CHANNEL_ALERT, &alert.message)
            };
            manual_actions::raise(tx, vec![action]).await?;
            let notification = NewNotification {
                organisation_id,
                user_id: None,
                kind: CHANNEL_ALERT.to_owned(),
                title: alert.title.clone(),
                message: alert.message.clone(),
                data: json!({ "channelId": channel_id }),
            };
            notifications::insert(tx, &[notification]).await?;
        }
    }
    Ok(())
}
