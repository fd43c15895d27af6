//! The engine as a process of its own, which can be stopped, killed and
//! started again on the same data.

use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Mutex, Once},
    time::Duration,
};

use tempfile::TempDir;
use uuid::Uuid;

use super::{database::Database, port::free_port, queues::Queues, size::Size, wait::until};

pub const PARTITIONS: u32 = 4;

pub struct Engine {
    size: Size,
    pub address: String,
    pub database: Database,
    pub http: reqwest::Client,
    folder: TempDir,
    settings: Settings,
    queues: Option<Queues>,
    process: Mutex<Option<Child>>,
    /// Whether database and queues are gone, or another node sees to it.
    is_clear: bool,
}

/// What a test may want otherwise than usual.
#[derive(Clone, Default)]
pub struct Settings {
    /// Lines of the configuration file, such as `sessions.concurrency = 1`.
    pub file: String,
    /// Fail points, as the `fail` crate reads them.
    pub failpoints: Option<String>,
    /// Instead of the server's own, as where a test cuts the connection.
    pub amqp_url: Option<String>,
    pub database_server: Option<String>,
    /// Instead of "info".
    pub log: Option<&'static str>,
    /// Instead of the connectors that were built.
    pub plugins: Option<PathBuf>,
}

impl Engine {
    pub const JWT_SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef";
    pub const MASTER_KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    pub async fn start(size: Size) -> Self {
        Self::start_with(size, Settings::default()).await
    }

    pub async fn start_with(size: Size, mut settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::make(size, &folder, settings.database_server.clone()).await;
        let prefix = format!("it-{}", Uuid::new_v4().simple());
        // Compiled connectors are kept for all tests: each is compiled once.
        let cache = concat!(env!("CARGO_TARGET_TMPDIR"), "/plugin-cache");
        settings.file = format!(
            "bus.queue_prefix = \"{prefix}\"\nbus.partitions = {PARTITIONS}\nplugins.cache_dir = \"{cache}\"\n\
             auth.requests_per_minute = 1000000\n{}",
            settings.file
        );
        let queues = (size == Size::Scale).then(|| {
            let url = settings.amqp_url.clone().unwrap_or_else(Size::amqp_url);
            Queues { url, prefix, partitions: PARTITIONS }
        });
        Self::node(size, folder, database, queues, settings).await
    }

    /// Another node of the same installation, which ends before this one is finished.
    pub async fn another(&self) -> Self {
        let (folder, database) = (tempfile::tempdir().unwrap(), self.database.clone());
        let mut node = Self::node(self.size, folder, database, self.queues.clone(), self.settings.clone()).await;
        node.is_clear = true;
        node
    }

    async fn node(size: Size, folder: TempDir, database: Database, queues: Option<Queues>, settings: Settings) -> Self {
        std::fs::write(folder.path().join("config.toml"), &settings.file).unwrap();
        let address = format!("http://127.0.0.1:{}", free_port());
        let (http, process) = (client(), Mutex::new(None));
        let engine = Self { size, address, database, http, folder, settings, queues, process, is_clear: false };
        engine.launch();
        engine.ready().await;
        engine
    }

    pub fn launch(&self) {
        let log = std::fs::File::options().create(true).append(true).open(self.log_path()).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_patchbay"));
        command
            .arg("--config")
            .arg(self.folder.path().join("config.toml"))
            .arg("serve")
            .env("PORT", self.address.rsplit(':').next().unwrap())
            .env("PATCHBAY_DATA_DIR", self.folder.path())
            .env("DATABASE_URL", &self.database.url)
            .env("PATCHBAY_PUBLIC_URL", &self.address)
            .env("PATCHBAY_EGRESS_ALLOW", "127.0.0.1")
            .env("PATCHBAY_PLUGINS_DIR", self.settings.plugins.clone().unwrap_or_else(plugins))
            .env("JWT_SECRET", Self::JWT_SECRET)
            .env("PATCHBAY_MASTER_KEY", Self::MASTER_KEY)
            .env("RUST_LOG", self.settings.log.unwrap_or("info"))
            .env_remove("AMQP_URL")
            .env_remove("FAILPOINTS")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        if let Some(Queues { url, .. }) = &self.queues {
            command.env("AMQP_URL", url);
        }
        if let Some(failpoints) = &self.settings.failpoints {
            command.env("FAILPOINTS", failpoints);
        }
        *self.process.lock().unwrap() = Some(command.spawn().unwrap());
    }

