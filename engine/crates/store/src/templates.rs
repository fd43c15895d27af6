//! Message templates: what the platform thinks of them.

use chrono::{DateTime, Utc};
use patchbay_domain::{ChannelId, OrganisationId, event::Change, platform::TemplateStatus};
use serde_json::Value;
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

use crate::{Store, StoreError, backend::sql, organisation_tx::OrganisationTx};

/// A template as those who pick one see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    pub id: Uuid,
    pub name: String,
    pub language: String,
    pub category: String,
    pub components: Value,
}

#[derive(FromRow)]
struct TemplateRow {
    id: Uuid,
    name: String,
    language: String,
    category: String,
    components: Json<Value>,
}

impl From<TemplateRow> for Template {
    fn from(row: TemplateRow) -> Self {
        let TemplateRow { id, name, language, category, components: Json(components) } = row;
        Self { id, name, language, category, components }
    }
}

impl Store {
    /// Those that the platform has approved, by name.
    pub async fn usable_templates(
        &self,
        organisation_id: OrganisationId,
        channel_id: ChannelId,
        limit: u32,
    ) -> Result<Vec<Template>, StoreError> {
        let rows: Vec<TemplateRow> = sql("select id, name, language, category, components from templates \
             where organisation_id = $1 and channel_id = $2 and status = 'APPROVED' order by name, language limit $3")
        .bind(organisation_id)
        .bind(channel_id)
        .bind(limit)
        .fetch_all(self)
        .await?;
        Ok(rows.into_iter().map(Template::from).collect())
    }

    /// What the platform thinks of a template; none where it is not known here.
    pub async fn template_status(
        &self,
        channel_id: ChannelId,
        name: &str,
        language: &str,
    ) -> Result<Option<String>, StoreError> {
        let row: Option<(String,)> =
            sql("select status from templates where channel_id = $1 and name = $2 and language = $3")
                .bind(channel_id)
                .bind(name)
                .bind(language)
                .fetch_optional(self)
                .await?;
        Ok(row.map(|(status,)| status))
    }

    /// Keeps the platform's verdict. False where the channel has no such template.
    pub async fn set_template_status(
        &self,
        channel_id: ChannelId,
        status: &TemplateStatus,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut tx = OrganisationTx::begin_for_channels(self, [channel_id], now).await?;
        let organisation: Option<(Uuid,)> = sql("update templates set status = $4, reason = $5, updated_at = $6 \
             where channel_id = $1 and name = $2 and language = $3 returning organisation_id")
        .bind(channel_id)
        .bind(&status.name)
        .bind(&status.language)
        .bind(&status.state)
        .bind(status.reason.as_ref())
        .bind(now)
        .fetch_optional(&mut tx)
        .await?;
        let Some((organisation_id,)) = organisation else { return Ok(false) };
        tx.push(organisation_id.into(), Change::ChannelUpdated { channel_id })?;
        tx.commit().await?;
        Ok(true)
    }
}
