//! A batch as a table of the database.

use std::fmt::Write;

use super::Kind;
use crate::backend::Engine;

impl Kind {
    const fn postgres(self) -> &'static str {
        match self {
            Self::Uuid => "uuid",
            Self::Text | Self::Words => "text",
            Self::Integer => "bigint",
            Self::Boolean => "boolean",
            Self::Time => "timestamptz",
            Self::Json | Self::NullableJson => "jsonb",
        }
    }
}

/// The batch that parameter `$1` holds, as a table.
pub(crate) fn from_clause(columns: &[(&str, Kind)], engine: Engine) -> String {
    match engine {
        Engine::Postgres => unfold_in_postgres(columns),
        Engine::Sqlite => unfold_in_sqlite(columns),
    }
}

fn unfold_in_postgres(columns: &[(&str, Kind)]) -> String {
    let (mut names, mut types) = (String::new(), String::new());
    for (index, (name, kind)) in columns.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        // A JSON null would come as no value at all.
        let value = match kind {
            Kind::Json => format!("coalesce({name}, 'null'::jsonb) as {name}"),
            Kind::Words => format!("to_tsvector('simple', {name}) as {name}"),
            _ => (*name).to_owned(),
        };
        push(&mut names, format_args!("{comma}{value}"));
        push(&mut types, format_args!("{comma}{name} {}", kind.postgres()));
    }
    format!("(select {names} from json_to_recordset($1::json) as t({types}))")
}

fn unfold_in_sqlite(columns: &[(&str, Kind)]) -> String {
    let mut names = String::new();
    for (index, (name, kind)) in columns.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        let value = match kind {
            Kind::Uuid => format!("unhex(replace(value->>'{name}', '-', ''))"),
            Kind::Json => format!("value->'{name}'"),
            Kind::NullableJson => format!("nullif(value->'{name}', 'null')"),
            Kind::Text | Kind::Words | Kind::Integer | Kind::Boolean | Kind::Time => format!("value->>'{name}'"),
        };
        push(&mut names, format_args!("{comma}{value} as {name}"));
    }
    format!("(select {names} from json_each($1))")
}

fn push(text: &mut String, part: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    text.write_fmt(part).unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use uuid::Uuid;

    use super::*;
    use crate::{
        rows::{Batch, Time, batch},
        search::Words,
    };

    batch! {
        struct Example<'a> { id: Uuid, text: &'a str, count: i64, at: Option<Time>, extra: Value, note: Option<Value>, words: Words }
    }

    #[test]
    fn a_batch_unfolds_on_both() {
        assert_eq!(
            from_clause(Example::COLUMNS, Engine::Postgres),
            "(select id, text, count, at, coalesce(extra, 'null'::jsonb) as extra, note, \
             to_tsvector('simple', words) as words from \
             json_to_recordset($1::json) as t(id uuid, text text, count bigint, at timestamptz, extra jsonb, note jsonb, words text))"
        );
        assert_eq!(
            from_clause(Example::COLUMNS, Engine::Sqlite),
            "(select unhex(replace(value->>'id', '-', '')) as id, value->>'text' as text, value->>'count' as count, \
             value->>'at' as at, value->'extra' as extra, nullif(value->'note', 'null') as note, \
             value->>'words' as words from json_each($1))"
        );
    }
}
