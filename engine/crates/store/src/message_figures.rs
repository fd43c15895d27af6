//! What an organisation's messages and conversations add up to.

use chrono::{DateTime, Utc};
use patchbay_domain::{OrganisationId, conversation::ConversationStatus, delivery::MessageState, message::Direction};
use sqlx::FromRow;

use crate::{
    Store, StoreError,
    analytics::slot,
    backend::sql,
    rows::{Time, batch, parse},
};

/// How many messages of one kind came so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageGroup {
    pub direction: Direction,
    pub state: MessageState,
    pub kind: String,
    pub count: u64,
}

/// Of a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    pub sent: u64,
    pub received: u64,
}

#[derive(FromRow)]
struct GroupRow {
    direction: String,
    state: String,
    kind: String,
    count: i64,
}

batch! {
    struct SpanRow { number: i64, begins: Time, ends: Time }
}

impl Store {
    /// What was written since then.
    pub async fn message_groups(
        &self,
        organisation_id: OrganisationId,
        since: DateTime<Utc>,
    ) -> Result<Vec<MessageGroup>, StoreError> {
        let rows: Vec<GroupRow> = sql("select m.direction, m.state, m.kind, count(*) as count from messages m \
             where m.organisation_id = $1 and m.platform_at >= $2 group by m.direction, m.state, m.kind")
        .bind(organisation_id)
        .bind(since)
        .fetch_all(self)
        .await?;
        let group = |row: GroupRow| {
            let (direction, state) = (parse(&row.direction)?, row.state.parse()?);
            Ok(MessageGroup { direction, state, kind: row.kind, count: row.count.unsigned_abs() })
        };
        rows.into_iter().map(group).collect()
    }

    /// Of each span, in the order given, what was written from its begin up to its end; what was never meant to leave yet
    /// or any more does not count.
    pub async fn message_traffic(
        &self,
        organisation_id: OrganisationId,
        spans: &[(DateTime<Utc>, DateTime<Utc>)],
    ) -> Result<Vec<Traffic>, StoreError> {
        let rows: Vec<_> = (0..)
            .zip(spans)
            .map(|(number, (begins, ends))| SpanRow { number, begins: (*begins).into(), ends: (*ends).into() })
            .collect();
        let counted: Vec<(i64, String, i64)> = sql("select r.number, m.direction, count(*) from {rows} r \
             cross join messages m where m.organisation_id = $2 and m.platform_at >= r.begins \
             and m.platform_at < r.ends and m.state not in ('SCHEDULED', 'CANCELLED') group by r.number, m.direction")
        .rows(&rows)
        .bind(organisation_id)
        .fetch_all(self)
        .await?;
        let mut traffic = vec![Traffic::default(); spans.len()];
        for (number, direction, count) in counted {
            let place = usize::try_from(number).ok().and_then(|number| traffic.get_mut(number));
            let Some(place) = place else { continue };
            match parse(&direction)? {
                Direction::Inbound => place.received = count.unsigned_abs(),
                Direction::Outbound => place.sent = count.unsigned_abs(),
            }
        }
        Ok(traffic)
    }

    /// The conversations in which something was written since then, by the word in which people left them.
    pub async fn conversation_groups(
        &self,
        organisation_id: OrganisationId,
        since: DateTime<Utc>,
    ) -> Result<Vec<(ConversationStatus, u64)>, StoreError> {
        let rows: Vec<(String, i64)> = sql("select c.status, count(*) from conversations c \
             where c.organisation_id = $1 and c.last_message_at >= $2 and c.deleted_at is null \
             group by c.status order by c.status")
        .bind(organisation_id)
        .bind(since)
        .fetch_all(self)
        .await?;
        rows.into_iter().map(|(status, count)| Ok((parse(&status)?, count.unsigned_abs()))).collect()
    }

    /// How many messages were written since then in each hour of the day (UTC) in which there were any.
    pub async fn messages_by_hour(
        &self,
        organisation_id: OrganisationId,
        since: DateTime<Utc>,
    ) -> Result<Vec<(i64, u64)>, StoreError> {
        let rows: Vec<(i64, i64)> = sql("select (t.slot / 4) % 24 as hour, cast(sum(t.messages) as bigint) \
             from message_counts t where t.organisation_id = $1 and t.slot >= $2 group by (t.slot / 4) % 24")
        .bind(organisation_id)
        .bind(slot(since))
        .fetch_all(self)
        .await?;
        Ok(rows.into_iter().map(|(hour, count)| (hour, count.unsigned_abs())).collect())
    }
}
