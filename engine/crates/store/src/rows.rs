//! Many rows as one parameter: a JSON array that the database unfolds. A row
//! type is declared with [`batch!`]; its fields are the columns, written once.
//!
//! Where a join also compares with a parameter, write `{rows} r cross join …
//! where`: it tells SQLite to begin with the batch, and not with every row that
//! has the parameter's value.
//!
//! To add a column type, implement [`Column`] for it below.

mod unfold;

use std::{borrow::Cow, io};

use chrono::{DateTime, SecondsFormat, SubsecRound, Utc};
use patchbay_domain::{
    AttemptId, AuditId, CampaignId, ChannelId, ContactId, ConversationId, DeadLetterId, IdentityId, ManualActionId,
    MessageId, NodeId, NotificationId, OrganisationId, RecipientId, TemplateId, TicketId, UserId, WebhookId,
    delivery::MessageState,
    event::Change,
    message::Direction,
    platform::{Content, DeliveryStatus, Failure},
    ticket::{Priority, TicketStatus},
};
use serde::{Serialize, Serializer};
use serde_json::{
    Value,
    ser::{CharEscape, CompactFormatter, Formatter},
};
use uuid::Uuid;

use crate::error::StoreError;
pub(crate) use unfold::from_clause;

/// What the database takes a column of a batch for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Uuid,
    Text,
    /// By which something is found.
    Words,
    Integer,
    Boolean,
    Time,
    Json,
    NullableJson,
}

/// A row of a batch.
pub(crate) trait Batch: Serialize {
    const COLUMNS: &'static [(&'static str, Kind)];

    /// `insert into table (its columns) select its columns from the batch`.
    fn insert_into(table: &str) -> String {
        let names: Vec<_> = Self::COLUMNS.iter().map(|(name, _)| *name).collect();
        let names = names.join(", ");
        // SQLite needs a condition before `on conflict`.
        format!("insert into {table} ({names}) select {names} from {{rows}} r where true")
    }
}

/// Declares a row type; its fields are the columns of the batch.
macro_rules! batch {
    ($(#[$doc:meta])* $visibility:vis struct $name:ident $(<$life:lifetime>)? { $($field:ident: $type:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(serde::Serialize)]
        $visibility struct $name $(<$life>)? { $(pub(crate) $field: $type),* }

        impl $(<$life>)? $crate::rows::Batch for $name $(<$life>)? {
            const COLUMNS: &'static [(&'static str, $crate::rows::Kind)] =
                &[$((stringify!($field), <$type as $crate::rows::Column>::KIND)),*];
        }
    };
}
pub(crate) use batch;

batch! {
    /// A batch that only names things.
    pub(crate) struct Id { id: Uuid }
}

impl Id {
    pub(crate) fn all<T: Copy + Into<Uuid>>(ids: &[T]) -> Vec<Self> {
        ids.iter().map(|id| Self { id: (*id).into() }).collect()
    }
}

/// A Rust type that can be a column of a batch.
pub(crate) trait Column {
    const KIND: Kind;
}

macro_rules! columns {
    ($($kind:ident: $($type:ty),*;)*) => {$($(
        impl Column for $type {
            const KIND: Kind = Kind::$kind;
        }
        impl Column for Option<$type> {
            const KIND: Kind = Kind::$kind.nullable();
        }
    )*)*};
}

columns! {
    Uuid: Uuid, OrganisationId, UserId, ChannelId, ContactId, IdentityId, ConversationId, TicketId, MessageId,
        AttemptId, CampaignId, NodeId, AuditId, DeadLetterId, ManualActionId, NotificationId,
        RecipientId, TemplateId, WebhookId;
    Text: String, &str, Cow<'_, str>, Direction, MessageState, TicketStatus, Priority, crate::jobs::Direction;
    Words: crate::search::Words;
    Integer: i64, u32;
    Boolean: bool;
    Time: Time;
    Json: Value, &Value, &Content, &Failure, Failure, &DeliveryStatus, Change;
}

impl Kind {
    const fn nullable(self) -> Self {
        match self {
            Self::Json => Self::NullableJson,
            kind => kind,
        }
    }
}

/// A moment as the databases keep it: in microseconds, and in SQLite as the text that sqlx binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub(crate) struct Time(DateTime<Utc>);

impl From<DateTime<Utc>> for Time {
    fn from(at: DateTime<Utc>) -> Self {
        Self(cut(at))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_rfc3339_opts(SecondsFormat::AutoSi, false))
    }
}

/// PostgreSQL keeps microseconds; so does everybody.
pub(crate) fn cut(at: DateTime<Utc>) -> DateTime<Utc> {
    at.trunc_subsecs(6)
}

/// JSON without NUL, which PostgreSQL keeps neither in text nor in JSON.
pub(crate) fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<String, StoreError> {
    let mut bytes = Vec::new();
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, WithoutNul))?;
    String::from_utf8(bytes).map_err(|error| StoreError::Unreadable(error.to_string()))
}

pub(crate) fn without_nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

struct WithoutNul;

impl Formatter for WithoutNul {
    fn write_char_escape<W: ?Sized + io::Write>(&mut self, writer: &mut W, escape: CharEscape) -> io::Result<()> {
        match escape {
            CharEscape::AsciiControl(0) => writer.write_all("\u{fffd}".as_bytes()),
            escape => CompactFormatter.write_char_escape(writer, escape),
        }
    }
}

/// The word of an enum, as serde writes it.
pub(crate) fn word<T: Serialize>(value: &T) -> Result<String, StoreError> {
    match serde_json::to_value(value)? {
        Value::String(word) => Ok(word),
        other => Err(StoreError::Unreadable(format!("{other} is not a word"))),
    }
}

/// The case of an enum that a stored word names.
pub(crate) fn parse<T: serde::de::DeserializeOwned>(word: &str) -> Result<T, StoreError> {
    let deserializer = serde::de::value::StrDeserializer::<serde::de::value::Error>::new(word);
    T::deserialize(deserializer).map_err(|error| StoreError::Unreadable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nul_is_replaced_and_a_backslash_stays() {
        let json = to_json(&["a\0b", r"c\u0000d"]).unwrap();
        assert_eq!(serde_json::from_str::<Vec<String>>(&json).unwrap(), ["a\u{fffd}b", r"c\u0000d"]);
    }

    #[test]
    fn moments_are_cut_to_microseconds() {
        let at = DateTime::from_timestamp(1, 123_456_789).unwrap();
        assert_eq!(to_json(&Time::from(at)).unwrap(), r#""1970-01-01T00:00:01.123456+00:00""#);
    }

    #[test]
    fn words_are_those_of_serde() {
        assert_eq!(word(&MessageState::Queued).unwrap(), "QUEUED");
        assert_eq!(parse::<TicketStatus>("PENDING").unwrap(), TicketStatus::Pending);
        assert!(parse::<TicketStatus>("pending").is_err());
    }
}
