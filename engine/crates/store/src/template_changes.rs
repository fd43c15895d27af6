//! What people, and what the platform's own list, change about templates.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use patchbay_domain::{ChannelId, OrganisationId, TemplateId, event::Change};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    audit::{self, NewAudit},
    backend::sql,
    organisation_tx::OrganisationTx,
    rows::{Batch, Time, batch},
};

/// A template as the platform lists it.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedTemplate {
    /// For one that is new here.
    pub id: TemplateId,
    pub external_id: Option<String>,
    pub name: String,
    pub language: String,
    pub category: String,
    pub status: String,
    pub reason: Option<String>,
    pub components: Value,
}

/// What a person changes; `None` leaves it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TemplateUpdate {
    pub title: Option<String>,
    pub category: Option<String>,
    pub components: Option<Value>,
    pub status: Option<String>,
}

batch! {
    struct TemplateRow<'a> {
        id: TemplateId, organisation_id: OrganisationId, channel_id: ChannelId, external_id: Option<&'a str>,
        name: &'a str, language: &'a str, category: &'a str, status: &'a str, reason: Option<&'a str>,
        components: &'a Value, created_at: Time, updated_at: Time,
    }
}

impl ListedTemplate {
    fn row(&self, organisation_id: OrganisationId, channel_id: ChannelId, now: DateTime<Utc>) -> TemplateRow<'_> {
        TemplateRow {
            id: self.id,
            organisation_id,
            channel_id,
            external_id: self.external_id.as_deref(),
            name: &self.name,
            language: &self.language,
            category: &self.category,
            status: &self.status,
            reason: self.reason.as_deref(),
            components: &self.components,
            created_at: now.into(),
            updated_at: now.into(),
        }
    }
}

/// What is known already keeps its identifier and what people call it; it is as new only where something is otherwise.
const UPSERT: &str = "on conflict (channel_id, name, language) do update set external_id = excluded.external_id, \
    category = excluded.category, status = excluded.status, reason = excluded.reason, \
    components = excluded.components, updated_at = excluded.updated_at \
    where templates.external_id is distinct from excluded.external_id or templates.category <> excluded.category \
    or templates.status <> excluded.status or templates.reason is distinct from excluded.reason \
    or templates.components <> excluded.components";

impl Store {
    /// Makes a channel's templates those that the platform lists: others are disabled.
    pub async fn sync_templates(
        &self,
        organisation_id: OrganisationId,
        channel_id: ChannelId,
        listed: &[ListedTemplate],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = OrganisationTx::begin(self, [organisation_id], now).await?;
        // A list that is read page by page may have one twice; the later counts.
        let listed: BTreeMap<_, _> =
            listed.iter().map(|template| ((&template.name, &template.language), template)).collect();
        let rows: Vec<_> = listed.values().map(|template| template.row(organisation_id, channel_id, now)).collect();
        let mut changed = 0;
        if !rows.is_empty() {
            let upsert = format!("{} {UPSERT}", TemplateRow::insert_into("templates"));
            changed += sql(upsert).rows(&rows).execute(&mut tx).await?;
        }
        changed += sql("update templates set status = 'DISABLED', updated_at = $3 where channel_id = $2 \
             and status <> 'DISABLED' and not exists (select 1 from {rows} r where r.name = templates.name \
             and r.language = templates.language)")
        .rows(&rows)
        .bind(channel_id)
        .bind(now)
        .execute(&mut tx)
        .await?;
        if changed == 0 {
            return Ok(());
        }
        tx.push(organisation_id, Change::ChannelUpdated { channel_id })?;
        tx.commit().await
    }

    /// Keeps one that the platform has taken; under its old identifier, where it was known before.
    pub async fn create_template(
        &self,
        organisation_id: OrganisationId,
        channel_id: ChannelId,
        template: &ListedTemplate,
        title: &str,
        audit: Option<&NewAudit>,
        now: DateTime<Utc>,
    ) -> Result<TemplateId, StoreError> {
        let mut tx = OrganisationTx::begin(self, [organisation_id], now).await?;
        sql(format!("{} {UPSERT}", TemplateRow::insert_into("templates")))
            .rows(&[template.row(organisation_id, channel_id, now)])
            .execute(&mut tx)
            .await?;
        let (id,): (Uuid,) =
            sql("update templates set title = $4 where channel_id = $1 and name = $2 and language = $3 returning id")
                .bind(channel_id)
                .bind(&template.name)
                .bind(&template.language)
                .bind(title)
                .fetch_one(&mut tx)
                .await?;
        audit::insert(&mut tx, audit.as_slice(), now).await?;
        tx.push(organisation_id, Change::ChannelUpdated { channel_id })?;
        tx.commit().await?;
        Ok(id.into())
    }

    /// False where the organisation has no such template.
    pub async fn update_template(
        &self,
        organisation_id: OrganisationId,
        id: TemplateId,
        update: &TemplateUpdate,
        audit: Option<&NewAudit>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let TemplateUpdate { title, category, components, status } = update;
        let mut tx = OrganisationTx::begin(self, [organisation_id], now).await?;
        let channel: Option<(Uuid,)> = sql("update templates set title = coalesce($3, title), \
             category = coalesce($4, category), components = coalesce($5, components), \
             status = coalesce($6, status), reason = case when $6 is null then reason end, updated_at = $7 \
             where organisation_id = $1 and id = $2 returning channel_id")
        .bind(organisation_id)
        .bind(id)
        .bind(title.as_ref())
        .bind(category.as_ref())
        .bind(components.clone())
        .bind(status.as_ref())
        .bind(now)
        .fetch_optional(&mut tx)
        .await?;
        let Some((channel_id,)) = channel else { return Ok(false) };
        audit::insert(&mut tx, audit.as_slice(), now).await?;
        tx.push(organisation_id, Change::ChannelUpdated { channel_id: channel_id.into() })?;
        tx.commit().await?;
        Ok(true)
    }

    /// False where the organisation has no such template.
    pub async fn delete_template(
        &self,
        organisation_id: OrganisationId,
        id: TemplateId,
        audit: Option<&NewAudit>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut tx = OrganisationTx::begin(self, [organisation_id], now).await?;
        let channel: Option<(Uuid,)> =
            sql("delete from templates where organisation_id = $1 and id = $2 returning channel_id")
                .bind(organisation_id)
                .bind(id)
                .fetch_optional(&mut tx)
                .await?;
        let Some((channel_id,)) = channel else { return Ok(false) };
        audit::insert(&mut tx, audit.as_slice(), now).await?;
        tx.push(organisation_id, Change::ChannelUpdated { channel_id: channel_id.into() })?;
        tx.commit().await?;
        Ok(true)
    }
}
