//! From a stored webhook to what has to be done: ask the connector what it
//! says, and find the conversations it concerns. Runs on the pool, for one
//! channel one batch at a time, so that order is kept.

use std::{borrow::Cow, sync::Arc, time::Duration};

use patchbay_domain::{
    ConversationId, MessageId, conversation,
    platform::{DeliveryStatus, Event, Participant, SessionChange, TemplateStatus},
};
use patchbay_plugin_host::CallError;
use patchbay_store::{
    StoreError,
    conversations::{ChannelKey, Opening},
    dead_letters::NewDeadLetter,
    jobs::Direction,
    references::Reference,
};

use super::{
    Shared,
    arrival::{Arrival, Source},
    desk::{Desk, lock},
    echoes, profiles, whole,
};
use crate::{
    batch::survive,
    channels::{ActiveChannel, ChannelError},
    conversation::Input,
    ingress::envelope::{Inbound, InboundV1},
    retry,
};

/// A webhook that kills its session this often becomes a dead letter.
const MAX_TRIES: u32 = 3;
const BUSY_PAUSE: Duration = Duration::from_millis(100);

/// One thing that follows from a webhook.
pub enum Part {
    Conversation(ConversationId, Input),
    /// Of a message in a conversation that is not known.
    Overtaking(Reference<'static>),
    Status(DeliveryStatus),
    Session(SessionChange),
    Template(TemplateStatus),
}

#[cfg(feature = "failpoints")]
impl Part {
    /// For a test that makes one message of many fail.
    pub fn says(&self, text: &str) -> bool {
        matches!(self, Self::Conversation(_, Input::Message { message, .. }) if message.content.text.as_deref() == Some(text))
    }
}

/// A webhook and everything that follows from it, conversations found.
pub struct Parsed {
    pub arrival: Arc<Arrival>,
    pub parts: Vec<Part>,
}

/// Before its conversation is known.
pub(super) enum Found {
    Part(Part),
    /// Opens the conversation if there is none.
    Open(Box<Opening>, Input),
    /// Means nothing without the conversation.
    InThread(String, Input),
}

/// Reads webhooks, in order. What cannot be read is a dead letter and has no parts.
pub async fn read(shared: Arc<Shared>, desk: Arc<Desk>, arrivals: Vec<Arc<Arrival>>) -> Vec<Parsed> {
    let parsed = match read_alive(&shared, &desk, &arrivals).await {
        Ok(parsed) => parsed,
        Err(reason) => {
            tracing::warn!(channel.id = %desk.channel_id, reason, "webhooks could not be read together; one by one");
            let mut parsed = Vec::with_capacity(arrivals.len());
            for arrival in arrivals {
                parsed.push(read_alone(&shared, &desk, arrival).await);
            }
            parsed
        }
    };
    profiles::ask(&shared, &desk);
    parsed
}

/// The last way out: what cannot be read is kept for a person, and what cannot even be kept goes back to the bus.
async fn read_alone(shared: &Shared, desk: &Desk, arrival: Arc<Arrival>) -> Parsed {
    let reason = match read_alive(shared, desk, std::slice::from_ref(&arrival)).await {
        Ok(mut parsed) => match parsed.pop() {
            Some(parsed) => return parsed,
            None => "nothing came of it".to_owned(),
        },
        Err(reason) => reason,
    };
    bury_or_release(shared, desk, &arrival, &reason).await;
    Parsed { arrival, parts: Vec::new() }
}

/// A webhook on which the reading panics is not the end of the session, which has others before it.
async fn read_alive(shared: &Shared, desk: &Desk, arrivals: &[Arc<Arrival>]) -> Result<Vec<Parsed>, String> {
    let read = survive(read_together(shared, desk, arrivals)).await.map_err(|error| error.to_string())?;
    read.map_err(|error| error.to_string())
}

async fn read_together(shared: &Shared, desk: &Desk, arrivals: &[Arc<Arrival>]) -> Result<Vec<Parsed>, StoreError> {
    let mut found = Vec::with_capacity(arrivals.len());
    for arrival in arrivals {
        let events = match understand(shared, desk, arrival).await {
            Ok(events) => {
                count(&events);
                whole::complete(shared, desk, events).await?
            }
            Err(Unreadable::Store(error)) => return Err(error),
            Err(Unreadable::Reason(reason)) => {
                bury(shared, arrival, &reason).await?;
                Vec::new()
            }
        };
        let came = came(arrival, (shared.clock)());
        found.push((Arc::clone(arrival), events.into_iter().filter_map(|event| sort(event, came)).collect::<Vec<_>>()));
    }
    echoes::settle_known(shared, desk, found.iter_mut().flat_map(|(_, found)| found)).await?;
    resolve(shared, desk, found).await
}

enum Unreadable {
    Reason(String),
    Store(StoreError),
}

async fn understand(shared: &Shared, desk: &Desk, arrival: &Arrival) -> Result<Vec<Event>, Unreadable> {
    if arrival.tries() >= MAX_TRIES {
        return Err(Unreadable::Reason("the session failed on this webhook again and again".into()));
    }
    let InboundV1 { webhook, .. } = match &arrival.envelope {
        Inbound::V1(envelope) => envelope,
        Inbound::PolledV1(fetched) => return Ok(fetched.events.clone()),
    };
    // A test makes one webhook of many fail with it.
    fail::fail_point!("inbound::read", String::from_utf8_lossy(&webhook.body).contains("unreadable"), |_| Ok(
        Vec::new()
    ));
    let channel = match channel(shared, desk).await {
        Ok(channel) => channel,
        Err(ChannelError::Store(error)) => return Err(Unreadable::Store(error)),
        Err(error) => return Err(Unreadable::Reason(error.to_string())),
    };
    let mut place = desk.instance.lock().await;
    // Taken out during the call: a call that is given up half-way leaves no half-used instance behind.
    let mut instance = place
        .take()
        .filter(|kept| kept.plugin().digest() == channel.plugin.digest())
        .unwrap_or_else(|| channel.plugin.instantiate());
    let started = std::time::Instant::now();
    let mut parsed = instance.parse(&channel.view, webhook).await;
    // Every instance is in use: that passes.
    while let Err(CallError::Busy { .. }) = parsed {
        tokio::time::sleep(BUSY_PAUSE).await;
        parsed = instance.parse(&channel.view, webhook).await;
    }
    *place = Some(instance);
    metrics::histogram!("patchbay_parse_seconds").record(started.elapsed().as_secs_f64());
    match parsed {
        Ok(Ok(events)) => Ok(events),
        Ok(Err(reason)) => Err(Unreadable::Reason(reason)),
        Err(error) => Err(Unreadable::Reason(format!("the connector failed: {error}"))),
    }
}

/// Waits until it can be worked with, for as long as what is wrong may pass.
pub async fn channel(shared: &Shared, desk: &Desk) -> Result<Arc<ActiveChannel>, ChannelError> {
    let mut pause = Duration::from_millis(50);
    loop {
        match shared.channels.get(desk.channel_id).await {
            Err(ref error) if passes(error) => {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(2));
            }
            settled => return settled,
        }
    }
}

