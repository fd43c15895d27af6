//! Webhooks that no platform sends: spoilt copies of recorded ones, always the same for the same seed, and what every
//! connector must withstand. `plugins/fuzz` asks the same of whatever a fuzzer finds.

use super::snapshot::snapshot;
use crate::Connector;
use crate::types::{Channel, Webhook};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// What a webhook of this size may mean at most: a little for itself, and so much for each of its bytes.
const OUTPUT: usize = 64 << 10;
const OUTPUT_PER_BYTE: usize = 64;
/// Far more than any webhook needs, natively and without optimisation.
const PATIENCE: Duration = Duration::from_secs(5);
/// Ends of an address that are none.
const QUERIES: [&str; 4] = ["?", "?a=%", "?hub.mode=subscribe&&=&%ff", "#"];

/// Accepts and reads a webhook: without a panic, soon, twice with the same result, and without making much of little.
///
/// # Panics
/// When the connector does not withstand it.
pub fn withstands<C: Connector>(channel: &Channel, webhook: &Webhook) {
    let started = Instant::now();
    let read = || (C::addresses(webhook), C::accept(channel, webhook), C::parse(channel, webhook));
    let ((addresses, acceptance, events), again) = (read(), read());
    let shown = snapshot(&events).to_string();
    assert_eq!(addresses, again.0, "the addresses differ from call to call");
    assert_eq!(snapshot(&acceptance), snapshot(&again.1), "it is accepted differently from call to call");
    assert_eq!(shown, snapshot(&again.2).to_string(), "the events differ from call to call");
    let limit = OUTPUT + OUTPUT_PER_BYTE * (webhook.body.len() + webhook.url.len());
    assert!(shown.len() <= limit, "{} bytes became {}", webhook.body.len(), shown.len());
    assert!(started.elapsed() < PATIENCE, "it took {:?}", started.elapsed());
}

/// So many spoilt copies of these webhooks.
pub fn spoilt(webhooks: &[Webhook], seed: u64, count: usize) -> impl Iterator<Item = Webhook> {
    let mut chance = Chance(seed | 1);
    (0..count).filter_map(move |_| {
        let mut webhook = webhooks.get(chance.below(webhooks.len()))?.clone();
        for _ in 0..=chance.below(3) {
            spoil(&mut webhook, &mut chance);
        }
        Some(webhook)
    })
}

/// Numbers that look like chance and are the same for the same seed.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Less than `end`, or zero.
    fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
        usize::try_from((self.next() >> 16) % end).unwrap_or(0)
    }
}

fn spoil(webhook: &mut Webhook, chance: &mut Chance) {
    match chance.below(8) {
        0 => webhook.body.truncate(chance.below(webhook.body.len())),
        1 => spoil_bytes(&mut webhook.body, chance),
        2 => repeat(&mut webhook.body, chance),
        3 if !webhook.headers.is_empty() => {
            webhook.headers.swap_remove(chance.below(webhook.headers.len()));
        }
        4 => webhook.url.push_str(QUERIES.get(chance.below(QUERIES.len())).unwrap_or(&"")),
        _ => match serde_json::from_slice::<Value>(&webhook.body) {
            Ok(mut body) => {
                replace_one(&mut body, chance);
                webhook.body = body.to_string().into_bytes();
            }
            Err(_) => spoil_bytes(&mut webhook.body, chance),
        },
    }
}

fn spoil_bytes(body: &mut [u8], chance: &mut Chance) {
    for _ in 0..=chance.below(4) {
        let at = chance.below(body.len());
        if let Some(byte) = body.get_mut(at) {
            *byte = u8::try_from(chance.below(256)).unwrap_or_default();
        }
    }
}

/// A part of the body once more, somewhere.
fn repeat(body: &mut Vec<u8>, chance: &mut Chance) {
    let from = chance.below(body.len());
    let part = body.get(from..from + chance.below(body.len() - from)).unwrap_or_default().to_vec();
    let at = chance.below(body.len());
    body.splice(at..at, part);
}

/// Replaces one value, at any depth, with something that does not belong there.
fn replace_one(value: &mut Value, chance: &mut Chance) {
    let deeper = chance.below(4) > 0;
    match value {
        Value::Object(fields) if deeper && !fields.is_empty() => {
            let at = chance.below(fields.len());
            if let Some((_, field)) = fields.iter_mut().nth(at) {
                replace_one(field, chance);
            }
        }
        Value::Array(items) if deeper && !items.is_empty() => {
            let at = chance.below(items.len());
            if let Some(item) = items.get_mut(at) {
                replace_one(item, chance);
            }
        }
        _ => *value = strange(chance),
    }
}

fn strange(chance: &mut Chance) -> Value {
    let values = [
        json!(null),
        json!(true),
        json!(-1),
        json!(u64::MAX),
        json!(1.5e300),
        json!(""),
        json!("unheard_of"),
        json!("💬".repeat(300)),
        json!("99999999999999999999"),
        json!("https://"),
        json!([]),
        json!({}),
        json!([[[[]]]]),
        json!({"id": {"id": {}}}),
    ];
    values.get(chance.below(values.len())).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{spoilt, withstands};
    use crate::testing::{channel, webhook};
    use crate::types::{Channel, Content, Event, Manifest, Message, Participant, Webhook};
    use crate::{Acceptance, Connector, Rejection};
    use serde_json::json;

    fn recorded() -> Vec<Webhook> {
        vec![webhook(json!({"messages": [{"id": "1", "text": "hi"}]}).to_string()), webhook("a=1&b=2")]
    }

    /// Does what the body says.
    struct Brittle;

    impl Connector for Brittle {
        fn describe() -> Manifest {
            Manifest::new("brittle", "Brittle", "0.0.0")
        }

        fn accept(_channel: &Channel, _webhook: &Webhook) -> Result<Acceptance, Rejection> {
            Ok(Acceptance::keep())
        }

        fn parse(_channel: &Channel, webhook: &Webhook) -> Result<Vec<Event>, String> {
            match webhook.body.as_slice() {
                b"crash" => panic!("it crashed"),
                b"flood" => {
                    let message = Message::new("1", Participant::new("ada"), 0, Content::text("x".repeat(1 << 20)));
                    Ok(vec![Event::Message(message)])
                }
                _ => Ok(Vec::new()),
            }
        }
    }

    #[test]
    fn a_seed_always_spoils_in_the_same_way_and_another_in_another() {
        let bodies = |seed| spoilt(&recorded(), seed, 50).map(|webhook| webhook.body).collect::<Vec<_>>();
        assert_eq!(bodies(1), bodies(1));
        assert_ne!(bodies(1), bodies(2));
        assert_eq!(bodies(1).len(), 50);
        let whole = recorded().into_iter().map(|webhook| webhook.body).collect::<Vec<_>>();
        assert!(bodies(3).iter().filter(|body| whole.contains(body)).count() < 25);
        assert_eq!(spoilt(&[], 1, 50).count(), 0);
    }

    #[test]
    fn what_is_spoilt_is_withstood() {
        for webhook in spoilt(&recorded(), 7, 200) {
            withstands::<Brittle>(&channel("TEST", &json!({})), &webhook);
        }
    }

    #[test]
    #[should_panic(expected = "it crashed")]
    fn a_panic_is_noticed() {
        withstands::<Brittle>(&channel("TEST", &json!({})), &webhook("crash"));
    }

    #[test]
    #[should_panic(expected = "5 bytes became")]
    fn much_made_of_little_is_noticed() {
        withstands::<Brittle>(&channel("TEST", &json!({})), &webhook("flood"));
    }
}
