//! Messages of which a webhook tells only a part, such as a comment that does not say what it answers: the platform is
//! asked for the whole before a conversation is looked for, because a message stays where it was put. What the platform
//! does not tell is taken as it came.

use std::{collections::HashSet, time::Duration};

use patchbay_domain::platform::{Command, Event, Outcome};
use patchbay_store::StoreError;

use super::{Shared, desk::Desk, upkeep};
use crate::{egress::command, retry};

/// Under which a connector names the cursor to ask with, in a message's metadata.
const ASK: &str = "patchbay-ask";
/// Before each further try: others of the channel wait meanwhile.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];

/// The events with each message as it wholly is. One that is known already is not asked for.
pub async fn complete(shared: &Shared, desk: &Desk, events: Vec<Event>) -> Result<Vec<Event>, StoreError> {
    let known = known(shared, desk, &events).await?;
    let mut whole = Vec::with_capacity(events.len());
    for mut event in events {
        let is_known = event.message_id().is_some_and(|id| known.contains(id));
        match take_cursor(&mut event).filter(|_| !is_known) {
            // Rare, and large beside what every webhook needs.
            Some(cursor) => match Box::pin(ask(shared, desk, cursor)).await {
                Some(told) => whole.extend(told),
                None => whole.push(event),
            },
            None => whole.push(event),
        }
    }
    Ok(whole)
}

async fn known(shared: &Shared, desk: &Desk, events: &[Event]) -> Result<HashSet<String>, StoreError> {
    let ids: Vec<&str> = events.iter().filter(|event| has_cursor(event)).filter_map(Event::message_id).collect();
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    retry::while_unavailable("known_external_ids", || shared.store.known_external_ids(desk.channel_id, &ids)).await
}

fn has_cursor(event: &Event) -> bool {
    matches!(event, Event::Message(message) if message.metadata.get(ASK).is_some())
}

fn take_cursor(event: &mut Event) -> Option<String> {
    let Event::Message(message) = event else { return None };
    let cursor = message.metadata.as_object_mut()?.remove(ASK)?;
    cursor.as_str().map(str::to_owned)
}

async fn ask(shared: &Shared, desk: &Desk, cursor: String) -> Option<Vec<Event>> {
    let channel = shared.channels.get(desk.channel_id).await.ok().filter(|channel| channel.may_send())?;
    let poll = Command::Poll(Some(cursor));
    let mut pauses = PAUSES.into_iter();
    let told = loop {
        match (upkeep::perform(shared, desk, &channel, &poll).await, pauses.next()) {
            (Ok(Outcome::Polled(told)), _) => break Some(told.events),
            (Err(failure), Some(pause)) if command::worth_repeating(&failure) => tokio::time::sleep(pause).await,
            _ => break None,
        }
    };
    let result = if told.is_some() { "told" } else { "not_told" };
    metrics::counter!("patchbay_asked_messages_total", "result" => result).increment(1);
    told
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use patchbay_domain::platform::{Content, InboundMessage, Participant};
    use serde_json::{Value, json};

    use super::*;

    fn message(metadata: Value) -> Event {
        Event::Message(InboundMessage {
            id: "1".into(),
            thread: "t".into(),
            group: false,
            sender: Participant::default(),
            echo: false,
            correlation: None,
            sent_at: DateTime::UNIX_EPOCH,
            content: Content::default(),
            reply_to: None,
            metadata,
        })
    }

    #[test]
    fn a_cursor_is_taken_out_of_the_metadata() {
        let mut event = message(json!({"post": "p", "patchbay-ask": "c"}));
        assert!(has_cursor(&event));
        assert_eq!(take_cursor(&mut event).as_deref(), Some("c"));
        assert_eq!(event, message(json!({"post": "p"})));
        assert_eq!(take_cursor(&mut event), None);
        let mut odd = message(json!({"patchbay-ask": 7}));
        assert_eq!(take_cursor(&mut odd), None);
        assert_eq!(odd, message(json!({})));
        assert_eq!(take_cursor(&mut Event::Ignored("x".into())), None);
    }
}