    pub async fn ready(&self) {
        let url = format!("{}/ops/ready", self.address);
        let deadline = std::time::Instant::now() + Duration::from_mins(1);
        loop {
            if self.http.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            let ended = self.process.lock().unwrap().as_mut().and_then(|process| process.try_wait().unwrap());
            assert!(ended.is_none(), "the engine ended with {ended:?}:\n{}", self.log());
            assert!(std::time::Instant::now() < deadline, "the engine did not become ready:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    /// As a power cut would: nothing is finished, nothing is said.
    pub fn kill(&self) {
        let mut process = self.process.lock().unwrap().take().expect("the engine is running");
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// As an operator would.
    pub async fn stop(&self) {
        let Some(mut process) = self.process.lock().unwrap().take() else { return };
        let id = process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        until("the engine to stop", Duration::from_secs(40), || {
            let ended = process.try_wait().unwrap();
            async move { ended }
        })
        .await;
    }

    /// From the next start on.
    pub fn without_failpoints(&mut self) {
        self.settings.failpoints = None;
    }

    pub async fn restart(&self) {
        self.launch();
        self.ready().await;
    }

    pub async fn metrics(&self) -> String {
        self.http.get(self.url("/ops/metrics")).send().await.unwrap().text().await.unwrap()
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    pub fn process_id(&self) -> u32 {
        self.process.lock().unwrap().as_ref().expect("the engine is running").id()
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// Waits until nothing is left to do, stops the engine and removes what the test made.
    pub async fn finish(self) {
        self.drained().await;
        self.stop().await;
        if let Some(queues) = &self.queues {
            assert_eq!(queues.waiting().await, 0, "deliveries are left on the broker");
        }
        self.discard().await;
    }

    /// The broker keeps nothing, every job is done, every attempt has ended, every message that is due was sent,
    /// and what was read was told.
    pub async fn drained(&self) {
        if let Some(queues) = &self.queues {
            until("the broker to have handed everything out", Duration::from_mins(1), || async {
                (queues.waiting().await == 0).then_some(())
            })
            .await;
        }
        let queries = [
            "select count(*) from jobs",
            "select count(*) from parked_webhooks",
            "select count(*) from attempts where ended_at is null",
            "select count(*) from messages where state in ('QUEUED', 'SENDING')",
            "select count(*) from read_receipts where due_at is not null",
        ];
        for query in queries {
            until(&format!("none of `{query}` to be left"), Duration::from_mins(1), || async {
                (self.database.count(query).await == 0).then_some(())
            })
            .await;
        }
    }

    /// Removes what the test made, whatever is left to do.
    pub async fn discard(mut self) {
        self.end();
        self.clear().await;
    }

    async fn clear(&mut self) {
        if std::mem::replace(&mut self.is_clear, true) {
            return;
        }
        self.database.drop().await;
        if let Some(queues) = &self.queues {
            queues.delete().await;
        }
    }

    fn end(&self) {
        if let Some(mut process) = self.process.lock().unwrap().take() {
            process.kill().expect("the engine can be killed");
            process.wait().expect("the engine ends");
        }
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("engine.log")
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.end();
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<_> = log.lines().rev().take(60).collect();
            eprintln!("the engine's last words:\n{}", tail.into_iter().rev().collect::<Vec<_>>().join("\n"));
        }
        if self.is_clear {
            return;
        }
        // A test that failed clears up as well, on a thread of its own: this one may be inside a runtime.
        std::thread::scope(|scope| {
            let clear = || tokio::runtime::Runtime::new().unwrap().block_on(self.clear());
            if scope.spawn(clear).join().is_err() {
                eprintln!("what the test made could not be removed");
            }
        });
    }
}

pub fn client() -> reqwest::Client {
    static TLS: Once = Once::new();
    TLS.call_once(|| rustls::crypto::ring::default_provider().install_default().expect("TLS is set up once"));
    reqwest::Client::new()
}

/// Where `cargo xtask plugins` puts what it builds.
pub fn plugins() -> PathBuf {
    built("PATCHBAY_TEST_PLUGINS_DIR", "plugins")
}

/// Where `cargo xtask plugins --guests` puts what it builds: also a connector that misbehaves.
pub fn guests() -> PathBuf {
    built("PATCHBAY_TEST_GUESTS_DIR", "test-plugins")
}

/// Where `cargo xtask plugins --examples` puts what it builds: connectors in other languages.
pub fn examples() -> PathBuf {
    built("PATCHBAY_TEST_EXAMPLES_DIR", "example-plugins")
}

fn built(variable: &str, folder: &str) -> PathBuf {
    let default = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target").join(folder);
    std::env::var_os(variable).map_or_else(default, PathBuf::from)
}
