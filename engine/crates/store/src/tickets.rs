//! Tickets as lists and pages show them.

use chrono::{DateTime, Utc};
use patchbay_domain::{
    ChannelId, ConversationId, IdentityId, OrganisationId, TicketId, UserId,
    ticket::{Priority, Ticket, TicketStatus},
};

use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    backend::{Statement, sql},
    notifications::COUNTED,
    rows::{parse, word},
};

/// A ticket with the names around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketView {
    pub ticket: Ticket,
    pub organisation_id: OrganisationId,
    pub conversation_id: ConversationId,
    pub external_thread_id: String,
    pub channel_id: ChannelId,
    pub channel_name: String,
    pub channel_type: String,
    pub customer_id: IdentityId,
    pub customer_name: String,
    pub customer_platform: String,
    pub assignee: Option<Assignee>,
    pub message_count: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignee {
    pub id: UserId,
    pub name: String,
    pub email: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TicketFilter {
    pub status: Option<TicketStatus>,
    pub priority: Option<Priority>,
    pub assignee_id: Option<UserId>,
    pub channel_id: Option<ChannelId>,
    pub customer_id: Option<IdentityId>,
}

/// Where a list begins: after so many, or after a known one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page<C> {
    pub limit: u32,
    pub offset: u32,
    pub after: Option<C>,
}

/// The last ticket of the page before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TicketCursor {
    pub updated_at: DateTime<Utc>,
    pub id: TicketId,
}

#[derive(FromRow)]
struct TicketRow {
    id: Uuid,
    organisation_id: Uuid,
    conversation_id: Uuid,
    external_thread_id: String,
    subject: String,
    status: String,
    priority: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    closed_at: Option<DateTime<Utc>>,
    first_response_at: Option<DateTime<Utc>>,
    channel_id: Uuid,
    channel_name: String,
    channel_type: String,
    customer_id: Uuid,
    customer_name: String,
    customer_platform: String,
    assignee_id: Option<Uuid>,
    assignee_name: Option<String>,
    assignee_email: Option<String>,
    message_count: i64,
}

impl TryFrom<TicketRow> for TicketView {
    type Error = StoreError;

    fn try_from(row: TicketRow) -> Result<Self, StoreError> {
        let assignee_id = row.assignee_id.map(UserId::from);
        let assignee = assignee_id.zip(row.assignee_name);
        Ok(Self {
            ticket: Ticket {
                id: row.id.into(),
                subject: row.subject,
                status: parse(&row.status)?,
                priority: parse(&row.priority)?,
                assignee_id,
                created_at: row.created_at,
                updated_at: row.updated_at,
                closed_at: row.closed_at,
                first_response_at: row.first_response_at,
            },
            organisation_id: row.organisation_id.into(),
            conversation_id: row.conversation_id.into(),
            external_thread_id: row.external_thread_id,
            channel_id: row.channel_id.into(),
            channel_name: row.channel_name,
            channel_type: row.channel_type,
            customer_id: row.customer_id.into(),
            customer_name: row.customer_name,
            customer_platform: row.customer_platform,
            assignee: assignee.map(|(id, name)| Assignee { id, name, email: row.assignee_email }),
            message_count: row.message_count.unsigned_abs(),
        })
    }
}

/// The names around the tickets that `chosen` selects.
fn select(chosen: &str) -> String {
    format!(
        "select t.id, t.organisation_id, t.conversation_id, t.external_thread_id, t.subject, t.status, t.priority, \
         t.created_at, t.updated_at, t.closed_at, t.first_response_at, c.id as channel_id, c.name as channel_name, \
         c.channel_type, i.id as customer_id, i.name as customer_name, i.platform as customer_platform, \
         u.id as assignee_id, u.name as assignee_name, u.email as assignee_email, \
         t.message_count \
         from ({chosen}) t join channels c on c.id = t.channel_id join identities i on i.id = t.identity_id \
         left join users u on u.id = t.assignee_id"
    )
}

impl TicketFilter {
    /// `$1` to `$6`. What is not asked for is not compared, so that each question has the plan that suits it.
    fn condition(&self) -> String {
        let asked = [
            ("$2", "status", self.status.is_some()),
            ("$3", "priority", self.priority.is_some()),
            ("$4", "assignee_id", self.assignee_id.is_some()),
            ("$5", "channel_id", self.channel_id.is_some()),
            ("$6", "identity_id", self.customer_id.is_some()),
        ];
        let conditions = asked.map(
            |(place, column, is_asked)| {
                if is_asked { format!("{column} = {place}") } else { format!("{place} is null") }
            },
        );
        format!("organisation_id = $1 and {}", conditions.join(" and "))
    }

    fn bind(&self, statement: Statement, organisation_id: OrganisationId) -> Result<Statement, StoreError> {
        Ok(statement
            .bind(organisation_id)
            .bind(self.status.as_ref().map(word).transpose()?)
            .bind(self.priority.as_ref().map(word).transpose()?)
            .bind(self.assignee_id)
            .bind(self.channel_id)
            .bind(self.customer_id))
    }
}

impl Store {
    /// The latest change first.
    pub async fn tickets(
        &self,
        organisation_id: OrganisationId,
        filter: &TicketFilter,
        page: Page<TicketCursor>,
    ) -> Result<Vec<TicketView>, StoreError> {
        let chosen = format!(
            "select * from tickets where {} and {} order by updated_at desc, id limit $9 offset $10",
            filter.condition(),
            match page.after {
                Some(_) => "updated_at <= $7 and (updated_at < $7 or id > $8)",
                None => "$7 is null and $8 is null",
            }
        );
        let statement = sql(format!("{} order by t.updated_at desc, t.id", select(&chosen)));
        let rows: Vec<TicketRow> = filter
            .bind(statement, organisation_id)?
            .bind(page.after.map(|cursor| cursor.updated_at))
            .bind(page.after.map(|cursor| cursor.id))
            .bind(page.limit)
            .bind(page.offset)
            .fetch_all(self)
            .await?;
        rows.into_iter().map(TicketView::try_from).collect()
    }

    /// How many there are, up to [`COUNTED`].
    pub async fn count_tickets(
        &self,
        organisation_id: OrganisationId,
        filter: &TicketFilter,
    ) -> Result<u64, StoreError> {
        let statement =
            sql(format!("select count(*) from (select 1 from tickets where {} limit $7) counted", filter.condition()));
        let (count,): (i64,) = filter.bind(statement, organisation_id)?.bind(COUNTED).fetch_one(self).await?;
        Ok(count.unsigned_abs())
    }

    pub async fn ticket(
        &self,
        organisation_id: OrganisationId,
        id: TicketId,
    ) -> Result<Option<TicketView>, StoreError> {
        let row: Option<TicketRow> = sql(select("select * from tickets where organisation_id = $1 and id = $2"))
            .bind(organisation_id)
            .bind(id)
            .fetch_optional(self)
            .await?;
        row.map(TicketView::try_from).transpose()
    }
}
