//! `cargo xtask test`: every test, on every back end.
//!
//! Tests find the services in `PATCHBAY_TEST_POSTGRES_URL` and `PATCHBAY_TEST_AMQP_URL`, the built connectors in
//! `PATCHBAY_TEST_PLUGINS_DIR`, these together with those that misbehave in `PATCHBAY_TEST_GUESTS_DIR`, and those in other
//! languages in `PATCHBAY_TEST_EXAMPLES_DIR`, schemathesis in `PATCHBAY_TEST_SCHEMATHESIS`. With `PATCHBAY_TEST_EMBEDDED_ONLY=1` they cover the embedded size alone;
//! with neither, they fail.

use std::path::Path;
use std::process::Command;

use anyhow::Result;
use clap::Args;

use crate::command::{Project, cargo, run, succeeds};
use crate::coverage::Coverage;
use crate::services::Services;
use crate::{examples, generated, npm, plugins, python};

#[derive(Args)]
pub struct Arguments {
    /// Leave PostgreSQL and RabbitMQ out: cover only the embedded size
    #[arg(long)]
    embedded_only: bool,
    /// What to hand to nextest, such as a part of a test's name
    #[arg(last = true)]
    nextest: Vec<String>,
}

/// The features under which everything is tested, the same everywhere so that it is built once.
const FEATURES: [&str; 3] = ["--workspace", "--features", "patchbay/failpoints"];

/// Where the platforms' descriptions are, and what serves them.
const SPECS: &str = "engine/tests/specs";
/// The clients that front ends use.
const SOCKETS: &str = "engine/tests/sockets";
/// What tries the engine by its own descriptions.
const SCHEMATHESIS: &str = "engine/tests/schemathesis/requirements.txt";

pub fn test(arguments: &Arguments) -> Result<()> {
    let project = Project::find()?;
    install_nextest(&project.root)?;
    let plugins = project.target.join("plugins");
    let guests = project.target.join("test-plugins");
    plugins::build(plugins::SHIPPED, &plugins, &[])?;
    plugins::build(plugins::TESTED, &guests, &[])?;
    let examples = project.target.join(plugins::EXAMPLES);
    examples::build(&project, &examples)?;
    generated::build(&project, &examples)?;
    npm::install(&project.root.join(SPECS))?;
    npm::install(&project.root.join(SOCKETS))?;
    let schemathesis = match python::install("schemathesis", &project.root.join(SCHEMATHESIS)) {
        Ok(programs) => Some(programs.join("schemathesis")),
        Err(error) if arguments.embedded_only => {
            println!("schemathesis is left out: {error:#}");
            None
        }
        Err(error) => return Err(error.context("there is no schemathesis; --embedded-only does without it")),
    };
    let services = if arguments.embedded_only { None } else { Some(Services::find(&project.root)?) };

    let prepared = || {
        let mut command = cargo(&project.root);
        command
            .env("PATCHBAY_TEST_PLUGINS_DIR", &plugins)
            .env("PATCHBAY_TEST_GUESTS_DIR", &guests)
            .env("PATCHBAY_TEST_EXAMPLES_DIR", &examples);
        match &schemathesis {
            Some(program) => command.env("PATCHBAY_TEST_SCHEMATHESIS", program),
            None => command.env_remove("PATCHBAY_TEST_SCHEMATHESIS"),
        };
        pass(services.as_ref(), &mut command);
        command
    };
    run(prepared().args(["test", "--quiet", "--doc"]).args(FEATURES))?;
    let coverage = Coverage::begin(&project)?;
    run(coverage.record(prepared().args(["nextest", "run"]).args(FEATURES).args(&arguments.nextest)))?;
    // A part of the tests exercises a part.
    if arguments.nextest.is_empty() { coverage.compare(&project) } else { Ok(()) }
}

/// Tells the tests where the services are, or that there are none.
fn pass(services: Option<&Services>, command: &mut Command) {
    // The engine reads these two: a test must not meet what they name by accident.
    command.env_remove("DATABASE_URL").env_remove("AMQP_URL");
    match services {
        Some(Services { postgres, rabbitmq }) => command
            .env("PATCHBAY_TEST_POSTGRES_URL", postgres)
            .env("PATCHBAY_TEST_AMQP_URL", rabbitmq)
            .env_remove("PATCHBAY_TEST_EMBEDDED_ONLY"),
        None => command
            .env("PATCHBAY_TEST_EMBEDDED_ONLY", "1")
            .env_remove("PATCHBAY_TEST_POSTGRES_URL")
            .env_remove("PATCHBAY_TEST_AMQP_URL"),
    };
}

/// The test runner, built without optimisation when it is missing: that takes a minute, and its own work is light.
fn install_nextest(root: &Path) -> Result<()> {
    if succeeds(cargo(root).args(["nextest", "--version"])) {
        return Ok(());
    }
    println!("cargo-nextest, which runs the tests, is missing; installing it");
    run(cargo(root)
        .env_remove("CARGO_TARGET_DIR")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .args(["install", "cargo-nextest", "--locked", "--no-default-features", "--features", "default-no-update"]))
}
