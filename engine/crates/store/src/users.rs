//! People of an organisation. E-mails and usernames are unique over all organisations,
//! however they are typed; e-mails are kept in lower case, usernames as they were given.

use chrono::{DateTime, Utc};
use patchbay_domain::{LoginId, OrganisationId, UserId, people::Role};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    audit::{self, NewAudit},
    backend::{Statement, Target, sql},
    invites,
    rows::{parse, word},
};

#[derive(Clone, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub organisation_id: OrganisationId,
    pub email: Option<String>,
    pub username: Option<String>,
    pub name: String,
    pub password_hash: String,
    pub role: Role,
    pub avatar: Option<String>,
    pub is_active: bool,
    pub created_by: Option<UserId>,
    pub last_login_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("id", &self.id).field("role", &self.role).finish_non_exhaustive()
    }
}

#[derive(Clone)]
pub struct NewUser {
    pub id: UserId,
    pub organisation_id: OrganisationId,
    /// One of e-mail and username is needed.
    pub email: Option<String>,
    pub username: Option<String>,
    pub name: String,
    pub password_hash: String,
    pub role: Role,
    pub created_by: Option<UserId>,
}

const COLUMNS: &str = "id, organisation_id, email, username, name, password_hash, role, avatar, is_active, \
    created_by, last_login_at, created_at, updated_at";

#[derive(FromRow)]
struct UserRow {
    id: Uuid,
    organisation_id: Uuid,
    email: Option<String>,
    username: Option<String>,
    name: String,
    password_hash: String,
    role: String,
    avatar: Option<String>,
    is_active: bool,
    created_by: Option<Uuid>,
    last_login_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<UserRow> for User {
    type Error = StoreError;

    fn try_from(row: UserRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            organisation_id: row.organisation_id.into(),
            email: row.email,
            username: row.username,
            name: row.name,
            password_hash: row.password_hash,
            role: parse(&row.role)?,
            avatar: row.avatar,
            is_active: row.is_active,
            created_by: row.created_by.map(Into::into),
            last_login_at: row.last_login_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

impl Store {
    /// [`StoreError::Conflict`] where the e-mail or username is taken.
    pub async fn create_user(
        &self,
        user: &NewUser,
        audit: Option<&NewAudit>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        insert(&mut transaction, user, now).await?;
        audit::insert(&mut transaction, audit.as_slice(), now).await?;
        transaction.commit().await
    }

    pub async fn user(&self, organisation_id: OrganisationId, id: UserId) -> Result<Option<User>, StoreError> {
        let found = sql(format!("select {COLUMNS} from users where organisation_id = $1 and id = $2"));
        self.one_user(found.bind(organisation_id).bind(id)).await
    }

    pub async fn users(&self, organisation_id: OrganisationId) -> Result<Vec<User>, StoreError> {
        let rows: Vec<UserRow> =
            sql(format!("select {COLUMNS} from users where organisation_id = $1 order by created_at, id"))
                .bind(organisation_id)
                .fetch_all(self)
                .await?;
        rows.into_iter().map(User::try_from).collect()
    }

    pub async fn user_by_email(&self, email: &str) -> Result<Option<User>, StoreError> {
        let found = sql(format!("select {COLUMNS} from users where email = $1"));
        self.one_user(found.bind(email.to_lowercase())).await
    }

    pub async fn user_by_username(&self, username: &str) -> Result<Option<User>, StoreError> {
        let found = sql(format!("select {COLUMNS} from users where lower(username) = $1"));
        self.one_user(found.bind(username.to_lowercase())).await
    }

    pub async fn user_logged_in(&self, id: UserId, now: DateTime<Utc>) -> Result<(), StoreError> {
        sql("update users set last_login_at = $2 where id = $1")
            .bind(id)
            .bind(now)
            .execute(self.writer())
            .await
            .map(drop)
    }

    /// A new password ends every login, but for one that may be kept. False where the organisation has no such user.
    pub async fn set_password(
        &self,
        organisation_id: OrganisationId,
        id: UserId,
        password_hash: &str,
        kept: Option<LoginId>,
        audit: Option<&NewAudit>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let written =
            sql("update users set password_hash = $3, updated_at = $4 where organisation_id = $1 and id = $2")
                .bind(organisation_id)
                .bind(id)
                .bind(password_hash)
                .bind(now)
                .execute(&mut transaction)
                .await?;
        if written == 0 {
            return Ok(false);
        }
        crate::logins::revoke_others(&mut transaction, id, kept, now).await?;
        audit::insert(&mut transaction, audit.as_slice(), now).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Lets a user in again. False where the organisation has no such user.
    pub async fn reactivate_user(
        &self,
        organisation_id: OrganisationId,
        id: UserId,
        audit: Option<&NewAudit>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let statement = sql("update users set is_active = $4, updated_at = $3 where organisation_id = $1 and id = $2")
            .bind(organisation_id)
            .bind(id)
            .bind(now)
            .bind(true);
        self.write_audited(statement, audit, now).await
    }

    /// Switches a user off, ends every login, and takes back the invitations that nobody has accepted yet. False where
    /// the organisation has no such user.
    pub async fn deactivate_user(
        &self,
        organisation_id: OrganisationId,
        id: UserId,
        audit: Option<&NewAudit>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let written = sql("update users set is_active = $4, updated_at = $3 where organisation_id = $1 and id = $2")
            .bind(organisation_id)
            .bind(id)
            .bind(now)
            .bind(false)
            .execute(&mut transaction)
            .await?;
        if written == 0 {
            return Ok(false);
        }
        crate::logins::revoke_all(&mut transaction, id, now).await?;
        invites::take_back(&mut transaction, id).await?;
        audit::insert(&mut transaction, audit.as_slice(), now).await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn one_user(&self, statement: Statement) -> Result<Option<User>, StoreError> {
        let row: Option<UserRow> = statement.fetch_optional(self).await?;
        row.map(User::try_from).transpose()
    }
}

pub(crate) async fn insert<'a>(
    target: impl Into<Target<'a>>,
    user: &NewUser,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sql("insert into users (id, organisation_id, email, username, name, password_hash, role, is_active, created_by, \
         created_at, updated_at, came_after) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, \
         coalesce((select o.event_sequence from organisations o where o.id = $2), 0))")
    .bind(user.id)
    .bind(user.organisation_id)
    .bind(user.email.as_ref().map(|email| email.to_lowercase()))
    .bind(user.username.as_ref())
    .bind(&user.name)
    .bind(&user.password_hash)
    .bind(word(&user.role)?)
    .bind(true)
    .bind(user.created_by)
    .bind(now)
    .execute(target)
    .await
    .map(drop)
}
