//! Reading JSON of which any part may be missing or of another shape: nothing here fails.

use patchbay_plugin_sdk::Timestamp;
use serde_json::Value;

/// A part at any depth; null when it is not there.
pub fn at<'a>(value: &'a Value, path: &[&str]) -> &'a Value {
    path.iter().fold(value, |value, name| value.get(name).unwrap_or(&Value::Null))
}

/// A text that is not empty.
pub fn text<'a>(value: &'a Value, path: &[&str]) -> Option<&'a str> {
    at(value, path).as_str().filter(|text| !text.is_empty())
}

pub fn items<'a>(value: &'a Value, path: &[&str]) -> &'a [Value] {
    at(value, path).as_array().map(Vec::as_slice).unwrap_or_default()
}

/// An identifier: a text, or a whole number where somebody wrote one.
pub fn id(value: &Value, path: &[&str]) -> Option<String> {
    match at(value, path) {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => number.as_u64().map(|number| number.to_string()),
        _ => None,
    }
}

/// The year 9999.
const LATEST: u64 = 253_402_300_799_000;

/// A time in milliseconds, which X writes as a text.
pub fn time(value: &Value, path: &[&str]) -> Option<Timestamp> {
    let value = at(value, path);
    let time = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok());
    time.filter(|time| (1..=LATEST).contains(time))
}

/// A time as lists have it: `2022-10-19T20:58:00.000Z`.
pub fn iso_time(text: &str) -> Option<Timestamp> {
    let (date, clock) = text.strip_suffix('Z')?.split_once('T')?;
    let [year, month, day] = numbers(date, '-')?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let [hour, minute, second] = numbers(clock, ':')?;
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let milliseconds: String = fraction.chars().chain("000".chars()).take(3).collect();
    let seconds = ((days(year, month, day)? * 24 + hour) * 60 + minute) * 60 + second;
    Some(seconds * 1000 + milliseconds.parse::<u64>().ok()?)
}

fn numbers(text: &str, separator: char) -> Option<[u64; 3]> {
    let mut parts = text.split(separator).map(str::parse);
    let all = [parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?];
    parts.next().is_none().then_some(all)
}

/// Days since 1970, counted in years that begin in March, so that the day that is sometimes there comes last.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year / 4 - year / 100 + year / 400;
    // From March of the year 0 until 1970.
    (year * 365 + leap_days + (month * 153 + 2) / 5 + day - 1).checked_sub(719_468)
}

#[cfg(test)]
mod tests {
    use super::{id, iso_time, time};
    use serde_json::json;

    #[test]
    fn times_of_lists() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2022-10-19T20:58:00.000Z", Some(1_666_213_080_000)),
            ("2024-02-29T23:59:59.12Z", Some(1_709_251_199_120)),
            ("2024-03-01T00:00:00.123456Z", Some(1_709_251_200_123)),
            ("2022-10-19", None),
            ("2022-13-19T20:58:00Z", None),
            ("2022-10-19T24:58:00Z", None),
            ("2022-10-19T20:58:00.xZ", None),
            ("99999-10-19T20:58:00Z", None),
            ("", None),
        ] {
            assert_eq!(iso_time(text), expected, "{text}");
        }
    }

    #[test]
    fn identifiers_and_times_are_texts_or_numbers() {
        let value = json!({"a": "12", "b": 9_007_199_254_740_993_u64, "c": 1.5, "d": "", "e": "x"});
        let ids = ["a", "b", "c", "d"].map(|name| id(&value, &[name]));
        assert_eq!(ids, [Some("12".to_owned()), Some("9007199254740993".to_owned()), None, None]);
        assert_eq!(["a", "b", "c", "d", "e"].map(|name| time(&value, &[name])), [Some(12), None, None, None, None]);
    }
}
