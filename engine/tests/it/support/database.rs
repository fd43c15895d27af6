//! A database for one test, gone afterwards.

use chrono::{DateTime, Utc};
use patchbay_test_database::TestDatabase;
use sqlx::{Connection, PgConnection, PgPool, SqliteConnection, SqlitePool, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
use uuid::Uuid;

use super::size::Size;

#[derive(Clone)]
pub struct Database {
    pub url: String,
    postgres: Option<TestDatabase>,
}

impl Database {
    /// On the shared server, unless the test brings its own.
    pub async fn make(size: Size, folder: &TempDir, server: Option<String>) -> Self {
        if size == Size::Embedded {
            let url = format!("sqlite:{}", folder.path().join("patchbay.db").display());
            return Self { url, postgres: None };
        }
        let postgres = TestDatabase::make(&server.unwrap_or_else(Size::postgres_url)).await.unwrap();
        Self { url: postgres.url.clone(), postgres: Some(postgres) }
    }

    /// One number, asked of the tables themselves.
    pub async fn count(&self, query: &'static str) -> i64 {
        if self.postgres.is_some() {
            let pool = PgPool::connect(&self.url).await.unwrap();
            let count = sqlx::query_scalar(query).fetch_one(&pool).await.unwrap();
            pool.close().await;
            count
        } else {
            let options: SqliteConnectOptions = self.url.parse().unwrap();
            let pool = SqlitePool::connect_with(options.read_only(true)).await.unwrap();
            let count = sqlx::query_scalar(query).fetch_one(&pool).await.unwrap();
            pool.close().await;
            count
        }
    }

    /// Rows of text, asked of the tables themselves.
    pub async fn texts(&self, query: &'static str) -> Vec<String> {
        if self.postgres.is_some() {
            let pool = PgPool::connect(&self.url).await.unwrap();
            let rows = sqlx::query_scalar(query).fetch_all(&pool).await.unwrap();
            pool.close().await;
            rows
        } else {
            let options: SqliteConnectOptions = self.url.parse().unwrap();
            let pool = SqlitePool::connect_with(options.read_only(true)).await.unwrap();
            let rows = sqlx::query_scalar(query).fetch_all(&pool).await.unwrap();
            pool.close().await;
            rows
        }
    }

    /// All there is in it: every table, or the file itself with what was deleted from it.
    pub async fn everything(&self) -> String {
        let Some(path) = self.url.strip_prefix("sqlite:") else {
            let tables = "select query_to_xml(format('select * from %I', tablename), true, false, '')::text \
                 from pg_tables where schemaname = 'public'";
            return self.texts(tables).await.join("\n");
        };
        let files = [path.to_owned(), format!("{path}-wal")];
        files
            .iter()
            .map(|file| String::from_utf8_lossy(&std::fs::read(file).unwrap_or_default()).into_owned())
            .collect()
    }

    /// A change that no call makes.
    pub async fn run(&self, statement: &'static str) {
        if self.postgres.is_some() {
            let mut connection = PgConnection::connect(&self.url).await.unwrap();
            sqlx::query(statement).execute(&mut connection).await.unwrap();
        } else {
            let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
            sqlx::query(statement).execute(&mut connection).await.unwrap();
        }
    }

    /// Makes a message that was sent one that is to be sent then.
    pub async fn schedule(&self, message: Uuid, at: DateTime<Utc>) {
        let statement = "update messages set state = 'SCHEDULED', due_at = $1, external_id = null, sent_at = null \
             where id = $2 and state = 'SENT'";
        let changed = if self.postgres.is_some() {
            let mut connection = PgConnection::connect(&self.url).await.unwrap();
            sqlx::query(statement).bind(at).bind(message).execute(&mut connection).await.unwrap().rows_affected()
        } else {
            let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
            sqlx::query(statement).bind(at).bind(message).execute(&mut connection).await.unwrap().rows_affected()
        };
        assert_eq!(changed, 1, "there is no such message");
    }

    pub async fn drop(&self) {
        if let Some(postgres) = &self.postgres {
            postgres.drop().await.unwrap();
        }
    }
}
