//! What people are told. Without a user, everybody of the organisation is, also those who come later: they
//! see what was said since they came.
//!
//! A notification has the sequence of the event that announces it, so that "all up to here" is a single number.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use patchbay_domain::{NotificationId, OrganisationId, UserId, event::Change};
use serde_json::Value;
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    backend::sql,
    organisation_tx::OrganisationTx,
    rows::{Batch, Time, batch},
    tickets::Page,
};

#[derive(Clone, Debug)]
pub struct NewNotification {
    pub organisation_id: OrganisationId,
    pub user_id: Option<UserId>,
    pub kind: String,
    pub title: String,
    pub message: String,
    pub data: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Notification {
    pub id: NotificationId,
    pub organisation_id: OrganisationId,
    pub user_id: Option<UserId>,
    pub kind: String,
    pub title: String,
    pub message: String,
    pub data: Value,
    /// Its place among everything that happened in the organisation.
    pub sequence: i64,
    pub created_at: DateTime<Utc>,
    /// When the user who asks read it.
    pub read_at: Option<DateTime<Utc>>,
}

/// Counts beyond this are reported as this: counting further would cost more than it tells.
pub const COUNTED: u32 = 10_000;

batch! {
    struct NotificationRow<'a> {
        id: NotificationId, organisation_id: OrganisationId, user_id: Option<UserId>, kind: &'a str, title: &'a str,
        message: &'a str, data: &'a Value, sequence: i64, created_at: Time,
    }
}

batch! {
    struct MemberRow { user_id: UserId, organisation_id: OrganisationId }
}

#[derive(FromRow)]
struct StoredNotification {
    id: Uuid,
    organisation_id: Uuid,
    user_id: Option<Uuid>,
    kind: String,
    title: String,
    message: String,
    data: Json<Value>,
    sequence: i64,
    created_at: DateTime<Utc>,
    read_at: Option<DateTime<Utc>>,
}

impl From<StoredNotification> for Notification {
    fn from(row: StoredNotification) -> Self {
        Self {
            id: row.id.into(),
            organisation_id: row.organisation_id.into(),
            user_id: row.user_id.map(Into::into),
            kind: row.kind,
            title: row.title,
            message: row.message,
            data: row.data.0,
            sequence: row.sequence,
            created_at: row.created_at,
            read_at: row.read_at,
        }
    }
}

/// What concerns the user `$2` of the organisation `$1`.
const CONCERNING: &str = "n.organisation_id = $1 and (n.user_id is null or n.user_id = $2) and n.sequence > \
    (select u.came_after from users u where u.id = $2 and u.organisation_id = $1)";

/// What the user `$2` has read neither by itself nor with all up to some place.
const UNREAD: &str = "n.sequence > coalesce((select max(p.read_through) from notification_marks p \
    where p.user_id = $2), -9223372036854775807) \
    and not exists (select 1 from notification_reads s where s.notification_id = n.id and s.user_id = $2)";

/// With when the user `$2` read it.
const SELECT: &str = "select n.id, n.organisation_id, n.user_id, n.kind, n.title, n.message, n.data, n.sequence, \
    n.created_at, coalesce((select s.read_at from notification_reads s \
    where s.notification_id = n.id and s.user_id = $2), (select min(p.read_at) from notification_marks p \
    where p.user_id = $2 and p.read_through >= n.sequence)) as read_at from notifications n";

impl Store {
    pub async fn notify(&self, notifications: &[NewNotification], now: DateTime<Utc>) -> Result<(), StoreError> {
        let organisations = notifications.iter().map(|notification| notification.organisation_id);
        let mut tx = OrganisationTx::begin(self, organisations, now).await?;
        insert(&mut tx, notifications).await?;
        tx.commit().await
    }

    /// What concerns this user, the newest first. A cursor is the sequence of the last one of the page before.
    pub async fn notifications(
        &self,
        organisation_id: OrganisationId,
        user_id: UserId,
        unread_only: bool,
        page: Page<i64>,
    ) -> Result<Vec<Notification>, StoreError> {
        let unread = if unread_only { format!("and {UNREAD}") } else { String::new() };
        let rows: Vec<StoredNotification> = sql(format!(
            "{SELECT} where {CONCERNING} {unread} and ($3 is null or n.sequence < $3) \
             order by n.sequence desc limit $4 offset $5"
        ))
        .bind(organisation_id)
        .bind(user_id)
        .bind(page.after)
        .bind(page.limit)
        .bind(page.offset)
        .fetch_all(self)
        .await?;
        Ok(rows.into_iter().map(Notification::from).collect())
    }

