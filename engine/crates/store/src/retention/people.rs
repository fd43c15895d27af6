//! What is known of people who have not written for long.

use chrono::{DateTime, Utc};
use patchbay_domain::ContactId;
use sqlx::FromRow;
use uuid::Uuid;

use super::Kept;
use crate::{
    Store, StoreError, backend::sql, customers::search_text, organisation_tx::OrganisationTx, rows::batch,
    search::index_contacts,
};

#[derive(FromRow)]
struct Person {
    id: Uuid,
    contact_id: Uuid,
    external_id: String,
    name: String,
    phone: Option<String>,
    email: Option<String>,
}

batch! {
    struct PersonRow {
        id: Uuid, contact_id: Uuid, external_id: String, name: String, phone: Option<String>, email: Option<String>,
        search_text: String,
    }
}

/// Of people only their identifiers stay. A contact that is known from another channel, too, stays what it is.
const FORGET: [&str; 5] = [
    "delete from contact_points where exists (select 1 from {rows} r where r.contact_id = contact_points.contact_id \
     and (contact_points.value = r.phone or contact_points.value = lower(r.email)) and not exists \
     (select 1 from identities i where i.contact_id = r.contact_id and i.id <> r.id))",
    "update contacts set name = r.external_id from {rows} r where contacts.id = r.contact_id \
     and contacts.name = r.name and not exists \
     (select 1 from identities i where i.contact_id = r.contact_id and i.id <> r.id)",
    "update tickets set subject = 'Message from ' || r.external_id from {rows} r where tickets.identity_id = r.id \
     and tickets.subject = 'Message from ' || r.name",
    // A conversation in memory would write the name again.
    "update conversations set version = version + 1, \
     contact_name = case when contact_name = r.name then r.external_id else contact_name end \
     from {rows} r where conversations.identity_id = r.id",
    "update identities set name = r.external_id, username = null, phone = null, email = null, avatar = null, \
     last_message = null, search_text = r.search_text from {rows} r where identities.id = r.id",
];

impl From<Person> for PersonRow {
    fn from(person: Person) -> Self {
        let Person { id, contact_id, external_id, name, phone, email } = person;
        let search_text = search_text(&external_id, &external_id);
        Self { id, contact_id, external_id, name, phone, email, search_text }
    }
}

impl Store {
    /// Deletes what is known of up to `limit` people who have not written since then; answers of how many.
    pub async fn delete_profiles(
        &self,
        channel: &Kept,
        before: DateTime<Utc>,
        limit: u32,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        let mut tx = OrganisationTx::begin(self, [channel.organisation_id], now).await?;
        let people: Vec<Person> = sql("select i.id, i.contact_id, i.external_id, i.name, i.phone, i.email \
             from identities i \
             where i.channel_id = $1 and coalesce(i.last_message_at, i.created_at) < $2 \
             and (i.name <> i.external_id or i.username is not null or i.phone is not null or i.email is not null \
             or i.avatar is not null or i.last_message is not null) \
             and not exists (select 1 from messages m join conversations c on c.id = m.conversation_id \
             where c.identity_id = i.id and m.state in ('SCHEDULED', 'QUEUED', 'SENDING', 'UNKNOWN')) \
             order by i.id limit $3")
        .bind(channel.id)
        .bind(before)
        .bind(limit)
        .fetch_all(&mut tx)
        .await?;
        if people.is_empty() {
            return Ok(0);
        }
        let rows: Vec<PersonRow> = people.into_iter().map(PersonRow::from).collect();
        for text in FORGET {
            sql(text).rows(&rows).execute(&mut tx).await?;
        }
        let contacts: Vec<ContactId> = rows.iter().map(|row| row.contact_id.into()).collect();
        index_contacts(tx.transaction(), &contacts).await?;
        tx.commit().await?;
        Ok(rows.len())
    }
}
