//! This dialect's envelope.

use actix_web::{HttpResponse, http::StatusCode};
use schemars::JsonSchema;
use serde::Serialize;

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Data<T> {
    success: bool,
    data: T,
}

/// A part of a list. How many there are in all, where they are counted, and where to go on stands beside it.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Many<T> {
    pub success: bool,
    pub data: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// What to ask for next, as `cursor`; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Something was done of which nothing is left to show.
#[derive(Serialize, JsonSchema)]
pub struct Done {
    success: bool,
    message: &'static str,
}

pub fn ok(data: impl Serialize) -> HttpResponse {
    answer(StatusCode::OK, data)
}

/// Something was made.
pub fn made(data: impl Serialize) -> HttpResponse {
    answer(StatusCode::CREATED, data)
}

fn answer<T: Serialize>(status: StatusCode, data: T) -> HttpResponse {
    HttpResponse::build(status).json(Data { success: true, data })
}

pub fn done(message: &'static str) -> HttpResponse {
    HttpResponse::Ok().json(Done { success: true, message })
}
