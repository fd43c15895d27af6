//! What the program listens on, and whom it keeps connected.

use std::{net::IpAddr, time::Duration};

use ipnet::IpNet;

use super::{HOUR, SECOND, SIZES};
use crate::config::{ConfigError, Settings, forms};

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
