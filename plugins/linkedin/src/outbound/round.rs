//! A round of fetching, which is the cursor between polls: where it is, what it has seen, and how many calls are left of
//! the day's.

use crate::manifest::POLL_EVERY_MS;
use patchbay_plugin_sdk::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// So much is remembered of what was handed over already.
const SEEN: usize = 500;
/// Comments whose answers are looked for, and for how long.
const THREADS: usize = 50;
const THREAD_MS: u64 = 7 * DAY_MS;
/// Posts are listed anew after this long.
const POSTS_MS: u64 = 3 * 60 * 60 * 1000;
/// So soon after a complete round there is nothing new.
const AFTER_ROUND_MS: u64 = 2 * 1000;
/// When the calls of this time are used up, until the next regular poll.
const SPENT_MS: u64 = POLL_EVERY_MS - 5 * 60 * 1000;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// What is older was handed over.
    pub since: Timestamp,
    /// When it began; missing between rounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub begun: Option<Timestamp>,
    /// What is still to be asked for.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    pub ahead: VecDeque<Target>,
    #[serde(default)]
    pub posts: Posts,
    /// Comments whose answers are looked for, the one that waits longest first, and when they were written.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    pub threads: VecDeque<(String, Timestamp)>,
    /// What was handed over, and when it was written: the next round reads the newest of it again.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub seen: BTreeMap<String, Timestamp>,
    #[serde(default)]
    pub spent: Spent,
    /// Nothing is asked for before then.
    #[serde(default)]
    pub rests_until: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Target {
    Posts,
    /// The comments under a post or a comment, after so many.
    Comments(String, usize),
    /// Notifications, after so many.
    Notifications(usize),
    /// What a notification left out: a comment, with the notification, or a post.
    Comment(String, Value),
    Post(String),
}

/// The latest posts of the page, and when they were listed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Posts {
    pub urns: Vec<String>,
    pub listed_at: Timestamp,
}

/// Calls that were made on a day.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spent {
    day: u64,
    calls: u32,
}

impl Round {
    pub fn since(since: Timestamp) -> Self {
        Self {
            since,
            begun: None,
            ahead: VecDeque::new(),
            posts: Posts::default(),
            threads: VecDeque::new(),
            seen: BTreeMap::new(),
            spent: Spent::default(),
            rests_until: 0,
        }
    }

    /// A look at the comments of the latest posts, and at the answers to one comment.
    pub fn look_at_posts(&mut self, now: Timestamp) {
        if self.posts.listed_at + POSTS_MS <= now {
            self.ahead.push_back(Target::Posts);
        }
        self.ahead.extend(self.posts.urns.iter().map(|urn| Target::Comments(urn.clone(), 0)));
        self.threads.retain(|(_, written)| written + THREAD_MS >= now);
        if let Some((urn, written)) = self.threads.pop_front() {
            self.ahead.push_back(Target::Comments(urn.clone(), 0));
            self.threads.push_back((urn, written));
        }
    }

    /// The posts of the page, as they are now.
    pub fn list(&mut self, urns: Vec<String>, now: Timestamp) {
        // Those that were listed before are ahead already.
        let new = urns.iter().filter(|urn| !self.posts.urns.contains(urn));
        self.ahead.extend(new.map(|urn| Target::Comments(urn.clone(), 0)));
        self.posts = Posts { urns, listed_at: now };
    }

    /// From now on, answers to this comment are looked for.
    pub fn follow(&mut self, urn: &str, written: Timestamp) {
        if self.threads.iter().any(|(known, _)| known == urn) {
            return;
        }
        // The newest is the next.
        self.threads.push_front((urn.to_owned(), written));
        self.threads.truncate(THREADS);
    }

    /// Whether something is news; from now on it is none.
    pub fn is_news(&mut self, key: String, written: Timestamp) -> bool {
        written >= self.since && self.seen.insert(key, written).is_none()
    }

    /// How many calls may be made now: what is left of the day is spread over the polls that are left of it. The first
    /// of a day goes as far as it comes.
    pub fn allowance(&mut self, per_day: u32, now: Timestamp) -> u32 {
        let day = now / DAY_MS;
        if self.spent.day != day {
            self.spent = Spent { day, calls: 0 };
        }
        let left = per_day.saturating_sub(self.spent.calls);
        let polls = (DAY_MS - now % DAY_MS).div_ceil(POLL_EVERY_MS);
        let polls = u32::try_from(polls).unwrap_or(u32::MAX).max(1);
        match (self.spent.calls, left) {
            (0, left) => left,
            (_, 0) => 0,
            (_, left) => (left / polls).max(1),
        }
    }

    pub fn spend(&mut self) {
        self.spent.calls = self.spent.calls.saturating_add(1);
    }

    pub fn rest_until_more_may_be_spent(&mut self, now: Timestamp) {
        self.rests_until = now + SPENT_MS;
    }

    /// Everything was asked for and handed over: the next round looks a little further back than this one began. After
    /// news the engine asks again at once.
    pub fn complete(&mut self, overlap: u64, had_news: bool, now: Timestamp) {
        self.since = self.begun.take().unwrap_or(now).saturating_sub(overlap).max(self.since);
        if had_news {
            self.rests_until = now + AFTER_ROUND_MS;
        }
    }

    /// Keeps the newest of what was seen, as long as it may be read again.
    pub fn forget(&mut self) {
        let mut times: Vec<Timestamp> = self.seen.values().copied().collect();
        times.sort_unstable();
        let enough = times.len().checked_sub(SEEN).and_then(|most| times.get(most)).copied();
        let oldest = self.since.max(enough.unwrap_or_default());
        self.seen.retain(|_, written| *written >= oldest);
    }
}
