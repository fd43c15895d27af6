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

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", sentence(&error));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> anyhow::Result<()> {
    let provider = rustls::crypto::ring::default_provider().install_default();
    anyhow::ensure!(provider.is_ok(), "TLS was set up twice");
    let settings = Settings::load(cli.config.as_deref(), environment)?;
    match &cli.command {
        Command::Serve => serve(Config::read(&settings)?),
        Command::Migrate => runtime()?.block_on(migrate(&settings)),
        Command::Plugin(command) => {
            let plugins = config::Plugins::read(&settings)?;
            let text = match command {
                PluginCommand::Check { file } => runtime()?.block_on(cli::plugins::check(file, &plugins)),
                PluginCommand::List => runtime()?.block_on(cli::plugins::list(&plugins)),
            };
            io::stdout().write_all(text?.as_bytes()).context("the standard output cannot be written")
        }
    }
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
