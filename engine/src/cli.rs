//! The command line: what can be asked for, and the help that teaches it.
//!
//! To add a command: a variant with a line on what it does and one example, and
//! an arm in `main.rs`.

pub mod check;
pub mod plugins;
mod table;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

const ENVIRONMENT: &str = "\
Environment variables, which win over the file:
  PORT                   the TCP port (8080)
  PATCHBAY_PUBLIC_URL    the address under which platforms reach this server (http://localhost:PORT)
  PATCHBAY_DATA_DIR      the folder for the embedded database, keys and media (./data)
  DATABASE_URL           postgres://user:password@host/name (an SQLite file in the data folder)
  AMQP_URL               amqp://user:password@host:5672/%2f (queue tables in the database)
  JWT_SECRET             signs access tokens; required with PostgreSQL
  PATCHBAY_MASTER_KEY    encrypts channel credentials; required with PostgreSQL
  PATCHBAY_PLUGINS_DIR   the folder with the connectors (./plugins)
  PATCHBAY_EGRESS_ALLOW  private hosts that connectors may reach, separated by commas
  PATCHBAY_WAHA_URL      the WAHA server that the sessions dialect starts sessions on
  PATCHBAY_WAHA_API_KEY  its API key
  PATCHBAY_WAHA_HMAC_KEY signs its webhooks, when it is set there too
  RUST_LOG               what is logged, such as info,patchbay::bus=debug (info)

Start with no settings at all:
  patchbay serve
Every setting, its default and its meaning are in config.default.toml.";

/// A message engine for helpdesks: WhatsApp, Messenger, SMS and e-mail on one side, agents on the other.
#[derive(Debug, Parser)]
#[command(name = "patchbay", version, arg_required_else_help = true, after_help = ENVIRONMENT, max_term_width = 120)]
pub struct Cli {
    /// A TOML file with the settings that differ from the defaults.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the APIs and carry messages until told to stop.
    #[command(after_help = "Example:\n  PORT=9000 patchbay --config patchbay.toml serve")]
    Serve,
    /// Bring the database's tables to this version, then end. `serve` does this too.
    #[command(after_help = "Example:\n  DATABASE_URL=postgres://patchbay@localhost/patchbay patchbay migrate")]
    Migrate,
    /// Look at connectors, which are the .wasm files that speak to platforms.
    #[command(subcommand, after_help = "Example:\n  patchbay plugin list")]
    Plugin(PluginCommand),
}

#[derive(Debug, Subcommand)]
pub enum PluginCommand {
    /// Check one connector and grade it: what it declares, its fixtures, and how it takes what goes wrong.
    #[command(
        after_help = "Example:\n  patchbay plugin check target/plugins/whatsapp.wasm --fixtures plugins/whatsapp/tests/fixtures"
    )]
    Check {
        /// The connector.
        #[arg(value_name = "FILE.wasm")]
        file: PathBuf,
        /// Recorded webhooks, signatures and answers, a JSON file each.
        #[arg(long, value_name = "DIR")]
        fixtures: Option<PathBuf>,
        /// Print the report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print the connectors in the plugins folder, with the reason of each that is refused.
    #[command(after_help = "Example:\n  PATCHBAY_PLUGINS_DIR=target/plugins patchbay plugin list")]
    List,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use patchbay::config::VARIABLES;

    use super::*;

    #[test]
    fn the_help_names_every_variable() {
        let help = Cli::command().render_help().to_string();
        for (variable, _) in VARIABLES {
            assert!(help.lines().any(|line| line.trim_start().starts_with(&format!("{variable} "))), "{variable}");
        }
    }

    #[test]
    fn every_command_shows_an_example_that_is_one() {
        fn examples(command: &clap::Command, found: &mut Vec<String>) {
            for subcommand in command.get_subcommands() {
                let help = subcommand.get_after_help().map(ToString::to_string).unwrap_or_default();
                found.push(help.strip_prefix("Example:\n  ").expect("an example").to_owned());
                examples(subcommand, found);
            }
        }
        let mut found = Vec::new();
        examples(&Cli::command(), &mut found);
        assert_eq!(found.len(), 5);
        for example in found {
            let words = example.split(' ').skip_while(|word| *word != "patchbay");
            assert!(Cli::try_parse_from(words).is_ok(), "{example}");
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
