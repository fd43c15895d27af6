//! Finding dead letters: those of an organisation, or for operators of all.

use chrono::{DateTime, Utc};
use patchbay_domain::{ChannelId, DeadLetterId, OrganisationId};
use sqlx::FromRow;
use uuid::Uuid;

use super::{COLUMNS, DeadLetter, DeadLetterRow};
use crate::{
    Store, StoreError,
    backend::{Statement, sql},
    jobs::Direction,
    rows::parse,
    tickets::Page,
};

/// Whose letters are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    Organisation(OrganisationId),
    /// For operators alone.
    Everybody,
}

impl Reach {
    fn organisation(self) -> Option<OrganisationId> {
        match self {
            Self::Organisation(id) => Some(id),
            Self::Everybody => None,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeadLetterFilter {
    pub channel_id: Option<ChannelId>,
    /// Whether it was put back on the bus.
    pub replayed: Option<bool>,
    pub from: Option<DateTime<Utc>>,
    /// Not this moment any more.
    pub until: Option<DateTime<Utc>>,
}

/// A letter without its bytes, which may be many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    pub id: DeadLetterId,
    pub organisation_id: OrganisationId,
    pub channel_id: ChannelId,
    pub direction: Direction,
    pub reason: String,
    pub bytes: u64,
    pub created_at: DateTime<Utc>,
    pub replayed_at: Option<DateTime<Utc>>,
}

#[derive(FromRow)]
struct SummaryRow {
    id: Uuid,
    organisation_id: Uuid,
    channel_id: Uuid,
    direction: String,
    reason: String,
    bytes: i64,
    created_at: DateTime<Utc>,
    replayed_at: Option<DateTime<Utc>>,
}

impl TryFrom<SummaryRow> for Summary {
    type Error = StoreError;

    fn try_from(row: SummaryRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            organisation_id: row.organisation_id.into(),
            channel_id: row.channel_id.into(),
            direction: parse(&row.direction)?,
            reason: row.reason,
            bytes: row.bytes.unsigned_abs(),
            created_at: row.created_at,
            replayed_at: row.replayed_at,
        })
    }
}

/// `$1` to `$5`.
const FILTER: &str = "($1 is null or organisation_id = $1) and ($2 is null or channel_id = $2) \
    and ($3 is null or $3 = (replayed_at is not null)) and ($4 is null or created_at >= $4) \
    and ($5 is null or created_at < $5)";

impl DeadLetterFilter {
    fn bind(&self, statement: Statement, reach: Reach) -> Statement {
        statement.bind(reach.organisation()).bind(self.channel_id).bind(self.replayed).bind(self.from).bind(self.until)
    }
}

impl Store {
    /// The newest first.
    pub async fn find_dead_letters(
        &self,
        reach: Reach,
        filter: &DeadLetterFilter,
        page: Page<DeadLetterId>,
    ) -> Result<Vec<Summary>, StoreError> {
        let statement = sql(format!(
            "select id, organisation_id, channel_id, direction, reason, cast(length(payload) as bigint) as bytes, \
             created_at, replayed_at from dead_letters where {FILTER} and ($6 is null or id < $6) \
             order by id desc limit $7 offset $8"
        ));
        let rows: Vec<SummaryRow> =
            filter.bind(statement, reach).bind(page.after).bind(page.limit).bind(page.offset).fetch_all(self).await?;
        rows.into_iter().map(Summary::try_from).collect()
    }

    pub async fn count_dead_letters(&self, reach: Reach, filter: &DeadLetterFilter) -> Result<u64, StoreError> {
        let statement = sql(format!("select count(*) from dead_letters where {FILTER}"));
        let (count,): (i64,) = filter.bind(statement, reach).fetch_one(self).await?;
        Ok(count.unsigned_abs())
    }

    /// The first letters that are to be replayed, in the order in which they were written.
    pub async fn oldest_dead_letters(
        &self,
        reach: Reach,
        filter: &DeadLetterFilter,
        limit: u32,
    ) -> Result<Vec<DeadLetterId>, StoreError> {
        let statement = sql(format!("select id from dead_letters where {FILTER} order by id limit $6"));
        let rows: Vec<(Uuid,)> = filter.bind(statement, reach).bind(limit).fetch_all(self).await?;
        Ok(rows.into_iter().map(|(id,)| id.into()).collect())
    }

    pub async fn find_dead_letter(&self, reach: Reach, id: DeadLetterId) -> Result<Option<DeadLetter>, StoreError> {
        let statement =
            sql(format!("select {COLUMNS} from dead_letters where ($1 is null or organisation_id = $1) and id = $2"));
        let row: Option<DeadLetterRow> = statement.bind(reach.organisation()).bind(id).fetch_optional(self).await?;
        row.map(DeadLetter::try_from).transpose()
    }
}
