//! Dead letters: what could not be read, looked at and given another try.
//!
//! A letter is published again under a new identifier and marked afterwards, so that an interruption between the two
//! replays it once more; what of it is stored already is recognised by the platform's identifiers.

use patchbay_domain::{DeadLetterId, WebhookId, platform::Event};
use patchbay_store::{
    dead_letters::{DeadLetter, DeadLetterFilter, Reach as Stored, Summary},
    tickets::Page,
};
use serde_json::json;

use super::{
    ServiceError,
    audit::{Action, Entity},
    page::{Listed, Part},
};
use crate::{
    app::App,
    auth::{Admin, Origin},
    bus::{Direction, Publication},
    ingress::envelope::{Inbound, InboundV1},
};

/// So many are replayed by one call; the next call goes on.
pub const AT_ONCE: u32 = 500;
/// So many are tried by one dry run, which has each read by its connector.
pub const TRIED_AT_ONCE: u32 = 50;

/// On whose behalf: an administrator reaches the letters of the organisation, an operator all.
pub enum Reach {
    Organisation(Box<Admin>),
    /// Whoever that is: only where they are is known.
    Operator(Origin),
}

impl Reach {
    fn stored(&self) -> Stored {
        match self {
            Self::Organisation(admin) => Stored::Organisation(admin.organisation_id),
            Self::Operator(_) => Stored::Everybody,
        }
    }
}

/// Which letters.
pub enum Which {
    These(Vec<DeadLetterId>),
    /// Those that were never replayed, the oldest first.
    Waiting(DeadLetterFilter),
}

pub struct Replayed {
    pub replayed: Vec<DeadLetterId>,
    pub refused: Vec<(DeadLetterId, String)>,
    /// How many of those that were meant wait still.
    pub remaining: u64,
}

/// What a replay of one letter would do.
pub struct Forecast {
    pub id: DeadLetterId,
    pub outcome: Result<Vec<Effect>, String>,
}

/// What follows from one thing that the letter says.
pub struct Effect {
    pub event: &'static str,
    /// The platform's identifier.
    pub external_id: Option<String>,
    /// It is stored already: a replay leaves it as it is.
    pub known: bool,
}

/// The newest first.
pub async fn list(
    app: &App,
    reach: &Reach,
    filter: &DeadLetterFilter,
    part: Part<DeadLetterId>,
) -> Result<Listed<Summary>, ServiceError> {
    let page = Page { limit: part.limit(), offset: part.offset(), after: part.after() };
    // Counted first: a letter that comes in between is shown without being counted, never counted without being shown.
    let total = app.store.count_dead_letters(reach.stored(), filter).await?;
    let items = app.store.find_dead_letters(reach.stored(), filter, page).await?;
    Ok(Listed::of(items, total, part.limit(), |last| last.id))
}

pub async fn get(app: &App, reach: &Reach, id: DeadLetterId) -> Result<DeadLetter, ServiceError> {
    app.store.find_dead_letter(reach.stored(), id).await?.ok_or(ServiceError::NotFound("dead letter"))
}

/// The webhook that a letter keeps.
pub fn webhook(letter: &DeadLetter) -> Option<InboundV1> {
    match inbound(letter)? {
        Inbound::V1(webhook) => Some(webhook),
        Inbound::PolledV1(_) => None,
    }
}

/// What a letter keeps that arrived, by a webhook or by asking for it.
fn inbound(letter: &DeadLetter) -> Option<Inbound> {
    match letter.direction {
        Direction::Inbound => serde_json::from_str(&letter.payload).ok(),
        Direction::Outbound => None,
    }
}

pub async fn replay(app: &App, reach: &Reach, which: Which) -> Result<Replayed, ServiceError> {
    let mut answer = Replayed { replayed: Vec::new(), refused: Vec::new(), remaining: 0 };
    for id in chosen(app, reach, &which, AT_ONCE).await? {
        let letter = get(app, reach, id).await?;
        match publication(&letter, app) {
            Ok(publication) => {
                app.bus.publish(Direction::Inbound, publication).await.map_err(|error| {
                    tracing::warn!(%error, "a dead letter could not be replayed");
                    ServiceError::unavailable()
                })?;
                mark(app, reach, &letter).await?;
                answer.replayed.push(id);
            }
            Err(reason) => answer.refused.push((id, reason)),
        }
    }
    if let Which::Waiting(filter) = which {
        answer.remaining = app.store.count_dead_letters(reach.stored(), &waiting(filter)).await?;
    }
    Ok(answer)
}

