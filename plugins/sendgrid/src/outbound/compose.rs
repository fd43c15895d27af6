//! The mail that `POST /v3/mail/send` takes, without its files.

use super::{CORRELATION, RECIPIENT, SENDER, envelope, own_id};
use crate::identifiers::{is_message_id, root};
use crate::settings::Settings;
use patchbay_plugin_sdk::{Content, Detail, Email, Failure, Outgoing, TemplateUse, Timestamp};
use serde_json::{Map, Value, json};

/// A field that a sender may set besides, named as SendGrid names it, and what it has to be.
type Extra = (&'static str, fn(&Value) -> bool);

const EXTRAS: &[Extra] = &[
    ("categories", Value::is_array),
    ("asm", Value::is_object),
    ("tracking_settings", Value::is_object),
    ("batch_id", Value::is_string),
    ("ip_pool_name", Value::is_string),
    ("send_at", Value::is_u64),
];
const LONGEST_DELAY_MS: u64 = 72 * 60 * 60 * 1000;
/// A header's line has 998 characters at most: of a longer thread the middle is left out.
const LONGEST_REFERENCES: usize = 900;

pub fn mail(settings: &Settings, outgoing: &Outgoing, now: Timestamp) -> Result<Map<String, Value>, Failure> {
    let Outgoing { content, .. } = outgoing;
    let (email, template) = match &content.detail {
        None => (None, None),
        Some(Detail::Email(email)) => (Some(email), None),
        Some(Detail::Template(template)) => (None, Some(template)),
        Some(_) => return Err(Failure::unsupported("a mail cannot carry this kind of message")),
    };
    let extras: Map<String, Value> = serde_json::from_str(&outgoing.metadata).unwrap_or_default();
    let mut personalization = envelope::fields(outgoing, email)?;
    let mut mail = Map::new();
    match template {
        Some(template) => {
            let data = data(template)?;
            personalization.insert("dynamic_template_data".to_owned(), data);
            mail.insert("template_id".to_owned(), json!(template.name));
        }
        None => {
            mail.insert("subject".to_owned(), json!(subject(settings, email, &extras)?));
            mail.insert("content".to_owned(), written(content, email)?);
        }
    }
    mail.insert("personalizations".to_owned(), json!([personalization]));
    mail.insert("from".to_owned(), sender(settings, email)?);
    if let Some(address) = &settings.reply_to {
        mail.insert("reply_to".to_owned(), json!({"email": address}));
    }
    mail.insert("headers".to_owned(), headers(settings, outgoing, email)?);
    let custom =
        json!({CORRELATION: outgoing.id, RECIPIENT: envelope::recipient(outgoing)?, SENDER: settings.sender()?});
    mail.insert("custom_args".to_owned(), custom);
    extend(&mut mail, extras, now)?;
    Ok(mail)
}

fn sender(settings: &Settings, email: Option<&Email>) -> Result<Value, Failure> {
    let address = email.and_then(|email| email.from_address.as_deref()).filter(|address| address.contains('@'));
    let name = email.and_then(|email| email.from_name.as_deref()).or(settings.from_name.as_deref());
    Ok(envelope::person(address.map_or_else(|| settings.sender(), Ok)?, name))
}

/// SendGrid takes no mail without one.
fn subject(settings: &Settings, email: Option<&Email>, extras: &Map<String, Value>) -> Result<String, Failure> {
    let own = settings.from_name.as_deref().filter(|name| !name.trim().is_empty());
    let fallback = format!("Message from {}", own.map_or_else(|| settings.sender(), Ok)?);
    let given = email.map(|email| email.subject.as_str());
    let candidates = [given, extras.get("subject").and_then(Value::as_str), settings.default_subject.as_deref()];
    let subject = candidates.into_iter().flatten().find(|subject| !subject.trim().is_empty()).unwrap_or(&fallback);
    Ok(subject.replace(['\r', '\n'], " ").trim().to_owned())
}

/// Plain text before HTML. A mail of files alone says which they are.
fn written(content: &Content, email: Option<&Email>) -> Result<Value, Failure> {
    let captions = content.attachments.iter().filter_map(|file| file.caption.as_deref());
    let texts = content.text.as_deref().into_iter().chain(captions).filter(|text| !text.trim().is_empty());
    let mut plain = texts.collect::<Vec<_>>().join("\n\n");
    let html = email.and_then(|email| email.html.as_deref()).filter(|html| !html.trim().is_empty());
    if plain.is_empty() && html.is_none() {
        let names = content.attachments.iter().map(|file| file.file_name.as_deref().unwrap_or("file"));
        plain = names.collect::<Vec<_>>().join("\n");
    }
    let mut parts = Vec::new();
    if !plain.is_empty() {
        parts.push(json!({"type": "text/plain", "value": plain}));
    }
    parts.extend(html.map(|html| json!({"type": "text/html", "value": html})));
    if parts.is_empty() { Err(Failure::rejected("the mail says nothing")) } else { Ok(Value::Array(parts)) }
}

fn data(template: &TemplateUse) -> Result<Value, Failure> {
    if template.name.trim().is_empty() {
        return Err(Failure::rejected("the template has no id"));
    }
    let parameters = template.parameters.trim();
    match serde_json::from_str(if parameters.is_empty() { "{}" } else { parameters }) {
        Ok(Value::Null) => Ok(json!({})),
        Ok(data @ Value::Object(_)) => Ok(data),
        _ => Err(Failure::rejected("the parameters of a template are an object")),
    }
}

/// The mail's own identifier, and those of the thread that it continues.
fn headers(settings: &Settings, outgoing: &Outgoing, email: Option<&Email>) -> Result<Value, Failure> {
    let given = email.into_iter().flat_map(|email| &email.references).map(String::as_str);
    let mut references: Vec<&str> = Vec::new();
    for id in root(&outgoing.thread).into_iter().chain(given).chain(outgoing.reply_to.as_deref()) {
        if is_message_id(id) && !references.contains(&id) {
            references.push(id);
        }
    }
    while references.len() > 1 && references.iter().map(|id| id.len() + 1).sum::<usize>() > LONGEST_REFERENCES {
        references.remove(1);
    }
    let mut headers = Map::from_iter([("Message-ID".to_owned(), json!(own_id(settings, outgoing)?))]);
    let answered = outgoing.reply_to.as_deref().filter(|id| is_message_id(id)).or(references.last().copied());
    if let Some(answered) = answered {
        headers.insert("In-Reply-To".to_owned(), json!(answered));
        headers.insert("References".to_owned(), json!(references.join(" ")));
    }
    // Tells other machines not to answer, so that two of them never write to each other for ever.
    if email.is_some_and(|email| email.auto_reply) {
        headers.insert("Auto-Submitted".to_owned(), json!("auto-replied"));
    }
    Ok(Value::Object(headers))
}

fn extend(mail: &mut Map<String, Value>, mut extras: Map<String, Value>, now: Timestamp) -> Result<(), Failure> {
    for (name, fits) in EXTRAS {
        let Some(value) = extras.remove(*name) else { continue };
        if !fits(&value) {
            return Err(Failure::rejected(format!("{name} is not of the kind that SendGrid takes")));
        }
        mail.insert((*name).to_owned(), value);
    }
    let at = mail.get("send_at").and_then(Value::as_u64).and_then(|seconds| seconds.checked_mul(1000));
    if mail.contains_key("send_at") && at.is_none_or(|at| at > now.saturating_add(LONGEST_DELAY_MS)) {
        return Err(Failure::rejected("send_at is more than 72 hours ahead"));
    }
    Ok(())
}
