//! Connectors that misbehave, files that change, and requests over real HTTP.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what the tests share may take the short way to a failure, as the tests do"
)]

mod bodies;
mod calls;
mod egress;
mod files;
mod fixtures;
mod guest;
mod javascript;
mod loading;
mod platform;
mod redacting;
mod redirects;
mod shown;
mod signed;
mod world;
