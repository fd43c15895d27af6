//! What can go wrong in the store, and whether waiting mends it.

use patchbay_domain::{OrganisationId, delivery::UnknownWord};
use sqlx::error::ErrorKind;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It was understood and could not be done now; it can be tried again.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// Something else has this name, address or key already.
    #[error("{0} exists already")]
    Conflict(String),
    #[error("there is no organisation {0}")]
    UnknownOrganisation(OrganisationId),
    #[error("a stored value cannot be read: {0}")]
    Unreadable(String),
    #[error("DATABASE_URL is neither postgres://… nor sqlite:…: {0}")]
    Address(String),
    #[error("the schema could not be brought up to date: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    #[error("the database refused a statement: {0}")]
    Database(sqlx::Error),
}

impl StoreError {
    /// Whether the same call may succeed later: the connection was lost, the server is starting or
    /// stopping, no connection was free, or another transaction was in the way.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unavailable(_) => true,
            Self::Migration(sqlx::migrate::MigrateError::Execute(error)) => is_passing(error),
            _ => false,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            _ if is_passing(&error) => Self::Unavailable(error.to_string()),
            sqlx::Error::Database(refused) if refused.kind() == ErrorKind::UniqueViolation => {
                Self::Conflict(refused.constraint().unwrap_or(refused.message()).to_owned())
            }
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Self::Unreadable(error.to_string()),
            _ => Self::Database(error),
        }
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Unreadable(error.to_string())
    }
}

impl From<UnknownWord> for StoreError {
    fn from(error: UnknownWord) -> Self {
        Self::Unreadable(error.to_string())
    }
}

fn is_passing(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(refused) => refused.code().is_some_and(|code| match code.parse::<u32>() {
            Ok(code) if refused.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() => is_passing_in_sqlite(code),
            _ => is_passing_in_postgres(&code),
        }),
        _ => false,
    }
}

/// SQLSTATE, by class where the whole class passes.
fn is_passing_in_postgres(code: &str) -> bool {
    // Connection exceptions, resources, operator intervention (shutdown, timeout, not yet accepting).
    let class = ["08", "53", "57"].iter().any(|class| code.starts_with(class));
    // Serialisation failure, deadlock, lock not available, idle too long in a transaction, standby.
    class || ["40001", "40P01", "55P03", "25P03", "25006"].contains(&code)
}

/// The low byte is the primary code: BUSY, LOCKED, IOERR, FULL.
fn is_passing_in_sqlite(code: u32) -> bool {
    matches!(code & 0xff, 5 | 6 | 10 | 13)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_connection_and_a_lost_race_can_be_tried_again() {
        for code in ["08006", "57P01", "57P03", "57014", "40001", "40P01", "53300", "55P03"] {
            assert!(is_passing_in_postgres(code), "{code}");
        }
        for code in ["23505", "42P01", "22P02"] {
            assert!(!is_passing_in_postgres(code), "{code}");
        }
        // SQLITE_BUSY, SQLITE_BUSY_SNAPSHOT, SQLITE_LOCKED_SHAREDCACHE; SQLITE_CONSTRAINT_UNIQUE.
        assert!(is_passing_in_sqlite(5) && is_passing_in_sqlite(517) && is_passing_in_sqlite(262));
        assert!(!is_passing_in_sqlite(2067));
        assert!(StoreError::from(sqlx::Error::PoolTimedOut).is_retryable());
        assert!(!StoreError::from(sqlx::Error::RowNotFound).is_retryable());
    }
}
