//! Logins and the refresh tokens that keep them going. A login has one unspent
//! token; the spent ones are remembered, so that a stolen one gives itself away.

use chrono::{DateTime, Utc};
use patchbay_domain::{
    LoginId, OrganisationId, UserId,
    people::{Dialect, Role},
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    backend::{Target, sql},
    rows::{parse, word},
};

#[derive(Clone)]
pub struct NewLogin {
    pub id: LoginId,
    pub user_id: UserId,
    pub organisation_id: OrganisationId,
    pub dialect: Dialect,
    /// Of the refresh token.
    pub refresh_hash: String,
    pub expires_at: DateTime<Utc>,
}

/// A login that is in force, with its user as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    pub id: LoginId,
    pub user_id: UserId,
    pub organisation_id: OrganisationId,
    pub dialect: Dialect,
    pub user_name: String,
    pub role: Role,
    pub expires_at: DateTime<Utc>,
}

/// What a refresh token was good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotation {
    Rotated(Login),
    /// It had been spent: somebody else has it too, so the login has ended.
    Reused,
    /// Unknown, expired, or its login has ended.
    Refused,
}

const COLUMNS: &str = "l.id, l.user_id, l.organisation_id, l.dialect, u.name as user_name, u.role, l.expires_at";
const IN_FORCE: &str = "l.revoked_at is null and l.expires_at > $2 and u.is_active = $3";

#[derive(FromRow)]
struct LoginRow {
    id: Uuid,
    user_id: Uuid,
    organisation_id: Uuid,
    dialect: String,
    user_name: String,
    role: String,
    expires_at: DateTime<Utc>,
}

impl TryFrom<LoginRow> for Login {
    type Error = StoreError;

    fn try_from(row: LoginRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            user_id: row.user_id.into(),
            organisation_id: row.organisation_id.into(),
            dialect: parse(&row.dialect)?,
            user_name: row.user_name,
            role: parse(&row.role)?,
            expires_at: row.expires_at,
        })
    }
}

impl Store {
    pub async fn create_login(&self, login: &NewLogin, now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        sql("insert into logins (id, user_id, organisation_id, dialect, created_at, expires_at) \
             values ($1, $2, $3, $4, $5, $6)")
        .bind(login.id)
        .bind(login.user_id)
        .bind(login.organisation_id)
        .bind(word(&login.dialect)?)
        .bind(now)
        .bind(login.expires_at)
        .execute(&mut transaction)
        .await?;
        insert_token(&mut transaction, login.id, &login.refresh_hash, now).await?;
        transaction.commit().await
    }

    /// The login, if it is in force.
    pub async fn login(&self, id: LoginId, now: DateTime<Utc>) -> Result<Option<Login>, StoreError> {
        let row: Option<LoginRow> = sql(format!(
            "select {COLUMNS} from logins l join users u on u.id = l.user_id where l.id = $1 and {IN_FORCE}"
        ))
        .bind(id)
        .bind(now)
        .bind(true)
        .fetch_optional(self)
        .await?;
        row.map(Login::try_from).transpose()
    }

    /// The login of an unspent refresh token, which stays good.
    pub async fn login_by_refresh(&self, hash: &str, now: DateTime<Utc>) -> Result<Option<Login>, StoreError> {
        let row: Option<LoginRow> = sql(format!(
            "select {COLUMNS} from refresh_tokens t join logins l on l.id = t.login_id \
             join users u on u.id = l.user_id where t.hash = $1 and t.spent_at is null and {IN_FORCE}"
        ))
        .bind(hash)
        .bind(now)
        .bind(true)
        .fetch_optional(self)
        .await?;
        row.map(Login::try_from).transpose()
    }

