//! Answers that are written once and used often.

use chrono::{DateTime, Utc};
use patchbay_domain::{MacroId, OrganisationId, UserId};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Store, StoreError, audit::NewAudit, backend::sql};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Macro {
    pub id: MacroId,
    pub organisation_id: OrganisationId,
    pub name: String,
    pub content: String,
    pub created_by: UserId,
    pub created_by_name: String,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Clone, Debug)]
pub struct NewMacro {
    pub id: MacroId,
    pub organisation_id: OrganisationId,
    /// Unique within the organisation.
    pub name: String,
    pub content: String,
    pub created_by: UserId,
}

/// What changes about a macro; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct MacroUpdate {
    pub name: Option<String>,
    pub content: Option<String>,
}

#[derive(FromRow)]
struct MacroRow {
    id: Uuid,
    organisation_id: Uuid,
    name: String,
    content: String,
    created_by: Uuid,
    created_by_name: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<MacroRow> for Macro {
    fn from(row: MacroRow) -> Self {
        let MacroRow { id, organisation_id, name, content, created_by, created_by_name, created_at, updated_at } = row;
        Self {
            id: id.into(),
            organisation_id: organisation_id.into(),
            name,
            content,
            created_by: created_by.into(),
            created_by_name,
            created_at,
            updated_at,
        }
    }
}

const SELECT: &str = "select m.id, m.organisation_id, m.name, m.content, m.created_by, u.name as created_by_name, \
    m.created_at, m.updated_at from macros m join users u on u.id = m.created_by";

impl Store {
    /// The newest first.
    pub async fn macros(&self, organisation_id: OrganisationId) -> Result<Vec<Macro>, StoreError> {
        let rows: Vec<MacroRow> =
            sql(format!("{SELECT} where m.organisation_id = $1 order by m.created_at desc, m.id desc"))
                .bind(organisation_id)
                .fetch_all(self)
                .await?;
        Ok(rows.into_iter().map(Macro::from).collect())
    }

    pub async fn macro_of(&self, organisation_id: OrganisationId, id: MacroId) -> Result<Option<Macro>, StoreError> {
        let row: Option<MacroRow> = sql(format!("{SELECT} where m.organisation_id = $1 and m.id = $2"))
            .bind(organisation_id)
            .bind(id)
            .fetch_optional(self)
            .await?;
        Ok(row.map(Macro::from))
    }

    /// [`StoreError::Conflict`] where the name is taken.
    pub async fn create_macro(&self, new: &NewMacro, audit: &NewAudit, now: DateTime<Utc>) -> Result<(), StoreError> {
        let statement = sql("insert into macros (id, organisation_id, name, content, created_by, created_at, \
             updated_at) values ($1, $2, $3, $4, $5, $6, $6)")
        .bind(new.id)
        .bind(new.organisation_id)
        .bind(&new.name)
        .bind(&new.content)
        .bind(new.created_by)
        .bind(now);
        self.write_audited(statement, Some(audit), now).await.map(drop)
    }

    /// False where the organisation has no such macro. [`StoreError::Conflict`] where the name is taken.
    pub async fn update_macro(
        &self,
        organisation_id: OrganisationId,
        id: MacroId,
        update: &MacroUpdate,
        audit: &NewAudit,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let statement = sql("update macros set name = coalesce($3, name), content = coalesce($4, content), \
             updated_at = $5 where organisation_id = $1 and id = $2")
        .bind(organisation_id)
        .bind(id)
        .bind(update.name.as_ref())
        .bind(update.content.as_ref())
        .bind(now);
        self.write_audited(statement, Some(audit), now).await
    }

    /// False where the organisation has no such macro.
    pub async fn delete_macro(
        &self,
        organisation_id: OrganisationId,
        id: MacroId,
        audit: &NewAudit,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let statement = sql("delete from macros where organisation_id = $1 and id = $2").bind(organisation_id).bind(id);
        self.write_audited(statement, Some(audit), now).await
    }
}
