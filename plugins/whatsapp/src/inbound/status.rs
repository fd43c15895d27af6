//! What became of a message that the business sent.

use crate::errors::RULES;
use crate::wire::Status;
use patchbay_plugin_meta::GraphError;
use patchbay_plugin_meta::json::{items, read};
use patchbay_plugin_sdk::{DeliveryState, DeliveryStatus, Event, Failure, MessageRef, Timestamp};
use serde_json::value::RawValue;

pub fn event(raw: &RawValue, received_at: Timestamp) -> Event {
    let status: Status<'_> = read(Some(raw)).unwrap_or_default();
    let Some(id) = status.id.get() else { return Event::ignored("a status without a message's identifier") };
    // A group is its own recipient.
    let thread = status.group_id.get().or(status.recipient_id.get()).or(status.recipient_user_id.get());
    let state = match status.status.or_empty() {
        "accepted" => DeliveryState::Accepted,
        "sent" => DeliveryState::Sent,
        "delivered" => DeliveryState::Delivered,
        "read" | "played" => DeliveryState::Read,
        "failed" => DeliveryState::Failed,
        "deleted" => {
            return match thread {
                Some(thread) => Event::MessageDeleted(MessageRef::new(thread, id)),
                None => Event::ignored("a deleted message without its recipient"),
            };
        }
        other => return Event::ignored(format!("a message's status {other}")),
    };
    let at = status.timestamp.seconds_as_milliseconds().unwrap_or(received_at);
    Event::Status(DeliveryStatus {
        correlation: status.biz_opaque_callback_data.owned(),
        thread: thread.map(str::to_owned),
        failure: (state == DeliveryState::Failed).then(|| failure(&status)),
        ..DeliveryStatus::new(id, state, at)
    })
}

fn failure(status: &Status<'_>) -> Failure {
    let error = items(status.errors).into_iter().find_map(|raw| read::<GraphError<'_>>(Some(raw)));
    error.unwrap_or_default().failure(RULES)
}
