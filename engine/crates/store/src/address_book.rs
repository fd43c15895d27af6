//! The address book: contacts as people list, add and take them out, by the
//! thousand if need be. What is known of each beside is in `people.rs`.
//!
//! Who was taken out and writes again is in it again.

mod adding;

pub use adding::{AddedContact, NewContact};
use chrono::{DateTime, Utc};
use patchbay_domain::{ContactId, ConversationId, OrganisationId, event::Change, search::Query};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    audit::{self, NewAudit},
    backend::{Statement, sql},
    organisation_tx::OrganisationTx,
    people::ContactDetails,
    search::{Index, index_contacts, sought},
    tickets::Page,
};

#[derive(Clone, Debug, PartialEq)]
pub struct ContactCard {
    pub id: ContactId,
    pub name: String,
    pub company: Option<String>,
    pub notes: Option<String>,
    pub details: ContactDetails,
    pub message_count: u64,
    pub last_message_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// The last contact of the page before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContactCursor {
    pub created_at: DateTime<Utc>,
    pub id: ContactId,
}

#[derive(FromRow)]
struct CardRow {
    id: Uuid,
    name: String,
    company: Option<String>,
    notes: Option<String>,
    message_count: i64,
    last_message_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// `$1` and `$2`: beginnings of words of a name, a company or an address, or an end of a number.
fn condition(search: Option<&str>) -> String {
    let searched = match search {
        Some(text) if Query::of_person(text).is_some() => {
            "and p.id in (select w.contact_id from {found} w where w.organisation_id = $1)"
        }
        // Without a word in it, it finds nobody.
        Some(_) => "and $2 is not null",
        None => "and $2 is null",
    };
    format!("p.organisation_id = $1 and p.deleted_at is null {searched}")
}

fn bind(statement: Statement, organisation_id: OrganisationId, search: Option<&str>) -> Statement {
    let sought = search.and_then(|text| sought(organisation_id, text));
    statement.bind(organisation_id).finding(Index::Contacts, sought)
}

/// The contacts that `chosen` selects, with what was written to and by them.
fn select(chosen: &str) -> String {
    format!(
        "select p.id, p.name, p.company, p.notes, (select count(*) from conversations c \
         join messages m on m.conversation_id = c.id where c.contact_id = p.id) as message_count, \
         (select c.last_message_at from conversations c where c.contact_id = p.id \
         order by c.last_message_at desc nulls last limit 1) as last_message_at, \
         p.created_at, p.updated_at from ({chosen}) p"
    )
}

impl Store {
    /// The newest first.
    pub async fn contact_cards(
        &self,
        organisation_id: OrganisationId,
        search: Option<&str>,
        page: Page<ContactCursor>,
    ) -> Result<Vec<ContactCard>, StoreError> {
        let chosen = format!(
            "select p.* from contacts p where {} and ($3 is null or (p.created_at, p.id) < ($3, $4)) \
             order by p.created_at desc, p.id desc limit $5 offset $6",
            condition(search)
        );
        let statement = sql(format!("{} order by p.created_at desc, p.id desc", select(&chosen)));
        let rows: Vec<CardRow> = bind(statement, organisation_id, search)
            .bind(page.after.map(|cursor| cursor.created_at))
            .bind(page.after.map(|cursor| cursor.id))
            .bind(page.limit)
            .bind(page.offset)
            .fetch_all(self)
            .await?;
        self.with_details(organisation_id, rows).await
    }

    pub async fn count_contact_cards(
        &self,
        organisation_id: OrganisationId,
        search: Option<&str>,
    ) -> Result<u64, StoreError> {
        let statement = sql(format!("select count(*) from contacts p where {}", condition(search)));
        let (count,): (i64,) = bind(statement, organisation_id, search).fetch_one(self).await?;
        Ok(count.unsigned_abs())
    }

    pub async fn contact_card(
        &self,
        organisation_id: OrganisationId,
        id: ContactId,
    ) -> Result<Option<ContactCard>, StoreError> {
        let chosen = format!("select p.* from contacts p where {} and p.id = $3", condition(None));
        let statement = bind(sql(select(&chosen)), organisation_id, None).bind(id);
        let rows: Vec<CardRow> = statement.fetch_all(self).await?;
        Ok(self.with_details(organisation_id, rows).await?.pop())
    }

    async fn with_details(
        &self,
        organisation_id: OrganisationId,
        rows: Vec<CardRow>,
    ) -> Result<Vec<ContactCard>, StoreError> {
        let ids: Vec<ContactId> = rows.iter().map(|row| row.id.into()).collect();
        let mut known = self.contact_details(organisation_id, &ids).await?;
        let card = |row: CardRow| {
            let CardRow { id, name, company, notes, message_count, last_message_at, created_at, updated_at } = row;
            let id = ContactId::from(id);
            let (details, message_count) = (known.remove(&id).unwrap_or_default(), message_count.unsigned_abs());
            ContactCard { id, name, company, notes, details, message_count, last_message_at, created_at, updated_at }
        };
        Ok(rows.into_iter().map(card).collect())
    }

    /// The conversations with a contact, the latest first.
    pub async fn conversations_of_contact(
        &self,
        organisation_id: OrganisationId,
        id: ContactId,
        limit: u32,
    ) -> Result<Vec<ConversationId>, StoreError> {
        let rows: Vec<(Uuid,)> = sql("select c.id from conversations c where c.organisation_id = $1 \
             and c.contact_id = $2 and c.deleted_at is null order by c.last_message_at desc nulls last, c.id limit $3")
        .bind(organisation_id)
        .bind(id)
        .bind(limit)
        .fetch_all(self)
        .await?;
        Ok(rows.into_iter().map(|(id,)| id.into()).collect())
    }

    /// Takes a contact out, with everything that people noted about them. What was written stays, and so does what
    /// platforms know them by, so that whoever writes again is the same person. False where there is none.
    pub async fn delete_contact(
        &self,
        organisation_id: OrganisationId,
        id: ContactId,
        audit: Option<&NewAudit>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut tx = OrganisationTx::begin(self, [organisation_id], now).await?;
        let written = sql("update contacts set deleted_at = $3, company = null, notes = null, updated_at = $3 \
             where organisation_id = $1 and id = $2 and deleted_at is null")
        .bind(organisation_id)
        .bind(id)
        .bind(now)
        .execute(&mut tx)
        .await?;
        if written == 0 {
            return Ok(false);
        }
        for text in [
            "delete from contact_tags where contact_id = $1",
            "delete from contact_followers where contact_id = $1",
            "delete from contact_points where contact_id = $1 and not exists (select 1 from identities i \
             where i.contact_id = $1 and (i.phone = contact_points.value or i.email = contact_points.value))",
        ] {
            sql(text).bind(id).execute(&mut tx).await?;
        }
        index_contacts(tx.transaction(), &[id]).await?;
        let conversations: Vec<(Uuid,)> =
            sql("select id from conversations where contact_id = $1 order by id").bind(id).fetch_all(&mut tx).await?;
        for (id,) in conversations {
            tx.push(organisation_id, Change::ConversationUpdated { conversation_id: id.into() })?;
        }
        audit::insert(&mut tx, audit.as_slice(), now).await?;
        tx.commit().await?;
        Ok(true)
    }
}
