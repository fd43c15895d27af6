//! What reached the contact, and what was seen.

use super::{Place, milliseconds};
use crate::json::{Raw, Text, items, read};
use crate::messaging::wire::Receipt;
use patchbay_plugin_sdk::{DeliveryState, DeliveryStatus, Event, Timestamp};
use serde_json::value::RawValue;

/// Up to when, for a receipt that has no time of its own.
pub fn watermark(raw: &RawValue) -> Option<Timestamp> {
    milliseconds(&read::<Receipt<'_>>(Some(raw))?.watermark)
}

pub fn delivered(place: &Place<'_>, raw: Raw<'_>) -> Vec<Event> {
    events(place, raw, DeliveryState::Delivered)
}

pub fn seen(place: &Place<'_>, raw: Raw<'_>) -> Vec<Event> {
    events(place, raw, DeliveryState::Read)
}

/// A watermark stands for everything up to it; identifiers that come along may be missing.
fn events(place: &Place<'_>, raw: Raw<'_>, state: DeliveryState) -> Vec<Event> {
    if raw.is_none() {
        return Vec::new();
    }
    let receipt: Receipt<'_> = read(raw).unwrap_or_default();
    let up_to = milliseconds(&receipt.watermark);
    let of = |id: String| DeliveryStatus {
        thread: Some(place.contact.to_owned()),
        ..DeliveryStatus::new(id, state, place.at)
    };
    let named = items(receipt.mids).into_iter().filter_map(|mid| read::<Text<'_>>(Some(mid))?.owned());
    let named = named.chain(receipt.mid.owned());
    let mut events: Vec<Event> = named.map(|id| Event::Status(of(id))).collect();
    if let Some(up_to) = up_to {
        events.push(Event::Status(DeliveryStatus { id: None, up_to: Some(up_to), ..of(String::new()) }));
    }
    if events.is_empty() {
        events.push(Event::ignored("a receipt that names neither a message nor a moment"));
    }
    events
}
