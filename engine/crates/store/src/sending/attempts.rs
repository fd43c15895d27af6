//! Attempts: recorded before the request leaves, so that one whose answer was
//! lost is known.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use patchbay_domain::{AttemptId, ChannelId, ConversationId, MessageId, NodeId, attempt::Tries};
use sqlx::FromRow;
use uuid::Uuid;

use super::wishes::unwanted;
use crate::{
    Store, StoreError,
    backend::sql,
    campaigns::turns,
    rows::{Batch, Id, Time, batch},
};

/// An attempt that is about to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begin {
    pub message_id: MessageId,
    pub attempt_id: AttemptId,
}

/// An attempt that is recorded: the request may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun {
    pub message_id: MessageId,
    pub attempt_id: AttemptId,
    pub tries: Tries,
}

/// An attempt that nobody is working on any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupted {
    pub message_id: MessageId,
    pub attempt_id: AttemptId,
    pub in_campaign: bool,
    pub tries: Tries,
}

batch! {
    struct AttemptRow {
        id: AttemptId, message_id: MessageId, channel_id: Uuid, number: i64, node_id: NodeId, started_at: Time,
    }
}

#[derive(FromRow)]
struct Taken {
    id: Uuid,
    channel_id: Uuid,
    attempts: i64,
    paced: i64,
}

#[derive(FromRow)]
struct Open {
    id: Uuid,
    message_id: Uuid,
    in_campaign: bool,
    number: i64,
    paced: i64,
}

/// The first attempt is number 1.
fn tries(number: i64, paced: i64) -> Tries {
    let small = |count| u32::try_from(count).unwrap_or(u32::MAX);
    Tries { made: small(number), paced: small(paced) }
}

impl Store {
    /// Takes messages out of the queue. Those that are not in it any more have no attempt, nor those of campaigns that
    /// pause, nor those that their contact does not want: somebody else sends them, or nobody is to. An attempt that is
    /// recorded already, because the answer to this very call was lost, counts as begun.
    pub async fn begin_attempts(
        &self,
        attempts: &[Begin],
        node: NodeId,
        now: DateTime<Utc>,
    ) -> Result<Vec<Begun>, StoreError> {
        let wanted: HashMap<_, _> = attempts.iter().map(|begin| (begin.message_id, begin.attempt_id)).collect();
        let ids: Vec<_> = wanted.keys().copied().collect();
        let mut transaction = self.begin().await?;
        // Locked in one order everywhere.
        let taken: Vec<Taken> = sql(format!(
            "update messages set state = 'SENDING', attempts = attempts + 1, \
             updated_at = $2 where id in (select m.id from messages m where m.id in (select id from {{rows}} r) \
             and m.state = 'QUEUED' and m.due_at <= $2 and not {} and not {} order by m.id {{lock}}) \
             and state = 'QUEUED' returning id, channel_id, attempts, paced",
            turns::paused("m"),
            unwanted("m"),
        ))
        .rows(&Id::all(&ids))
        .bind(now)
        .fetch_all(&mut transaction)
        .await?;
        let rows: Vec<_> = (taken.iter())
            .filter_map(|Taken { id, channel_id, attempts, .. }| {
                let message_id = MessageId::from(*id);
                Some(AttemptRow {
                    id: *wanted.get(&message_id)?,
                    message_id,
                    channel_id: *channel_id,
                    number: *attempts,
                    node_id: node,
                    started_at: now.into(),
                })
            })
            .collect();
        sql(AttemptRow::insert_into("attempts")).rows(&rows).execute(&mut transaction).await?;
        let recorded: Vec<Open> = if rows.len() == wanted.len() {
            Vec::new()
        } else {
            let attempts: Vec<_> = wanted.values().copied().collect();
            sql("select a.id, a.message_id, m.campaign_id is not null as in_campaign, a.number, m.paced \
                 from attempts a join messages m on m.id = a.message_id \
                 where a.id in (select id from {rows} r) and a.node_id = $2 and a.ended_at is null")
            .rows(&Id::all(&attempts))
            .bind(node)
            .fetch_all(&mut transaction)
            .await?
        };
        transaction.commit().await?;
        let paced: HashMap<_, _> = taken.iter().map(|taken| (MessageId::from(taken.id), taken.paced)).collect();
        let begun = rows.iter().map(|row| Begun {
            message_id: row.message_id,
            attempt_id: row.id,
            tries: tries(row.number, paced.get(&row.message_id).copied().unwrap_or_default()),
        });
        let known: HashSet<_> = rows.iter().map(|row| row.id).collect();
        let recorded = recorded.into_iter().map(|row| Begun {
            message_id: row.message_id.into(),
            attempt_id: row.id.into(),
            tries: tries(row.number, row.paced),
        });
        Ok(begun.chain(recorded.filter(|begun| !known.contains(&begun.attempt_id))).collect())
    }

    /// Attempts of the channel that are open though their node was not seen since `alive_since`, and those of
    /// this node, of which the caller knows whether somebody works on them.
    pub async fn interrupted(
        &self,
        channel_id: ChannelId,
        me: NodeId,
        alive_since: DateTime<Utc>,
    ) -> Result<Vec<Interrupted>, StoreError> {
        let open: Vec<Open> = sql(
            "select a.id, a.message_id, m.campaign_id is not null as in_campaign, a.number, m.paced from attempts a \
             join messages m on m.id = a.message_id where a.channel_id = $1 and a.ended_at is null \
             and (a.node_id = $2 or not exists (select 1 from nodes n where n.id = a.node_id and n.seen_at >= $3)) \
             order by a.id",
        )
        .bind(channel_id)
        .bind(me)
        .bind(alive_since)
        .fetch_all(self)
        .await?;
        let interrupted = open.into_iter().map(|row| Interrupted {
            message_id: row.message_id.into(),
            attempt_id: row.id.into(),
            in_campaign: row.in_campaign,
            tries: tries(row.number, row.paced),
        });
        Ok(interrupted.collect())
    }

    /// When the channel's last attempts were made and for which conversations, the newest first.
    pub async fn recent_attempts(
        &self,
        channel_id: ChannelId,
        since: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<(DateTime<Utc>, ConversationId)>, StoreError> {
        let rows: Vec<(DateTime<Utc>, Uuid)> = sql("select a.started_at, m.conversation_id from attempts a \
             join messages m on m.id = a.message_id where a.channel_id = $1 and a.started_at >= $2 \
             order by a.started_at desc limit $3")
        .bind(channel_id)
        .bind(since)
        .bind(limit)
        .fetch_all(self)
        .await?;
        Ok(rows.into_iter().map(|(at, id)| (at, id.into())).collect())
    }
}
