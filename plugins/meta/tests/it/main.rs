//! What Graph connectors share, natively.
#![expect(clippy::panic, clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]
#![expect(clippy::needless_pass_by_value, reason = "JSON made for one call")]

mod errors;
mod graph;
mod reading;
mod sending;
mod webhook;
