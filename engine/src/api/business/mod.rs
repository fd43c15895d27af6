//! The business dialect, below `/api` beside sessions: answers as `{success, data: X, ...X}` (its document's clients read `data`, its front
//! end reads beside it), errors as `{success, message, error, code}` with both texts for people.
//!
//! A section is a file with `endpoints()`, the serde types of its bodies and
//! answers, and handlers that take a request apart, call one service and put the
//! answer together; `endpoints()` also says what each is for, in the words of
//! `api::description`. To add one: imitate `conversations.rs` and name it in [`endpoints`].

mod analytics;
pub mod auth;
mod contact_bodies;
mod contact_errors;
mod contact_export;
mod contact_import;
mod contacts;
mod conversations;
mod csv_reader;
mod error;
mod health;
mod media;
pub mod message_view;
mod messages;
mod page;
mod send_body;
mod send_kinds;
mod settings;
mod settings_body;
mod template_bodies;
mod template_view;
mod templates;
pub mod views;
mod webhook;
pub mod words;

use actix_web::{HttpResponse, http::StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use error::{Error, SHAPE, problem_schema};

use super::description::{Described, part, shaped};

/// The thing that a path names.
#[derive(Deserialize)]
struct Id<T> {
    id: T,
}

/// A scope of its own, before that of files, which is not of this dialect.
pub fn uploads() -> (&'static str, Vec<Described>) {
    ("/api/media/upload", part("media", media::endpoints()).collect())
}

pub fn endpoints() -> Vec<Described> {
    let sections = [
        ("authentication", auth::endpoints()),
        ("messages", messages::endpoints()),
        ("conversations", conversations::endpoints()),
        ("templates", templates::endpoints()),
        ("analytics", analytics::endpoints()),
        ("settings", settings::endpoints()),
        ("contacts", contact_export::endpoints()),
        ("contacts", contact_import::endpoints()),
        ("contacts", contacts::endpoints()),
        ("webhook", webhook::endpoints()),
        ("health", health::endpoints()),
    ];
    shaped(SHAPE, sections.into_iter().flat_map(|(name, endpoints)| part(name, endpoints))).collect()
}

/// An answer in this dialect's envelope.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct Enveloped<'a, T> {
    success: bool,
    data: &'a T,
    #[serde(flatten)]
    flat: &'a T,
}

/// As documents describe it.
type Answer<T> = Enveloped<'static, T>;

fn answer<T: Serialize>(status: StatusCode, data: &T) -> HttpResponse {
    HttpResponse::build(status).json(Enveloped { success: true, data, flat: data })
}

fn ok<T: Serialize>(data: &T) -> HttpResponse {
    answer(StatusCode::OK, data)
}

/// Something was made.
fn made<T: Serialize>(data: &T) -> HttpResponse {
    answer(StatusCode::CREATED, data)
}

/// It is done, and there is nothing to show of it.
#[derive(Serialize, JsonSchema)]
struct Done {
    message: &'static str,
}

fn done(message: &'static str) -> HttpResponse {
    ok(&Done { message })
}
