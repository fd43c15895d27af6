//! The store on both databases. Every test runs on each: a SQLite file and a
//! PostgreSQL database of its own, deleted afterwards.
//!
//! The crate `patchbay-test-database` says where that is. To add a test, write an
//! `async fn` that takes a `Fixture` and name it in its file's `on_both!`.

#[cfg(test)]
mod support;

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod analytics;
#[cfg(test)]
mod business;
#[cfg(test)]
mod campaigns;
#[cfg(test)]
mod channels;
#[cfg(test)]
mod chats;
#[cfg(test)]
mod commits;
#[cfg(test)]
mod conversations;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod listing;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod parked;
#[cfg(test)]
mod questions;
#[cfg(test)]
mod receipts;
#[cfg(test)]
mod references;
#[cfg(test)]
mod registration;
#[cfg(test)]
mod renewal;
#[cfg(test)]
mod retention;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod search;
#[cfg(test)]
mod sending;
#[cfg(test)]
mod settling;
#[cfg(test)]
mod statuses;
#[cfg(test)]
mod teams;
#[cfg(test)]
mod upkeep;
#[cfg(test)]
mod wanted;