/// A connector that is disabled or being replaced comes back; until then its webhooks wait, as new ones do.
pub fn passes(error: &ChannelError) -> bool {
    error.is_retryable() || matches!(error, ChannelError::NoConnector(_))
}

/// Keeps what cannot be read, with its bytes and the reason, for a person to look at and replay.
pub async fn bury(shared: &Shared, arrival: &Arrival, reason: &str) -> Result<(), StoreError> {
    let envelope = &arrival.envelope;
    // The reason may quote the webhook: it is kept with the letter, not in the log.
    let channel_id = envelope.channel_id();
    tracing::warn!(channel.id = %channel_id, webhook.id = %envelope.id(), "a webhook became a dead letter");
    metrics::counter!("patchbay_dead_letters_total", "direction" => "inbound").increment(1);
    let payload = serde_json::to_string(envelope).map_err(|error| StoreError::Unreadable(error.to_string()))?;
    let letter = NewDeadLetter {
        channel_id,
        webhook_id: Some(envelope.id()),
        direction: Direction::Inbound,
        reason: reason.to_owned(),
        payload,
    };
    retry::while_unavailable("insert_dead_letter", || shared.store.insert_dead_letter(&letter, (shared.clock)()))
        .await
        .map(drop)
}

/// Buries it, or lets go of it so that it comes again.
pub async fn bury_or_release(shared: &Shared, desk: &Desk, arrival: &Arrival, reason: &str) {
    if let Err(error) = bury(shared, arrival, reason).await {
        tracing::error!(%error, webhook.id = %arrival.envelope.id(), "a dead letter could not be stored; the webhook goes back");
        tokio::time::sleep(Duration::from_secs(1)).await;
        let source = arrival.let_go();
        desk.remove(arrival);
        match source {
            Source::Bus(delivery) => delivery.release().await,
            Source::Parked(_) => lock(&desk.overflow).parked = true,
            Source::Nowhere => {}
        }
    }
}

