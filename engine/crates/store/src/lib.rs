//! The only SQL: PostgreSQL and SQLite behind one [`Store`].
//!
//! Each statement is written once, in what both databases share; two
//! placeholders stand where they differ (see `backend.rs`). Everything a client
//! can see is committed through an `OrganisationTx`, which holds the
//! organisation's row and hands out the sequence of its events.
//!
//! To add something stored: a table in a new file of both folders in
//! `migrations/`, and a module here with `impl Store`, a private row type and a
//! `From` beside its SQL. Times are arguments; not found is `Ok(None)`.

// What the rest is made of.
mod backend;
mod contacts;
mod counts;
mod delivery;
mod error;
mod external_ids;
mod migrate;
mod opening;
mod organisation_tx;
mod params;
pub mod references;
mod rows;

// The way of a message, in and out.
pub mod chats;
pub mod commit;
pub mod conversations;
pub mod events;
pub mod history;
pub mod jobs;
pub mod leases;
pub mod listing;
pub mod parked;
pub mod sending;
pub mod signals;
pub mod statuses;

// People, their settings, and what they read.
pub mod address_book;
pub mod analytics;
pub mod assignments;
pub mod audit;
pub mod campaigns;
pub mod channels;
pub mod customers;
pub mod dead_letters;
pub mod idempotency;
pub mod invites;
pub mod logins;
pub mod macros;
pub mod manual_actions;
pub mod marks;
pub mod media;
pub mod message_figures;
pub mod message_list;
pub mod messages;
pub mod notifications;
pub mod organisations;
pub mod people;
pub mod read_receipts;
pub mod retention;
pub mod search;
pub mod teams;
pub mod template_changes;
pub mod templates;
pub mod tickets;
pub mod timeline;
mod trimming;
pub mod users;
pub mod wanted_files;

use std::{net::IpAddr, str::FromStr, sync::Arc, time::Duration};

use backend::{Target, Transaction, sql};
use chrono::{DateTime, Utc};
pub use error::StoreError;
use sqlx::{
    Connection, PgConnection, PgPool, SqlitePool,
    pool::PoolConnectionMetadata,
    postgres::{PgConnectOptions, PgPoolOptions, PgSslMode},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::Notify;

/// Cheap to clone: all clones share their connections.
#[derive(Clone, Debug)]
pub struct Store {
    backend: Backend,
    /// Told of every commit here that adds events.
    commits: Arc<Notify>,
}

#[derive(Clone, Debug)]
enum Backend {
    Postgres(PgPool),
    /// One connection writes, so that writers queue here and not on the file's lock.
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
    },
}

#[derive(Clone, Copy, Debug)]
pub struct StoreOptions {
    pub max_connections: u32,
    /// How long a call waits for a free connection, or for another process that writes to the SQLite file.
    pub acquire_timeout: Duration,
    /// PostgreSQL gives up on a statement after this long.
    pub statement_timeout: Duration,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            max_connections: 16,
            acquire_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(30),
        }
    }
}

/// A connection that rested longer is asked for a sign of life before it is used.
const RESTED: Duration = Duration::from_secs(1);

