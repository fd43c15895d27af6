//! What queries and bodies of this dialect say in ways of their own.

use actix_web::HttpRequest;
use chrono::{DateTime, SecondsFormat, Utc};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use url::form_urlencoded;

use crate::{
    api::fields::{Check, Field, Noted},
    service::{fields::FromText, kinds::Kind},
};

/// So many values are taken of a list in a query.
const MOST: usize = 1_000;

/// A moment as this dialect writes it: RFC 3339 in UTC with milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema)]
#[schemars(inline)]
pub struct Moment(pub DateTime<Utc>);

impl From<DateTime<Utc>> for Moment {
    fn from(at: DateTime<Utc>) -> Self {
        Self(at)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl FromText for Moment {
    fn from_text(text: &str) -> Result<Self, String> {
        // In a query the plus of an offset is a space.
        let read = DateTime::parse_from_rfc3339(text.trim().replace(' ', "+").as_str());
        read.map(|at| Self(at.to_utc())).map_err(|_| "must be a moment such as 2026-01-31T12:00:00Z".to_owned())
    }
}

/// A moment of the query.
pub fn moment(check: &mut Check, name: &str, text: Option<String>) -> Result<Option<DateTime<Utc>>, Noted> {
    let text = Field::from(text.filter(|text| !text.is_empty()));
    Ok(check.optional::<Moment>(name, text)?.map(|Moment(at)| at))
}

/// The channels of this dialect; in its words whatever their letters' case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindWord(pub Kind);

impl KindWord {
    pub const ALLOWED: &str = "one of SMS WhatsApp Email";
}

impl std::str::FromStr for KindWord {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Kind::ALL.into_iter().find(|kind| kind.word().eq_ignore_ascii_case(text)).map(Self).ok_or(())
    }
}

impl FromText for KindWord {
    fn from_text(text: &str) -> Result<Self, String> {
        text.parse().map_err(|()| format!("must be {}", Self::ALLOWED))
    }
}

/// Every value that a query has under a name: repeated, with `[]` behind it, or with commas between.
pub fn values(request: &HttpRequest, name: &str) -> Vec<String> {
    let pairs = form_urlencoded::parse(request.query_string().as_bytes());
    let named = pairs.filter(|(known, _)| known.strip_suffix("[]").unwrap_or(known) == name);
    let values = named.flat_map(|(_, value)| value.split(',').map(|value| value.trim().to_owned()).collect::<Vec<_>>());
    values.filter(|value| !value.is_empty()).take(MOST).collect()
}

/// The same as what they stand for. One that does not stand for anything is told.
pub fn parsed_values<T: std::str::FromStr>(
    check: &mut Check,
    request: &HttpRequest,
    name: &str,
) -> Result<Vec<T>, Noted> {
    let parsed: Result<Vec<T>, _> = values(request, name).iter().map(|value| value.parse()).collect();
    parsed.map_err(|_| check.note(name, "must be ids"))
}

/// A parameter of which a query may have many values, as far as a description is concerned: [`parsed_values`] reads them.
macro_rules! ids_in_query {
    ($type:ident, $name:literal) => {
        enum $type {}

        impl $type {
            const NAME: &str = $name;
        }

        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let ids = serde_json::json!({"type": "array", "items": {"type": "string", "format": "uuid"}});
                schemars::json_schema!({"type": "object", "properties": {$name: ids}})
            }
        }
    };
}
pub(super) use ids_in_query;

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_list_is_read_however_it_is_written() {
        for query in ["ids=a&ids=b", "ids[]=a&ids[]=b", "ids%5B%5D=a,b", "ids=a,b,"] {
            let request = TestRequest::with_uri(&format!("/x?{query}&other=c")).to_http_request();
            assert_eq!(values(&request, "ids"), ["a", "b"], "{query}");
        }
    }

    #[test]
    fn moments_have_milliseconds() {
        let at = Moment::from_text("2026-01-31T12:00:00.123456 02:00").unwrap();
        assert_eq!(serde_json::to_value(at).unwrap(), "2026-01-31T10:00:00.123Z");
        assert!(Moment::from_text("yesterday").is_err());
    }

    #[test]
    fn channels_are_known_in_any_case() {
        assert_eq!("whatsapp".parse(), Ok(KindWord(Kind::WhatsApp)));
        assert!("fax".parse::<KindWord>().is_err());
    }
}
