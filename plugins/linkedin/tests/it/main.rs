//! The LinkedIn connector against recorded and composed payloads, natively.
#![expect(clippy::panic, clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]
#![expect(clippy::needless_pass_by_value, reason = "JSON made for one call")]

mod accept;
mod commands;
mod errors;
mod fixtures;
mod manifest;
mod notifications;
mod poll;
mod recorded;
mod robust;
mod send;
mod support;
mod whole;
