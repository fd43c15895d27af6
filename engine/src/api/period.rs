//! From when to when, in a query: `from` and `to`, or `fromDate` and `toDate`; moments, or whole days of `timeZone`.

use chrono::{DateTime, NaiveDate, Utc};
use patchbay_domain::calendar::{Tz, day_after, day_begins};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::api::fields::{Check, Noted};

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PeriodQuery {
    /// A moment, or a day of `timeZone`
    from: Option<String>,
    /// A moment, or a day, which is meant whole
    to: Option<String>,
    /// As `from`
    from_date: Option<String>,
    /// As `to`
    to_date: Option<String>,
    /// Such as Europe/Berlin
    time_zone: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    pub from: Option<DateTime<Utc>>,
    /// Not this moment any more: a day that was named is asked for whole.
    pub until: Option<DateTime<Utc>>,
    pub zone: Tz,
}

impl PeriodQuery {
    /// As a body has it.
    pub fn between(from: Option<String>, to: Option<String>) -> Self {
        Self { from, to, ..Self::default() }
    }

    pub fn read(self, check: &mut Check) -> Result<Asked, Noted> {
        let Self { from, to, from_date, to_date, time_zone } = self;
        let zone = check.parsed::<Tz>("timeZone", time_zone, "the name of a time zone, such as Europe/Berlin")?;
        let zone = zone.unwrap_or(Tz::UTC);
        let mut moment = |names: [&str; 2], texts: [Option<String>; 2], of_day: fn(NaiveDate) -> NaiveDate| {
            let given = texts.into_iter().zip(names).find_map(|(text, name)| Some((text?, name)));
            let Some((text, name)) = given.filter(|(text, _)| !text.is_empty()) else { return Ok(None) };
            match read(&text, zone, of_day) {
                Some(moment) => Ok(Some(moment)),
                None => {
                    Err(check.note(name, "must be a day such as 2026-05-31 or a moment such as 2026-05-31T08:00:00Z"))
                }
            }
        };
        let from = moment(["from", "fromDate"], [from, from_date], |date| date);
        let until = moment(["to", "toDate"], [to, to_date], day_after);
        Ok(Asked { from: from?, until: until?, zone })
    }
}

fn read(text: &str, zone: Tz, of_day: fn(NaiveDate) -> NaiveDate) -> Option<DateTime<Utc>> {
    if let Ok(date) = text.parse::<NaiveDate>() {
        return Some(day_begins(zone, of_day(date))).filter(is_storable);
    }
    // A plus sign that nobody encoded arrives as a space.
    DateTime::parse_from_rfc3339(&text.replace(' ', "+")).ok().map(|moment| moment.to_utc()).filter(is_storable)
}

/// Years that both databases can write down.
fn is_storable(moment: &DateTime<Utc>) -> bool {
    const SECONDS: std::ops::Range<i64> = -2_208_988_800..253_370_764_800;
    SECONDS.contains(&moment.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: &str) -> Result<Asked, String> {
        let query = actix_web::web::Query::<PeriodQuery>::from_query(query).unwrap().into_inner();
        let mut check = Check::default();
        let asked = query.read(&mut check);
        check.finish(|| asked).map_err(|error| error.to_string())
    }

    fn moment(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_is_whole_and_of_its_zone() {
        let read = asked("fromDate=2026-05-01&toDate=2026-05-31&timeZone=Europe/Berlin").unwrap();
        assert_eq!(
            (read.from, read.until),
            (Some(moment("2026-04-30T22:00:00Z")), Some(moment("2026-05-31T22:00:00Z")))
        );
        let read = asked("from=2026-05-01T08:00:00+02:00&to=").unwrap();
        assert_eq!((read.from, read.until, read.zone), (Some(moment("2026-05-01T06:00:00Z")), None, Tz::UTC));
    }

    #[test]
    fn what_is_no_time_is_told() {
        assert!(asked("from=yesterday").unwrap_err().starts_with("from: must be a day such as"));
        assert!(asked("toDate=9999-12-31").unwrap_err().starts_with("toDate: "), "the next day cannot be stored");
        assert!(asked("timeZone=Mars/Olympus").unwrap_err().starts_with("timeZone: must be the name"));
    }
}