fn count(events: &[Event]) {
    if events.is_empty() {
        metrics::counter!("patchbay_events_total", "kind" => "none").increment(1);
    }
    for event in events {
        metrics::counter!("patchbay_events_total", "kind" => event.kind()).increment(1);
    }
}

fn came(arrival: &Arrival, parsed_at: chrono::DateTime<chrono::Utc>) -> conversation::Arrival {
    let envelope = &arrival.envelope;
    let received_at = match envelope {
        Inbound::V1(envelope) => envelope.webhook.received_at,
        // It was read from an answer, where it arrived.
        Inbound::PolledV1(_) => parsed_at,
    };
    conversation::Arrival { webhook_id: envelope.id(), received_at, parsed_at }
}

/// What an event asks for; `None` where it asks for nothing that is kept (it is counted).
fn sort(event: Event, arrival: conversation::Arrival) -> Option<Found> {
    Some(match event {
        Event::Message(message) => match echoes::own(&message) {
            Some(status) => Found::Part(Part::Status(status)),
            None => {
                let opening = Opening {
                    thread: message.thread.clone(),
                    group: message.group,
                    participant: message.sender.clone(),
                };
                let id = MessageId::at(arrival.parsed_at);
                let input = Input::Message { id, message: Box::new(message), arrival };
                Found::Open(Box::new(opening), input)
            }
        },
        Event::Status(status) => Found::Part(Part::Status(status)),
        Event::Reaction(reaction) => Found::InThread(reaction.message.thread.clone(), Input::Reaction(reaction)),
        Event::MessageEdited(edit) => Found::InThread(edit.message.thread.clone(), Input::Edit(edit)),
        Event::MessageDeleted(message) => Found::InThread(message.thread.clone(), Input::Deletion(message)),
        Event::Session(change) => Found::Part(Part::Session(change)),
        Event::Template(status) => Found::Part(Part::Template(status)),
        Event::Contact(person) => known_as(&person, Input::Contact(person.clone())),
        Event::OptOut(person) => Found::Open(Box::new(alone(person)), Input::OptedOut(arrival)),
        Event::OptIn(person) => Found::Open(Box::new(alone(person)), Input::OptedIn(arrival)),
        Event::Typing(_) | Event::Ignored(_) => return None,
    })
}

/// A person who changed an identifier is found by the old one.
fn known_as(person: &Participant, input: Input) -> Found {
    let thread = person.aliases.first().unwrap_or(&person.id).clone();
    Found::InThread(thread, input)
}

fn alone(person: Participant) -> Opening {
    Opening { thread: person.id.clone(), group: false, participant: person }
}

