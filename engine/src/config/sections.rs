//! What each section of the configuration holds and which values are allowed.
//!
//! To add a key: a field, a line in `read` with its range, and the key with a
//! sentence and its unit in `config.default.toml`; a test finds a missing one.

use std::{
    fs::DirBuilder, net::IpAddr, ops::RangeInclusive, os::unix::fs::DirBuilderExt, path::PathBuf, time::Duration,
};

use ipnet::IpNet;
use patchbay_plugin_host::HostConfig;
use tracing_subscriber::filter::Targets;

use super::{ConfigError, MasterKey, Secret, Settings, forms};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
const YEAR: Duration = Duration::from_hours(366 * 24);
const MIB: usize = 1 << 20;
const SIZES: RangeInclusive<usize> = 1024..=1024 * MIB;

#[derive(Clone, Debug)]
pub struct Server {
    pub port: u16,
    pub bind: IpAddr,
    /// Without a closing slash.
    pub public_url: String,
    pub workers: usize,
    pub cors_origins: Vec<String>,
    pub webhook_body_bytes: usize,
    pub json_body_bytes: usize,
    pub media_body_bytes: usize,
    pub trusted_proxies: Vec<IpNet>,
    pub operators: Vec<IpNet>,
    pub shutdown_grace: Duration,
}

impl Server {
    pub fn read(settings: &Settings) -> Result<Self, ConfigError> {
        let port = settings.number("server.port", 0..=u16::MAX)?;
        let workers = match settings.number("server.workers", 0..=1024)? {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            workers => workers,
        };
        Ok(Self {
            port,
            bind: settings.parsed("server.bind", "an IP address, such as \"0.0.0.0\"", |text| text.parse().ok())?,
            public_url: match settings.optional("server.public_url")? {
                Some(_) => settings.parsed(
                    "server.public_url",
                    "an address such as \"https://desk.example.com\"",
                    forms::base,
                )?,
                None => format!("http://localhost:{port}"),
            },
            workers,
            cors_origins: settings.list(
                "server.cors_origins",
                "origins such as \"https://desk.example.com\", or \"*\"",
                forms::origin,
            )?,
            webhook_body_bytes: settings.bytes("server.webhook_body_bytes", SIZES)?,
            json_body_bytes: settings.bytes("server.json_body_bytes", SIZES)?,
            media_body_bytes: settings.bytes("server.media_body_bytes", SIZES)?,
            trusted_proxies: settings.list(
                "server.trusted_proxies",
                "addresses or networks such as \"10.0.0.0/8\"",
                forms::network,
            )?,
            operators: settings.list(
                "server.operators",
                "addresses or networks such as \"10.0.0.0/8\"",
                forms::network,
            )?,
            shutdown_grace: settings.duration("server.shutdown_grace", SECOND..=HOUR)?,
        })
    }
}

#[derive(Clone, Debug)]
pub struct Storage {
    pub data_dir: PathBuf,
    /// `postgres://…` or `sqlite:path`; it may hold a password.
    pub database_url: Secret,
    pub max_connections: u32,
}

impl Storage {
    pub fn read(settings: &Settings) -> Result<Self, ConfigError> {
        let data_dir = PathBuf::from(settings.parsed("storage.data_dir", "a folder", forms::filled)?);
        let database_url = match settings.optional("storage.database_url")? {
            Some(_) => settings.parsed(
                "storage.database_url",
                "an address that begins with postgres:// or sqlite:",
                forms::database,
            )?,
            None => forms::default_database(&data_dir),
        };
        Ok(Self { data_dir, database_url, max_connections: settings.number("storage.max_connections", 2..=1000)? })
    }

    /// SQLite: nothing to install, one node.
    pub fn is_embedded(&self) -> bool {
        self.database_url.expose().starts_with("sqlite:")
    }

    /// The embedded database's file. One in memory has none.
    pub fn embedded_file(&self) -> Option<PathBuf> {
        let path = self.database_url.expose().strip_prefix("sqlite:")?;
        let path = path.strip_prefix("//").unwrap_or(path);
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
        (!path.is_empty() && !path.starts_with(':')).then(|| PathBuf::from(&*path))
    }

    pub fn media_dir(&self) -> PathBuf {
        self.data_dir.join("media")
    }

    /// Makes the data folder where there is none, for its owner alone.
    pub fn prepare(&self) -> Result<(), ConfigError> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.data_dir);
        made.map_err(|cause| ConfigError::DataFolder { path: self.data_dir.clone(), cause })
    }
}

#[derive(Clone, Debug)]
pub struct Bus {
    /// None: the queues are tables of the database.
    pub amqp_url: Option<Secret>,
    pub queue_prefix: String,
    pub partitions: u32,
    pub publish_timeout: Duration,
    pub prefetch: u16,
}

