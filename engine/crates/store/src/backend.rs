//! One statement text for either database. A [`Statement`] holds the text and
//! its parameters; where it runs decides how they are bound.
//!
//! In the text, `{rows}` stands for the batch in `$1` (see [`crate::rows`]) and
//! `{lock}` for the row lock that SQLite, with its one writer, does not need.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde_json::{Value, value::RawValue};
use sqlx::{
    Arguments, AssertSqlSafe, Database, Encode, FromRow, IntoArguments, PgConnection, PgPool, Postgres, Sqlite,
    SqliteConnection, SqlitePool, Type, postgres::PgRow, sqlite::SqliteRow, types::Json,
};
use uuid::Uuid;

use crate::{
    error::StoreError,
    rows::{self, Batch, Kind},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Postgres,
    Sqlite,
}

/// Where a statement runs.
pub(crate) enum Target<'a> {
    PostgresPool(&'a PgPool),
    Postgres(&'a mut PgConnection),
    SqlitePool(&'a SqlitePool),
    Sqlite(&'a mut SqliteConnection),
}

pub(crate) enum Transaction {
    Postgres(sqlx::Transaction<'static, Postgres>),
    Sqlite(sqlx::Transaction<'static, Sqlite>),
}

impl Transaction {
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Postgres(transaction) => transaction.commit().await?,
            Self::Sqlite(transaction) => transaction.commit().await?,
        }
        Ok(())
    }
}

impl<'a> From<&'a mut Transaction> for Target<'a> {
    fn from(transaction: &'a mut Transaction) -> Self {
        match transaction {
            Transaction::Postgres(transaction) => Self::Postgres(&mut *transaction),
            Transaction::Sqlite(transaction) => Self::Sqlite(&mut *transaction),
        }
    }
}

/// A row of either database.
pub(crate) trait Record: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin {}

impl<T> Record for T where T: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin {}

#[derive(Debug)]
pub(crate) enum Param {
    Uuid(Option<Uuid>),
    Text(Option<String>),
    Integer(Option<i64>),
    Boolean(Option<bool>),
    Time(Option<DateTime<Utc>>),
    Json(Option<Value>),
    Bytes(Vec<u8>),
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
    AttemptId
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

/// A statement and its parameters.
#[must_use]
pub(crate) struct Statement {
    text: Cow<'static, str>,
    batch: &'static [(&'static str, Kind)],
    params: Vec<Param>,
    unreadable: Option<StoreError>,
}

/// `$1`, `$2` … are bound in the order of the calls of [`Statement::bind`].
pub(crate) fn sql(text: impl Into<Cow<'static, str>>) -> Statement {
    Statement { text: text.into(), batch: &[], params: Vec::new(), unreadable: None }
}

impl Statement {
    pub(crate) fn bind(mut self, param: impl Into<Param>) -> Self {
        self.params.push(param.into());
        self
    }

    /// Binds a batch, which has to be `$1`.
    pub(crate) fn rows<T: Batch>(mut self, batch: &[T]) -> Self {
        self.batch = T::COLUMNS;
        match rows::to_json(batch) {
            Ok(json) => self.params.push(Param::Text(Some(json))),
            Err(error) => self.unreadable = Some(error),
        }
        self
    }

    fn bound<DB: Supported>(self) -> Result<(AssertSqlSafe<String>, DB::Arguments), StoreError> {
        if let Some(error) = self.unreadable {
            return Err(error);
        }
        let mut text = self.text.into_owned();
        if !self.batch.is_empty() {
            text = text.replace("{rows}", &rows::from_clause(self.batch, DB::ENGINE));
        }
        let lock = if DB::ENGINE == Engine::Postgres { "for no key update" } else { "" };
        text = text.replace("{lock}", lock);
        let mut arguments = DB::Arguments::default();
        for param in self.params {
            DB::add(&mut arguments, param).map_err(sqlx::Error::Encode)?;
        }
        // Composed of texts of this crate; values are bound.
        Ok((AssertSqlSafe(text), arguments))
    }
}

/// Runs a statement on whichever connection the target is.
macro_rules! on_target {
    ($statement:expr, $target:expr, $text:ident, $arguments:ident, $database:ident, $executor:ident => $run:expr) => {
        match $target.into() {
            Target::PostgresPool($executor) => {
                type $database = Postgres;
                let ($text, $arguments) = $statement.bound::<Postgres>()?;
                $run
            }
            Target::Postgres($executor) => {
                type $database = Postgres;
                let ($text, $arguments) = $statement.bound::<Postgres>()?;
                $run
            }
            Target::SqlitePool($executor) => {
                type $database = Sqlite;
                let ($text, $arguments) = $statement.bound::<Sqlite>()?;
                $run
            }
            Target::Sqlite($executor) => {
                type $database = Sqlite;
                let ($text, $arguments) = $statement.bound::<Sqlite>()?;
                $run
            }
        }
    };
}

impl Statement {
    pub(crate) async fn fetch_all<'a, T: Record>(self, target: impl Into<Target<'a>>) -> Result<Vec<T>, StoreError> {
        Ok(on_target!(self, target, text, arguments, Db, executor => {
            sqlx::query_as_with::<Db, T, _>(text, arguments).fetch_all(executor).await?
        }))
    }

    pub(crate) async fn fetch_optional<'a, T: Record>(
        self,
        target: impl Into<Target<'a>>,
    ) -> Result<Option<T>, StoreError> {
        Ok(on_target!(self, target, text, arguments, Db, executor => {
            sqlx::query_as_with::<Db, T, _>(text, arguments).fetch_optional(executor).await?
        }))
    }

    pub(crate) async fn fetch_one<'a, T: Record>(self, target: impl Into<Target<'a>>) -> Result<T, StoreError> {
        Ok(on_target!(self, target, text, arguments, Db, executor => {
            sqlx::query_as_with::<Db, T, _>(text, arguments).fetch_one(executor).await?
        }))
    }

    /// The number of rows that were written.
    pub(crate) async fn execute<'a>(self, target: impl Into<Target<'a>>) -> Result<u64, StoreError> {
        Ok(on_target!(self, target, text, arguments, Db, executor => {
            sqlx::query_with::<Db, _>(text, arguments).execute(executor).await?.rows_affected()
        }))
    }
}

/// A database of which both the text and the parameters are known here.
trait Supported: Database<Arguments: Default + IntoArguments<Self>> {
    const ENGINE: Engine;
    fn add(arguments: &mut Self::Arguments, param: Param) -> Result<(), sqlx::error::BoxDynError>;
}

impl Supported for Postgres {
    const ENGINE: Engine = Engine::Postgres;
    fn add(arguments: &mut Self::Arguments, param: Param) -> Result<(), sqlx::error::BoxDynError> {
        add::<Self>(arguments, param)
    }
}

impl Supported for Sqlite {
    const ENGINE: Engine = Engine::Sqlite;
    fn add(arguments: &mut Self::Arguments, param: Param) -> Result<(), sqlx::error::BoxDynError> {
        add::<Self>(arguments, param)
    }
}

fn add<DB: Database>(arguments: &mut DB::Arguments, param: Param) -> Result<(), sqlx::error::BoxDynError>
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
    }
}
