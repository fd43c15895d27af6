//! What is told of dead letters.

use chrono::{DateTime, Utc};
use patchbay_domain::{ChannelId, DeadLetterId, OrganisationId, platform::Header};
use patchbay_store::dead_letters::{DeadLetter, Summary};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    bus::Direction,
    service::dead_letters::{self, Effect, Forecast},
};

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DeadLetters")]
pub struct Listed {
    pub dead_letters: Vec<Line>,
    pub total: u64,
    pub next_cursor: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DeadLetter")]
pub struct Line {
    id: DeadLetterId,
    organisation_id: OrganisationId,
    channel_id: ChannelId,
    #[schemars(with = "String")]
    direction: Direction,
    reason: String,
    bytes: u64,
    created_at: DateTime<Utc>,
    replayed_at: Option<DateTime<Utc>>,
}

impl From<Summary> for Line {
    fn from(summary: Summary) -> Self {
        let Summary { id, organisation_id, channel_id, direction, reason, bytes, created_at, replayed_at } = summary;
        Self { id, organisation_id, channel_id, direction, reason, bytes, created_at, replayed_at }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "InspectedDeadLetter")]
pub struct Inspected {
    id: DeadLetterId,
    organisation_id: OrganisationId,
    channel_id: ChannelId,
    #[schemars(with = "String")]
    direction: Direction,
    reason: String,
    created_at: DateTime<Utc>,
    replayed_at: Option<DateTime<Utc>>,
    webhook: Option<Webhook>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Webhook {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    received_at: DateTime<Utc>,
    /// As text; bytes that are none are replaced.
    body: String,
}

/// Headers that prove nothing.
const HARMLESS: [&str; 3] = ["content-type", "content-length", "user-agent"];
const MASK: &str = "********";

impl From<DeadLetter> for Inspected {
    fn from(letter: DeadLetter) -> Self {
        let webhook = dead_letters::webhook(&letter).map(|envelope| {
            let webhook = envelope.webhook;
            let shown = |Header { name, value }: Header| {
                let harmless = HARMLESS.iter().any(|known| name.eq_ignore_ascii_case(known));
                (name, if harmless { value } else { MASK.to_owned() })
            };
            Webhook {
                path: url::Url::parse(&webhook.url).map(|url| url.path().to_owned()).unwrap_or_default(),
                method: webhook.method,
                headers: webhook.headers.into_iter().map(shown).collect(),
                received_at: webhook.received_at,
                body: String::from_utf8_lossy(&webhook.body).into_owned(),
            }
        });
        let DeadLetter { id, organisation_id, channel_id, direction, reason, created_at, replayed_at, .. } = letter;
        Self { id, organisation_id, channel_id, direction, reason, created_at, replayed_at, webhook }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "ReplayAnswer")]
pub enum Answer {
    Done(Done),
    Foreseen(Outlook),
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Outlook {
    pub dry_run: bool,
    pub dead_letters: Vec<Foreseen>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Replayed")]
pub struct Done {
    pub replayed: Vec<DeadLetterId>,
    pub refused: Vec<Refused>,
    /// Of the time that was asked for: to be replayed by the next call.
    pub remaining: u64,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RefusedReplay")]
pub struct Refused {
    pub id: DeadLetterId,
    pub reason: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ForeseenReplay")]
pub struct Foreseen {
    id: DeadLetterId,
    /// Why it would become a dead letter again.
    refused: Option<String>,
    effects: Vec<EffectAnswer>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ForeseenEffect")]
struct EffectAnswer {
    event: &'static str,
    external_id: Option<String>,
    already_stored: bool,
}

impl From<Forecast> for Foreseen {
    fn from(forecast: Forecast) -> Self {
        let Forecast { id, outcome } = forecast;
        let (effects, refused) = match outcome {
            Ok(effects) => (effects, None),
            Err(reason) => (Vec::new(), Some(reason)),
        };
        let effects = effects.into_iter().map(|Effect { event, external_id, known }| EffectAnswer {
            event,
            external_id,
            already_stored: known,
        });
        Self { id, refused, effects: effects.collect() }
    }
}
