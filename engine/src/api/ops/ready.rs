//! Can this process do its work, and if not, what is missing?

use std::{collections::BTreeMap, time::Duration};

use schemars::JsonSchema;
use serde::Serialize;

use crate::app::App;

const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Readiness")]
pub struct Report {
    status: &'static str,
    checks: BTreeMap<&'static str, Check>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ReadinessCheck")]
struct Check {
    ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Report {
    fn of(checks: impl IntoIterator<Item = (&'static str, Result<(), String>)>) -> Self {
        let checks: BTreeMap<_, _> = checks
            .into_iter()
            .map(|(name, check)| (name, Check { ready: check.is_ok(), reason: check.err() }))
            .collect();
        let status = if checks.values().all(|check| check.ready) { "ready" } else { "not ready" };
        Self { status, checks }
    }

    pub fn is_ready(&self) -> bool {
        self.checks.values().all(|check| check.ready)
    }

    /// What it depends on, and whether that is there.
    pub fn parts(&self) -> impl Iterator<Item = (&'static str, bool)> {
        self.checks.iter().map(|(name, check)| (*name, check.ready))
    }
}

pub async fn report(app: &App) -> Report {
    Report::of([("database", database(app).await), ("bus", bus(app)), ("plugins", plugins(app))])
}

async fn database(app: &App) -> Result<(), String> {
    match tokio::time::timeout(PATIENCE, app.store.time((app.clock)())).await {
        // A disk that is full, or a server that only reads, answers questions.
        Ok(Ok(now)) if !app.sight.is_clear(now) => Err("the database takes nothing that is written".to_owned()),
        Ok(Ok(_)) => Ok(()),
        // What went wrong may name hosts and users: it is logged where work fails.
        Ok(Err(_)) => Err("the database refuses or drops connections".to_owned()),
        Err(_) => Err("the database does not answer".to_owned()),
    }
}

fn bus(app: &App) -> Result<(), String> {
    if app.bus.status().is_connected() { Ok(()) } else { Err("the broker is not connected".to_owned()) }
}

fn plugins(app: &App) -> Result<(), String> {
    if app.plugins.list().iter().any(|plugin| plugin.manifest.is_some()) {
        Ok(())
    } else {
        Err("no connector is loaded; put .wasm files into the plugins directory".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_missing_part_is_named_and_makes_it_not_ready() {
        let report = Report::of([("database", Ok(())), ("bus", Err("the broker is not connected".into()))]);
        assert!(!report.is_ready());
        assert_eq!(
            serde_json::to_value(report).unwrap(),
            json!({
                "status": "not ready",
                "checks": {
                    "bus": {"ready": false, "reason": "the broker is not connected"},
                    "database": {"ready": true},
                },
            })
        );
        assert!(Report::of([("database", Ok(()))]).is_ready());
    }
}
