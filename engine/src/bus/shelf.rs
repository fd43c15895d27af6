//! What a consumer has received and not yet settled. A feeder puts deliveries
//! on it and carries acknowledgements out; the consumer takes them from it,
//! lowest tag first; what is released lies on it again, before all that
//! follows. It holds at most the prefetch.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use patchbay_domain::ChannelId;
use tokio::sync::{Notify, futures::Notified};
use uuid::Uuid;

use super::answer::{Answer, Done, answer};

#[derive(Clone)]
pub struct Item {
    pub channel_id: ChannelId,
    pub key: Uuid,
    pub payload: Arc<str>,
    pub redelivered: bool,
}

/// An acknowledgement to be carried out, then answered.
pub type Acknowledged = (u64, Answer);

pub enum Taken {
    Item {
        term: u64,
        tag: u64,
        item: Item,
    },
    Nothing,
    /// Nothing more will be handed out.
    Closed,
}

#[derive(Default)]
pub struct Shelf {
    state: Mutex<State>,
    /// For the consumer: there may be something to take, or it is closed.
    arrived: Notify,
    /// For the feeder: something was acknowledged or released.
    settled: Notify,
}

#[derive(Default)]
struct State {
    /// Counts connections or leases: what was handed out under an earlier one can no longer be settled.
    term: u64,
    closed: bool,
    waiting: BTreeMap<u64, Item>,
    handed_out: HashMap<u64, Item>,
    acknowledged: BTreeMap<u64, Answer>,
}

impl State {
    fn len(&self) -> usize {
        self.waiting.len() + self.handed_out.len() + self.acknowledged.len()
    }
}

impl Shelf {
    // For the consumer and its deliveries.

    pub fn take(&self) -> Taken {
        let mut state = self.state();
        if state.closed {
            return Taken::Closed;
        }
        let Some((tag, item)) = state.waiting.pop_first() else { return Taken::Nothing };
        state.handed_out.insert(tag, item.clone());
        Taken::Item { term: state.term, tag, item }
    }

