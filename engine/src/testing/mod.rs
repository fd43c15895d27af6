//! What tests stand on that need a real database or broker: a space of one's
//! own for each test, on each size, gone afterwards; a wire that can be cut; and
//! waiting for a condition instead of for a time.
//!
//! `PATCHBAY_TEST_POSTGRES_URL` and `PATCHBAY_TEST_AMQP_URL` name the servers. With
//! `PATCHBAY_TEST_EMBEDDED_ONLY=1` only the embedded size is covered.

mod wire;

use std::{
    future::Future,
    panic::{AssertUnwindSafe, resume_unwind},
    sync::Arc,
    time::Duration,
};

use futures_util::FutureExt;
use lapin::options::QueueDeleteOptions;
use patchbay_store::{Store, StoreOptions, jobs::Partitions};
use patchbay_test_database::TestDatabase;
use tempfile::TempDir;
use tokio::time::Instant;
use uuid::Uuid;

pub use wire::Wire;

pub const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// SQLite, queue tables.
    Embedded,
    /// PostgreSQL, queue tables.
    Postgres,
    /// PostgreSQL and RabbitMQ.
    Scale,
}

/// A database and queue names that no other test uses.
pub struct Space {
    pub database_url: String,
    pub amqp_url: Option<String>,
    pub queue_prefix: String,
    pub partitions: Partitions,
    pub store: Store,
    database: Option<TestDatabase>,
    _folder: TempDir,
}

impl Space {
    async fn make(size: Size) -> Self {
        let id = Uuid::new_v4().simple().to_string();
        let folder = tempfile::tempdir().unwrap();
        let (database_url, database) = match size {
            Size::Embedded => (format!("sqlite:{}", folder.path().join("patchbay.db").display()), None),
            Size::Postgres | Size::Scale => {
                let server = patchbay_test_database::server().unwrap().unwrap();
                let database = TestDatabase::make(&server).await.unwrap();
                (database.url.clone(), Some(database))
            }
        };
        let amqp_url = (size == Size::Scale).then(|| {
            std::env::var("PATCHBAY_TEST_AMQP_URL")
                .expect("PATCHBAY_TEST_AMQP_URL is set: the tests are run with `cargo xtask test`")
        });
        let store = connect(&database_url).await;
        store.migrate().await.unwrap();
        Self {
            database_url,
            amqp_url,
            queue_prefix: format!("test-{id}"),
            partitions: Partitions(3),
            store,
            database,
            _folder: folder,
        }
    }

    async fn clear(&self) {
        self.store.close().await;
        if let Some(database) = &self.database {
            database.drop().await.unwrap();
        }
        if let Some(url) = &self.amqp_url {
            let connection = lapin::Connection::connect(url, lapin::ConnectionProperties::default()).await.unwrap();
            let channel = connection.create_channel().await.unwrap();
            for direction in ["inbound", "outbound"] {
                for partition in 0..self.partitions.0 {
                    let name = format!("{}.{direction}.{partition}", self.queue_prefix);
                    channel.queue_delete(name.into(), QueueDeleteOptions::default()).await.unwrap();
                }
            }
            connection.close(200, "cleared".into()).await.unwrap();
        }
    }
}

pub async fn connect(database_url: &str) -> Store {
    Store::connect(database_url, StoreOptions { max_connections: 8, ..StoreOptions::default() }).await.unwrap()
}

/// Runs a test in a space of its own, which is cleared even when the test fails.
pub async fn run<F: Future<Output = ()>>(size: Size, test: impl FnOnce(Arc<Space>) -> F) {
    if size != Size::Embedded && patchbay_test_database::server().unwrap().is_none() {
        return;
    }
    let space = Arc::new(Space::make(size).await);
    let outcome = AssertUnwindSafe(test(Arc::clone(&space))).catch_unwind().await;
    space.clear().await;
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}

/// Looks again and again until there is something, and fails with what it was waiting for.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain until {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Makes a module with the test on each of the sizes named, or on all.
macro_rules! on_sizes {
    ([$($variant:ident as $case:ident),*] async fn $name:ident($space:ident) $body:block) => {
        mod $name {
            use super::*;

            async fn test($space: std::sync::Arc<$crate::testing::Space>) $body

            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                $crate::testing::run($crate::testing::Size::$variant, test).await;
            })*
        }
    };
    (async fn $name:ident($space:ident) $body:block) => {
        $crate::testing::on_sizes!(
            [Embedded as embedded, Postgres as postgres, Scale as scale] async fn $name($space) $body
        );
    };
}
pub(crate) use on_sizes;
