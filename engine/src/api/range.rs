//! Parts of a file: `Range: bytes=…`, as players ask for it. One range at a time; what asks for several, or cannot be
//! read, is given the whole file, as is who asks for a part only of a version that it knows, since none is named.

use actix_web::http::header::{HeaderMap, IF_RANGE, RANGE};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    Whole,
    Part {
        from: u64,
        length: u64,
    },
    /// Nothing of what there is.
    Beyond,
}

impl Wanted {
    /// What is wanted of so many bytes.
    pub fn of(headers: &HeaderMap, size: u64) -> Self {
        let range = headers.get(RANGE).filter(|_| !headers.contains_key(IF_RANGE));
        range.and_then(|range| range.to_str().ok()).and_then(|range| part(range, size)).unwrap_or(Self::Whole)
    }
}

/// None where it cannot be read.
fn part(range: &str, size: u64) -> Option<Wanted> {
    let (unit, span) = range.split_once('=')?;
    let (first, last) = span.trim().split_once('-')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let number = |text: &str| -> Option<u64> {
        if text.bytes().all(|letter| letter.is_ascii_digit()) { text.parse().ok() } else { None }
    };
    let (from, end) = match (first, last) {
        ("", last) => (size.saturating_sub(number(last)?), size),
        (first, "") => (number(first)?, size),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                return None;
            }
            (first, last.saturating_add(1).min(size))
        }
    };
    Some(if from < end { Wanted::Part { from, length: end - from } } else { Wanted::Beyond })
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn one_range_is_a_part_of_what_there_is() {
        let part = |from, length| Some(Wanted::Part { from, length });
        for (range, wanted) in [
            ("bytes=0-0", part(0, 1)),
            ("bytes=2-4", part(2, 3)),
            ("Bytes=2-", part(2, 8)),
            ("bytes=-3", part(7, 3)),
            ("bytes=-30", part(0, 10)),
            ("bytes=9-99999999999999999999", None),
            ("bytes=9-18446744073709551615", part(9, 1)),
            ("bytes=10-", Some(Wanted::Beyond)),
            ("bytes=10-12", Some(Wanted::Beyond)),
            ("bytes=-0", Some(Wanted::Beyond)),
            ("bytes=4-2", None),
            ("bytes=0-1,4-5", None),
            ("bytes=a-b", None),
            ("bytes=+1-2", None),
            ("bytes=-", None),
            ("bytes", None),
            ("lines=1-2", None),
        ] {
            assert_eq!(super::part(range, 10), wanted, "{range}");
        }
        assert_eq!(super::part("bytes=0-", 0), Some(Wanted::Beyond));
    }

    #[test]
    fn who_asks_for_a_version_is_given_the_whole() {
        let mut headers = HeaderMap::new();
        assert_eq!(Wanted::of(&headers, 10), Wanted::Whole);
        headers.insert(RANGE, HeaderValue::from_static("bytes=1-1"));
        assert_eq!(Wanted::of(&headers, 10), Wanted::Part { from: 1, length: 1 });
        headers.insert(IF_RANGE, HeaderValue::from_static("\"a\""));
        assert_eq!(Wanted::of(&headers, 10), Wanted::Whole);
    }
}
