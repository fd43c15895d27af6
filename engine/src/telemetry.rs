//! What the engine tells about itself: log lines and metrics.
//!
//! A log line is a message for people with fields for machines, names dotted
//! and units in them; it never holds a body, a token, a phone number or an
//! address. A metric's name ends in its unit: histograms of `_seconds`,
//! `_bytes` and `_items` have buckets that suit them.

use std::{
    io::{self, IsTerminal},
    sync::{Mutex, PoisonError},
    thread,
    time::Duration,
};

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing::{level_filters::LevelFilter, subscriber::SetGlobalDefaultError};
use tracing_log::{AsLog, LogTracer, log_tracer::SetLoggerError};
use tracing_subscriber::{Layer, filter::Targets, fmt, layer::SubscriberExt};

/// What compiles connectors. It tells each step of that, which makes minutes of seconds and is about no message: only who
/// names it hears of it.
pub const COMPILERS: [&str; 3] = ["cranelift", "regalloc2", "wasmtime"];

const SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
const BYTES: &[f64] = &[256.0, 1_024.0, 4_096.0, 16_384.0, 65_536.0, 262_144.0, 1_048_576.0, 16_777_216.0];
const ITEMS: &[f64] = &[1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0];

/// Histograms gather their samples until somebody asks; this often they are summed up even if nobody does.
const UPKEEP: Duration = Duration::from_secs(5);

#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("logging could not be started: {0}")]
    Log(#[from] SetGlobalDefaultError),
    #[error("the log of libraries could not be started: {0}")]
    Libraries(#[from] SetLoggerError),
    #[error("metrics could not be started: {0}")]
    Metrics(#[from] BuildError),
    #[error("the thread that sums up metrics could not be started: {0}")]
    Upkeep(io::Error),
}

/// Begins to log to the standard error: readable on a terminal, else one JSON object per line.
pub fn log(filter: Targets) -> Result<(), TelemetryError> {
    let lines = fmt::layer().with_writer(io::stderr);
    let lines = if io::stderr().is_terminal() { lines.boxed() } else { lines.json().flatten_event(true).boxed() };
    let is_named =
        |name: &str| filter.iter().any(|(target, level)| target.starts_with(name) && level > LevelFilter::OFF);
    // Not even asked about, one by one: they are too many.
    let silent: Vec<&str> = COMPILERS.into_iter().filter(|name| !is_named(name)).collect();
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(lines.with_filter(filter)))?;
    Ok(LogTracer::builder().with_max_level(LevelFilter::current().as_log()).ignore_all(silent).init()?)
}

/// The metrics of this process, recorded from the first call on; `render` gives them to Prometheus.
pub fn metrics() -> Result<PrometheusHandle, TelemetryError> {
    static INSTALLED: Mutex<Option<PrometheusHandle>> = Mutex::new(None);
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = &*installed {
        return Ok(handle.clone());
    }
    let handle = builder()?.install_recorder()?;
    *installed = Some(handle.clone());
    let summed_up = handle.clone();
    let upkeep = move || loop {
        thread::park_timeout(UPKEEP);
        summed_up.run_upkeep();
    };
    thread::Builder::new().name("metrics-upkeep".to_owned()).spawn(upkeep).map_err(TelemetryError::Upkeep)?;
    Ok(handle)
}

fn builder() -> Result<PrometheusBuilder, BuildError> {
    PrometheusBuilder::new()
        .set_buckets(SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_bytes".to_owned()), BYTES)?
        .set_buckets_for_metric(Matcher::Suffix("_items".to_owned()), ITEMS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_histogram_has_buckets_that_suit_its_unit() {
        let recorder = builder().unwrap().build_recorder();
        metrics::with_local_recorder(&recorder, || {
            metrics::histogram!("patchbay_test_seconds").record(0.015);
            metrics::histogram!("patchbay_test_bytes").record(2_000.0);
            metrics::histogram!("patchbay_test_items").record(3.0);
        });
        let text = recorder.handle().render();
        for line in [
            "patchbay_test_seconds_bucket{le=\"0.01\"} 0",
            "patchbay_test_seconds_bucket{le=\"0.02\"} 1",
            "patchbay_test_bytes_bucket{le=\"1024\"} 0",
            "patchbay_test_bytes_bucket{le=\"4096\"} 1",
            "patchbay_test_items_bucket{le=\"2\"} 0",
            "patchbay_test_items_bucket{le=\"5\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn metrics_are_installed_once_and_shared() {
        let (first, second) = (metrics().unwrap(), metrics().unwrap());
        metrics::counter!("patchbay_test_shared_total").increment(2);
        for handle in [first, second] {
            assert!(handle.render().contains("patchbay_test_shared_total 2"));
        }
    }
}
