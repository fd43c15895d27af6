//! The program: does what the command line asks, or says in one sentence why it could not.

mod cli;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use anyhow::Context;
use clap::Parser;
use patchbay::{
    app,
    config::{self, Config, Settings},
    telemetry,
};
use patchbay_store::{Store, StoreOptions};
use tokio::runtime::{Builder, Runtime};

use cli::{Cli, Command, PluginCommand};

/// Many small pieces on several threads, given back when a burst is over.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{}", sentence(&error));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> anyhow::Result<ExitCode> {
    let provider = rustls::crypto::ring::default_provider().install_default();
    anyhow::ensure!(provider.is_ok(), "TLS was set up twice");
    let settings = Settings::load(cli.config.as_deref(), environment)?;
    match &cli.command {
        Command::Serve => serve(Config::read(&settings)?)?,
        Command::Migrate => runtime()?.block_on(migrate(&settings))?,
        Command::Plugin(command) => return plugin(command, &config::Plugins::read(&settings)?),
    }
    Ok(ExitCode::SUCCESS)
}

fn plugin(command: &PluginCommand, plugins: &config::Plugins) -> anyhow::Result<ExitCode> {
    let (text, passed) = match command {
        PluginCommand::Check { file, fixtures, json } => {
            let report = runtime()?.block_on(Box::pin(cli::check::check(file, fixtures.as_deref(), plugins)))?;
            let text = if *json { format!("{:#}\n", report.json()) } else { report.text() };
            (text, report.passed())
        }
        PluginCommand::List => (runtime()?.block_on(cli::plugins::list(plugins))?, true),
    };
    io::stdout().write_all(text.as_bytes()).context("the standard output cannot be written")?;
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn serve(config: Config) -> anyhow::Result<()> {
    telemetry::log(config.log.filter.clone())?;
    let metrics = telemetry::metrics()?;
    // What FAILPOINTS names, for as long as it serves.
    #[cfg(feature = "failpoints")]
    let _failures = fail::FailScenario::setup();
    let runtime = runtime()?;
    actix::System::with_tokio_rt(|| runtime).block_on(Box::pin(app::run(config, metrics)))
}

async fn migrate(settings: &Settings) -> anyhow::Result<()> {
    telemetry::log(config::Log::read(settings)?.filter)?;
    let storage = config::Storage::read(settings)?;
    storage.prepare()?;
    let options = StoreOptions { max_connections: storage.max_connections, ..StoreOptions::default() };
    let store =
        Store::connect(storage.database_url.expose(), options).await.context("the database cannot be reached")?;
    store.migrate().await.context("the database cannot be brought to this version")?;
    writeln!(io::stdout(), "The database has the tables of this version.")?;
    Ok(())
}

fn runtime() -> anyhow::Result<Runtime> {
    Builder::new_multi_thread().enable_all().build().context("the threads cannot be started")
}

/// A variable that is no text still counts: its value is then refused by name.
fn environment(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

/// An error and its causes, leaving out what was said already.
fn sentence(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |said, cause| match said.as_str() {
        "" => cause,
        earlier if earlier.contains(&cause) => said,
        _ => format!("{said}: {cause}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_tells_every_cause_once() {
        let error = anyhow::anyhow!("no route").context("refused: no route").context("the database cannot be reached");
        assert_eq!(sentence(&error), "the database cannot be reached: refused: no route");
    }
}
