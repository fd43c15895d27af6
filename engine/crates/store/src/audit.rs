//! Who did what.

use chrono::{DateTime, Utc};
use patchbay_domain::{AuditId, OrganisationId, UserId};
use serde_json::Value;
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    backend::{Statement, Target, sql},
    notifications::COUNTED,
    rows::{Batch, Time, batch},
    tickets::Page,
};

#[derive(Clone, Debug, PartialEq)]
pub struct NewAudit {
    pub organisation_id: OrganisationId,
    pub user_id: Option<UserId>,
    /// What was done, such as `UPDATE`.
    pub action: String,
    /// To what kind of thing, such as `CHANNEL`.
    pub entity: String,
    pub entity_id: String,
    pub metadata: Value,
}

impl NewAudit {
    /// What was before and what is now, of what differs. Neither may hold a secret.
    #[must_use]
    pub fn with_change(mut self, before: Value, after: Value) -> Self {
        if let Some(metadata) = self.metadata.as_object_mut() {
            let (before, after) = differing(before, after);
            metadata.insert("before".to_owned(), before);
            metadata.insert("after".to_owned(), after);
        }
        self
    }
}

/// Of two objects, the fields that are not the same in both.
fn differing(before: Value, after: Value) -> (Value, Value) {
    match (before, after) {
        (Value::Object(mut before), Value::Object(mut after)) => {
            let same: Vec<String> = before
                .iter()
                .filter(|(name, value)| after.get(*name) == Some(value))
                .map(|(name, _)| name.clone())
                .collect();
            for name in same {
                before.remove(&name);
                after.remove(&name);
            }
            (Value::Object(before), Value::Object(after))
        }
        other => other,
    }
}

batch! {
    struct AuditRow<'a> {
        id: AuditId, organisation_id: OrganisationId, user_id: Option<UserId>, action: &'a str, entity: &'a str,
        entity_id: &'a str, metadata: &'a Value, created_at: Time,
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Audit {
    pub id: AuditId,
    pub organisation_id: OrganisationId,
    pub user: Option<Actor>,
    pub action: String,
    pub entity: String,
    pub entity_id: String,
    pub metadata: Value,
    pub created_at: DateTime<Utc>,
}

/// Whoever did it, as they are called now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    pub id: UserId,
    pub name: String,
    pub email: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    pub user_id: Option<UserId>,
    pub action: Option<String>,
    pub entity: Option<String>,
    pub entity_id: Option<String>,
    pub from: Option<DateTime<Utc>>,
    /// Not this moment any more.
    pub until: Option<DateTime<Utc>>,
}

/// The last one of the page before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditCursor {
    pub created_at: DateTime<Utc>,
    pub id: AuditId,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionCount {
    pub action: String,
    pub count: u64,
}

#[derive(FromRow)]
struct StoredAudit {
    id: Uuid,
    organisation_id: Uuid,
    user_id: Option<Uuid>,
    user_name: Option<String>,
    user_email: Option<String>,
    action: String,
    entity: String,
    entity_id: String,
    metadata: Json<Value>,
    created_at: DateTime<Utc>,
}

impl From<StoredAudit> for Audit {
    fn from(row: StoredAudit) -> Self {
        let actor = row.user_id.zip(row.user_name);
        Self {
            id: row.id.into(),
            organisation_id: row.organisation_id.into(),
            user: actor.map(|(id, name)| Actor { id: id.into(), name, email: row.user_email }),
            action: row.action,
            entity: row.entity,
            entity_id: row.entity_id,
            metadata: row.metadata.0,
            created_at: row.created_at,
        }
    }
}

/// `$1` to `$7`.
const FILTER: &str = "a.organisation_id = $1 and ($2 is null or a.user_id = $2) and ($3 is null or a.action = $3) \
    and ($4 is null or a.entity = $4) and ($5 is null or a.entity_id = $5) and ($6 is null or a.created_at >= $6) \
    and ($7 is null or a.created_at < $7)";

impl AuditFilter {
    fn bind(&self, statement: Statement, organisation_id: OrganisationId) -> Statement {
        statement
            .bind(organisation_id)
            .bind(self.user_id)
            .bind(self.action.as_ref())
            .bind(self.entity.as_ref())
            .bind(self.entity_id.as_ref())
            .bind(self.from)
            .bind(self.until)
    }
}

impl Store {
    pub async fn audit(&self, audit: &NewAudit, now: DateTime<Utc>) -> Result<(), StoreError> {
        insert(self.writer(), &[audit], now).await
    }

    /// The newest first.
    pub async fn audits(
        &self,
        organisation_id: OrganisationId,
        filter: &AuditFilter,
        page: Page<AuditCursor>,
    ) -> Result<Vec<Audit>, StoreError> {
        let statement = sql(format!(
            "select a.id, a.organisation_id, a.user_id, u.name as user_name, u.email as user_email, a.action, \
             a.entity, a.entity_id, a.metadata, a.created_at from audit_logs a left join users u on u.id = a.user_id \
             where {FILTER} and ($8 is null or a.created_at < $8 or (a.created_at = $8 and a.id < $9)) \
             order by a.created_at desc, a.id desc limit $10 offset $11"
        ));
        let rows: Vec<StoredAudit> = filter
            .bind(statement, organisation_id)
            .bind(page.after.map(|cursor| cursor.created_at))
            .bind(page.after.map(|cursor| cursor.id))
            .bind(page.limit)
            .bind(page.offset)
            .fetch_all(self)
            .await?;
        Ok(rows.into_iter().map(Audit::from).collect())
    }

    /// How many there are, up to [`COUNTED`].
    pub async fn count_audits(&self, organisation_id: OrganisationId, filter: &AuditFilter) -> Result<u64, StoreError> {
        let statement =
            sql(format!("select count(*) from (select 1 from audit_logs a where {FILTER} limit $8) counted"));
        let (count,): (i64,) = filter.bind(statement, organisation_id).bind(COUNTED).fetch_one(self).await?;
        Ok(count.unsigned_abs())
    }

    /// The actions by name, with the number of each.
    pub async fn count_actions(
        &self,
        organisation_id: OrganisationId,
        filter: &AuditFilter,
    ) -> Result<Vec<ActionCount>, StoreError> {
        let statement = sql(format!(
            "select a.action, count(*) from audit_logs a where {FILTER} group by a.action order by a.action"
        ));
        let rows: Vec<(String, i64)> = filter.bind(statement, organisation_id).fetch_all(self).await?;
        Ok(rows.into_iter().map(|(action, count)| ActionCount { action, count: count.unsigned_abs() }).collect())
    }

    /// The change and its audit, or neither. False where there was nothing to write.
    pub(crate) async fn write_audited(
        &self,
        statement: Statement,
        audit: Option<&NewAudit>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        if statement.execute(&mut transaction).await? == 0 {
            return Ok(false);
        }
        insert(&mut transaction, audit.as_slice(), now).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

pub(crate) async fn insert<'a>(
    target: impl Into<Target<'a>>,
    audits: &[&NewAudit],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if audits.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = audits
        .iter()
        .map(|audit| AuditRow {
            id: AuditId::at(now),
            organisation_id: audit.organisation_id,
            user_id: audit.user_id,
            action: &audit.action,
            entity: &audit.entity,
            entity_id: &audit.entity_id,
            metadata: &audit.metadata,
            created_at: now.into(),
        })
        .collect();
    sql(AuditRow::insert_into("audit_logs")).rows(&rows).execute(target).await.map(drop)
}