    pub fn arrived(&self) -> Notified<'_> {
        self.arrived.notified()
    }

    /// Done when it is carried out; never, when the delivery was taken back before.
    pub fn acknowledge(&self, term: u64, tag: u64) -> Done {
        let (answer, done) = answer();
        let mut state = self.state();
        if state.term == term && state.handed_out.remove(&tag).is_some() {
            state.acknowledged.insert(tag, answer);
            drop(state);
            self.settled.notify_one();
        }
        done
    }

    pub fn release(&self, term: u64, tag: u64) {
        let mut state = self.state();
        if state.term != term {
            return;
        }
        if let Some(mut item) = state.handed_out.remove(&tag) {
            item.redelivered = true;
            state.waiting.insert(tag, item);
            drop(state);
            self.arrived.notify_one();
            self.settled.notify_one();
        }
    }

    // For the feeder.

    pub fn put(&self, tag: u64, item: Item) {
        self.state().waiting.insert(tag, item);
        self.arrived.notify_one();
    }

    pub fn settled(&self) -> Notified<'_> {
        self.settled.notified()
    }

    /// Acknowledgements to carry out, in the order of their tags, and the lowest tag that is not settled.
    pub fn take_acknowledged(&self) -> (Vec<Acknowledged>, Option<u64>) {
        let mut state = self.state();
        let acknowledged = std::mem::take(&mut state.acknowledged).into_iter().collect();
        let waiting = state.waiting.first_key_value().map(|(tag, _)| tag);
        let lowest = state.handed_out.keys().chain(waiting).min().copied();
        (acknowledged, lowest)
    }

    pub fn holds(&self, tag: u64) -> bool {
        let state = self.state();
        state.waiting.contains_key(&tag) || state.handed_out.contains_key(&tag) || state.acknowledged.contains_key(&tag)
    }

    /// How many more it takes.
    pub fn room(&self, prefetch: u16) -> usize {
        usize::from(prefetch).saturating_sub(self.state().len())
    }

    /// Nothing waits, or less than half is used: a good moment to look for more.
    pub fn wants_more(&self, prefetch: u16) -> bool {
        let state = self.state();
        state.len() < usize::from(prefetch) && (state.waiting.is_empty() || state.len() <= usize::from(prefetch / 2))
    }

    /// Everything unsettled is void: it will be received again.
    pub fn clear(&self) {
        let mut state = self.state();
        state.term += 1;
        state.waiting.clear();
        state.handed_out.clear();
        state.acknowledged.clear();
    }

    /// Nothing more is handed out; what is handed out can still be settled.
    pub fn close(&self) {
        self.state().closed = true;
        self.arrived.notify_one();
    }

    pub fn is_closed(&self) -> bool {
        self.state().closed
    }

    /// It is closed, and all that was handed out is settled.
    pub fn is_done(&self) -> bool {
        let state = self.state();
        state.closed && state.handed_out.is_empty() && state.acknowledged.is_empty()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn item() -> Item {
        let nil = Uuid::nil();
        Item { channel_id: ChannelId::from_uuid(nil), key: nil, payload: "".into(), redelivered: false }
    }

    fn take(shelf: &Shelf) -> (u64, u64, bool) {
        match shelf.take() {
            Taken::Item { term, tag, item } => (term, tag, item.redelivered),
            Taken::Nothing | Taken::Closed => panic!("there is something on the shelf"),
        }
    }

    fn shelf(tags: impl IntoIterator<Item = u64>) -> Shelf {
        let shelf = Shelf::default();
        for tag in tags {
            shelf.put(tag, item());
        }
        shelf
    }

    #[test]
    fn what_is_released_comes_again_before_what_follows() {
        let shelf = shelf(1..=4);
        for _ in 0..3 {
            take(&shelf);
        }
        shelf.release(0, 3);
        shelf.release(0, 1);
        assert_eq!([take(&shelf), take(&shelf), take(&shelf)], [(0, 1, true), (0, 3, true), (0, 4, false)]);
    }

    #[test]
    fn what_was_handed_out_before_a_loss_cannot_be_settled_after_it() {
        let shelf = shelf([1]);
        take(&shelf);
        shelf.clear();
        shelf.put(1, item());
        assert_eq!(take(&shelf), (1, 1, false));
        assert_eq!(shelf.acknowledge(0, 1).now_or_never(), Some(false));
        shelf.release(0, 1);
        assert!(matches!(shelf.take(), Taken::Nothing));
        assert!(shelf.holds(1));
    }

    #[test]
    fn acknowledgements_come_with_the_lowest_tag_that_is_open() {
        let shelf = shelf(1..=5);
        let answers: Vec<_> = (0..4).map(|_| take(&shelf).1).filter(|tag| *tag != 3).collect();
        let answers: Vec<_> = answers.into_iter().map(|tag| shelf.acknowledge(0, tag)).collect();
        assert_eq!(shelf.room(6), 1);
        let (acknowledged, lowest) = shelf.take_acknowledged();
        assert_eq!(acknowledged.iter().map(|(tag, _)| *tag).collect::<Vec<_>>(), [1, 2, 4]);
        assert_eq!(lowest, Some(3));
        for (_, answer) in acknowledged {
            answer.done();
        }
        assert!(answers.into_iter().all(|done| done.now_or_never() == Some(true)));
        assert_eq!(shelf.room(6), 4);
    }

    #[test]
    fn more_is_wanted_when_nothing_waits_or_half_is_free() {
        let shelf = shelf(1..=3);
        assert!(!shelf.wants_more(4));
        assert!(shelf.wants_more(6));
        for _ in 0..3 {
            take(&shelf);
        }
        assert!(shelf.wants_more(4));
        assert!(!shelf.wants_more(3));
    }

    #[test]
    fn a_closed_shelf_is_done_when_all_that_was_handed_out_is_settled() {
        let shelf = shelf(1..=3);
        let (first, second) = (take(&shelf), take(&shelf));
        shelf.close();
        assert!(matches!(shelf.take(), Taken::Closed));
        shelf.release(first.0, first.1);
        assert!(!shelf.is_done());
        let mut done = shelf.acknowledge(second.0, second.1);
        assert!(!shelf.is_done());
        let (acknowledged, _) = shelf.take_acknowledged();
        assert!(shelf.is_done());
        assert_eq!((&mut done).now_or_never(), None);
        drop(acknowledged);
        assert_eq!(done.now_or_never(), Some(false));
    }
}
