//! What the headers of a mail say.

use crate::identifiers::bracketed;
use mail_parser::{Address, HeaderName, HeaderValue, Message, MimeHeaders};

/// A thread that is longer keeps its first mail and its latest.
const MOST_REFERENCES: usize = 100;
const MOST_ADDRESSES: usize = 1000;

/// Somebody in an address line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub address: String,
    pub name: Option<String>,
}

#[derive(Debug, Default)]
pub struct Headers {
    pub id: Option<String>,
    pub in_reply_to: Option<String>,
    /// Oldest first.
    pub references: Vec<String>,
    pub from: Option<Person>,
    pub reply_to: Option<Person>,
    pub to: Vec<Person>,
    pub cc: Vec<Person>,
    pub subject: Option<String>,
    pub date_ms: Option<u64>,
    /// Written by a machine, or sent to many.
    pub automatic: bool,
}

impl Headers {
    pub fn of(message: &Message<'_>) -> Self {
        Self {
            id: message.message_id().and_then(bracketed),
            in_reply_to: identifiers(message.in_reply_to()).into_iter().next(),
            references: shortened(identifiers(message.references())),
            from: people(message.from()).into_iter().next(),
            reply_to: people(message.reply_to()).into_iter().next(),
            to: people(message.to()),
            cc: people(message.cc()),
            subject: message.subject().map(str::to_owned),
            date_ms: message.date().and_then(|date| u64::try_from(date.to_timestamp()).ok()?.checked_mul(1000)),
            automatic: is_automatic(message),
        }
    }

    /// What it answers, oldest first.
    pub fn ancestors(&self) -> Vec<String> {
        let direct = self.in_reply_to.iter().filter(|id| !self.references.contains(id));
        self.references.iter().chain(direct).cloned().collect()
    }
}

fn identifiers(value: &HeaderValue<'_>) -> Vec<String> {
    let list = value.as_text_list().into_iter().flatten().map(AsRef::as_ref);
    let single = if value.as_text_list().is_none() { value.as_text() } else { None };
    let mut ids: Vec<String> = Vec::new();
    for id in list.chain(single).filter_map(bracketed) {
        if ids.last() != Some(&id) {
            ids.push(id);
        }
    }
    ids
}

fn shortened(mut ids: Vec<String>) -> Vec<String> {
    if ids.len() > MOST_REFERENCES {
        ids.drain(1..=ids.len() - MOST_REFERENCES);
    }
    ids
}

pub fn people(addresses: Option<&Address<'_>>) -> Vec<Person> {
    let all = addresses.into_iter().flat_map(Address::iter);
    let known = all.filter_map(|person| {
        let address = address(person.address.as_deref()?)?;
        let name = person.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
        Some(Person { address, name: name.map(str::to_owned) })
    });
    known.take(MOST_ADDRESSES).collect()
}

/// In the one way in which addresses are compared.
pub fn address(text: &str) -> Option<String> {
    let address = text.trim().to_lowercase();
    let is_address = address.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
    // RFC 5321 allows 254.
    (is_address && address.len() <= 254 && !address.contains(char::is_whitespace)).then_some(address)
}

/// RFC 3834, and what was usual before it.
fn is_automatic(message: &Message<'_>) -> bool {
    let header = |name: &'static str| message.header_raw(name).map(|value| value.trim().to_ascii_lowercase());
    let first_word = |value: &str| value.split([';', ' ', '(']).next().unwrap_or_default().trim().to_owned();
    let submitted = header("Auto-Submitted").is_some_and(|value| !matches!(first_word(&value).as_str(), "no" | ""));
    let precedence = header("Precedence").is_some_and(|value| {
        matches!(first_word(&value).as_str(), "bulk" | "list" | "junk" | "auto_reply" | "auto-reply")
    });
    let told = ["X-Autoreply", "X-Autorespond", "X-Autoresponder"]
        .into_iter()
        .any(|name| header(name).is_some_and(|value| value != "no"));
    let list = message.header_raw(HeaderName::ListId).is_some();
    let bounce = message.header_raw(HeaderName::ReturnPath).is_some_and(|value| value.trim() == "<>");
    // A mail server's notice of what became of a mail.
    let report =
        message.content_type().is_some_and(|kind| kind.subtype().is_some_and(|it| it.eq_ignore_ascii_case("report")));
    submitted || precedence || told || list || bounce || report
}
