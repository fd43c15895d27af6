//! What could not be understood or stored, with its bytes, for a person to look
//! at and to replay.

mod search;

use chrono::{DateTime, Utc};
use patchbay_domain::{ChannelId, DeadLetterId, OrganisationId, WebhookId};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    audit::{self, NewAudit},
    backend::sql,
    jobs::Direction,
    manual_actions::{self, NewManualAction},
    organisation_tx::OrganisationTx,
    rows::parse,
};

pub use search::{DeadLetterFilter, Reach, Summary};

#[derive(Clone, Debug)]
pub struct NewDeadLetter {
    pub channel_id: ChannelId,
    /// The webhook it was. A replay travels under a new id, so that its failure is a letter of its own.
    pub webhook_id: Option<WebhookId>,
    pub direction: Direction,
    pub reason: String,
    pub payload: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    pub id: DeadLetterId,
    pub organisation_id: OrganisationId,
    pub channel_id: ChannelId,
    pub direction: Direction,
    pub reason: String,
    pub payload: String,
    pub created_at: DateTime<Utc>,
    pub replayed_at: Option<DateTime<Utc>>,
    pub resolved_at: Option<DateTime<Utc>>,
}

const COLUMNS: &str =
    "id, organisation_id, channel_id, direction, reason, payload, created_at, replayed_at, resolved_at";

#[derive(FromRow)]
struct DeadLetterRow {
    id: Uuid,
    organisation_id: Uuid,
    channel_id: Uuid,
    direction: String,
    reason: String,
    payload: String,
    created_at: DateTime<Utc>,
    replayed_at: Option<DateTime<Utc>>,
    resolved_at: Option<DateTime<Utc>>,
}

impl TryFrom<DeadLetterRow> for DeadLetter {
    type Error = StoreError;

    fn try_from(row: DeadLetterRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            organisation_id: row.organisation_id.into(),
            channel_id: row.channel_id.into(),
            direction: parse(&row.direction)?,
            reason: row.reason,
            payload: row.payload,
            created_at: row.created_at,
            replayed_at: row.replayed_at,
            resolved_at: row.resolved_at,
        })
    }
}

impl Store {
    /// Keeps it, and asks a person; a webhook that is kept already stays the one letter. `None` where there is no
    /// such channel any more.
    pub async fn insert_dead_letter(
        &self,
        letter: &NewDeadLetter,
        now: DateTime<Utc>,
    ) -> Result<Option<DeadLetterId>, StoreError> {
        let id = DeadLetterId::at(now);
        let mut tx = OrganisationTx::begin_for_channels(self, [letter.channel_id], now).await?;
        let organisation: Option<(Uuid,)> =
            sql("insert into dead_letters (id, organisation_id, channel_id, direction, \
             reason, payload, created_at, webhook_id) select $1, c.organisation_id, c.id, $3, $4, $5, $6, $7 \
             from channels c where c.id = $2 \
             on conflict (webhook_id) where replayed_at is null do nothing returning organisation_id")
            .bind(id)
            .bind(letter.channel_id)
            .bind(letter.direction.word())
            .bind(&letter.reason)
            .bind(&letter.payload)
            .bind(now)
            .bind(letter.webhook_id.map(WebhookId::uuid))
            .fetch_optional(&mut tx)
            .await?;
        let Some((organisation_id,)) = organisation else {
            let kept: Option<(Uuid,)> =
                sql("select id from dead_letters where webhook_id = $1 and replayed_at is null")
                    .bind(letter.webhook_id.map(WebhookId::uuid))
                    .fetch_optional(&mut tx)
                    .await?;
            return Ok(kept.map(|(id,)| id.into()));
        };
        let action = NewManualAction {
            channel_id: Some(letter.channel_id),
            dead_letter_id: Some(id),
            ..NewManualAction::new(organisation_id.into(), manual_actions::DEAD_LETTER, &letter.reason)
        };
        manual_actions::raise(&mut tx, vec![action]).await?;
        tx.commit().await?;
        Ok(Some(id))
    }

    /// The newest first; those after `before` in that order.
    pub async fn dead_letters(
        &self,
        organisation_id: OrganisationId,
        before: Option<DeadLetterId>,
        limit: u32,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        let rows: Vec<DeadLetterRow> = sql(format!(
            "select {COLUMNS} from dead_letters where organisation_id = $1 and ($2 is null or id < $2) \
             order by id desc limit $3"
        ))
        .bind(organisation_id)
        .bind(before)
        .bind(limit)
        .fetch_all(self)
        .await?;
        rows.into_iter().map(DeadLetter::try_from).collect()
    }

    pub async fn dead_letter(
        &self,
        organisation_id: OrganisationId,
        id: DeadLetterId,
    ) -> Result<Option<DeadLetter>, StoreError> {
        let row: Option<DeadLetterRow> =
            sql(format!("select {COLUMNS} from dead_letters where organisation_id = $1 and id = $2"))
                .bind(organisation_id)
                .bind(id)
                .fetch_optional(self)
                .await?;
        row.map(DeadLetter::try_from).transpose()
    }

    /// It was put back on the bus: its manual action is done. False where the organisation has none such.
    pub async fn mark_replayed(
        &self,
        organisation_id: OrganisationId,
        id: DeadLetterId,
        audit: Option<&NewAudit>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut tx = OrganisationTx::begin(self, [organisation_id], now).await?;
        let written = sql("update dead_letters set replayed_at = $3 where organisation_id = $1 and id = $2")
            .bind(organisation_id)
            .bind(id)
            .bind(now)
            .execute(&mut tx)
            .await?;
        if written == 0 {
            return Ok(false);
        }
        audit::insert(&mut tx, audit.as_slice(), now).await?;
        manual_actions::resolve_dead_letter(&mut tx, organisation_id, id, "replayed").await?;
        tx.commit().await?;
        Ok(true)
    }
}