    /// How many concern this user, up to [`COUNTED`].
    pub async fn count_notifications(
        &self,
        organisation_id: OrganisationId,
        user_id: UserId,
        unread_only: bool,
    ) -> Result<u64, StoreError> {
        let unread = if unread_only { format!("and {UNREAD}") } else { String::new() };
        let (count,): (i64,) = sql(format!(
            "select count(*) from (select 1 from notifications n where {CONCERNING} {unread} limit $3) counted"
        ))
        .bind(organisation_id)
        .bind(user_id)
        .bind(COUNTED)
        .fetch_one(self)
        .await?;
        Ok(count.unsigned_abs())
    }

    /// `None` where it does not concern this user.
    pub async fn notification(
        &self,
        organisation_id: OrganisationId,
        user_id: UserId,
        id: NotificationId,
    ) -> Result<Option<Notification>, StoreError> {
        let row: Option<StoredNotification> = sql(format!("{SELECT} where {CONCERNING} and n.id = $3"))
            .bind(organisation_id)
            .bind(user_id)
            .bind(id)
            .fetch_optional(self)
            .await?;
        Ok(row.map(Notification::from))
    }

    /// One that was read already stays read since then.
    pub async fn mark_notification_read(
        &self,
        organisation_id: OrganisationId,
        user_id: UserId,
        id: NotificationId,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sql(format!(
            "insert into notification_reads (notification_id, user_id, read_at) select n.id, $2, $4 \
             from notifications n where {CONCERNING} and n.id = $3 and {UNREAD} \
             on conflict (notification_id, user_id) do nothing"
        ))
        .bind(organisation_id)
        .bind(user_id)
        .bind(id)
        .bind(now)
        .execute(self.writer())
        .await
        .map(drop)
    }

    /// Marks all that there are. The number that was unread, up to [`COUNTED`].
    pub async fn mark_all_notifications_read(
        &self,
        organisation_id: OrganisationId,
        user_id: UserId,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        // Nothing is told while the organisation is locked: what is marked is what was counted.
        let mut tx = OrganisationTx::begin(self, [organisation_id], now).await?;
        let (count,): (i64,) = sql(format!(
            "select count(*) from (select 1 from notifications n where {CONCERNING} and {UNREAD} limit $3) counted"
        ))
        .bind(organisation_id)
        .bind(user_id)
        .bind(COUNTED)
        .fetch_one(&mut tx)
        .await?;
        if count > 0 {
            sql("insert into notification_marks (user_id, read_through, read_at) \
                 select u.id, o.event_sequence, $3 from users u join organisations o on o.id = u.organisation_id \
                 where o.id = $1 and u.id = $2 on conflict (user_id, read_through) do nothing")
            .bind(organisation_id)
            .bind(user_id)
            .bind(now)
            .execute(&mut tx)
            .await?;
        }
        tx.commit().await?;
        Ok(count.unsigned_abs())
    }
}

/// What would be said to somebody who is no longer there is said to everybody.
pub(crate) async fn insert(tx: &mut OrganisationTx, notifications: &[NewNotification]) -> Result<(), StoreError> {
    if notifications.is_empty() {
        return Ok(());
    }
    let (now, present) = (tx.now(), present(tx, notifications).await?);
    let mut rows = Vec::with_capacity(notifications.len());
    for notification in notifications {
        let id = NotificationId::at(now);
        let user_id = notification.user_id.filter(|user| present.contains(user));
        let change = Change::NotificationCreated { notification_id: id, user_id };
        rows.push(NotificationRow {
            id,
            organisation_id: notification.organisation_id,
            user_id,
            kind: &notification.kind,
            title: &notification.title,
            message: &notification.message,
            data: &notification.data,
            sequence: tx.push(notification.organisation_id, change)?,
            created_at: now.into(),
        });
    }
    sql(NotificationRow::insert_into("notifications")).rows(&rows).execute(&mut *tx).await.map(drop)
}

async fn present(tx: &mut OrganisationTx, notifications: &[NewNotification]) -> Result<BTreeSet<UserId>, StoreError> {
    let rows: Vec<_> = notifications
        .iter()
        .filter_map(|told| Some(MemberRow { user_id: told.user_id?, organisation_id: told.organisation_id }))
        .collect();
    if rows.is_empty() {
        return Ok(BTreeSet::new());
    }
    let present: Vec<(Uuid,)> = sql("select u.id from {rows} r join users u on u.id = r.user_id \
         and u.organisation_id = r.organisation_id where u.is_active")
    .rows(&rows)
    .fetch_all(tx)
    .await?;
    Ok(present.into_iter().map(|(id,)| id.into()).collect())
}
