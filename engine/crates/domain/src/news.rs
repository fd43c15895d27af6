//! When a platform is asked what happened: regularly where it calls no webhook,
//! and after an absence where it keeps what it could not deliver.

use chrono::{DateTime, Duration, Utc};

#[derive(Clone, Copy, Debug)]
pub struct News {
    /// Everything until then was fetched.
    pub fetched_at: Option<DateTime<Utc>>,
    /// The platform's session and whoever listens have both been up since then.
    pub up_since: DateTime<Utc>,
    /// It keeps for us what came in an absence.
    pub catches_up: bool,
    /// How often it is asked whatever happens.
    pub every: Option<Duration>,
}

/// `None`: never.
#[must_use]
pub fn fetch_at(news: &News) -> Option<DateTime<Utc>> {
    let News { fetched_at, up_since, catches_up, every } = *news;
    let missed = fetched_at.is_none_or(|at| at < up_since);
    if missed && (catches_up || fetched_at.is_none() && every.is_some()) {
        return Some(up_since);
    }
    fetched_at?.checked_add_signed(every?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absence_and_the_clock_are_two_reasons() {
        let table = [
            // fetched at, catches up, every: fetched next at, where all was up since 100
            (None, false, None, None),
            (None, true, None, Some(100)),
            (None, false, Some(60), Some(100)),
            (Some(50), true, None, Some(100)),
            (Some(50), false, None, None),
            (Some(50), true, Some(60), Some(100)),
            (Some(50), false, Some(60), Some(110)),
            (Some(100), true, None, None),
            (Some(100), true, Some(60), Some(160)),
            (Some(100), false, Some(60), Some(160)),
        ];
        let at = |seconds| DateTime::UNIX_EPOCH + Duration::seconds(seconds);
        for (fetched_at, catches_up, every, expected) in table {
            let news = News {
                fetched_at: fetched_at.map(at),
                up_since: at(100),
                catches_up,
                every: every.map(Duration::seconds),
            };
            assert_eq!(fetch_at(&news), expected.map(at), "{news:?}");
        }
    }
}
