//! The WAHA connector against recorded and composed payloads, natively.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the helpers of tests fail as tests do"
)]
#![expect(clippy::needless_pass_by_value, reason = "JSON made for one call")]

mod accept;
mod answers;
mod changes;
mod codes;
mod contents;
mod cursors;
mod errors;
mod fixtures;
mod manifest;
mod media;
mod messages;
mod poll;
mod profiles;
mod recorded;
mod registration;
mod robust;
mod send;
mod sessions;
mod support;
mod touch;
