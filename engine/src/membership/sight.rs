//! What a node may make of others' silence. While it cannot reach the database
//! itself, it sees nobody's signs of life, and when it is back, the others may
//! be a moment behind it: until they had one full period to be heard, those
//! that were alive when it last saw them still count.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Duration, Utc};

/// Shared by all who judge.
#[derive(Clone)]
pub struct Sight {
    lifetime: Duration,
    state: Arc<Mutex<State>>,
}

#[derive(Clone, Copy)]
struct State {
    /// When this node last reached the database.
    seen_at: DateTime<Utc>,
    grace: Option<Grace>,
}

#[derive(Clone, Copy)]
struct Grace {
    alive_since: DateTime<Utc>,
    until: DateTime<Utc>,
}

impl Sight {
    /// A node that gives no sign of life for `lifetime` counts as gone.
    pub fn new(lifetime: Duration, now: DateTime<Utc>) -> Self {
        Self { lifetime, state: Arc::new(Mutex::new(State { seen_at: now, grace: None })) }
    }

    /// The database was reached.
    pub fn reached(&self, now: DateTime<Utc>) {
        let alive_since = self.alive_since(now);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_blind(*state, now) {
            state.grace = Some(Grace { alive_since, until: now + self.lifetime });
        }
        state.seen_at = now;
    }

    /// Whether its own signs of life arrive, and with them everything else that is written.
    pub fn is_clear(&self, now: DateTime<Utc>) -> bool {
        let state = *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        !self.is_blind(state, now)
    }

    /// Who gave a sign of life since then counts as alive.
    pub fn alive_since(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let state = *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let blind = self.is_blind(state, now);
        // The last moment at which this node saw.
        let sight = if blind { state.seen_at } else { now };
        match state.grace {
            Some(grace) if sight < grace.until => grace.alive_since,
            _ => sight - self.lifetime,
        }
    }

    /// Others' signs may be older than they allow only because this node, and so perhaps everybody, was cut off.
    fn is_blind(&self, state: State, now: DateTime<Utc>) -> bool {
        now - state.seen_at > self.lifetime / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + Duration::seconds(1_000 + seconds)
    }

    fn sight() -> Sight {
        Sight::new(Duration::seconds(10), at(0))
    }

    #[test]
    fn who_sees_judges_by_the_lifetime() {
        let sight = sight();
        for second in (2..60).step_by(2) {
            sight.reached(at(second));
            assert_eq!(sight.alive_since(at(second + 1)), at(second - 9));
        }
    }

    #[test]
    fn after_an_outage_the_others_have_one_period_to_be_heard() {
        let sight = sight();
        assert_eq!(sight.alive_since(at(30)), at(-10), "blind, it judges by what it saw last");
        assert!(!sight.is_clear(at(30)));
        sight.reached(at(30));
        assert!(sight.is_clear(at(35)) && !sight.is_clear(at(36)));
        for second in [30, 33, 36, 39] {
            sight.reached(at(second));
            assert_eq!(sight.alive_since(at(second)), at(-10));
        }
        sight.reached(at(40));
        assert_eq!(sight.alive_since(at(40)), at(30), "the others were heard again, or are gone");
    }

    #[test]
    fn an_outage_within_the_grace_begins_it_anew() {
        let sight = sight();
        sight.reached(at(30));
        sight.reached(at(50));
        assert_eq!(sight.alive_since(at(55)), at(-10));
        sight.reached(at(55));
        sight.reached(at(60));
        assert_eq!(sight.alive_since(at(60)), at(50));
    }
}
