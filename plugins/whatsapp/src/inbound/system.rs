//! Messages by which WhatsApp itself tells something about a contact.

use super::person::identified;
use crate::wire::{Message, System};
use patchbay_plugin_meta::json::read;
use patchbay_plugin_sdk::Event;

pub fn event(message: &Message<'_>) -> Event {
    let system: System<'_> = read(message.system).unwrap_or_default();
    match system.kind.or_empty() {
        "user_changed_number" | "user_changed_user_id" => changed(message, &system)
            .unwrap_or_else(|| Event::ignored("a contact changed their identifier, but the new one is not told")),
        "customer_identity_changed" => Event::ignored("a contact's encryption identity changed"),
        kind => Event::ignored(format!("a system message of type {kind}")),
    }
}

/// The contact under the new identifier; the first alias is the one under which they were known.
fn changed(message: &Message<'_>, system: &System<'_>) -> Option<Event> {
    let new = [system.wa_id.get(), system.user_id.get()];
    let old = [message.from.get(), system.previous_user_id.get(), message.from_user_id.get()];
    let id = new.into_iter().flatten().next()?;
    let others = old.into_iter().chain(new).chain([system.parent_user_id.get()]);
    identified([Some(id)].into_iter().chain(others)).map(Event::Contact)
}
