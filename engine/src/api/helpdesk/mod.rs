//! The helpdesk dialect: `/auth`, `/orgs` and `/webhook`, bare values, errors
//! as `{statusCode, message, error}`.
//!
//! A section is a file with `endpoints()`, the serde types of its bodies and
//! answers, and handlers that take a request apart, call one service and put the
//! answer together. To add one: imitate `tickets.rs` and name it in [`scopes`].

mod analytics;
mod audits;
mod auth;
mod campaign_answers;
mod campaign_recipients;
mod campaigns;
mod channels;
mod customers;
mod error;
mod list_reader;
mod macros;
mod messages;
mod notifications;
mod organisations;
pub(super) mod page;
mod send_options;
mod tickets;
mod timeline;
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
        analytics::endpoints(),
        campaign_recipients::endpoints(),
        campaigns::endpoints(),
        macros::endpoints(),
        organisations::endpoints(),
        channels::endpoints(),
        tickets::endpoints(),
        messages::endpoints(),
        timeline::endpoints(),
        send_options::endpoints(),
        customers::endpoints(),
        notifications::endpoints(),
        audits::endpoints(),
    ];
    vec![
        ("/webhook", webhooks::endpoints()),
        ("/auth", auth::endpoints()),
        ("/orgs", organisation.into_iter().flatten().collect()),
    ]
}
