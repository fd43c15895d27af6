//! The promises, tried on the real binary: a process of its own per test, a
//! database and queues of its own, and a platform that answers over real HTTP.
//!
//! To add a test: a module here, and `on_every_size!` around the test.

#[cfg(test)]
mod support;

#[cfg(test)]
mod crash;
#[cfg(test)]
mod inbound;
#[cfg(test)]
mod load;
#[cfg(test)]
mod misbehave;
#[cfg(test)]
mod nodes;
#[cfg(test)]
mod outage;
#[cfg(test)]
mod panic;
#[cfg(test)]
mod rest;
#[cfg(test)]
mod sending;
#[cfg(test)]
mod tenants;
