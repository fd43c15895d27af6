//! A round of catching up, which is the cursor between polls.

use crate::address::MessageId;
use crate::wire::{at, flag, number, text, time};
use patchbay_plugin_sdk::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};

/// So many messages of the overlap are not handed over again.
const SEEN: usize = 500;

/// Where a round is, in seconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Round {
    pub since: u64,
    /// When it began; missing between rounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub begun: Option<u64>,
    #[serde(default, skip_serializing_if = "Place::is_start")]
    pub place: Place,
    /// A chat could not be read: the next round looks as far back again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub missed: bool,
    /// What was handed over, and when it was written: the next round reads the newest of it again.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub seen: BTreeMap<String, u64>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Place {
    /// All chats at once, after so many messages.
    All(usize),
    /// The list of chats, after so many; whether all of them at once had answered, so that it may fail.
    List(usize, bool),
    /// These chats, the first of them after so many messages; and the rest of the list, where there is more of it.
    Chats(VecDeque<String>, usize, Option<usize>),
}

impl Default for Place {
    fn default() -> Self {
        Self::All(0)
    }
}

impl Place {
    fn is_start(&self) -> bool {
        matches!(self, Self::All(0))
    }
}

impl Round {
    pub fn since(since: u64) -> Self {
        Self { since, begun: None, place: Place::default(), missed: false, seen: BTreeMap::new() }
    }

    /// Whether a message is news; from now on it is none.
    pub fn is_news(&mut self, message: &Value) -> bool {
        let id = MessageId::parse(text(message, "id").unwrap_or_default()).id;
        // What becomes of one that the business wrote is news, too.
        let reached = if flag(message, "fromMe") { number(at(message, &["ack"])) } else { None };
        let key = reached.map_or_else(|| id.to_owned(), |ack| format!("{id} {ack}"));
        self.seen.insert(key, written(message) / 1000).is_none()
    }

    /// Keeps the newest of what was seen, as long as it may be read again.
    pub fn forget(&mut self) {
        let mut times: Vec<u64> = self.seen.values().copied().collect();
        times.sort_unstable();
        let enough = times.len().checked_sub(SEEN).and_then(|most| times.get(most)).copied();
        let oldest = self.since.max(enough.unwrap_or_default());
        self.seen.retain(|_, written| *written >= oldest);
    }
}

/// When a message was written, in milliseconds.
pub fn written(message: &Value) -> Timestamp {
    time(at(message, &["timestamp"])).unwrap_or_default()
}
