//! A mail as a message.

use super::form::Form;
use super::headers::{Headers, address};
use super::mime::{self, Mail};
use super::{posted, text};
use crate::identifiers::{digest, own, thread};
use crate::settings::Settings;
use patchbay_plugin_sdk::{Attachment, Content, Detail, Email, Event, Message, Participant, Timestamp};
use serde_json::{Map, Value, json};

const LONGEST_SUBJECT: usize = 2000;
/// What SendGrid found out about a mail: the form's field, and what we call it.
const FACTS: &[(&str, &str)] =
    &[("dkim", "dkim"), ("SPF", "spf"), ("sender_ip", "sender_ip"), ("spam_score", "spam_score")];

/// To whom a mail came, the envelope before the header.
pub fn recipients(form: &Form<'_>) -> Vec<String> {
    let envelope = envelope(form).get("to").and_then(Value::as_array).cloned().unwrap_or_default();
    let delivered = envelope.iter().filter_map(Value::as_str).filter_map(address);
    let written = form.text("to").map(|line| posted::people(&line)).unwrap_or_default();
    delivered.chain(written.into_iter().map(|person| person.address)).collect()
}

fn envelope(form: &Form<'_>) -> Value {
    form.json("envelope").unwrap_or_default()
}

pub fn event(settings: &Settings, form: &Form<'_>, received_at: Timestamp) -> Event {
    if ["headers", "from", "email"].into_iter().all(|name| form.field(name).is_none()) {
        return Event::ignored("a form that is no mail");
    }
    let raw = form.field("email").and_then(|part| mime::read(&part.bytes));
    let Mail { headers, text: written, html, files, left_out } = raw.unwrap_or_else(|| posted::read(form));
    let Some(sender) = sender(form, &headers) else { return Event::ignored("a mail without a sender") };
    if settings.is_own(&sender.id) && headers.id.as_deref().is_some_and(|id| own(id).is_some()) {
        return Event::ignored("a copy of a mail of ours");
    }
    let text = text::plain(written, html.as_deref());
    let id = headers.id.clone().unwrap_or_else(|| made_up(form, &sender, text.as_deref()));
    let thread = thread(&sender.id, &headers.ancestors(), headers.id.as_deref());
    let mut metadata = metadata(form, &headers, &files);
    if left_out > 0 {
        metadata.insert("left_out_files".to_owned(), json!(left_out));
    }
    let attachments: Vec<Attachment> = files.into_iter().map(|(file, _)| file).collect();
    let reply_to = headers.in_reply_to.clone().or_else(|| headers.references.last().cloned());
    // A clock that runs ahead must not put the mail before those that come later.
    let sent_at = headers.date_ms.filter(|date| *date > 0).map_or(received_at, |date| date.min(received_at));
    let detail = Some(Detail::Email(email(form, headers, &sender, html)));
    let content = Content { text, attachments, detail };
    let metadata = Value::Object(metadata).to_string();
    Event::Message(Message { thread, reply_to, metadata, ..Message::new(id, sender, sent_at, content) })
}

/// Who wrote it, which is not who the envelope names; that is for mails without a `From`.
fn sender(form: &Form<'_>, headers: &Headers) -> Option<Participant> {
    let (id, name) = match &headers.from {
        Some(person) => (person.address.clone(), person.name.clone()),
        None => (address(envelope(form).get("from")?.as_str()?)?, None),
    };
    Some(Participant { name, email: Some(id.clone()), ..Participant::new(id) })
}

/// The headers tell where and when it was received: no other mail has the same.
fn made_up(form: &Form<'_>, sender: &Participant, text: Option<&str>) -> String {
    let bytes = |name: &str| form.field(name).map(|part| part.bytes.as_ref()).unwrap_or_default();
    digest(&[
        sender.id.as_bytes(),
        bytes("headers"),
        bytes("email"),
        bytes("subject"),
        text.unwrap_or_default().as_bytes(),
    ])
}

fn email(form: &Form<'_>, headers: Headers, sender: &Participant, html: Option<String>) -> Email {
    let references = headers.ancestors();
    // Nobody answers what nobody wrote: the envelope of a bounce has no sender.
    let is_bounce = envelope(form).get("from").and_then(Value::as_str) == Some("");
    let subject = headers.subject.unwrap_or_default().replace(['\r', '\n'], " ");
    Email {
        from_name: sender.name.clone(),
        from_address: Some(sender.id.clone()),
        cc: headers.cc.into_iter().map(|person| person.address).collect(),
        bcc: Vec::new(),
        subject: text::beginning(subject.trim(), LONGEST_SUBJECT).to_owned(),
        html,
        references,
        auto_reply: headers.automatic || is_bounce,
    }
}

fn metadata(form: &Form<'_>, headers: &Headers, files: &[(Attachment, Option<String>)]) -> Map<String, Value> {
    let mut facts = Map::new();
    let to: Vec<&str> = headers.to.iter().map(|person| person.address.as_str()).collect();
    if !to.is_empty() {
        facts.insert("to".to_owned(), json!(to));
    }
    if let Some(person) = &headers.reply_to {
        facts.insert("reply_to".to_owned(), json!(person.address));
    }
    for (field, name) in FACTS {
        if let Some(text) = form.text(field) {
            facts.insert((*name).to_owned(), json!(text::beginning(text.trim(), 500)));
        }
    }
    // HTML shows files inside it by these names.
    let ids = files.iter().enumerate().filter_map(|(position, (_, id))| Some((id.clone()?, json!(position))));
    let ids: Map<String, Value> = ids.collect();
    if !ids.is_empty() {
        facts.insert("content_ids".to_owned(), Value::Object(ids));
    }
    facts
}
