//! `cargo xtask bench`: how fast the engine is beside the least program that is still safe, on every size, and what a
//! connector call and the rules cost. Prints figures; it judges nothing. A quiet machine gives better ones.

use anyhow::Result;
use clap::Args;

use crate::command::{Project, cargo, run};
use crate::plugins;
use crate::services::Services;

#[derive(Args)]
pub struct Arguments {
    /// Leave PostgreSQL and RabbitMQ out: measure only the embedded size
    #[arg(long)]
    embedded_only: bool,
    /// What to hand to the measuring program, such as `inbound` or `--messages 5000`
    #[arg(last = true)]
    measure: Vec<String>,
}

pub fn bench(arguments: &Arguments) -> Result<()> {
    let project = Project::find()?;
    let plugins = project.target.join("plugins");
    plugins::build(plugins::SHIPPED, &plugins, &[])?;
    run(cargo(&project.root).args(["build", "--release", "--package", "patchbay", "--package", "patchbay-bench"]))?;
    let services = if arguments.embedded_only { None } else { Some(Services::find(&project.root)?) };

    let mut measure = std::process::Command::new(project.target.join("release/patchbay-bench"));
    measure
        .arg("--engine")
        .arg(project.target.join("release/patchbay"))
        .arg("--plugins")
        .arg(&plugins)
        .args(&arguments.measure)
        .current_dir(&project.root)
        .env_remove("PATCHBAY_TEST_POSTGRES_URL")
        .env_remove("PATCHBAY_TEST_AMQP_URL");
    if let Some(Services { postgres, rabbitmq }) = &services {
        measure.env("PATCHBAY_TEST_POSTGRES_URL", postgres).env("PATCHBAY_TEST_AMQP_URL", rabbitmq);
    }
    run(&mut measure)?;
    if arguments.measure.is_empty() {
        run(cargo(&project.root)
            .args(["bench", "--package", "patchbay-plugin-host", "--package", "patchbay-domain"])
            .args(["--bench", "call", "--bench", "rules"])
            .env("PATCHBAY_TEST_PLUGINS_DIR", &plugins))?;
    }
    Ok(())
}