impl Store {
    /// Connects to `postgres://…` or `sqlite:path`; a SQLite file is made where there is none.
    pub async fn connect(url: &str, options: StoreOptions) -> Result<Self, StoreError> {
        let backend = if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Backend::Postgres(connect_postgres(url, options).await?)
        } else if url.starts_with("sqlite:") {
            connect_sqlite(url, options).await?
        } else {
            let scheme = url.split(':').next().unwrap_or_default();
            return Err(StoreError::Address(format!("its scheme is {scheme:?}")));
        };
        Ok(Self { backend, commits: Arc::default() })
    }

    /// Whether the database is a file of this engine's own.
    #[must_use]
    pub fn is_embedded(&self) -> bool {
        matches!(self.backend, Backend::Sqlite { .. })
    }

    /// The time as all nodes have it: the database's own, where more than one shares it, else the node's.
    pub async fn time(&self, local: DateTime<Utc>) -> Result<DateTime<Utc>, StoreError> {
        if self.is_embedded() {
            return self.ping().await.map(|()| local);
        }
        let (now,): (DateTime<Utc>,) = sql("select clock_timestamp()").fetch_one(self).await?;
        Ok(now)
    }

    pub async fn ping(&self) -> Result<(), StoreError> {
        sql("select 1").execute(self).await.map(drop)
    }

    /// Waits until what is under way is done, then closes every connection.
    pub async fn close(&self) {
        match &self.backend {
            Backend::Postgres(pool) => pool.close().await,
            Backend::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
        }
    }

    /// Where a single statement that writes runs.
    fn writer(&self) -> Target<'_> {
        match &self.backend {
            Backend::Postgres(pool) => Target::PostgresPool(pool),
            Backend::Sqlite { writer, .. } => Target::SqlitePool(writer),
        }
    }

    async fn begin(&self) -> Result<Transaction, StoreError> {
        Ok(match &self.backend {
            Backend::Postgres(pool) => Transaction::Postgres(pool.begin().await?),
            Backend::Sqlite { writer, .. } => Transaction::Sqlite(writer.begin_with("begin immediate").await?),
        })
    }
}

impl<'a> From<&'a Store> for Target<'a> {
    fn from(store: &'a Store) -> Self {
        match &store.backend {
            Backend::Postgres(pool) => Self::PostgresPool(pool),
            Backend::Sqlite { readers, .. } => Self::SqlitePool(readers),
        }
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

async fn connect_postgres(url: &str, options: StoreOptions) -> Result<PgPool, StoreError> {
    let milliseconds = options.statement_timeout.as_millis().to_string();
    let mut connection = PgConnectOptions::from_str(url)
        .map_err(|error| StoreError::Address(error.to_string()))?
        .application_name("patchbay");
    // What stays on this machine is not encrypted unless the address asks for it: sqlx writes TLS records without
    // TCP_NODELAY, which makes every batch above 16 kB wait for a delayed acknowledgement.
    if is_loopback(connection.get_host()) && !url.contains("sslmode=") && !url.contains("ssl-mode=") {
        connection = connection.ssl_mode(PgSslMode::Disable);
    }
    let connection = connection.options([
        ("statement_timeout", milliseconds.as_str()),
        ("lock_timeout", milliseconds.as_str()),
        ("idle_in_transaction_session_timeout", milliseconds.as_str()),
        // What a batch looks up is in memory or on a solid-state disk: reading a growing table whole, as the default of
        // 4 has the planner do until statistics are there, costs more than its index.
        ("random_page_cost", "1.1"),
    ]);
    let pool = PgPoolOptions::new()
        .max_connections(options.max_connections)
        .acquire_timeout(options.acquire_timeout)
        .test_before_acquire(false)
        .before_acquire(|connection, metadata| Box::pin(is_alive(connection, metadata)));
    Ok(pool.connect_with(connection).await?)
}

async fn is_alive(connection: &mut PgConnection, metadata: PoolConnectionMetadata) -> Result<bool, sqlx::Error> {
    Ok(metadata.idle_for < RESTED || connection.ping().await.is_ok())
}

async fn connect_sqlite(url: &str, options: StoreOptions) -> Result<Backend, StoreError> {
    let file = SqliteConnectOptions::from_str(url)
        .map_err(|error| StoreError::Address(error.to_string()))?
        .create_if_missing(true)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        // What is committed survives the loss of power.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(options.acquire_timeout);
    let pool = SqlitePoolOptions::new().acquire_timeout(options.acquire_timeout).idle_timeout(None).max_lifetime(None);
    let writer = pool.clone().max_connections(1).connect_with(file.clone()).await?;
    let readers = pool.max_connections(options.max_connections.max(1)).connect_with(file.read_only(true)).await?;
    Ok(Backend::Sqlite { writer, readers })
}
