//! What was stored before there was an index is taken up when the schema is brought up to date.

use patchbay_domain::{ContactId, OrganisationId, platform::Content};
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

use super::{Indexed, index_contacts, index_messages};
use crate::{
    Store, StoreError,
    backend::{Transaction, sql},
    rows::Id,
};

/// So many are taken up in one transaction.
const AT_ONCE: u32 = 500;

#[derive(FromRow)]
struct OlderRow {
    id: Uuid,
    channel_id: Uuid,
    conversation_id: Uuid,
    sequence: i64,
    content: Json<Content>,
}

/// Takes up what is left, a part at a time: whoever is interrupted goes on where it was.
pub(crate) async fn index_older(store: &Store) -> Result<(), StoreError> {
    while let Some((organisation,)) = next(store, "select organisation_id from unindexed_messages limit 1").await? {
        messages_of(store, organisation.into()).await?;
    }
    let contacts = "select p.organisation_id from unindexed_contacts u join contacts p on p.id = u.contact_id limit 1";
    while let Some((organisation,)) = next(store, contacts).await? {
        contacts_of(store, organisation.into()).await?;
    }
    Ok(())
}

async fn next(store: &Store, text: &'static str) -> Result<Option<(Uuid,)>, StoreError> {
    sql(text).fetch_optional(store.writer()).await
}

/// Nobody else writes in the organisation meanwhile.
async fn locked(store: &Store, organisation_id: OrganisationId) -> Result<Transaction, StoreError> {
    let mut tx = store.begin().await?;
    let lock = sql("select id from organisations where id = $1 {lock}").bind(organisation_id);
    let _: Vec<(Uuid,)> = lock.fetch_all(&mut tx).await?;
    Ok(tx)
}

async fn messages_of(store: &Store, organisation_id: OrganisationId) -> Result<(), StoreError> {
    let mut tx = locked(store, organisation_id).await?;
    let older: Vec<(i64, Uuid)> = sql("select sequence, message_id from unindexed_messages \
         where organisation_id = $1 order by sequence, message_id limit $2")
    .bind(organisation_id)
    .bind(AT_ONCE)
    .fetch_all(&mut tx)
    .await?;
    let Some((sequence, id)) = older.last().copied() else { return Ok(()) };
    let ids: Vec<Uuid> = older.into_iter().map(|(_, id)| id).collect();
    let rows: Vec<OlderRow> = sql("select m.id, m.channel_id, m.conversation_id, m.sequence, m.content \
         from messages m where m.id in (select id from {rows} r) and m.deleted_at is null \
         and m.content_deleted_at is null")
    .rows(&Id::all(&ids))
    .fetch_all(&mut tx)
    .await?;
    let indexed = rows.iter().map(|row| Indexed {
        id: row.id.into(),
        organisation_id,
        channel_id: row.channel_id.into(),
        conversation_id: row.conversation_id.into(),
        sequence: row.sequence,
        content: &row.content,
    });
    index_messages(&mut tx, indexed).await?;
    sql("delete from unindexed_messages where organisation_id = $1 and (sequence, message_id) <= ($2, $3)")
        .bind(organisation_id)
        .bind(sequence)
        .bind(id)
        .execute(&mut tx)
        .await?;
    tx.commit().await
}

async fn contacts_of(store: &Store, organisation_id: OrganisationId) -> Result<(), StoreError> {
    let mut tx = locked(store, organisation_id).await?;
    let older: Vec<(Uuid,)> = sql("select u.contact_id from unindexed_contacts u \
         join contacts p on p.id = u.contact_id where p.organisation_id = $1 limit $2")
    .bind(organisation_id)
    .bind(AT_ONCE)
    .fetch_all(&mut tx)
    .await?;
    let contacts: Vec<ContactId> = older.into_iter().map(|(id,)| id.into()).collect();
    index_contacts(&mut tx, &contacts).await?;
    sql("delete from unindexed_contacts where contact_id in (select id from {rows} r)")
        .rows(&Id::all(&contacts))
        .execute(&mut tx)
        .await?;
    tx.commit().await
}