/// What a replay would do, without doing it.
pub async fn forecast(app: &App, reach: &Reach, which: Which) -> Result<Vec<Forecast>, ServiceError> {
    let mut forecasts = Vec::new();
    for id in chosen(app, reach, &which, TRIED_AT_ONCE).await? {
        let letter = get(app, reach, id).await?;
        forecasts.push(Forecast { id, outcome: foresee(app, &letter).await? });
    }
    Ok(forecasts)
}

async fn chosen(app: &App, reach: &Reach, which: &Which, most: u32) -> Result<Vec<DeadLetterId>, ServiceError> {
    match which {
        Which::These(ids) if ids.len() > most as usize => {
            Err(ServiceError::invalid("ids", format!("must be at most {most} at once")))
        }
        Which::These(ids) => {
            // One of another organisation is none: nothing is replayed then.
            for id in ids {
                get(app, reach, *id).await?;
            }
            Ok(ids.clone())
        }
        Which::Waiting(filter) => Ok(app.store.oldest_dead_letters(reach.stored(), &waiting(*filter), most).await?),
    }
}

fn waiting(filter: DeadLetterFilter) -> DeadLetterFilter {
    DeadLetterFilter { replayed: Some(false), ..filter }
}

fn publication(letter: &DeadLetter, app: &App) -> Result<Publication, String> {
    let envelope = inbound(letter)
        .ok_or_else(|| "it does not hold a webhook; what was to be sent is sent again from its message".to_owned())?;
    // Another failure is another letter.
    let id = WebhookId::at((app.clock)());
    let payload = serde_json::to_string(&envelope.again(id)).map_err(|error| error.to_string())?;
    Ok(Publication { channel_id: letter.channel_id, key: id.uuid(), payload })
}

async fn mark(app: &App, reach: &Reach, letter: &DeadLetter) -> Result<(), ServiceError> {
    let now = (app.clock)();
    let (action, entity) = (Action::Update, Entity::DeadLetter);
    let audit = match reach {
        Reach::Organisation(admin) => admin.did(action, entity, letter.id),
        Reach::Operator(origin) => origin.operated(letter.organisation_id, action, entity, letter.id),
    };
    let audit = audit.with_change(json!({"replayedAt": letter.replayed_at}), json!({"replayedAt": now}));
    app.store.mark_replayed(letter.organisation_id, letter.id, Some(&audit), now).await?;
    Ok(())
}

async fn foresee(app: &App, letter: &DeadLetter) -> Result<Result<Vec<Effect>, String>, ServiceError> {
    let Some(envelope) = inbound(letter) else { return Ok(Err("it does not hold a webhook".to_owned())) };
    let channel = match app.channels.get(letter.channel_id).await {
        Ok(channel) => channel,
        Err(error) if error.is_retryable() => return Err(error.into()),
        Err(error) => return Ok(Err(error.to_string())),
    };
    let events = match envelope {
        Inbound::PolledV1(fetched) => fetched.events,
        Inbound::V1(InboundV1 { webhook, .. }) => {
            match channel.plugin.instantiate().parse(&channel.view, &webhook).await {
                Ok(Ok(events)) => events,
                Ok(Err(reason)) => return Ok(Err(reason)),
                Err(error) => return Ok(Err(format!("the connector failed: {error}"))),
            }
        }
    };
    let messages = events.iter().filter(|event| matches!(event, Event::Message(_)));
    let ids: Vec<&str> = messages.filter_map(Event::message_id).collect();
    let known = app.store.known_external_ids(letter.channel_id, &ids).await?;
    let effects = events.iter().map(|event| Effect {
        event: event.kind(),
        external_id: event.message_id().map(str::to_owned),
        known: matches!(event, Event::Message(_)) && event.message_id().is_some_and(|id| known.contains(id)),
    });
    Ok(Ok(effects.collect()))
}
