//! The helpdesk dialect: `/auth`, `/orgs` and `/webhook`, bare values, errors
//! as `{statusCode, message, error}`.
//!
//! A section is a file with `endpoints()`, the serde types of its bodies and
//! answers, and handlers that take a request apart, call one service and put the
//! answer together; `endpoints()` also says what each is for, in the words of
//! `api::description`. To add one: imitate `tickets.rs` and name it in [`scopes`].

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
mod ticket_answers;
mod tickets;
mod timeline;
mod users;
mod webhooks;
mod words;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use error::{Error, SHAPE, problem_schema};

use super::description::{Described, part};

/// The thing that a path names. Its organisation is checked before a handler is called.
#[derive(Deserialize)]
struct Id<T> {
    id: T,
}

/// It is done, and there is nothing to show of it.
#[derive(Serialize, JsonSchema)]
struct Success {
    success: bool,
}

impl Success {
    const fn new() -> Self {
        Self { success: true }
    }
}

/// Each first segment of a path and what is below it.
pub fn scopes() -> Vec<(&'static str, Vec<Described>)> {
    let organisation = [
        ("users", users::endpoints()),
        ("analytics", analytics::endpoints()),
        ("campaigns", campaign_recipients::endpoints()),
        ("campaigns", campaigns::endpoints()),
        ("macros", macros::endpoints()),
        ("organisation", organisations::endpoints()),
        ("channels", channels::endpoints()),
        ("tickets", tickets::endpoints()),
        ("messages", messages::endpoints()),
        ("messages", timeline::endpoints()),
        ("messages", send_options::endpoints()),
        ("customers", customers::endpoints()),
        ("notifications", notifications::endpoints()),
        ("audit logs", audits::endpoints()),
    ];
    vec![
        ("/webhook", webhooks::endpoints()),
        ("/auth", auth::endpoints()),
        ("/orgs", organisation.into_iter().flat_map(|(name, endpoints)| part(name, endpoints)).collect()),
    ]
}
