//! Message templates: what there are and what the platform thinks of them. What people change is in
//! `template_changes.rs`.

use chrono::{DateTime, Utc};
use patchbay_domain::{ChannelId, OrganisationId, TemplateId, event::Change, platform::TemplateStatus};
use serde_json::Value;
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    backend::{Statement, sql},
    customers::containing,
    organisation_tx::OrganisationTx,
    tickets::Page,
};

/// A template with everything that is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownTemplate {
    pub id: TemplateId,
    pub channel_id: ChannelId,
    /// The platform's own.
    pub external_id: Option<String>,
    /// What people call it, where that is otherwise than its name.
    pub title: Option<String>,
    pub name: String,
    pub language: String,
    pub category: String,
    /// In the platform's word.
    pub status: String,
    pub reason: Option<String>,
    pub components: Value,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateFilter {
    /// The platform's words for it; with none, any.
    pub statuses: &'static [&'static str],
    /// Any but these.
    pub other_than: &'static [&'static str],
    pub category: Option<String>,
    /// Part of what it is called.
    pub search: Option<String>,
}

const COLUMNS: &str = "id, channel_id, external_id, title, name, language, category, status, reason, components, \
    created_at, updated_at";

#[derive(FromRow)]
struct KnownRow {
    id: Uuid,
    channel_id: Uuid,
    external_id: Option<String>,
    title: Option<String>,
    name: String,
    language: String,
    category: String,
    status: String,
    reason: Option<String>,
    components: Json<Value>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<KnownRow> for KnownTemplate {
    fn from(row: KnownRow) -> Self {
        Self {
            id: row.id.into(),
            channel_id: row.channel_id.into(),
            external_id: row.external_id,
            title: row.title,
            name: row.name,
            language: row.language,
            category: row.category,
            status: row.status,
            reason: row.reason,
            components: row.components.0,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// Words of ours, never a caller's.
fn listed(words: &[&'static str]) -> String {
    let words: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
    words.join(", ")
}

impl TemplateFilter {
    /// `$1` to `$3`.
    fn condition(&self) -> String {
        let is =
            if self.statuses.is_empty() { String::new() } else { format!("and status in ({})", listed(self.statuses)) };
        let is_not = if self.other_than.is_empty() {
            String::new()
        } else {
            format!("and status not in ({})", listed(self.other_than))
        };
        format!(
            "organisation_id = $1 and ($2 is null or category = $2) {is} {is_not} \
             and ($3 is null or lower(name) like $3 escape '!' or lower(title) like $3 escape '!')"
        )
    }

    fn bind(&self, statement: Statement, organisation_id: OrganisationId) -> Statement {
        let search = self.search.as_deref().map(containing);
        statement.bind(organisation_id).bind(self.category.as_ref()).bind(search)
    }
}

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
    /// What changed last first.
    pub async fn templates(
        &self,
        organisation_id: OrganisationId,
        filter: &TemplateFilter,
        page: Page<(DateTime<Utc>, TemplateId)>,
    ) -> Result<Vec<KnownTemplate>, StoreError> {
        let statement = sql(format!(
            "select {COLUMNS} from templates where {} and ($4 is null or updated_at < $4 \
             or (updated_at = $4 and id > $5)) order by updated_at desc, id limit $6 offset $7",
            filter.condition()
        ));
        let rows: Vec<KnownRow> = filter
            .bind(statement, organisation_id)
            .bind(page.after.map(|(at, _)| at))
            .bind(page.after.map(|(_, id)| id))
            .bind(page.limit)
            .bind(page.offset)
            .fetch_all(self)
            .await?;
        Ok(rows.into_iter().map(KnownTemplate::from).collect())
    }

    pub async fn count_templates(
        &self,
        organisation_id: OrganisationId,
        filter: &TemplateFilter,
    ) -> Result<u64, StoreError> {
        let statement = sql(format!("select count(*) from templates where {}", filter.condition()));
        let (count,): (i64,) = filter.bind(statement, organisation_id).fetch_one(self).await?;
        Ok(count.unsigned_abs())
    }

    pub async fn template(
        &self,
        organisation_id: OrganisationId,
        id: TemplateId,
    ) -> Result<Option<KnownTemplate>, StoreError> {
        let row: Option<KnownRow> =
            sql(format!("select {COLUMNS} from templates where organisation_id = $1 and id = $2"))
                .bind(organisation_id)
                .bind(id)
                .fetch_optional(self)
                .await?;
        Ok(row.map(KnownTemplate::from))
    }

    /// Those of a channel that are called so, by the platform or by people; approved ones first.
    pub async fn templates_called(
        &self,
        channel_id: ChannelId,
        name: &str,
        limit: u32,
    ) -> Result<Vec<KnownTemplate>, StoreError> {
        let rows: Vec<KnownRow> = sql(format!(
            "select {COLUMNS} from templates where channel_id = $1 and (name = $2 or title = $2) \
             order by case when status = 'APPROVED' then 0 else 1 end, language, id limit $3"
        ))
        .bind(channel_id)
        .bind(name)
        .bind(limit)
        .fetch_all(self)
        .await?;
        Ok(rows.into_iter().map(KnownTemplate::from).collect())
    }

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
