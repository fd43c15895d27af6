//! The WhatsApp connector against recorded and composed payloads, natively.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the helpers of tests fail as tests do"
)]
#![expect(clippy::needless_pass_by_value, reason = "JSON made for one call")]

mod accept;
mod choices;
mod commands;
mod echoes;
mod errors;
mod fixtures;
mod inbound;
mod manifest;
mod media;
mod recorded;
#[path = "../../../meta/tests/messaging/robust.rs"]
mod robust;
mod routing;
mod send;
mod statuses;
mod support;
mod templates;