impl Bus {
    pub fn read(settings: &Settings) -> Result<Self, ConfigError> {
        let amqp_url = match settings.optional("bus.amqp_url")? {
            Some(_) => Some(settings.parsed(
                "bus.amqp_url",
                "an address that begins with amqp:// or amqps://",
                forms::broker,
            )?),
            None => None,
        };
        Ok(Self {
            amqp_url,
            queue_prefix: settings.parsed(
                "bus.queue_prefix",
                "1 to 100 letters, digits, dots, dashes or underscores",
                forms::prefix,
            )?,
            partitions: settings.number("bus.partitions", 1..=1024)?,
            publish_timeout: settings.duration("bus.publish_timeout", SECOND..=Duration::from_mins(1))?,
            prefetch: settings.number("bus.prefetch", 1..=10_000)?,
        })
    }
}

#[derive(Clone, Debug)]
pub struct Auth {
    pub jwt_secret: Secret,
    pub access_lifetime: AccessLifetime,
    pub refresh_lifetime: Duration,
    pub login_attempts: u32,
    pub login_window: Duration,
    pub requests_per_minute: u32,
}

/// How long an access token lives in each dialect.
#[derive(Clone, Copy, Debug)]
pub struct AccessLifetime {
    pub helpdesk: Duration,
    pub inbox: Duration,
    pub sessions: Duration,
    pub business: Duration,
}

impl Auth {
    pub(super) fn read(settings: &Settings, jwt_secret: Secret) -> Result<Self, ConfigError> {
        let lifetime = |key| settings.duration(key, Duration::from_mins(1)..=YEAR);
        Ok(Self {
            jwt_secret,
            access_lifetime: AccessLifetime {
                helpdesk: lifetime("auth.access_lifetime.helpdesk")?,
                inbox: lifetime("auth.access_lifetime.inbox")?,
                sessions: lifetime("auth.access_lifetime.sessions")?,
                business: lifetime("auth.access_lifetime.business")?,
            },
            refresh_lifetime: lifetime("auth.refresh_lifetime")?,
            login_attempts: settings.number("auth.login_attempts", 1..=1000)?,
            login_window: settings.duration("auth.login_window", SECOND..=DAY)?,
            requests_per_minute: settings.number("auth.requests_per_minute", 1..=1_000_000)?,
        })
    }
}

#[derive(Clone, Debug)]
pub struct Secrets {
    pub master_key: MasterKey,
}

#[derive(Clone, Debug)]
pub struct Plugins {
    pub dir: PathBuf,
    pub cache_dir: PathBuf,
    pub memory_bytes: usize,
    pub call_deadline: Duration,
    pub output_bytes: usize,
}

impl Plugins {
    pub fn read(settings: &Settings) -> Result<Self, ConfigError> {
        let data_dir = Storage::read(settings)?.data_dir;
        Ok(Self {
            dir: PathBuf::from(settings.parsed("plugins.dir", "a folder", forms::filled)?),
            cache_dir: settings
                .optional("plugins.cache_dir")?
                .map_or_else(|| data_dir.join("plugin-cache"), PathBuf::from),
            memory_bytes: settings.bytes("plugins.memory_bytes", MIB..=4096 * MIB - 1)?,
            call_deadline: settings
                .duration("plugins.call_deadline", Duration::from_millis(10)..=Duration::from_mins(1))?,
            output_bytes: settings.bytes("plugins.output_bytes", SIZES)?,
        })
    }

    /// The limits within which connectors run.
    pub fn host(&self) -> HostConfig {
        HostConfig {
            cache_dir: Some(self.cache_dir.clone()),
            memory_bytes: self.memory_bytes,
            call_deadline: self.call_deadline,
            output_bytes: self.output_bytes,
            ..HostConfig::default()
        }
    }
}

#[derive(Clone, Debug)]
pub struct Egress {
    /// Hosts, addresses and networks, as written, some after a connector's id and `=`.
    pub allow: Vec<String>,
    /// Hosts, as manifests write them, after a connector's id and `=`.
    pub grants: Vec<String>,
    pub timeout: Duration,
    pub response_bytes: usize,
    pub saved_bytes: usize,
}

impl Egress {
    pub fn read(settings: &Settings) -> Result<Self, ConfigError> {
        Ok(Self {
            allow: settings.list(
                "egress.allow",
                "host names, addresses or networks such as \"10.1.0.0/16\"",
                forms::allowed,
            )?,
            grants: settings.list(
                "egress.grants",
                "hosts after a connector's id, such as \"whatsapp=graph.facebook.com\"",
                forms::granted,
            )?,
            timeout: settings.duration("egress.timeout", SECOND..=HOUR)?,
            response_bytes: settings.bytes("egress.response_bytes", SIZES)?,
            saved_bytes: settings.bytes("egress.saved_bytes", SIZES)?,
        })
    }
}

