//! The Instagram connector against recorded and composed payloads, natively.
#![expect(clippy::panic, clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]
#![expect(clippy::needless_pass_by_value, reason = "JSON made for one call")]

mod commands;
mod errors;
mod fixtures;
mod inbound;
mod manifest;
#[path = "../../../meta/tests/messaging/mod.rs"]
mod messaging;
mod recorded;
mod send;
mod support;
