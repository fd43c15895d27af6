//! From a webhook to events. SendGrid calls with two things: a form for each mail that arrived, and a list in JSON of
//! what became of mails that were sent.
//!
//! To take another kind of delivery event, give it an arm in `events::read`; another field of a mail, see `mail`.

mod charset;
mod events;
mod file;
mod form;
mod headers;
mod mail;
mod mime;
mod posted;
mod text;

use crate::authentic::is_form;
use crate::settings::Settings;
use form::Form;
use patchbay_plugin_sdk::{Channel, Event, Webhook};

/// The addresses that a webhook speaks of: those that a mail was for, and those that the mails of events were from.
pub fn addresses(webhook: &Webhook) -> Vec<String> {
    let mut found = if is_form(webhook) {
        Form::read(webhook).map(|form| mail::recipients(&form)).unwrap_or_default()
    } else {
        events::senders(webhook)
    };
    let mut known = std::collections::BTreeSet::new();
    found.retain(|address| known.insert(address.clone()));
    found
}

/// What happened on this channel.
pub fn parse(channel: &Channel, webhook: &Webhook) -> Result<Vec<Event>, String> {
    let settings = channel.settings::<Settings>()?;
    if is_form(webhook) {
        let form = Form::read(webhook)?;
        Ok(vec![mail::event(&settings, &form, webhook.received_at)])
    } else {
        events::read(&settings, webhook)
    }
}