#[derive(Clone, Debug)]
pub struct Tickets {
    pub reopen_window: Duration,
}

impl Tickets {
    pub fn read(settings: &Settings) -> Result<Self, ConfigError> {
        Ok(Self { reopen_window: settings.duration("tickets.reopen_window", Duration::ZERO..=YEAR)? })
    }
}

#[derive(Clone, Debug)]
pub struct Conversations {
    pub idle_after: Duration,
    pub mailbox: usize,
}

impl Conversations {
    pub fn read(settings: &Settings) -> Result<Self, ConfigError> {
        Ok(Self {
            idle_after: settings.duration("conversations.idle_after", SECOND..=DAY)?,
            mailbox: settings.number("conversations.mailbox", 1..=100_000)?,
        })
    }
}

#[derive(Clone, Debug)]
pub struct Sessions {
    pub idle_after: Duration,
    pub mailbox: usize,
    /// Sends under way at once on one channel.
    pub concurrency: usize,
    /// Every actor that failed is started again after a pause that grows from the first to the longest.
    pub first_restart_delay: Duration,
    pub longest_restart_delay: Duration,
    /// One that failed more often than this within a minute rests.
    pub restart_budget: u32,
    pub restart_rest: Duration,
    /// A platform's session that is not up begins anew after these, doubling up to the longest.
    pub starting: Duration,
    pub pairing: Duration,
    pub longest_recovery: Duration,
    /// One that needs nothing is asked about this often.
    pub ask_every: Duration,
}

impl Sessions {
    pub fn read(settings: &Settings) -> Result<Self, ConfigError> {
        let first_restart_delay = settings.duration("sessions.first_restart_delay", Duration::from_millis(1)..=HOUR)?;
        Ok(Self {
            idle_after: settings.duration("sessions.idle_after", SECOND..=DAY)?,
            mailbox: settings.number("sessions.mailbox", 1..=100_000)?,
            concurrency: settings.number("sessions.concurrency", 1..=1000)?,
            first_restart_delay,
            longest_restart_delay: settings.duration("sessions.longest_restart_delay", first_restart_delay..=HOUR)?,
            restart_budget: settings.number("sessions.restart_budget", 1..=1000)?,
            restart_rest: settings.duration("sessions.restart_rest", SECOND..=DAY)?,
            starting: settings.duration("sessions.starting", SECOND..=HOUR)?,
            pairing: settings.duration("sessions.pairing", SECOND..=DAY)?,
            longest_recovery: settings.duration("sessions.longest_recovery", SECOND..=DAY)?,
            ask_every: settings.duration("sessions.ask_every", SECOND..=DAY)?,
        })
    }
}

#[derive(Clone, Debug)]
pub struct Realtime {
    pub queue: usize,
    pub connections: usize,
    pub ping: Duration,
    pub write: Duration,
}

impl Realtime {
    pub fn read(settings: &Settings) -> Result<Self, ConfigError> {
        Ok(Self {
            queue: settings.number("realtime.queue", 16..=65_536)?,
            connections: settings.number("realtime.connections", 1..=1_000_000)?,
            ping: settings.duration("realtime.ping", SECOND..=HOUR)?,
            write: settings.duration("realtime.write", SECOND..=HOUR)?,
        })
    }
}

#[derive(Clone, Debug)]
pub struct Retention {
    pub pending_statuses: Duration,
    pub events: Duration,
    pub idempotency: Duration,
    /// How often content is looked for that is older than its channel lets it be.
    pub content_every: Duration,
}

impl Retention {
    pub fn read(settings: &Settings) -> Result<Self, ConfigError> {
        Ok(Self {
            pending_statuses: settings.duration("retention.pending_statuses", HOUR..=YEAR)?,
            events: settings.duration("retention.events", HOUR..=10 * YEAR)?,
            idempotency: settings.duration("retention.idempotency", HOUR..=YEAR)?,
            content_every: settings.duration("retention.content_every", SECOND..=DAY)?,
        })
    }
}

#[derive(Clone, Debug)]
pub struct Log {
    pub filter: Targets,
}

impl Log {
    pub fn read(settings: &Settings) -> Result<Self, ConfigError> {
        let allowed = "levels (error, warn, info, debug, trace, off) such as \"info\" or \"info,patchbay::bus=debug\"";
        Ok(Self { filter: settings.parsed("log.filter", allowed, forms::levels)? })
    }
}