async fn resolve(
    shared: &Shared,
    desk: &Desk,
    found: Vec<(Arc<Arrival>, Vec<Found>)>,
) -> Result<Vec<Parsed>, StoreError> {
    let openings: Vec<Opening> = found
        .iter()
        .flat_map(|(_, found)| found)
        .filter_map(|found| if let Found::Open(opening, _) = found { Some(Opening::clone(opening)) } else { None })
        .collect();
    let mut opened = open(shared, desk, &openings).await?.into_iter();
    let threads: Vec<String> = found
        .iter()
        .flat_map(|(_, found)| found)
        .filter_map(|found| if let Found::InThread(thread, _) = found { Some(thread.clone()) } else { None })
        .collect();
    let mut known = find(shared, desk, &threads).await?.into_iter();
    let mut parsed = Vec::with_capacity(found.len());
    for (arrival, found) in found {
        let parts = found
            .into_iter()
            .filter_map(|found| match found {
                Found::Part(part) => Some(part),
                Found::Open(_, input) => opened.next().map(|id| Part::Conversation(id, input)),
                Found::InThread(_, input) => match known.next().flatten() {
                    Some(id) => Some(Part::Conversation(id, input)),
                    None => overtaking(input),
                },
            })
            .collect();
        parsed.push(Parsed { arrival, parts });
    }
    Ok(parsed)
}

/// It may have overtaken the conversation's first message. What is told of a person who never wrote is of no use.
fn overtaking(input: Input) -> Option<Part> {
    let reference = match input {
        Input::Reaction(reaction) => Reference::Reaction(Cow::Owned(reaction)),
        Input::Edit(edit) => Reference::Edit(Cow::Owned(edit)),
        Input::Deletion(message) => Reference::Deletion(Cow::Owned(message)),
        Input::Message { .. } | Input::Contact(_) | Input::OptedOut(_) | Input::OptedIn(_) => {
            metrics::counter!("patchbay_events_without_conversation_total").increment(1);
            return None;
        }
    };
    Some(Part::Overtaking(reference))
}

async fn open(shared: &Shared, desk: &Desk, openings: &[Opening]) -> Result<Vec<ConversationId>, StoreError> {
    if openings.is_empty() {
        return Ok(Vec::new());
    }
    let mut kept = Vec::with_capacity(openings.len());
    {
        let mut threads = lock(&desk.threads);
        for opening in openings {
            let aliases_known = opening.participant.aliases.iter().all(|alias| threads.contains(alias));
            kept.push(threads.get(&opening.thread).copied().filter(|_| aliases_known));
        }
    }
    let missing: Vec<Opening> =
        openings.iter().zip(&kept).filter(|(_, kept)| kept.is_none()).map(|(opening, _)| opening.clone()).collect();
    let mut made = if missing.is_empty() {
        Vec::new()
    } else {
        let row = retry::while_unavailable("channel", || shared.store.channel(desk.channel_id)).await?;
        let row = row.ok_or_else(|| StoreError::Unreadable(format!("channel {} is gone", desk.channel_id)))?;
        let key =
            ChannelKey { organisation_id: row.organisation_id, channel_id: row.id, channel_type: row.channel_type };
        retry::while_unavailable("open_conversations", || {
            shared.store.open_conversations(&key, &missing, (shared.clock)())
        })
        .await?
    }
    .into_iter();
    let has_profiles = !missing.is_empty()
        && shared.channels.get(desk.channel_id).await.is_ok_and(|channel| channel.manifest().can("profiles"));
    let mut threads = lock(&desk.threads);
    let ids = openings.iter().zip(kept).filter_map(|(opening, kept)| {
        let id = kept.or_else(|| made.next())?;
        if kept.is_none() && has_profiles && !opening.group {
            desk.strangers.put(id);
        }
        threads.put(opening.thread.clone(), id);
        if !opening.group {
            for alias in &opening.participant.aliases {
                threads.put(alias.clone(), id);
            }
        }
        Some(id)
    });
    Ok(ids.collect())
}

async fn find(shared: &Shared, desk: &Desk, threads: &[String]) -> Result<Vec<Option<ConversationId>>, StoreError> {
    if threads.is_empty() {
        return Ok(Vec::new());
    }
    retry::while_unavailable("find_conversations", || shared.store.find_conversations(desk.channel_id, threads)).await
}
