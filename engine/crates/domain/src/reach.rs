//! Whether a channel's platform can be reached at all. Where it cannot, it is
//! the channel that rests: its messages are not to blame, and each try of each
//! of them would only find out the same.

use chrono::{DateTime, Duration, Utc};

use crate::attempt::backoff;

/// So many requests in a row that found nobody.
const IN_A_ROW: u32 = 3;
const LONGEST_REST: Duration = Duration::minutes(1);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    missed: u32,
    rests: u32,
    rests_until: Option<DateTime<Utc>>,
}

impl Reach {
    /// Somebody answered, whatever the answer was.
    pub fn answered(&mut self) {
        *self = Self::default();
    }

    /// A request that was made then found nobody. Until when the channel rests, where it has to.
    pub fn missed(&mut self, made: DateTime<Utc>, now: DateTime<Utc>, jitter: f64) -> Option<DateTime<Utc>> {
        if let Some(until) = self.rests_until.filter(|until| made < *until) {
            // On its way already when the rest began: it says nothing new.
            return Some(until).filter(|until| *until > now);
        }
        self.missed += 1;
        if self.missed < IN_A_ROW {
            return None;
        }
        self.rests += 1;
        self.rests_until = Some(now + backoff(self.rests, jitter).min(LONGEST_REST));
        self.rests_until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + Duration::seconds(seconds)
    }

    #[test]
    fn one_that_is_missed_by_chance_does_not_stop_the_channel() {
        let mut reach = Reach::default();
        for _ in 0..10 {
            assert_eq!((reach.missed(at(0), at(1), 0.0), reach.missed(at(0), at(1), 0.0)), (None, None));
            reach.answered();
        }
    }

    #[test]
    fn all_that_left_before_a_rest_are_one_reason_for_it_and_rests_grow_but_not_for_ever() {
        let mut reach = Reach::default();
        let mut now = at(0);
        let mut rests = Vec::new();
        for _ in 0..12 {
            let until = (0..16).filter_map(|_| reach.missed(now, now, 1.0)).last().unwrap();
            rests.push((until - now).num_milliseconds());
            now = until;
        }
        assert!(rests.is_sorted(), "{rests:?}");
        assert!(rests[0] <= 1_250 && rests[11] == LONGEST_REST.num_milliseconds(), "{rests:?}");
    }
}
