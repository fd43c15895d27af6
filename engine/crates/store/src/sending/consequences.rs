//! What a channel and a recipient learn from a failure, whether the platform's answer to a send or its later report
//! tells it.

use patchbay_domain::{ChannelId, ConversationId, attempt::Consequence, event::Change};
use uuid::Uuid;

use crate::{StoreError, backend::sql, channels::credentials, organisation_tx::OrganisationTx, rows::Id};

/// What one message taught.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Learned<'a> {
    pub(crate) consequence: Consequence,
    pub(crate) channel_id: ChannelId,
    pub(crate) conversation_id: ConversationId,
    /// For people.
    pub(crate) reason: &'a str,
}

pub(crate) async fn draw(tx: &mut OrganisationTx, learned: &[Learned<'_>]) -> Result<(), StoreError> {
    mark_recipients(tx, learned, Consequence::RecipientOptedOut, "opted_out_at").await?;
    mark_recipients(tx, learned, Consequence::RecipientUnreachable, "unreachable_at").await?;
    let refused = learned.iter().filter(|one| one.consequence == Consequence::ChannelUnauthorized);
    let refused: Vec<_> = refused.map(|one| (one.channel_id, one.reason)).collect();
    credentials::ask(tx, &refused).await.map(drop)
}

/// Who asked for no more messages, or cannot be reached, is not written to again on that channel.
async fn mark_recipients(
    tx: &mut OrganisationTx,
    learned: &[Learned<'_>],
    consequence: Consequence,
    column: &str,
) -> Result<(), StoreError> {
    let concerned = learned.iter().filter(|one| one.consequence == consequence);
    let conversations: Vec<_> = concerned.map(|one| one.conversation_id).collect();
    if conversations.is_empty() {
        return Ok(());
    }
    let now = tx.now();
    let marked: Vec<(Uuid,)> = sql(format!(
        "update identities set {column} = $2, updated_at = $2 where {column} is null and id in \
         (select c.identity_id from {{rows}} r join conversations c on c.id = r.id) returning id"
    ))
    .rows(&Id::all(&conversations))
    .bind(now)
    .fetch_all(&mut *tx)
    .await?;
    let marked: Vec<Uuid> = marked.into_iter().map(|(id,)| id).collect();
    let changed: Vec<(Uuid, Uuid)> = sql("update conversations set version = version + 1, updated_at = $2 \
         where identity_id in (select id from {rows} r) returning organisation_id, id")
    .rows(&Id::all(&marked))
    .bind(now)
    .fetch_all(&mut *tx)
    .await?;
    for (organisation_id, id) in changed {
        tx.push(organisation_id.into(), Change::ConversationUpdated { conversation_id: id.into() })?;
    }
    Ok(())
}
