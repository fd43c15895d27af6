//! What people are told. Without a user, everybody of the organisation is.

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
    pub user_id: Option<UserId>,
    pub kind: String,
    pub title: String,
    pub message: String,
    pub data: Value,
    pub created_at: DateTime<Utc>,
    /// When the user who asks read it.
    pub read_at: Option<DateTime<Utc>>,
}

batch! {
    struct NotificationRow<'a> {
        id: NotificationId, organisation_id: OrganisationId, user_id: Option<UserId>, kind: &'a str, title: &'a str,
        message: &'a str, data: &'a Value, created_at: Time,
    }
}

#[derive(FromRow)]
struct StoredNotification {
    id: Uuid,
    user_id: Option<Uuid>,
    kind: String,
    title: String,
    message: String,
    data: Json<Value>,
    created_at: DateTime<Utc>,
    read_at: Option<DateTime<Utc>>,
}

impl From<StoredNotification> for Notification {
    fn from(row: StoredNotification) -> Self {
        let StoredNotification { id, user_id, kind, title, message, data: Json(data), created_at, read_at } = row;
        Self { id: id.into(), user_id: user_id.map(Into::into), kind, title, message, data, created_at, read_at }
    }
}

impl Store {
    pub async fn notify(&self, notifications: &[NewNotification], now: DateTime<Utc>) -> Result<(), StoreError> {
        let organisations = notifications.iter().map(|notification| notification.organisation_id);
        let mut tx = OrganisationTx::begin(self, organisations, now).await?;
        insert(&mut tx, notifications).await?;
        tx.commit().await
    }

    /// What concerns this user, the newest first; those after `before` in that order.
    pub async fn notifications(
        &self,
        organisation_id: OrganisationId,
        user_id: UserId,
        unread_only: bool,
        before: Option<NotificationId>,
        limit: u32,
    ) -> Result<Vec<Notification>, StoreError> {
        let rows: Vec<StoredNotification> = sql("select n.id, n.user_id, n.kind, n.title, n.message, n.data, \
             n.created_at, s.read_at from notifications n \
             left join notification_reads s on s.notification_id = n.id and s.user_id = $2 \
             where n.organisation_id = $1 and (n.user_id is null or n.user_id = $2) \
             and (not $3 or s.read_at is null) and ($4 is null or n.id < $4) order by n.id desc limit $5")
        .bind(organisation_id)
        .bind(user_id)
        .bind(unread_only)
        .bind(before)
        .bind(limit)
        .fetch_all(self)
        .await?;
        Ok(rows.into_iter().map(Notification::from).collect())
    }

    /// Marks one as read, or with `None` all. The number that was unread.
    pub async fn mark_notifications_read(
        &self,
        organisation_id: OrganisationId,
        user_id: UserId,
        id: Option<NotificationId>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        sql("insert into notification_reads (notification_id, user_id, read_at) \
             select n.id, $2, $4 from notifications n where n.organisation_id = $1 \
             and (n.user_id is null or n.user_id = $2) and ($3 is null or n.id = $3) \
             on conflict (notification_id, user_id) do nothing")
        .bind(organisation_id)
        .bind(user_id)
        .bind(id)
        .bind(now)
        .execute(self.writer())
        .await
    }
}

pub(crate) async fn insert(tx: &mut OrganisationTx, notifications: &[NewNotification]) -> Result<(), StoreError> {
    if notifications.is_empty() {
        return Ok(());
    }
    let now = tx.now();
    let rows: Vec<_> = notifications
        .iter()
        .map(|notification| NotificationRow {
            id: NotificationId::at(now),
            organisation_id: notification.organisation_id,
            user_id: notification.user_id,
            kind: &notification.kind,
            title: &notification.title,
            message: &notification.message,
            data: &notification.data,
            created_at: now.into(),
        })
        .collect();
    sql(NotificationRow::insert_into("notifications")).rows(&rows).execute(&mut *tx).await?;
    for row in &rows {
        let change = Change::NotificationCreated { notification_id: row.id, user_id: row.user_id };
        tx.push(row.organisation_id, change)?;
    }
    Ok(())
}
