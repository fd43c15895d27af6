//! Customers: contacts as one platform knows them.

mod older;

use chrono::{DateTime, Utc};
use patchbay_domain::{ChannelId, ContactId, IdentityId, OrganisationId, folding::folded};
use serde_json::Value;

pub(crate) use older::fold_all;
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    backend::{Statement, sql},
    tickets::Page,
};

#[derive(Clone, Debug, PartialEq)]
pub struct Customer {
    pub id: IdentityId,
    pub organisation_id: OrganisationId,
    pub channel_id: ChannelId,
    pub contact_id: ContactId,
    pub name: String,
    pub avatar: Option<String>,
    /// The channel's type.
    pub platform: String,
    pub external_id: String,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub username: Option<String>,
    pub last_message_at: Option<DateTime<Utc>>,
    pub last_message: Option<String>,
    pub is_active: bool,
    pub metadata: Value,
    pub opted_out_at: Option<DateTime<Utc>>,
    pub unreachable_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub ticket_count: u64,
}

#[derive(Clone, Debug, Default)]
pub struct CustomerFilter {
    pub platform: Option<String>,
    pub channel_id: Option<ChannelId>,
    /// Part of the name or of the platform's identifier; case and accents do not count.
    pub search: Option<String>,
}

/// The last customer of the page before: those without a message come last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CustomerCursor {
    pub last_message_at: Option<DateTime<Utc>>,
    pub id: IdentityId,
}

#[derive(FromRow)]
struct CustomerRow {
    id: Uuid,
    organisation_id: Uuid,
    channel_id: Uuid,
    contact_id: Uuid,
    name: String,
    avatar: Option<String>,
    platform: String,
    external_id: String,
    phone: Option<String>,
    email: Option<String>,
    username: Option<String>,
    last_message_at: Option<DateTime<Utc>>,
    last_message: Option<String>,
    is_active: bool,
    metadata: Json<Value>,
    opted_out_at: Option<DateTime<Utc>>,
    unreachable_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    ticket_count: i64,
}

impl From<CustomerRow> for Customer {
    fn from(row: CustomerRow) -> Self {
        Self {
            id: row.id.into(),
            organisation_id: row.organisation_id.into(),
            channel_id: row.channel_id.into(),
            contact_id: row.contact_id.into(),
            name: row.name,
            avatar: row.avatar,
            platform: row.platform,
            external_id: row.external_id,
            phone: row.phone,
            email: row.email,
            username: row.username,
            last_message_at: row.last_message_at,
            last_message: row.last_message,
            is_active: row.is_active,
            metadata: row.metadata.0,
            opted_out_at: row.opted_out_at,
            unreachable_at: row.unreachable_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
            ticket_count: row.ticket_count.unsigned_abs(),
        }
    }
}

/// The identities that `chosen` selects, with the number of their tickets.
fn select(chosen: &str) -> String {
    format!(
        "select i.id, i.organisation_id, i.channel_id, i.contact_id, i.name, i.avatar, i.platform, i.external_id, \
         i.phone, i.email, i.username, i.last_message_at, i.last_message, i.is_active, i.metadata, i.opted_out_at, \
         i.unreachable_at, i.created_at, i.updated_at, \
         (select count(*) from conversations c join tickets t on t.conversation_id = c.id \
         where c.identity_id = i.id) as ticket_count from ({chosen}) i"
    )
}

/// How many of a platform there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformCount {
    pub platform: String,
    pub count: u64,
}

/// What a search looks into: name and identifier, as people type them.
pub(crate) fn search_text(name: &str, external_id: &str) -> String {
    format!("{}\n{}", folded(name), folded(external_id))
}

/// `$1` to `$4`. A search reads its index alone and then the customers it found.
const FILTER: &str = "organisation_id = $1 and ($2 is null or platform = $2) and ($3 is null or channel_id = $3)";
const SEARCHED: &str = "and id in (select s.id from identities s where s.organisation_id = $1 \
    and s.search_text like $4 escape '!')";

impl CustomerFilter {
    fn condition(&self) -> String {
        format!("{FILTER} {}", if self.search.is_some() { SEARCHED } else { "and $4 is null" })
    }

    fn bind(&self, statement: Statement, organisation_id: OrganisationId) -> Statement {
        statement
            .bind(organisation_id)
            .bind(self.platform.as_ref())
            .bind(self.channel_id)
            .bind(self.search.as_deref().map(containing))
    }
}

/// A pattern for `like … escape '!'` that matches what contains the text.
pub(crate) fn containing(text: &str) -> String {
    let escaped = folded(text).replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{escaped}%")
}

impl Store {
    /// The latest message first, then those without one.
    pub async fn customers(
        &self,
        organisation_id: OrganisationId,
        filter: &CustomerFilter,
        page: Page<CustomerCursor>,
    ) -> Result<Vec<Customer>, StoreError> {
        // Without a cursor `$6` is null, and nothing is left out.
        let chosen = format!(
            "select * from identities where {} and ($6 is null or (case when $5 is null \
             then last_message_at is null and id > $6 \
             else last_message_at is null or last_message_at < $5 or (last_message_at = $5 and id > $6) end)) \
             order by last_message_at desc nulls last, id limit $7 offset $8",
            filter.condition()
        );
        let statement = sql(format!("{} order by i.last_message_at desc nulls last, i.id", select(&chosen)));
        let rows: Vec<CustomerRow> = filter
            .bind(statement, organisation_id)
            .bind(page.after.and_then(|cursor| cursor.last_message_at))
            .bind(page.after.map(|cursor| cursor.id))
            .bind(page.limit)
            .bind(page.offset)
            .fetch_all(self)
            .await?;
        Ok(rows.into_iter().map(Customer::from).collect())
    }

    pub async fn count_customers(
        &self,
        organisation_id: OrganisationId,
        filter: &CustomerFilter,
    ) -> Result<u64, StoreError> {
        let statement = sql(format!("select count(*) from identities where {}", filter.condition()));
        let (count,): (i64,) = filter.bind(statement, organisation_id).fetch_one(self).await?;
        Ok(count.unsigned_abs())
    }

    pub async fn customer(
        &self,
        organisation_id: OrganisationId,
        id: IdentityId,
    ) -> Result<Option<Customer>, StoreError> {
        let row: Option<CustomerRow> = sql(select("select * from identities where organisation_id = $1 and id = $2"))
            .bind(organisation_id)
            .bind(id)
            .fetch_optional(self)
            .await?;
        Ok(row.map(Customer::from))
    }

    /// The platforms by name, with the number of customers on each.
    pub async fn customers_by_platform(
        &self,
        organisation_id: OrganisationId,
    ) -> Result<Vec<PlatformCount>, StoreError> {
        let rows: Vec<(String, i64)> = sql("select platform, count(*) from identities where organisation_id = $1 \
             group by platform order by platform")
        .bind(organisation_id)
        .fetch_all(self)
        .await?;
        let counted = |(platform, count): (String, i64)| PlatformCount { platform, count: count.unsigned_abs() };
        Ok(rows.into_iter().map(counted).collect())
    }
}
