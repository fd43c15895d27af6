//! One statement text for either database. A [`Statement`] holds the text and
//! its parameters; where it runs decides how they are bound.
//!
//! In the text, `{rows}` stands for the batch in `$1` (see [`crate::rows`]),
//! `{lock}` for the row lock that SQLite, with its one writer, does not need, and
//! `{found}` for what a search finds (see [`crate::search`]).

use std::borrow::Cow;

use sqlx::{
    AssertSqlSafe, Database, FromRow, IntoArguments, PgConnection, PgPool, Postgres, Sqlite, SqliteConnection,
    SqlitePool, postgres::PgRow, sqlite::SqliteRow,
};

use crate::{
    error::StoreError,
    params::{self, Param},
    rows::{self, Batch, Kind},
    search::{Index, Sought},
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

/// A statement and its parameters.
#[must_use]
pub(crate) struct Statement {
    text: Cow<'static, str>,
    batch: &'static [(&'static str, Kind)],
    params: Vec<Param>,
    /// What is searched, and which parameter says for what.
    found: Option<(Index, usize)>,
    unreadable: Option<StoreError>,
}

/// `$1`, `$2` … are bound in the order of the calls of [`Statement::bind`].
pub(crate) fn sql(text: impl Into<Cow<'static, str>>) -> Statement {
    Statement { text: text.into(), batch: &[], params: Vec::new(), found: None, unreadable: None }
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

    /// Binds what is looked for; `{found}` is what the index has of it.
    pub(crate) fn finding(mut self, index: Index, sought: Option<Sought>) -> Self {
        self.found = Some((index, self.params.len() + 1));
        self.bind(sought)
    }

    fn bound<DB: Supported>(self) -> Result<(AssertSqlSafe<String>, DB::Arguments), StoreError> {
        if let Some(error) = self.unreadable {
            return Err(error);
        }
        let mut text = self.text.into_owned();
        if !self.batch.is_empty() {
            text = text.replace("{rows}", &rows::from_clause(self.batch, DB::ENGINE));
        }
        if let Some((index, place)) = self.found {
            text = text.replace("{found}", &index.found(DB::ENGINE).replace("{sought}", &format!("${place}")));
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
        params::add::<Self>(arguments, param, Self::ENGINE)
    }
}

impl Supported for Sqlite {
    const ENGINE: Engine = Engine::Sqlite;
    fn add(arguments: &mut Self::Arguments, param: Param) -> Result<(), sqlx::error::BoxDynError> {
        params::add::<Self>(arguments, param, Self::ENGINE)
    }
}
