//! Invitations into an organisation.

use chrono::{DateTime, Utc};
use patchbay_domain::{InviteId, OrganisationId, UserId, people::Role};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    audit::{self, NewAudit},
    backend::{Target, sql},
    rows::{parse, word},
    users::{self, NewUser},
};

#[derive(Clone)]
pub struct NewInvite {
    pub id: InviteId,
    pub organisation_id: OrganisationId,
    pub email: String,
    pub role: Role,
    pub token_hash: String,
    pub invited_by: UserId,
    pub expires_at: DateTime<Utc>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    pub id: InviteId,
    pub organisation_id: OrganisationId,
    pub organisation_name: String,
    pub email: String,
    pub role: Role,
    pub invited_by: UserId,
    pub invited_by_name: String,
    pub accepted_at: Option<DateTime<Utc>>,
    pub expires_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
}

const SELECT: &str = "select i.id, i.organisation_id, o.name as organisation_name, i.email, i.role, i.invited_by, \
    u.name as invited_by_name, i.accepted_at, i.expires_at, i.created_at from invites i \
    join organisations o on o.id = i.organisation_id join users u on u.id = i.invited_by";

#[derive(FromRow)]
struct InviteRow {
    id: Uuid,
    organisation_id: Uuid,
    organisation_name: String,
    email: String,
    role: String,
    invited_by: Uuid,
    invited_by_name: String,
    accepted_at: Option<DateTime<Utc>>,
    expires_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
}

impl TryFrom<InviteRow> for Invite {
    type Error = StoreError;

    fn try_from(row: InviteRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            organisation_id: row.organisation_id.into(),
            organisation_name: row.organisation_name,
            email: row.email,
            role: parse(&row.role)?,
            invited_by: row.invited_by.into(),
            invited_by_name: row.invited_by_name,
            accepted_at: row.accepted_at,
            expires_at: row.expires_at,
            created_at: row.created_at,
        })
    }
}

impl Store {
    /// Replaces an expired invitation of the same address. [`StoreError::Conflict`] where one is still open.
    pub async fn create_invite(
        &self,
        invite: &NewInvite,
        audit: Option<&NewAudit>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let email = invite.email.to_lowercase();
        let mut transaction = self.begin().await?;
        sql("delete from invites where organisation_id = $1 and email = $2 and accepted_at is null and expires_at <= $3")
            .bind(invite.organisation_id)
            .bind(&email)
            .bind(now)
            .execute(&mut transaction)
            .await?;
        sql("insert into invites (id, organisation_id, email, role, token_hash, invited_by, expires_at, created_at) \
             values ($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(invite.id)
        .bind(invite.organisation_id)
        .bind(&email)
        .bind(word(&invite.role)?)
        .bind(&invite.token_hash)
        .bind(invite.invited_by)
        .bind(invite.expires_at)
        .bind(now)
        .execute(&mut transaction)
        .await?;
        audit::insert(&mut transaction, audit.as_slice(), now).await?;
        transaction.commit().await
    }

    /// The newest first.
    pub async fn invites(&self, organisation_id: OrganisationId) -> Result<Vec<Invite>, StoreError> {
        let rows: Vec<InviteRow> =
            sql(format!("{SELECT} where i.organisation_id = $1 order by i.created_at desc, i.id desc"))
                .bind(organisation_id)
                .fetch_all(self)
                .await?;
        rows.into_iter().map(Invite::try_from).collect()
    }

    /// Also one that expired or was accepted: the caller says which.
    pub async fn invite_by_token(&self, token_hash: &str) -> Result<Option<Invite>, StoreError> {
        let row: Option<InviteRow> =
            sql(format!("{SELECT} where i.token_hash = $1")).bind(token_hash).fetch_optional(self).await?;
        row.map(Invite::try_from).transpose()
    }

    /// Makes the invited user. False where the invitation is not open any more; [`StoreError::Conflict`] where
    /// the e-mail is taken.
    pub async fn accept_invite(
        &self,
        id: InviteId,
        user: &NewUser,
        audit: Option<&NewAudit>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let accepted = sql("update invites set accepted_at = $3 \
             where id = $1 and organisation_id = $2 and accepted_at is null and expires_at > $3")
        .bind(id)
        .bind(user.organisation_id)
        .bind(now)
        .execute(&mut transaction)
        .await?;
        if accepted == 0 {
            return Ok(false);
        }
        users::insert(&mut transaction, user, now).await?;
        audit::insert(&mut transaction, audit.as_slice(), now).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

/// The invitations of this user that are still open.
pub(crate) async fn take_back<'a>(target: impl Into<Target<'a>>, invited_by: UserId) -> Result<(), StoreError> {
    sql("delete from invites where invited_by = $1 and accepted_at is null")
        .bind(invited_by)
        .execute(target)
        .await
        .map(drop)
}
