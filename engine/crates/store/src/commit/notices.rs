//! Tells people what the drafts say they are to be told.

use serde_json::json;

use super::Accepted;
use crate::{
    StoreError,
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
