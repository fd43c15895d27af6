//! Who did what.

use chrono::{DateTime, Utc};
use patchbay_domain::{AuditId, OrganisationId, UserId};
use serde_json::Value;

use crate::{
    Store, StoreError,
    backend::{Target, sql},
    rows::{Batch, Time, batch},
};

#[derive(Clone, Debug, PartialEq)]
pub struct NewAudit {
    pub organisation_id: OrganisationId,
    pub user_id: Option<UserId>,
    /// What was done, such as `channel.update`.
    pub action: String,
    /// To what kind of thing, such as `Channel`.
    pub entity: String,
    pub entity_id: String,
    pub metadata: Value,
}

batch! {
    struct AuditRow<'a> {
        id: AuditId, organisation_id: OrganisationId, user_id: Option<UserId>, action: &'a str, entity: &'a str,
        entity_id: &'a str, metadata: &'a Value, created_at: Time,
    }
}

impl Store {
    pub async fn audit(&self, audit: &NewAudit, now: DateTime<Utc>) -> Result<(), StoreError> {
        insert(self.writer(), &[audit], now).await
    }
}

pub(crate) async fn insert<'a>(
    target: impl Into<Target<'a>>,
    audits: &[&NewAudit],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
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
