//! A process under measurement: the engine's release build, or the floor.

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::Context;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    Bench, Size,
    database::{self, Database},
    floor,
    load::{APP_SECRET, PHONE_NUMBER_ID},
    outbound::CONCURRENCY,
};

/// Into how many partitions the engine divides its channels; each has a queue per direction.
const PARTITIONS: u32 = 16;

pub struct Process {
    child: Child,
    pub port: u16,
    queues: Vec<String>,
}

impl Process {
    pub fn resident_bytes(&self) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
        let kibibytes: u64 = line.split_whitespace().nth(1).context("no figure")?.parse()?;
        Ok(kibibytes * 1024)
    }

    /// Ends it, and takes the queues away that it made.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        let queues = std::mem::take(&mut self.queues);
        drop(self);
        if queues.is_empty() {
            return Ok(());
        }
        let connection =
            lapin::Connection::connect(&database::amqp_url()?, lapin::ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        for queue in queues {
            channel.queue_delete(queue.into(), lapin::options::QueueDeleteOptions::default()).await?;
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub async fn floor(size: Size, database: &Database, queue: &str) -> anyhow::Result<Process> {
    let port = free_port()?;
    let child = Command::new(std::env::current_exe()?)
        .args(["floor", &format!("{size:?}").to_lowercase(), &port.to_string(), &database.url, queue])
        .stdin(Stdio::null())
        .spawn()?;
    let queues = if size == Size::Scale { vec![queue.to_owned()] } else { Vec::new() };
    let process = Process { child, port, queues };
    floor::listening(port).await?;
    Ok(process)
}

pub async fn engine(bench: &Bench, size: Size, database: &Database, folder: &TempDir) -> anyhow::Result<Process> {
    let port = free_port()?;
    let config = folder.path().join("config.toml");
    let prefix = format!("bench-{}", uuid::Uuid::new_v4().simple());
    let settings = format!(
        "bus.queue_prefix = \"{prefix}\"\nbus.partitions = {PARTITIONS}\nauth.requests_per_minute = 1000000\n\
         auth.access_lifetime.helpdesk = \"1d\"\nsessions.concurrency = {CONCURRENCY}\nrealtime.connections = {}\n",
        bench.clients
    );
    std::fs::write(&config, settings)?;
    let log = std::fs::File::create(folder.path().join("engine.log"))?;
    let mut command = Command::new(&bench.engine);
    command
        .arg("--config")
        .arg(&config)
        .arg("serve")
        .env("PORT", port.to_string())
        .env("PATCHBAY_DATA_DIR", folder.path())
        .env("DATABASE_URL", &database.url)
        .env("PATCHBAY_PLUGINS_DIR", &bench.plugins)
        .env("PATCHBAY_EGRESS_ALLOW", "127.0.0.1")
        .env("JWT_SECRET", "0123456789abcdef0123456789abcdef0123456789abcdef")
        .env("PATCHBAY_MASTER_KEY", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff")
        .env("RUST_LOG", "warn")
        .env_remove("AMQP_URL")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    if size == Size::Scale {
        command.env("AMQP_URL", database::amqp_url()?);
    }
    let child = command.spawn().with_context(|| format!("{} cannot be started", bench.engine.display()))?;
    let mut process = Process { child, port, queues: Vec::new() };
    if size == Size::Scale {
        for direction in ["inbound", "outbound"] {
            process.queues.extend((0..PARTITIONS).map(|partition| format!("{prefix}.{direction}.{partition}")));
        }
    }
    let http = reqwest::Client::new();
    let deadline = std::time::Instant::now() + Duration::from_mins(1);
    loop {
        let answer = http.get(format!("http://127.0.0.1:{port}/ops/ready")).send().await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            return Ok(process);
        }
        if std::time::Instant::now() > deadline {
            let log = std::fs::read_to_string(folder.path().join("engine.log")).unwrap_or_default();
            anyhow::bail!("the engine did not become ready:\n{log}");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// An organisation and who calls for it.
pub struct Account {
    pub port: u16,
    pub organisation: String,
    pub user: String,
    pub token: String,
}

pub async fn sign_up(port: u16) -> anyhow::Result<Account> {
    let person =
        json!({"orgName": "Bench", "name": "Bench", "email": "bench@example.com", "password": "measured twice"});
    let call = reqwest::Client::new().post(format!("http://127.0.0.1:{port}/auth/signup")).json(&person);
    let signed: Value = call.send().await?.json().await?;
    let text = |pointer: &str| signed.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let organisation = text("/user/orgId").context("no organisation")?;
    let user = text("/user/id").context("no user")?;
    Ok(Account { port, organisation, user, token: text("/accessToken").context("no token")? })
}

/// Makes a WhatsApp channel on the given platform, with limits of its own; answers the channel's id.
pub async fn channel(account: &Account, platform: &str, limits: &Value) -> anyhow::Result<String> {
    let Account { port, organisation, user: _, token } = account;
    let channel = json!({"type": "WHATSAPP", "name": "Bench", "config": {
        "phoneNumberId": PHONE_NUMBER_ID, "businessAccountId": "419561257915477", "accessToken": "t",
        "appSecret": APP_SECRET, "webhookVerifyToken": "v", "apiVersion": "v24.0", "apiBaseUrl": platform, "limits": limits,
    }});
    let call = reqwest::Client::new().post(format!("http://127.0.0.1:{port}/orgs/{organisation}/channels"));
    let made: Value = call.bearer_auth(token).json(&channel).send().await?.error_for_status()?.json().await?;
    Ok(made.pointer("/id").and_then(Value::as_str).context("no channel")?.to_owned())
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
