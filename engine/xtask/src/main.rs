//! The project's own commands: `cargo xtask <command>`.
//!
//! Each command is a file of its name. To add one: a module, a case in [`Task`], a line in `main`.

mod bench;
mod command;
mod coverage;
mod examples;
mod generated;
mod new_connector;
mod npm;
mod plugins;
mod python;
mod run;
mod services;
mod test;
mod toolchain;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Invocation {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the connectors as WebAssembly components
    Plugins(plugins::Arguments),
    /// Write down which kinds of events and commands the connectors' tests exercise
    Coverage,
    /// Write a connector to begin with, in plugins/NAME
    NewConnector(new_connector::Arguments),
    /// Build everything and serve on the embedded default
    Run,
    /// Run every test on every back end
    Test(test::Arguments),
    /// Measure the engine beside the least program that is still safe
    Bench(bench::Arguments),
    #[command(hide = true)]
    Announce(run::Announcement),
}

fn main() -> ExitCode {
    match perform(Invocation::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Its causes on one line, and no backtrace.
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(task: Task) -> Result<()> {
    match task {
        Task::Plugins(arguments) => plugins::plugins(&arguments),
        Task::Coverage => coverage::coverage(),
        Task::NewConnector(arguments) => new_connector::new_connector(&arguments),
        Task::Run => run::run(),
        Task::Test(arguments) => test::test(&arguments),
        Task::Bench(arguments) => bench::bench(&arguments),
        Task::Announce(announcement) => run::announce(&announcement),
    }
}
