//! The connector for X against recorded and composed payloads, natively.
#![expect(clippy::panic, clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]
#![expect(clippy::unnecessary_wraps, reason = "answers as the engine hands them over")]
#![expect(clippy::needless_pass_by_value, reason = "JSON made for one call")]

mod accept;
mod chats;
mod commands;
mod contents;
mod errors;
mod files;
mod fixtures;
mod lost;
mod manifest;
mod messages;
mod poll;
mod recorded;
mod robust;
mod send;
mod support;
mod webhook;
