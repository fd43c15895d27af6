//! Tenants.

use chrono::{DateTime, Utc};
use patchbay_domain::OrganisationId;
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    audit::{self, NewAudit},
    backend::sql,
    users::{self, NewUser},
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    pub id: OrganisationId,
    pub name: String,
    /// What it is called in addresses, where somebody has chosen that.
    pub slug: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// What a new one is called.
#[derive(Clone, Copy, Debug)]
pub struct NewOrganisation<'a> {
    pub name: &'a str,
    pub slug: Option<&'a str>,
}

impl<'a> From<&'a str> for NewOrganisation<'a> {
    fn from(name: &'a str) -> Self {
        Self { name, slug: None }
    }
}

#[derive(FromRow)]
struct OrganisationRow {
    id: Uuid,
    name: String,
    slug: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<OrganisationRow> for Organisation {
    fn from(row: OrganisationRow) -> Self {
        let OrganisationRow { id, name, slug, created_at, updated_at } = row;
        Self { id: id.into(), name, slug, created_at, updated_at }
    }
}

impl Store {
    /// Makes the organisation `owner.organisation_id` and its first user. [`StoreError::Conflict`] where the
    /// e-mail, the username or the slug is taken.
    pub async fn sign_up<'a>(
        &self,
        organisation: impl Into<NewOrganisation<'a>>,
        owner: &NewUser,
        audit: Option<&NewAudit>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let NewOrganisation { name, slug } = organisation.into();
        let mut transaction = self.begin().await?;
        sql("insert into organisations (id, name, slug, created_at, updated_at) values ($1, $2, $3, $4, $4)")
            .bind(owner.organisation_id)
            .bind(name)
            .bind(slug)
            .bind(now)
            .execute(&mut transaction)
            .await?;
        users::insert(&mut transaction, owner, now).await?;
        audit::insert(&mut transaction, audit.as_slice(), now).await?;
        transaction.commit().await
    }

    pub async fn organisation(&self, id: OrganisationId) -> Result<Option<Organisation>, StoreError> {
        let row: Option<OrganisationRow> =
            sql("select id, name, slug, created_at, updated_at from organisations where id = $1")
                .bind(id)
                .fetch_optional(self)
                .await?;
        Ok(row.map(Organisation::from))
    }

    pub async fn is_slug_taken(&self, slug: &str) -> Result<bool, StoreError> {
        let row: Option<(Uuid,)> =
            sql("select id from organisations where slug = $1").bind(slug).fetch_optional(self).await?;
        Ok(row.is_some())
    }

    pub async fn rename_organisation(
        &self,
        id: OrganisationId,
        name: &str,
        audit: Option<&NewAudit>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let statement =
            sql("update organisations set name = $2, updated_at = $3 where id = $1").bind(id).bind(name).bind(now);
        self.write_audited(statement, audit, now).await
    }
}
