//! PostgreSQL and RabbitMQ for the tests: what the environment names, else what answers on this machine, else what can
//! be started here, by Docker or from Debian's packages.
//!
//! Another service is one more [`Service`] below, and a file beside `postgres.rs` that tells whether it answers.

mod postgres;
mod rabbitmq;

use std::env;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::command::{on_debian_as_root, run, succeeds, wait_for};

/// How long a service that was just started may take until it answers.
const START_LIMIT: Duration = Duration::from_mins(2);
/// The password of the containers, as in their addresses below.
const COMPOSE_PASSWORD: &str = "patchbay";

/// The addresses of the services, credentials included.
pub struct Services {
    pub postgres: String,
    pub rabbitmq: String,
}

impl Services {
    pub fn find(root: &Path) -> Result<Self> {
        Ok(Self { postgres: POSTGRES.url(root)?, rabbitmq: RABBITMQ.url(root)? })
    }
}

/// What a probe of this machine found.
enum Found {
    Nothing,
    /// It answers, but not to whom we may claim to be.
    Locked,
    /// It answers at this address.
    Open(String),
}

struct Service {
    name: &'static str,
    variable: &'static str,
    schemes: &'static [&'static str],
    probe: fn() -> Found,
    /// How to be let in as root, where there is a way.
    unlock: fn() -> Result<Option<String>>,
    compose_name: &'static str,
    compose_url: &'static str,
    debian_package: &'static str,
}

const POSTGRES: Service = Service {
    name: "PostgreSQL",
    variable: "DATABASE_URL",
    schemes: &["postgres://", "postgresql://"],
    probe: postgres::probe,
    unlock: postgres::own_role,
    compose_name: "postgres",
    compose_url: "postgres://patchbay:patchbay@127.0.0.1:5432/patchbay",
    debian_package: "postgresql",
};

const RABBITMQ: Service = Service {
    name: "RabbitMQ",
    variable: "AMQP_URL",
    schemes: &["amqp://", "amqps://"],
    probe: rabbitmq::probe,
    unlock: || Ok(None),
    compose_name: "rabbitmq",
    compose_url: "amqp://patchbay:patchbay@127.0.0.1:5672/%2f",
    debian_package: "rabbitmq-server",
};

impl Service {
    fn url(&self, root: &Path) -> Result<String> {
        if let Some(url) = self.named()? {
            println!("{}: the one that {} names", self.name, self.variable);
            return Ok(url);
        }
        match (self.probe)() {
            Found::Nothing => self.start(root),
            answers => {
                println!("{}: the one that answers on this machine", self.name);
                self.enter(answers)
            }
        }
    }

    fn named(&self) -> Result<Option<String>> {
        let Some(url) = env::var(self.variable).ok().filter(|url| !url.is_empty()) else { return Ok(None) };
        ensure!(
            self.schemes.iter().any(|scheme| url.starts_with(scheme)),
            "{} does not name {}, which these tests need: give it an address that begins with {}, or unset it",
            self.variable,
            self.name,
            self.schemes.join(" or "),
        );
        Ok(Some(url))
    }

    fn enter(&self, found: Found) -> Result<String> {
        if let Found::Open(url) = found {
            return Ok(url);
        }
        (self.unlock)()?.with_context(|| {
            format!(
                "{} answers on this machine but does not let us in without credentials: name it with them in {}, or give --embedded-only",
                self.name, self.variable,
            )
        })
    }

    fn start(&self, root: &Path) -> Result<String> {
        if let Some(compose) = compose() {
            println!("{}: started with Docker", self.name);
            self.start_with_compose(compose, root)?;
            self.wait()?;
            return Ok(self.compose_url.to_owned());
        }
        if on_debian_as_root() {
            println!("{}: started from Debian's package {}", self.name, self.debian_package);
            self.start_with_debian()?;
            return self.enter(self.wait()?);
        }
        bail!(
            "There is no {name}: {variable} is not set, nothing answers on this machine, and it can be started neither with \
             Docker (is its daemon running?) nor from Debian's package {package} (that needs Debian and root). Name one in \
             {variable}, or give --embedded-only to leave these tests out",
            name = self.name,
            variable = self.variable,
            package = self.debian_package,
        );
    }

    /// Its own project, so that the tests never touch an installation's data.
    fn start_with_compose(&self, mut compose: Command, root: &Path) -> Result<()> {
        run(compose
            .current_dir(root)
            .env("POSTGRES_PASSWORD", COMPOSE_PASSWORD)
            .env("RABBITMQ_PASSWORD", COMPOSE_PASSWORD)
            .args(["--project-name", "patchbay-tests", "up", "--detach", self.compose_name]))
    }

    fn start_with_debian(&self) -> Result<()> {
        if !succeeds(Command::new("dpkg").args(["--status", self.debian_package])) {
            run(Command::new("apt-get").args(["update", "--quiet"]))?;
            run(Command::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args([
                "install",
                "--yes",
                "--quiet",
                "--no-install-recommends",
                self.debian_package,
            ]))?;
        }
        run(Command::new("service").args([self.debian_package, "start"]))
    }

    fn wait(&self) -> Result<Found> {
        wait_for(self.name, START_LIMIT, || match (self.probe)() {
            Found::Nothing => Ok(None),
            answers => Ok(Some(answers)),
        })
    }
}

/// Docker's compose, as a plugin or as the older program, if there is a daemon that it can reach.
fn compose() -> Option<Command> {
    if !succeeds(Command::new("docker").arg("info")) {
        return None;
    }
    if succeeds(Command::new("docker").args(["compose", "version"])) {
        let mut command = Command::new("docker");
        command.arg("compose");
        return Some(command);
    }
    succeeds(Command::new("docker-compose").arg("version")).then(|| Command::new("docker-compose"))
}
