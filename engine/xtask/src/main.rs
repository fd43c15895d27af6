//! The project's own commands: `cargo xtask <command>`.
//!
//! Each command is a file of its name. To add one: a module, a case in [`Task`], a line in `main`.

mod bench;
mod command;
mod plugins;
mod run;
mod services;
mod test;
mod toolchain;

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
    /// Build everything and serve on the embedded default
    Run,
    /// Run every test on every back end
    Test(test::Arguments),
    /// Measure the engine beside the least program that is still safe
    Bench(bench::Arguments),
    #[command(hide = true)]
    Announce(run::Announcement),
}

fn main() -> Result<()> {
    match Invocation::parse().task {
        Task::Plugins(arguments) => plugins::plugins(&arguments),
        Task::Run => run::run(),
        Task::Test(arguments) => test::test(&arguments),
        Task::Bench(arguments) => bench::bench(&arguments),
        Task::Announce(announcement) => run::announce(&announcement),
    }
}
