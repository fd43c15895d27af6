//! What concerns the account rather than a conversation.

use crate::wire::{Happening, RejectionInfo, TemplateUpdate, UserPreference};
use patchbay_plugin_meta::json::{Raw, read};
use patchbay_plugin_sdk::{Event, TemplateStatus};
use serde_json::value::RawValue;

/// How Meta writes that there is no reason.
const NO_REASON: &str = "NONE";

pub fn template(raw: Raw<'_>) -> Event {
    let update: TemplateUpdate<'_> = read(raw).unwrap_or_default();
    let named = (update.message_template_name.owned(), update.event.owned());
    let (Some(name), Some(state)) = named else {
        return Event::ignored("a template's new status without its name or the status");
    };
    let info: RejectionInfo<'_> = read(update.rejection_info).unwrap_or_default();
    let code = update.reason.get().filter(|reason| *reason != NO_REASON);
    let reason = match (code, info.reason.get()) {
        (Some(code), Some(info)) => Some(format!("{code}: {info}")),
        (code, info) => code.or(info).map(str::to_owned),
    };
    let language = update.message_template_language.or_empty().to_owned();
    Event::Template(TemplateStatus { name, language, state, reason })
}

/// Stopping or resuming marketing is no opt-out: it leaves replies and every other message as they are, and Meta
/// refuses marketing templates to this contact by itself (131050).
pub fn preference(raw: &RawValue) -> Event {
    let preference: UserPreference<'_> = read(Some(raw)).unwrap_or_default();
    let (category, value) = (preference.category.or_empty(), preference.value.or_empty());
    Event::ignored(format!("a contact's preference for {category}: {value}"))
}

/// A field without meaning to conversations.
pub fn other(field: &str, raw: Raw<'_>) -> Event {
    let happening: Happening<'_> = read(raw).unwrap_or_default();
    Event::ignored(match happening.event.get() {
        Some(event) => format!("{field}: {event}"),
        None => field.to_owned(),
    })
}
