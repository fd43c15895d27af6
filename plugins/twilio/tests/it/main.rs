//! The Twilio connector against recorded and composed payloads, natively.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the helpers of tests fail as tests do"
)]

mod accept;
mod commands;
mod errors;
mod fixtures;
mod inbound;
mod manifest;
mod media;
mod recorded;
mod robust;
mod send;
mod statuses;
mod support;
mod templates;
