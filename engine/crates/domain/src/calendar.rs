//! Days as people of a time zone count them: not all of them have 24 hours.

use chrono::{DateTime, Days, Duration, NaiveDate, NaiveTime, TimeZone, Utc};
pub use chrono_tz::Tz;

/// One day of a zone, from its first moment to the next day's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    pub date: NaiveDate,
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
}

/// The first moment of a day; where the clocks skip midnight, the first after it.
#[must_use]
pub fn day_begins(zone: Tz, date: NaiveDate) -> DateTime<Utc> {
    let midnight = date.and_time(NaiveTime::MIN);
    // No change of clocks skips more than a day.
    (0..=96)
        .find_map(|quarter| zone.from_local_datetime(&(midnight + Duration::minutes(15 * quarter))).earliest())
        .map_or_else(|| midnight.and_utc(), |begins| begins.to_utc())
}

#[must_use]
pub fn day_after(date: NaiveDate) -> NaiveDate {
    date.checked_add_days(Days::new(1)).unwrap_or(NaiveDate::MAX)
}

/// The days in which something of this time lies, at most `most`; the first and the last are cut to it.
#[must_use]
pub fn days(zone: Tz, from: DateTime<Utc>, until: DateTime<Utc>, most: usize) -> Vec<Day> {
    let mut days = Vec::new();
    let mut date = from.with_timezone(&zone).date_naive();
    let mut begins = from;
    while begins < until && days.len() < most {
        let next = day_after(date);
        let ends = day_begins(zone, next).min(until);
        if ends <= begins && next == date {
            break;
        }
        if ends > begins {
            days.push(Day { date, from: begins, until: ends });
        }
        (date, begins) = (next, ends.max(begins));
    }
    days
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_begins_when_its_people_say_so() {
        assert_eq!(day_begins(Tz::UTC, date("2026-03-29")), moment("2026-03-29T00:00:00Z"));
        assert_eq!(day_begins(Tz::Europe__Berlin, date("2026-03-30")), moment("2026-03-29T22:00:00Z"));
        assert_eq!(day_begins(Tz::Asia__Kathmandu, date("2026-01-02")), moment("2026-01-01T18:15:00Z"));
        // Midnight does not exist there on that day.
        assert_eq!(day_begins(Tz::Africa__Cairo, date("2024-04-26")), moment("2024-04-25T22:00:00Z"));
    }

    #[test]
    fn days_follow_each_other_without_a_gap() {
        let (from, until) = (moment("2026-03-28T12:00:00Z"), moment("2026-03-30T12:00:00Z"));
        let days = days(Tz::Europe__Berlin, from, until, 100);
        assert_eq!(
            days.iter().map(|day| day.date.to_string()).collect::<Vec<_>>(),
            ["2026-03-28", "2026-03-29", "2026-03-30"]
        );
        assert_eq!((days[0].from, days[2].until), (from, until));
        assert!(days.windows(2).all(|pair| pair[0].until == pair[1].from));
        // The clocks were put forward.
        assert_eq!(days[1].until - days[1].from, Duration::hours(23));
    }

    #[test]
    fn there_are_never_too_many() {
        let (from, until) = (moment("2000-01-01T00:00:00Z"), moment("2026-01-01T00:00:00Z"));
        assert_eq!(days(Tz::UTC, from, until, 366).len(), 366);
        assert_eq!(days(Tz::UTC, until, from, 366), []);
        let end = DateTime::<Utc>::MAX_UTC;
        assert!(days(Tz::UTC, end - Duration::hours(1), end, 366).len() <= 2);
    }
}
