//! The inbox dialect: `/api/v1` and `/ws/conversations`, answers as
//! `{success, data}`, errors as `{success, message, error: {code, details?}}`.
//!
//! A section is a file with `endpoints()`, the serde types of its bodies and
//! answers, and handlers that take a request apart, call one service and put the
//! answer together; `endpoints()` also says what each is for, in the words of
//! `api::description`. To add one: imitate `contacts.rs` and name it in [`scopes`].

mod campaigns;
mod contact_bodies;
mod contacts;
mod conversations;
mod error;
mod frames;
mod letter_body;
mod letters;
mod manual_actions;
mod message_view;
mod messages;
mod page;
mod query;
mod scheduled;
mod socket;
mod updates;
mod users;
mod views;
mod webhooks;

use actix_web::{HttpResponse, http::StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use error::{CURSOR_TOO_OLD, Error, SHAPE, problem_schema};

use super::description::{Described, part};

/// The thing that a path names.
#[derive(Deserialize)]
struct Id<T> {
    id: T,
}

/// Each first segment of a path and what is below it.
pub fn scopes() -> Vec<(&'static str, Vec<Described>)> {
    let sections = [
        ("webhooks", webhooks::endpoints()),
        ("updates", socket::endpoints("/ws/conversations")),
        ("users", users::endpoints()),
        ("updates", updates::endpoints()),
        ("manual actions", manual_actions::endpoints()),
        ("conversations", conversations::endpoints()),
        ("messages", messages::endpoints()),
        ("messages", letters::endpoints()),
        ("messages", scheduled::endpoints()),
        ("contacts", contacts::endpoints()),
    ];
    let sections = sections.into_iter().flat_map(|(name, endpoints)| part(name, endpoints));
    vec![("/api/v1", sections.collect()), ("/ws", part("updates", socket::endpoints("/conversations")).collect())]
}

/// An answer in this dialect's envelope.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct Answer<T> {
    success: bool,
    data: T,
}

/// Something was done of which nothing is left to show.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "InboxDone")]
struct Done {
    message: &'static str,
}

fn answer(status: StatusCode, data: impl Serialize) -> HttpResponse {
    HttpResponse::build(status).json(Answer { success: true, data })
}

fn ok(data: impl Serialize) -> HttpResponse {
    answer(StatusCode::OK, data)
}

/// Something was made.
fn made(data: impl Serialize) -> HttpResponse {
    answer(StatusCode::CREATED, data)
}

fn done(message: &'static str) -> HttpResponse {
    ok(Done { message })
}
