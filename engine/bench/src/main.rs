//! How fast Patchbay is, beside the least program that is still safe.
//!
//! On each size the same load goes to a *floor* and to the engine, and the
//! ratio is printed. The floor has no actors, connectors or rules: inbound it
//! publishes durably, consumes, inserts in batches and acknowledges; outbound
//! it claims a row, posts to the same instant platform and settles the row.
//!
//! `cargo xtask bench` builds everything in release and runs this.

mod clients;
mod database;
mod engine;
mod filling;
mod floor;
mod inbound;
mod load;
mod memory;
mod outbound;
mod platform;
mod rate;
mod search;

use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

#[derive(Parser)]
#[command(about = "Measures the engine beside a floor, on each size")]
struct Arguments {
    #[command(subcommand)]
    part: Option<Part>,
    /// Where the release build of the engine is.
    #[arg(long, default_value = "target/release/patchbay")]
    engine: std::path::PathBuf,
    /// Where its connectors are.
    #[arg(long, default_value = "target/plugins")]
    plugins: std::path::PathBuf,
    /// Only these sizes; every one whose servers are named by default.
    #[arg(long, value_enum)]
    size: Vec<Size>,
    /// Webhooks and messages in each run of `inbound` and `outbound`, and as many as `search` is tried over: 1000000 is
    /// what its figures are wanted for.
    #[arg(long, default_value_t = 20_000)]
    messages: usize,
    /// Clients that are connected at the same time.
    #[arg(long, default_value_t = 10_000)]
    clients: usize,
    /// Conversations that are left idle.
    #[arg(long, default_value_t = 100_000)]
    conversations: usize,
}

#[derive(Subcommand)]
enum Part {
    /// The floor of the inbound way, as a server of its own.
    #[command(hide = true)]
    Floor {
        #[arg(value_enum)]
        size: Size,
        port: u16,
        database: String,
        queue: String,
    },
    /// Webhooks in: messages per second, and how long an answer takes at half of that.
    Inbound,
    /// Messages out: sends per second.
    Outbound,
    /// A limited channel: how close the sends come to the limit without exceeding it, over a kill.
    Rate,
    /// Searches and lists over so many messages: how long they take.
    Search,
    /// What idle conversations leave behind.
    Memory,
    /// Connected clients: the memory of each, and how long a message takes to all of them.
    Clients,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Size {
    /// SQLite, queue tables.
    Embedded,
    /// PostgreSQL, queue tables.
    Postgres,
    /// PostgreSQL and RabbitMQ.
    Scale,
}

/// Everything a measurement needs to know.
pub struct Bench {
    pub engine: std::path::PathBuf,
    pub plugins: std::path::PathBuf,
    pub messages: usize,
    pub clients: usize,
    pub conversations: usize,
}

/// What stands behind a figure that was wanted otherwise.
pub const fn missed(kept: bool) -> &'static str {
    if kept { "" } else { ", MISSED" }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Its causes on one line, and no backtrace.
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<()> {
    let provider = rustls::crypto::ring::default_provider().install_default();
    anyhow::ensure!(provider.is_ok(), "TLS was set up twice");
    let Arguments { part, engine, plugins, size, messages, clients, conversations } = Arguments::parse();
    if let Some(Part::Floor { size, port, database, queue }) = part {
        return floor::serve(size, port, &database, &queue).await;
    }
    let bench = Bench { engine, plugins, messages, clients, conversations };
    let sizes = if size.is_empty() { database::available() } else { size };
    for size in sizes {
        println!("## {size:?}");
        match &part {
            Some(Part::Inbound) => inbound::measure(&bench, size).await?,
            Some(Part::Outbound) => outbound::measure(&bench, size).await?,
            Some(Part::Rate) => rate::measure(&bench, size).await?,
            Some(Part::Search) => search::measure(&bench, size).await?,
            Some(Part::Memory) => memory::measure(&bench, size).await?,
            Some(Part::Clients) => clients::measure(&bench, size).await?,
            Some(Part::Floor { .. }) => {}
            None => {
                inbound::measure(&bench, size).await?;
                outbound::measure(&bench, size).await?;
                rate::measure(&bench, size).await?;
                search::measure(&bench, size).await?;
                memory::measure(&bench, size).await?;
                clients::measure(&bench, size).await?;
            }
        }
    }
    Ok(())
}