    /// Spends a refresh token for a new one.
    pub async fn rotate_refresh(
        &self,
        hash: &str,
        new_hash: &str,
        expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Rotation, StoreError> {
        let mut transaction = self.begin().await?;
        let token: Option<(Uuid, Option<DateTime<Utc>>)> =
            sql("select login_id, spent_at from refresh_tokens where hash = $1 {lock}")
                .bind(hash)
                .fetch_optional(&mut transaction)
                .await?;
        let Some((login_id, spent_at)) = token else { return Ok(Rotation::Refused) };
        if spent_at.is_some() {
            revoke(&mut transaction, login_id.into(), now).await?;
            transaction.commit().await?;
            return Ok(Rotation::Reused);
        }
        sql("update refresh_tokens set spent_at = $2 where hash = $1")
            .bind(hash)
            .bind(now)
            .execute(&mut transaction)
            .await?;
        insert_token(&mut transaction, login_id.into(), new_hash, now).await?;
        sql("update logins set expires_at = $2 where id = $1")
            .bind(login_id)
            .bind(expires_at)
            .execute(&mut transaction)
            .await?;
        let row: Option<LoginRow> = sql(format!(
            "select {COLUMNS} from logins l join users u on u.id = l.user_id where l.id = $1 and {IN_FORCE}"
        ))
        .bind(login_id)
        .bind(now)
        .bind(true)
        .fetch_optional(&mut transaction)
        .await?;
        // Not committed: an ended login stays as it was.
        let Some(row) = row else { return Ok(Rotation::Refused) };
        transaction.commit().await?;
        Ok(Rotation::Rotated(row.try_into()?))
    }

    /// False where it had ended before.
    pub async fn revoke_login(&self, id: LoginId, now: DateTime<Utc>) -> Result<bool, StoreError> {
        Ok(revoke(self.writer(), id, now).await? == 1)
    }

    /// Forgets logins that have been over since then, and their tokens.
    pub async fn trim_logins(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let mut transaction = self.begin().await?;
        let over = "from logins where expires_at < $1 or revoked_at < $1";
        sql(format!("delete from refresh_tokens where login_id in (select id {over})"))
            .bind(before)
            .execute(&mut transaction)
            .await?;
        let deleted = sql(format!("delete {over}")).bind(before).execute(&mut transaction).await?;
        transaction.commit().await?;
        Ok(deleted)
    }

    /// How often logging in failed for a subject (an account or an address) since `window_start`.
    pub async fn login_failures(&self, subject: &str, window_start: DateTime<Utc>) -> Result<u64, StoreError> {
        let failures: Option<(i64,)> =
            sql("select failures from login_attempts where subject = $1 and first_failure_at >= $2")
                .bind(subject)
                .bind(window_start)
                .fetch_optional(self)
                .await?;
        Ok(failures.map_or(0, |(failures,)| failures.unsigned_abs()))
    }

    /// Counts a failure, beginning anew where the last window is over; the number of failures so far.
    pub async fn record_login_failure(
        &self,
        subject: &str,
        window_start: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let (failures,): (i64,) = sql("insert into login_attempts (subject, failures, first_failure_at) \
             values ($1, 1, $3) on conflict (subject) do update set \
             failures = case when login_attempts.first_failure_at >= $2 then login_attempts.failures + 1 else 1 end, \
             first_failure_at = case when login_attempts.first_failure_at >= $2 \
             then login_attempts.first_failure_at else excluded.first_failure_at end returning failures")
        .bind(subject)
        .bind(window_start)
        .bind(now)
        .fetch_one(self.writer())
        .await?;
        Ok(failures.unsigned_abs())
    }

    pub async fn forget_login_failures(&self, subject: &str) -> Result<(), StoreError> {
        sql("delete from login_attempts where subject = $1").bind(subject).execute(self.writer()).await.map(drop)
    }

    pub async fn trim_login_failures(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        sql("delete from login_attempts where first_failure_at < $1").bind(before).execute(self.writer()).await
    }
}

async fn insert_token<'a>(
    target: impl Into<Target<'a>>,
    login_id: LoginId,
    hash: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sql("insert into refresh_tokens (hash, login_id, created_at) values ($1, $2, $3)")
        .bind(hash)
        .bind(login_id)
        .bind(now)
        .execute(target)
        .await
        .map(drop)
}

async fn revoke<'a>(target: impl Into<Target<'a>>, id: LoginId, now: DateTime<Utc>) -> Result<u64, StoreError> {
    sql("update logins set revoked_at = $2 where id = $1 and revoked_at is null")
        .bind(id)
        .bind(now)
        .execute(target)
        .await
}

pub(crate) async fn revoke_all<'a>(
    target: impl Into<Target<'a>>,
    user_id: UserId,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    revoke_others(target, user_id, None, now).await
}

/// Every login of the user, but for one that may be kept.
pub(crate) async fn revoke_others<'a>(
    target: impl Into<Target<'a>>,
    user_id: UserId,
    kept: Option<LoginId>,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    sql("update logins set revoked_at = $2 where user_id = $1 and revoked_at is null and id is distinct from $3")
        .bind(user_id)
        .bind(now)
        .bind(kept)
        .execute(target)
        .await
}
