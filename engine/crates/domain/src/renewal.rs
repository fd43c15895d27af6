//! When a token that expires is renewed.

use chrono::{DateTime, Duration, Utc};

/// However long a token lives: no more of it is given away.
const LONGEST_MARGIN: Duration = Duration::days(1);
/// However short: a platform that gives out tokens that have all but expired is not asked without end.
const SHORTEST_LIFE: Duration = Duration::seconds(1);

/// A tenth of its life before it expires, so that an hour's token outlives an authorisation server that is away for
/// some minutes, and a token of two months one that is away for a day.
#[must_use]
pub fn renew_at(now: DateTime<Utc>, lifetime: Duration) -> DateTime<Utc> {
    now + (lifetime - (lifetime / 10).min(LONGEST_MARGIN)).max(SHORTEST_LIFE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_renewed_before_it_expires_and_not_at_once() {
        let now = DateTime::UNIX_EPOCH;
        let after = |lifetime| (renew_at(now, lifetime) - now).num_seconds();
        assert_eq!(after(Duration::hours(2)), 108 * 60);
        assert_eq!(after(Duration::days(60)), 59 * 86_400);
        assert_eq!(after(Duration::zero()), 1);
    }
}
