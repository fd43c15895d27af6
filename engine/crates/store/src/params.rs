//! What is bound to a statement's places, on either database.
//!
//! To bind another type: a case of [`Param`], or a line below it.

use chrono::{DateTime, Utc};
use serde_json::{Value, value::RawValue};
use sqlx::{Arguments, Database, Encode, Type, types::Json};
use uuid::Uuid;

use crate::{backend::Engine, rows, search::Sought};

#[derive(Debug)]
pub(crate) enum Param {
    Uuid(Option<Uuid>),
    Text(Option<String>),
    Integer(Option<i64>),
    Boolean(Option<bool>),
    Time(Option<DateTime<Utc>>),
    Json(Option<Value>),
    Bytes(Vec<u8>),
    Sought(Option<Sought>),
}

macro_rules! params {
    ($($case:ident($type:ty): $($from:ty => $into:expr),*;)*) => {$($(
        impl From<$from> for Param {
            fn from(value: $from) -> Self {
                let into: fn($from) -> $type = $into;
                Self::$case(Some(into(value)))
            }
        }
        impl From<Option<$from>> for Param {
            fn from(value: Option<$from>) -> Self {
                let into: fn($from) -> $type = $into;
                Self::$case(value.map(into))
            }
        }
    )*)*};
}

params! {
    Uuid(Uuid): Uuid => |id| id;
    Text(String): String => rows::without_nul, &str => |text| rows::without_nul(text.to_owned()),
        &String => |text| rows::without_nul(text.clone());
    Integer(i64): i64 => |number| number, u32 => i64::from;
    Boolean(bool): bool => |flag| flag;
    Time(DateTime<Utc>): DateTime<Utc> => rows::cut;
}

macro_rules! id_params {
    ($($id:ident),*) => {$(
        impl From<patchbay_domain::$id> for Param {
            fn from(id: patchbay_domain::$id) -> Self {
                Self::Uuid(Some(id.uuid()))
            }
        }
        impl From<Option<patchbay_domain::$id>> for Param {
            fn from(id: Option<patchbay_domain::$id>) -> Self {
                Self::Uuid(id.map(patchbay_domain::$id::uuid))
            }
        }
    )*};
}

id_params!(
    OrganisationId,
    UserId,
    LoginId,
    InviteId,
    ChannelId,
    IdentityId,
    ConversationId,
    TicketId,
    MessageId,
    MediaId,
    DeadLetterId,
    MacroId,
    CampaignId,
    RecipientId,
    ManualActionId,
    NotificationId,
    AuditId,
    NodeId,
    ContactId,
    AttemptId,
    TeamId,
    MembershipId,
    AssignmentId,
    TemplateId
);

impl From<Value> for Param {
    fn from(value: Value) -> Self {
        Self::Json(Some(value))
    }
}

impl From<Option<Value>> for Param {
    fn from(value: Option<Value>) -> Self {
        Self::Json(value)
    }
}

impl From<Vec<u8>> for Param {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<Option<Sought>> for Param {
    fn from(sought: Option<Sought>) -> Self {
        Self::Sought(sought)
    }
}

/// Binds a parameter as the database wants it.
pub(crate) fn add<DB: Database>(
    arguments: &mut DB::Arguments,
    param: Param,
    engine: Engine,
) -> Result<(), sqlx::error::BoxDynError>
where
    Option<Uuid>: for<'q> Encode<'q, DB> + Type<DB>,
    Option<String>: for<'q> Encode<'q, DB> + Type<DB>,
    Option<i64>: for<'q> Encode<'q, DB> + Type<DB>,
    Option<bool>: for<'q> Encode<'q, DB> + Type<DB>,
    Option<DateTime<Utc>>: for<'q> Encode<'q, DB> + Type<DB>,
    Option<Json<Box<RawValue>>>: for<'q> Encode<'q, DB> + Type<DB>,
    Vec<u8>: for<'q> Encode<'q, DB> + Type<DB>,
{
    match param {
        Param::Uuid(value) => arguments.add(value),
        Param::Text(value) => arguments.add(value),
        Param::Integer(value) => arguments.add(value),
        Param::Boolean(value) => arguments.add(value),
        Param::Time(value) => arguments.add(value),
        Param::Json(value) => {
            let text = value.map(|value| rows::to_json(&value)).transpose()?;
            arguments.add(text.map(RawValue::from_string).transpose()?.map(Json))
        }
        Param::Bytes(value) => arguments.add(value),
        Param::Sought(value) => arguments.add(value.map(|sought| sought.text(engine))),
    }
}
