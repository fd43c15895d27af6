//! The promises, tried on the real binary: a process of its own per test, a
//! database and queues of its own, and a platform that answers over real HTTP.
//!
//! To add a test: a module here, and `on_every_size!` around the test.

mod support;

mod crash;
mod inbound;
mod load;
mod misbehave;
mod nodes;
mod outage;
mod panic;
mod rest;
mod sending;
mod tenants;
