//! What an organisation's cases add up to.
//!
//! Nothing here reads messages: a ticket carries how many it has and how long its answers took, and messages are
//! counted by channel and quarter of an hour as they are written ([`SLOT`]). An index holds every column that is
//! read of a ticket but its count of messages, which changes with each of them.

use chrono::{DateTime, NaiveDate, Utc};
use patchbay_domain::{ChannelId, OrganisationId, UserId, calendar::Day, ticket::TicketStatus};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    backend::{Statement, sql},
    rows::{Time, batch, parse},
};

/// Messages are counted by so many seconds.
pub const SLOT: i64 = 15 * 60;

/// Tickets that were opened in this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportFilter {
    pub from: DateTime<Utc>,
    /// Not this moment any more.
    pub until: DateTime<Utc>,
    pub channel_id: Option<ChannelId>,
    pub assignee_id: Option<UserId>,
}

/// Of some tickets, how many there are and how long their contacts waited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    pub tickets: u64,
    /// Those that were answered, and after how many seconds in all.
    pub answered: u64,
    pub response_seconds: u64,
    /// Those that are closed, and after how many seconds in all.
    pub resolved: u64,
    pub resolution_seconds: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    pub status: TicketStatus,
    pub channel_id: ChannelId,
    pub assignee_id: Option<UserId>,
    pub figures: Figures,
    /// In these tickets, whenever they were written.
    pub messages: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayFigures {
    pub date: NaiveDate,
    /// Opened on that day.
    pub opened: Figures,
    /// Closed on that day, whenever they were opened.
    pub closed: u64,
}

#[derive(FromRow)]
struct FigureRow {
    tickets: i64,
    answered: i64,
    response_seconds: i64,
    resolved: i64,
    resolution_seconds: i64,
}

impl From<FigureRow> for Figures {
    fn from(row: FigureRow) -> Self {
        Self {
            tickets: row.tickets.unsigned_abs(),
            answered: row.answered.unsigned_abs(),
            response_seconds: row.response_seconds.unsigned_abs(),
            resolved: row.resolved.unsigned_abs(),
            resolution_seconds: row.resolution_seconds.unsigned_abs(),
        }
    }
}

#[derive(FromRow)]
struct GroupRow {
    status: String,
    channel_id: Uuid,
    assignee_id: Option<Uuid>,
    messages: i64,
    #[sqlx(flatten)]
    figures: FigureRow,
}

#[derive(FromRow)]
struct DayRow {
    number: i64,
    #[sqlx(flatten)]
    figures: FigureRow,
}

batch! {
    struct SpanRow { number: i64, begins: Time, ends: Time }
}

/// The columns of [`FigureRow`].
const FIGURES: &str = "count(*) as tickets, count(t.response_seconds) as answered, \
    cast(coalesce(sum(t.response_seconds), 0) as bigint) as response_seconds, count(t.resolution_seconds) as resolved, \
    cast(coalesce(sum(t.resolution_seconds), 0) as bigint) as resolution_seconds";

/// `$2` to `$4`.
const FILTER: &str = "t.organisation_id = $2 and ($3 is null or t.channel_id = $3) \
    and ($4 is null or t.assignee_id = $4)";

impl ReportFilter {
    fn bind(&self, statement: Statement, organisation_id: OrganisationId) -> Statement {
        statement.bind(organisation_id).bind(self.channel_id).bind(self.assignee_id)
    }
}

impl Store {
    /// The tickets opened in this time, by status, channel and assignee.
    pub async fn ticket_figures(
        &self,
        organisation_id: OrganisationId,
        filter: &ReportFilter,
    ) -> Result<Vec<Group>, StoreError> {
        let statement = sql(format!(
            "select t.status, t.channel_id, t.assignee_id, cast(sum(t.message_count) as bigint) as messages, {FIGURES} \
             from tickets t \
             where t.created_at >= $1 and {FILTER} and t.created_at < $5 \
             group by t.status, t.channel_id, t.assignee_id"
        ));
        let rows: Vec<GroupRow> =
            filter.bind(statement.bind(filter.from), organisation_id).bind(filter.until).fetch_all(self).await?;
        let group = |row: GroupRow| {
            Ok(Group {
                status: parse(&row.status)?,
                channel_id: row.channel_id.into(),
                assignee_id: row.assignee_id.map(Into::into),
                figures: row.figures.into(),
                messages: row.messages.unsigned_abs(),
            })
        };
        rows.into_iter().map(group).collect()
    }

    /// Each of the days, in their order.
    pub async fn daily_figures(
        &self,
        organisation_id: OrganisationId,
        filter: &ReportFilter,
        days: &[Day],
    ) -> Result<Vec<DayFigures>, StoreError> {
        let spans: Vec<_> = (0..)
            .zip(days)
            .map(|(number, day)| SpanRow { number, begins: day.from.into(), ends: day.until.into() })
            .collect();
        if spans.is_empty() {
            return Ok(Vec::new());
        }
        let opened: Vec<DayRow> =
            filter.bind(by_day("created_at", FIGURES).rows(&spans), organisation_id).fetch_all(self).await?;
        let closed: Vec<(i64, i64)> = filter
            .bind(by_day("closed_at", "count(*) as tickets").rows(&spans), organisation_id)
            .fetch_all(self)
            .await?;
        let mut figures: Vec<_> =
            days.iter().map(|day| DayFigures { date: day.date, opened: Figures::default(), closed: 0 }).collect();
        let place = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
        for row in opened {
            if let Some(day) = figures.get_mut(place(row.number)) {
                day.opened = row.figures.into();
            }
        }
        for (number, count) in closed {
            if let Some(day) = figures.get_mut(place(number)) {
                day.closed = count.unsigned_abs();
            }
        }
        Ok(figures)
    }

    /// The messages of each channel in the quarters of an hour that this time touches.
    pub async fn messages_by_channel(
        &self,
        organisation_id: OrganisationId,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<(ChannelId, u64)>, StoreError> {
        let rows: Vec<(Uuid, i64)> = sql("select channel_id, cast(sum(messages) as bigint) from message_counts \
             where organisation_id = $1 and slot >= $2 and slot < $3 group by channel_id")
        .bind(organisation_id)
        .bind(slot(from))
        .bind((until.timestamp() + SLOT - 1).div_euclid(SLOT))
        .fetch_all(self)
        .await?;
        Ok(rows.into_iter().map(|(channel, count)| (channel.into(), count.unsigned_abs())).collect())
    }
}

/// The number of the quarter of an hour.
pub(crate) fn slot(at: DateTime<Utc>) -> i64 {
    at.timestamp().div_euclid(SLOT)
}

fn by_day(column: &str, wanted: &str) -> Statement {
    sql(format!(
        "select r.number, {wanted} from {{rows}} r cross join tickets t \
         where t.{column} >= r.begins and t.{column} < r.ends and {FILTER} group by r.number"
    ))
}
