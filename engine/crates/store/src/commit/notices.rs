//! Tells people what the drafts say they are to be told.

use std::collections::BTreeSet;

use serde_json::json;

use super::Accepted;
use crate::{
    StoreError,
    channels::alerts::{self, Alert, Unless},
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
            let told = Alert { organisation_id, channel_id, title: &alert.title, message: &alert.message };
            alerts::raise(tx, told, Unless::Ever).await?;
        }
    }
    Ok(())
}
