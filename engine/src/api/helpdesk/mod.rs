//! The helpdesk dialect: `/auth`, `/orgs` and `/webhook`, bare values, errors
//! as `{statusCode, message, error}`.
//!
//! A section is a file with `endpoints()`, the serde types of its bodies and
//! answers, and handlers that take a request apart, call one service and put the
//! answer together. To add one: imitate `tickets.rs` and name it in [`scopes`].

mod auth;
mod channels;
mod error;
mod messages;
mod organisations;
mod page;
mod tickets;
mod users;
mod webhooks;
mod words;

use serde::Deserialize;

pub use error::{Error, SHAPE};

use super::endpoint::Endpoint;

/// The thing that a path names. Its organisation is checked before a handler is called.
#[derive(Deserialize)]
struct Id<T> {
    id: T,
}

/// Each first segment of a path and what is below it.
pub fn scopes() -> Vec<(&'static str, Vec<Endpoint>)> {
    let organisation = [
        users::endpoints(),
        organisations::endpoints(),
        channels::endpoints(),
        tickets::endpoints(),
        messages::endpoints(),
    ];
    vec![
        ("/webhook", webhooks::endpoints()),
        ("/auth", auth::endpoints()),
        ("/orgs", organisation.into_iter().flatten().collect()),
    ]
}
