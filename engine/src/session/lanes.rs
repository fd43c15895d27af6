//! Lanes keep the order of each conversation: what arrives while something of
//! the same conversation is being committed waits and goes together next.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use patchbay_domain::ConversationId;
use patchbay_store::{Store, statuses::StatusReport};

use super::{Shared, arrival::Arrival, desk::Desk, files, inbound};
use crate::{
    batch::survive,
    conversation::{ConversationError, Input, Request},
    retry,
};

pub type Entry = (Arc<Arrival>, Input);

/// As many entries under way keep the committer busy; more would only take memory.
const ENOUGH: usize = 1_024;

/// Conversations with something under way, and what waits behind it.
#[derive(Default)]
pub struct Lanes {
    busy: HashMap<ConversationId, VecDeque<Entry>>,
    /// Under way or waiting.
    entries: usize,
}

impl Lanes {
    /// What to begin with at once; `None` where it has to wait its turn.
    pub fn enter(&mut self, id: ConversationId, entries: Vec<Entry>) -> Option<Vec<Entry>> {
        self.entries += entries.len();
        match self.busy.get_mut(&id) {
            Some(waiting) => {
                waiting.extend(entries);
                None
            }
            None => {
                self.busy.insert(id, VecDeque::new());
                Some(entries)
            }
        }
    }

    /// So many are done: what comes next in this conversation, all of it together.
    pub fn leave(&mut self, id: ConversationId, done: usize) -> Option<Vec<Entry>> {
        self.entries = self.entries.saturating_sub(done);
        let waiting = self.busy.get_mut(&id)?;
        if waiting.is_empty() {
            self.busy.remove(&id);
            None
        } else {
            Some(waiting.drain(..).collect())
        }
    }

    /// Nothing more is to be begun with until some are done.
    pub fn are_full(&self) -> bool {
        self.entries >= ENOUGH
    }

    pub fn len(&self) -> usize {
        self.busy.len()
    }
}

/// Sees entries of one conversation through. Answers the webhooks of which a part is now committed or buried.
pub async fn carry(shared: Arc<Shared>, desk: Arc<Desk>, id: ConversationId, entries: Vec<Entry>) -> Vec<Arc<Arrival>> {
    let (arrivals, mut inputs): (Vec<_>, Vec<_>) = entries.into_iter().unzip();
    let mut brought = HashSet::new();
    for input in &mut inputs {
        files::bring_home(&shared, &desk, input, &mut brought).await;
    }
    let Err(error) = receive(&shared, id, inputs.clone()).await else { return arrivals };
    tracing::warn!(conversation.id = %id, %error, "a batch failed; its inputs go one by one");
    let mut done = Vec::with_capacity(arrivals.len());
    for (arrival, input) in arrivals.into_iter().zip(inputs) {
        if let Err(error) = receive(&shared, id, vec![input]).await {
            inbound::bury_or_release(&shared, &desk, &arrival, &error.to_string()).await;
        }
        done.push(arrival);
    }
    done
}

/// Commits, waiting out a database that is away.
pub async fn receive(shared: &Shared, id: ConversationId, inputs: Vec<Input>) -> Result<(), ConversationError> {
    let request = Request::Receive(Arc::new(inputs));
    let mut pause = std::time::Duration::from_millis(50);
    loop {
        match shared.conversations.ask(id, request.clone()).await {
            Err(ConversationError::Unavailable) => {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(std::time::Duration::from_secs(2));
            }
            settled => return settled,
        }
    }
}

/// Applies the statuses of many webhooks in one transaction.
pub async fn apply_statuses(
    store: &Store,
    batch: Vec<Vec<StatusReport>>,
    clock: fn() -> DateTime<Utc>,
) -> Vec<Result<(), String>> {
    let reports: Vec<StatusReport> = batch.iter().flatten().cloned().collect();
    let apply = retry::while_unavailable("apply_statuses", || store.apply_statuses(&reports, clock()));
    match survive(apply).await {
        Ok(Ok(counts)) => {
            metrics::counter!("patchbay_statuses_total", "result" => "applied").increment(counts.applied);
            metrics::counter!("patchbay_statuses_total", "result" => "pending").increment(counts.pending);
            metrics::counter!("patchbay_statuses_total", "result" => "unchanged").increment(counts.unchanged);
            vec![Ok(()); batch.len()]
        }
        Ok(Err(_)) | Err(_) => apply_one_by_one(store, batch, clock).await,
    }
}

async fn apply_one_by_one(
    store: &Store,
    batch: Vec<Vec<StatusReport>>,
    clock: fn() -> DateTime<Utc>,
) -> Vec<Result<(), String>> {
    let mut results = Vec::with_capacity(batch.len());
    for reports in batch {
        let apply = retry::while_unavailable("apply_statuses", || store.apply_statuses(&reports, clock()));
        let applied = survive(apply).await.map_err(|error| error.to_string());
        results.push(applied.and_then(|applied| applied.map(drop).map_err(|error| error.to_string())));
    }
    results
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::arrival::Source;

    fn entry() -> Entry {
        let person = patchbay_domain::platform::Participant::default();
        (Arc::new(Arrival::for_test(1, Source::Nowhere)), Input::Contact(person))
    }

    #[test]
    fn one_goes_and_the_others_follow_together() {
        let mut lanes = Lanes::default();
        let id = ConversationId::at(DateTime::UNIX_EPOCH);
        assert_eq!(lanes.enter(id, vec![entry()]).unwrap().len(), 1);
        assert!(lanes.enter(id, vec![entry()]).is_none());
        assert!(lanes.enter(id, vec![entry(), entry()]).is_none());
        assert_eq!(lanes.leave(id, 1).unwrap().len(), 3);
        assert!(lanes.leave(id, 3).is_none());
        assert_eq!(lanes.len(), 0);
        assert!(lanes.enter(id, vec![entry()]).is_some());
    }

    #[test]
    fn what_is_under_way_or_waits_is_bounded() {
        let mut lanes = Lanes::default();
        let id = ConversationId::at(DateTime::UNIX_EPOCH);
        lanes.enter(id, vec![entry(); ENOUGH - 1]);
        assert!(!lanes.are_full());
        lanes.enter(id, vec![entry()]);
        assert!(lanes.are_full());
        lanes.leave(id, ENOUGH - 1);
        assert!(!lanes.are_full());
    }
}
