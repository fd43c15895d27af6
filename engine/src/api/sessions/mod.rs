//! The sessions dialect, below `/api` beside business: answers as `{success, data}`, errors as `{error, message}`.
//! Logging in and who one is are at the door ([`super::door`]).
//!
//! A section is a file with `endpoints()`, the serde types of its bodies and answers, and handlers that take a request
//! apart, call one service and put the answer together. To add one: imitate `teams.rs` and name it in [`endpoints`].

mod answer;
mod assignments;
pub(super) mod auth;
mod chats;
mod error;
mod linking;
mod messages;
mod names;
mod page;
mod rows;
mod team_answers;
mod teams;
mod users;
mod webhooks;
mod words;

use serde::Deserialize;

pub use error::{Error, SHAPE, body, problem_schema};

use super::description::{Described, part, shaped};

/// The thing that a path names.
#[derive(Deserialize)]
struct Id<T> {
    id: T,
}

pub fn endpoints() -> Vec<Described> {
    let sections = [
        ("login", auth::endpoints()),
        ("users", users::endpoints()),
        ("teams", teams::endpoints()),
        ("sessions", rows::endpoints()),
        ("sessions", linking::endpoints()),
        ("assignments", assignments::endpoints()),
        ("messages", chats::endpoints()),
        ("messages", messages::endpoints()),
        ("webhooks", webhooks::endpoints()),
    ];
    shaped(SHAPE, sections.into_iter().flat_map(|(name, endpoints)| part(name, endpoints))).collect()
}
