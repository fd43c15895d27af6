//! A database for one run, gone afterwards.

use anyhow::Context;
use patchbay_test_database::TestDatabase;
use sqlx::{AssertSqlSafe, PgPool, SqlitePool, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

use crate::Size;

const POSTGRES: &str = "PATCHBAY_TEST_POSTGRES_URL";
const AMQP: &str = "PATCHBAY_TEST_AMQP_URL";

/// The sizes whose servers are named in the environment.
pub fn available() -> Vec<Size> {
    let mut sizes = vec![Size::Embedded];
    if std::env::var_os(POSTGRES).is_some() {
        sizes.push(Size::Postgres);
        if std::env::var_os(AMQP).is_some() {
            sizes.push(Size::Scale);
        }
    }
    sizes
}

pub fn amqp_url() -> anyhow::Result<String> {
    std::env::var(AMQP).with_context(|| format!("{AMQP} is not set"))
}

/// Where statements are tried directly.
#[derive(Clone)]
pub enum Pool {
    Postgres(PgPool),
    Sqlite(SqlitePool),
}

pub struct Database {
    pub url: String,
    postgres: Option<TestDatabase>,
}

impl Database {
    pub async fn make(size: Size, folder: &TempDir) -> anyhow::Result<Self> {
        if size == Size::Embedded {
            return Ok(Self { url: format!("sqlite:{}", folder.path().join("bench.db").display()), postgres: None });
        }
        let server = std::env::var(POSTGRES).with_context(|| format!("{POSTGRES} is not set"))?;
        let postgres = TestDatabase::make(&server).await?;
        Ok(Self { url: postgres.url.clone(), postgres: Some(postgres) })
    }

    pub async fn pool(&self) -> anyhow::Result<Pool> {
        pool(&self.url).await
    }

    pub async fn drop(self) -> anyhow::Result<()> {
        match self.postgres {
            Some(postgres) => postgres.drop().await,
            None => Ok(()),
        }
    }
}

pub async fn pool(url: &str) -> anyhow::Result<Pool> {
    if url.starts_with("postgres") {
        // As the engine connects where the server is on this machine.
        let options: sqlx::postgres::PgConnectOptions = url.parse()?;
        return Ok(Pool::Postgres(PgPool::connect_with(options.ssl_mode(sqlx::postgres::PgSslMode::Disable)).await?));
    }
    // As careful as the engine is: a commit survives a power cut.
    let options: SqliteConnectOptions = url.parse()?;
    let options = options
        .create_if_missing(true)
        .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal)
        .synchronous(sqlx::sqlite::SqliteSynchronous::Full)
        .busy_timeout(std::time::Duration::from_secs(10));
    Ok(Pool::Sqlite(sqlx::sqlite::SqlitePoolOptions::new().max_connections(4).connect_with(options).await?))
}

impl Pool {
    pub async fn run(&self, statement: &'static str) -> anyhow::Result<()> {
        match self {
            Self::Postgres(pool) => {
                sqlx::raw_sql(statement).execute(pool).await?;
            }
            Self::Sqlite(pool) => {
                sqlx::raw_sql(statement).execute(pool).await?;
            }
        }
        Ok(())
    }

    /// The same of a statement that was put together here.
    pub async fn run_made(&self, statement: String) -> anyhow::Result<()> {
        match self {
            Self::Postgres(pool) => {
                sqlx::raw_sql(AssertSqlSafe(statement)).execute(pool).await?;
            }
            Self::Sqlite(pool) => {
                sqlx::raw_sql(AssertSqlSafe(statement)).execute(pool).await?;
            }
        }
        Ok(())
    }

    pub async fn count(&self, query: &'static str) -> anyhow::Result<i64> {
        Ok(match self {
            Self::Postgres(pool) => sqlx::query_scalar(query).fetch_one(pool).await?,
            Self::Sqlite(pool) => sqlx::query_scalar(query).fetch_one(pool).await?,
        })
    }

    /// Runs a statement with one JSON parameter.
    pub async fn run_json(&self, postgres: &'static str, sqlite: &'static str, json: String) -> anyhow::Result<()> {
        match self {
            Self::Postgres(pool) => {
                sqlx::query(postgres).bind(json).execute(pool).await?;
            }
            Self::Sqlite(pool) => {
                sqlx::query(sqlite).bind(json).execute(pool).await?;
            }
        }
        Ok(())
    }
}
