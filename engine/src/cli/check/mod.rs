//! `plugin check`: is this connector fit to be installed? What it declares, its fixtures, and how it behaves when
//! a platform, a network or an attacker does not.
//!
//! - `rules` names every rule and what breaking it costs; `report` grades what was found
//! - `fixture`, `settings`: recorded payloads, and a channel to read them with
//! - `subject` calls the compiled component; nothing is sent anywhere, because a connector only computes
//! - `declared`, `inbound`, `outbound` try the rules; `judge` decides on values alone; `mutate` spoils webhooks
//!
//! To add a rule: a constant in `rules`, a judgement in `judge`, a line where it is tried.

mod challenge;
mod commands;
mod declared;
mod fixture;
mod inbound;
mod judge;
mod mutate;
mod outbound;
mod report;
mod rules;
mod settings;
mod subject;

use std::{path::Path, sync::Arc};

use anyhow::Context;
use patchbay::config;
use patchbay_plugin_host::{HostConfig, PluginHost, Redactor};

pub use report::Report;
use report::Tally;
use settings::Settings;
use subject::Subject;

/// Checks the connector in the file. An error says why it could not be checked at all.
pub async fn check(file: &Path, fixtures: Option<&Path>, config: &config::Plugins) -> anyhow::Result<Report> {
    let bytes = tokio::fs::read(file).await.with_context(|| format!("{} cannot be read", file.display()))?;
    let recorded = fixtures.map_or_else(|| Ok(Vec::new()), fixture::load)?;
    let host = PluginHost::new(HostConfig { cache_dir: None, ..config.host() })?;
    let plugin = match host.load(bytes).await {
        Ok(plugin) => plugin,
        Err(error) => return Ok(Report::refused(file, &error)),
    };
    let mut tallies = vec![Tally::held(&rules::LOADS)];
    tallies.extend(declared::try_rules(plugin.manifest()));
    let settings = Settings::of(plugin.manifest(), &recorded);
    tallies.push(Tally::one(&rules::SETTINGS, "the example", settings.as_ref().map(|_| ()).map_err(Clone::clone)));
    match settings {
        Ok(settings) => {
            // One that is only made up has its own name as its value.
            let given = settings.secrets.clone().into_iter().filter(|(name, value)| name != value);
            let redactor = Redactor::of(&given.collect());
            let subject = Subject::new(Arc::clone(&plugin), settings);
            let inbound = inbound::try_rules(&subject, &recorded).await;
            let outbound = outbound::try_rules(&subject, &recorded).await;
            tallies.extend(inbound.into_iter().chain(outbound).map(|tally| tally.redacted(&redactor)));
        }
        Err(_) => tallies.extend(rules::NEED_A_CHANNEL.iter().map(|rule| Tally::untried(rule, "there is no channel"))),
    }
    Ok(Report::new(file, &plugin, tallies))
}
