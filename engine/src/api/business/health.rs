//! `/health`: whether this process can do its work, for whoever watches it.

use actix_web::{HttpResponse, http::StatusCode, web};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Answer, answer};
use crate::{
    api::{
        description::Described,
        door::{self, shared},
        endpoint::get,
        ops::ready::{self, Report},
    },
    app::App,
};

pub fn endpoints() -> Vec<Described> {
    vec![
        shared(
            get("/health", door::health)
                .machine()
                .does("Is it well?")
                .answers::<door::Health>()
                .answers_with::<door::Health>(503),
        ),
        get("/health/ready", show)
            .machine()
            .does("Can it do its work?")
            .answers::<Answer<Health>>()
            .answers_with::<Answer<Health>>(503),
        get("/health/live", live).machine().does("Is the process up?").answers::<Answer<Live>>(),
    ]
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ReadyHealth")]
struct Health {
    status: &'static str,
    timestamp: DateTime<Utc>,
    /// Seconds.
    uptime: i64,
    environment: &'static str,
    services: Report,
}

#[derive(Serialize, JsonSchema)]
struct Live {
    status: &'static str,
    timestamp: DateTime<Utc>,
}

async fn show(app: web::Data<App>) -> HttpResponse {
    let (services, timestamp) = (ready::report(&app).await, (app.clock)());
    let is_ready = services.is_ready();
    let health = Health {
        status: if is_ready { "ok" } else { "degraded" },
        timestamp,
        uptime: (timestamp - app.started_at).num_seconds().max(0),
        environment: "production",
        services,
    };
    answer(if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, &health)
}

async fn live(app: web::Data<App>) -> HttpResponse {
    super::ok(&Live { status: "ok", timestamp: (app.clock)() })
}
