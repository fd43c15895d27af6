//! The inbox dialect: `/api/v1` and `/ws/conversations`, answers as
//! `{success, data}`, errors as `{success, message, error: {code, details?}}`.
//!
//! A section is a file with `endpoints()`, the serde types of its bodies and
//! answers, and handlers that take a request apart, call one service and put the
//! answer together. To add one: imitate `contacts.rs` and name it in [`scopes`].

mod contacts;
mod conversations;
mod error;
mod frames;
mod letters;
mod manual_actions;
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
use serde::{Deserialize, Serialize};
use serde_json::json;

pub use error::{Error, SHAPE};

use super::endpoint::Endpoint;

/// The thing that a path names.
#[derive(Deserialize)]
struct Id<T> {
    id: T,
}

/// Each first segment of a path and what is below it.
pub fn scopes() -> Vec<(&'static str, Vec<Endpoint>)> {
    let sections = [
        webhooks::endpoints(),
        socket::endpoints("/ws/conversations"),
        users::endpoints(),
        updates::endpoints(),
        manual_actions::endpoints(),
        conversations::endpoints(),
        messages::endpoints(),
        letters::endpoints(),
        scheduled::endpoints(),
        contacts::endpoints(),
    ];
    vec![("/api/v1", sections.into_iter().flatten().collect()), ("/ws", socket::endpoints("/conversations"))]
}

/// An answer in this dialect's envelope.
fn answer(status: StatusCode, data: impl Serialize) -> HttpResponse {
    HttpResponse::build(status).json(json!({"success": true, "data": data}))
}

fn ok(data: impl Serialize) -> HttpResponse {
    answer(StatusCode::OK, data)
}

/// Something was made.
fn made(data: impl Serialize) -> HttpResponse {
    answer(StatusCode::CREATED, data)
}

/// Something was done of which nothing is left to show.
fn done(message: &str) -> HttpResponse {
    ok(json!({"message": message}))
}
