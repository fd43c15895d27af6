//! The SendGrid connector against recorded and composed payloads, natively.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the helpers of tests fail as tests do"
)]
#![expect(clippy::needless_pass_by_value, reason = "JSON made for one call")]

mod accept;
mod errors;
mod events;
mod fixtures;
mod mails;
mod manifest;
mod raw;
mod recorded;
mod robust;
mod send;
mod support;
mod threads;
