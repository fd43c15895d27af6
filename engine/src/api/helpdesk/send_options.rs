//! `/orgs/{orgId}/tickets/{ticketId}/send-options`: may I send, what, and how soon?

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use patchbay_domain::{
    ChannelId, TicketId,
    sending::{ChannelStatus, Kind, Refusal, Window},
};
use patchbay_store::templates::Template;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::{Error, Id};
use crate::{
    api::{description::Described, endpoint::get},
    app::App,
    auth::Principal,
    service::sending::{self, Options},
};

pub fn endpoints() -> Vec<Described> {
    vec![
        get("/{organisation}/tickets/{id}/send-options", show)
            .does("What may be sent on a ticket, and how soon")
            .answers::<Answer>(),
    ]
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SendOptions")]
struct Answer {
    ticket_id: TicketId,
    /// Whether a free-form text may be sent now.
    can_send: bool,
    /// Everybody can read what is sent.
    is_public: bool,
    /// Why it would be refused, as it would be told.
    refusal: Option<Reason>,
    window: WindowAnswer,
    kinds: Vec<KindAnswer>,
    templates: Vec<TemplateAnswer>,
    expected_wait_ms: i64,
    queued: u32,
    channel: ChannelAnswer,
}

#[derive(Serialize, JsonSchema)]
struct Reason {
    code: &'static str,
    message: String,
}

impl From<Refusal> for Reason {
    fn from(refusal: Refusal) -> Self {
        Self { code: refusal.code(), message: refusal.to_string() }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SendingWindow")]
struct WindowAnswer {
    open: bool,
    /// Absent where the platform knows no window, or the contact never wrote.
    until: Option<DateTime<Utc>>,
}

impl WindowAnswer {
    fn of(window: Window, now: DateTime<Utc>) -> Self {
        match window {
            Window::Always => Self { open: true, until: None },
            Window::Until(until) => Self { open: now < until, until: Some(until) },
            Window::Closed => Self { open: false, until: None },
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SendingKind")]
struct KindAnswer {
    kind: &'static str,
    allowed: bool,
    refusal: Option<Reason>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SendingTemplate")]
struct TemplateAnswer {
    id: Uuid,
    name: String,
    language: String,
    category: String,
    components: Value,
}

impl From<Template> for TemplateAnswer {
    fn from(template: Template) -> Self {
        let Template { id, name, language, category, components } = template;
        Self { id, name, language, category, components }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SendingChannel")]
struct ChannelAnswer {
    id: ChannelId,
    name: String,
    #[serde(rename = "type")]
    kind: String,
    healthy: bool,
    status: ChannelStatus,
    status_reason: Option<String>,
}

async fn show(app: web::Data<App>, principal: Principal, path: web::Path<Id<TicketId>>) -> Result<HttpResponse, Error> {
    let Options { options, templates, expected_wait, queued, channel, asked_at } =
        sending::options(&app, &principal, path.id).await?;
    let text = options.of(Kind::Text);
    let kinds = options.kinds.iter().map(|(kind, may)| KindAnswer {
        kind: kind.word(),
        allowed: may.is_ok(),
        refusal: may.err().map(Reason::from),
    });
    let row = &channel.row;
    Ok(HttpResponse::Ok().json(Answer {
        ticket_id: path.id,
        can_send: text.is_ok(),
        is_public: channel.manifest().is_public(),
        refusal: text.err().map(Reason::from),
        window: WindowAnswer::of(options.window, asked_at),
        kinds: kinds.collect(),
        templates: templates.into_iter().map(TemplateAnswer::from).collect(),
        expected_wait_ms: expected_wait.num_milliseconds(),
        queued,
        channel: ChannelAnswer {
            id: row.id,
            name: row.name.clone(),
            kind: row.channel_type.clone(),
            healthy: row.status == ChannelStatus::Active,
            status: row.status,
            status_reason: row.status_reason.clone(),
        },
    }))
}
