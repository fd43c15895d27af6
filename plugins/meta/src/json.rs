//! Reading what Meta sends, whose documents and payloads do not always agree: a scalar may be a string or a number,
//! an absent one may be an empty string. Nothing here fails on a value of another shape than expected.

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// A string, number or boolean as text, borrowed where the payload needs no unescaping. Anything else is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text<'a>(Cow<'a, str>);

impl Text<'_> {
    /// The text, unless there is none.
    pub fn get(&self) -> Option<&str> {
        (!self.0.is_empty()).then_some(&*self.0)
    }

    pub fn or_empty(&self) -> &str {
        &self.0
    }

    pub fn owned(&self) -> Option<String> {
        self.get().map(str::to_owned)
    }

    pub fn is(&self, text: &str) -> bool {
        self.0 == text
    }

    pub fn number<N: std::str::FromStr>(&self) -> Option<N> {
        self.0.parse().ok()
    }

    /// Seconds since the epoch as milliseconds.
    pub fn seconds_as_milliseconds(&self) -> Option<u64> {
        self.number::<u64>()?.checked_mul(1000).filter(|time| is_time(*time))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Scalar).map(Text)
    }
}

struct Scalar;

impl<'de> Visitor<'de> for Scalar {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Cow::Owned(number.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Cow::Owned(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Cow::Owned(number.to_string()))
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(if truth { "true" } else { "false" }))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(""))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Cow::Borrowed(""))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Cow::Borrowed(""))
    }
}

/// Whether so many milliseconds since the epoch are a time that a message can have: with another unit they are none, and
/// the engine would refuse the whole webhook for it.
pub const fn is_time(milliseconds: u64) -> bool {
    milliseconds <= END_OF_9999
}

const END_OF_9999: u64 = 253_402_300_799_999;

/// Part of a payload, unread: so one part of an unknown shape does not spoil the others.
pub type Raw<'a> = Option<&'a RawValue>;

/// A part as what it should be; nothing when it is absent or of another shape.
pub fn read<'a, T: Deserialize<'a>>(raw: Raw<'a>) -> Option<T> {
    serde_json::from_str(raw?.get()).ok()
}

/// The items of a part that should be a list; none when it is not.
pub fn items(raw: Raw<'_>) -> Vec<&RawValue> {
    read(raw).unwrap_or_default()
}

/// A body that is JSON but perhaps not what we expect.
#[derive(Debug)]
pub enum Body<T> {
    Known(T),
    /// JSON of another shape.
    Other,
}

/// A body as text, checked once here instead of string by string.
///
/// Meta escapes what is not ASCII, and a text that it cut may end in half a pair of escapes. That is JSON, but no text:
/// whatever it stands in could not be read, nor be handed on. So such a half becomes U+FFFD.
pub fn text(bytes: &[u8]) -> Result<Cow<'_, str>, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| format!("the webhook is not UTF-8: {error}"))?;
    let (mut whole, mut copied, mut at) = (String::new(), 0, 0);
    while let Some(found) = text.get(at..).and_then(|rest| rest.find('\\')) {
        let start = at + found;
        let length = match (escaped_unit(text, start), escaped_unit(text, start + ESCAPED_UNIT)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 2 * ESCAPED_UNIT,
            (Some(0xd800..=0xdfff), _) => {
                whole.push_str(text.get(copied..start).unwrap_or_default());
                whole.push_str(REPLACEMENT);
                copied = start + ESCAPED_UNIT;
                ESCAPED_UNIT
            }
            _ => 2,
        };
        at = start + length;
    }
    if copied == 0 {
        return Ok(Cow::Borrowed(text));
    }
    whole.push_str(text.get(copied..).unwrap_or_default());
    Ok(Cow::Owned(whole))
}

/// How long `\u00e4` is.
const ESCAPED_UNIT: usize = 6;
const REPLACEMENT: &str = r"\ufffd";

/// The unit of UTF-16 that is escaped there.
fn escaped_unit(text: &str, at: usize) -> Option<u16> {
    let digits = text.get(at..at + ESCAPED_UNIT)?.strip_prefix(r"\u")?;
    u16::from_str_radix(digits, 16).ok()
}

/// Reads a body. The error says where it stops being JSON.
pub fn body<'a, T: Deserialize<'a>>(text: &'a str) -> Result<Body<T>, String> {
    match serde_json::from_str(text) {
        Ok(value) => Ok(Body::Known(value)),
        Err(error) if error.is_data() => match serde_json::from_str::<IgnoredAny>(text) {
            Ok(_) => Ok(Body::Other),
            Err(error) => Err(format!("the webhook is not JSON: {error}")),
        },
        Err(error) => Err(format!("the webhook is not JSON: {error}")),
    }
}

/// A JSON object of the parts that are there, copied as they are. Keys must need no escaping.
pub fn object(parts: &[(&str, Raw<'_>)]) -> String {
    let mut json = String::from("{");
    for (key, raw) in parts {
        let Some(raw) = raw else { continue };
        if json.len() > 1 {
            json.push(',');
        }
        json.push('"');
        json.push_str(key);
        json.push_str("\":");
        json.push_str(raw.get());
    }
    json.push('}');
    json
}
