//! The forms in which X's systems put events: those of the Account Activity API carry all that happened to an account
//! in lists, those of the X Activity API one event each.

use super::person::People;
use crate::wire::{at, id, text};
use patchbay_plugin_sdk::Event;
use serde_json::Value;

/// A kind in a reason is no longer than this.
const LONGEST_KIND: usize = 60;

pub enum Envelope<'a> {
    Account(&'a Value),
    Activity {
        kind: &'a str,
        data: &'a Value,
        payload: &'a Value,
    },
    /// The account took the app's access away.
    Revoked(&'a Value),
    Other(&'a Value),
}

impl<'a> Envelope<'a> {
    /// A webhook is one envelope; that there may be several in a list is not documented, and does no harm.
    pub fn all(body: &'a Value) -> Vec<Self> {
        match at(body, &["data"]) {
            Value::Array(several) if !several.is_empty() => several.iter().map(Self::activity).collect(),
            data @ Value::Object(_) => vec![Self::activity(data)],
            _ if at(body, &["user_event", "revoke"]).is_object() => vec![Self::Revoked(body)],
            _ if id(body, &["for_user_id"]).is_some() => vec![Self::Account(body)],
            _ => vec![Self::Other(body)],
        }
    }

    fn activity(data: &'a Value) -> Self {
        match text(data, &["event_type"]) {
            Some(kind) => Self::Activity { kind, data, payload: at(data, &["payload"]) },
            None => Self::Other(&Value::Null),
        }
    }

    /// Whose it is.
    pub fn account(&self) -> Option<String> {
        match self {
            Self::Account(body) => id(body, &["for_user_id"]),
            Self::Activity { data, payload, .. } => {
                id(data, &["filter", "user_id"]).or_else(|| id(payload, &["user_id"]))
            }
            Self::Revoked(body) => id(body, &["user_event", "revoke", "source", "user_id"]),
            Self::Other(_) => None,
        }
    }

    pub fn people(&self) -> People<'a> {
        match self {
            Self::Account(body) | Self::Revoked(body) | Self::Other(body) => People::new([*body, &Value::Null]),
            Self::Activity { data, payload, .. } => People::new([*payload, at(data, &["includes"])]),
        }
    }

    /// Of this, nothing concerns a helpdesk.
    pub fn meaningless(&self) -> Event {
        let kind = match self {
            Self::Activity { kind, .. } => Some(*kind),
            Self::Account(body) | Self::Other(body) | Self::Revoked(body) => {
                let names = body.as_object().into_iter().flatten().filter(|(_, value)| !value.is_string());
                names.map(|(name, _)| name.as_str()).find(|name| !["users", "apps", "data"].contains(name))
            }
        };
        let kind: Option<String> = kind.map(|kind| kind.chars().take(LONGEST_KIND).collect());
        Event::ignored(kind.map_or_else(|| "an event without a kind".to_owned(), |kind| format!("an event {kind}")))
    }
}
