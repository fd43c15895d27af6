//! `/orgs/{orgId}/tickets/{ticketId}/messages/{messageId}/timeline`: what happened to one message.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use patchbay_domain::{
    MessageId, TicketId, WebhookId,
    delivery::MessageState,
    message::{Direction, Message},
};
use patchbay_store::{
    messages::MessageView,
    timeline::{Attempt, Received, Repeats, Traces},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Error, words::DirectionWord};
use crate::{
    api::{description::Described, endpoint::get},
    app::App,
    auth::Principal,
    service::sending,
};

pub fn endpoints() -> Vec<Described> {
    vec![
        get("/{organisation}/tickets/{id}/messages/{message}/timeline", show)
            .does("What happened to a message")
            .answers::<Timeline>(),
    ]
}

#[derive(Deserialize)]
struct Place {
    id: TicketId,
    message: MessageId,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Timeline {
    message_id: MessageId,
    direction: DirectionWord,
    status: MessageState,
    external_message_id: Option<String>,
    /// The earliest first.
    events: Vec<Event>,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "TimelineEvent")]
struct Event {
    at: DateTime<Utc>,
    #[serde(flatten)]
    what: What,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
#[schemars(rename = "TimelineWhat")]
enum What {
    WebhookReceived {
        webhook_id: WebhookId,
    },
    WebhookParsed,
    Stored,
    /// The platform delivered it again, for the last time then.
    DuplicateRecognised {
        times: u64,
        first_at: DateTime<Utc>,
    },
    Queued,
    Scheduled {
        until: DateTime<Utc>,
    },
    /// For its turn, the channel's limits, or the time of the next try.
    Waited {
        milliseconds: i64,
    },
    AttemptStarted {
        attempt: u32,
    },
    AttemptEnded {
        attempt: u32,
        outcome: Option<String>,
        code: Option<String>,
        detail: Option<String>,
    },
    Sent,
    Delivered,
    Read,
    Failed {
        code: Option<String>,
        reason: String,
    },
    Cancelled,
}

/// A wait shorter than this is none.
const NOTICED_MS: i64 = 1;

fn events(view: &MessageView, traces: Traces) -> Vec<Event> {
    let message = &view.message;
    let mut events = match message.direction {
        Direction::Inbound => arrival(message, &traces),
        // What the business wrote elsewhere came in as well.
        Direction::Outbound if traces.received.is_some() => arrival(message, &traces),
        Direction::Outbound => departure(message, traces.attempts),
    };
    let times = [
        (message.times.sent_at, What::Sent),
        (message.times.delivered_at, What::Delivered),
        (message.times.read_at, What::Read),
    ];
    events.extend(times.into_iter().filter_map(|(at, what)| Some(Event { at: at?, what })));
    match (message.state, &message.failure) {
        (MessageState::Failed, failure) => {
            let code = failure.as_ref().and_then(|failure| failure.code.clone());
            let reason = failure.as_ref().map_or_else(String::new, |failure| failure.message.clone());
            events.push(Event { at: view.updated_at, what: What::Failed { code, reason } });
        }
        (MessageState::Cancelled, _) => events.push(Event { at: view.updated_at, what: What::Cancelled }),
        _ => {}
    }
    events.sort_by_key(|event| event.at);
    events
}

fn arrival(message: &Message, traces: &Traces) -> Vec<Event> {
    let mut events = Vec::new();
    if let Some(Received { webhook_id, received_at, parsed_at }) = traces.received {
        events.push(Event { at: received_at, what: What::WebhookReceived { webhook_id } });
        events.push(Event { at: parsed_at, what: What::WebhookParsed });
    }
    events.push(Event { at: message.created_at, what: What::Stored });
    if let Some(Repeats { times, first_at, last_at }) = traces.repeats {
        events.push(Event { at: last_at, what: What::DuplicateRecognised { times, first_at } });
    }
    events
}

fn departure(message: &Message, attempts: Vec<Attempt>) -> Vec<Event> {
    let mut events = vec![match message.scheduled_at {
        Some(until) => Event { at: message.created_at, what: What::Scheduled { until } },
        None => Event { at: message.created_at, what: What::Queued },
    }];
    let mut ready = message.scheduled_at.unwrap_or(message.created_at);
    for Attempt { number, started_at, ended_at, outcome, code, detail } in attempts {
        let milliseconds = (started_at - ready).num_milliseconds();
        if milliseconds >= NOTICED_MS {
            events.push(Event { at: started_at, what: What::Waited { milliseconds } });
        }
        events.push(Event { at: started_at, what: What::AttemptStarted { attempt: number } });
        if let Some(at) = ended_at {
            events.push(Event { at, what: What::AttemptEnded { attempt: number, outcome, code, detail } });
        }
        ready = ended_at.unwrap_or(started_at);
    }
    events
}

async fn show(app: web::Data<App>, principal: Principal, path: web::Path<Place>) -> Result<HttpResponse, Error> {
    let (view, traces) = sending::timeline(&app, &principal, path.id, path.message).await?;
    let events = events(&view, traces);
    let message = view.message;
    Ok(HttpResponse::Ok().json(Timeline {
        message_id: message.id,
        direction: message.direction.into(),
        status: message.state,
        external_message_id: message.external_id,
        events,
    }))
}
