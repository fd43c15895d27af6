//! Both schemas are the same one.

use std::{collections::BTreeSet, str::FromStr};

use sqlx::{Connection, PgConnection, SqliteConnection, postgres::PgConnectOptions};

use crate::support::{Fixture, on_both};

on_both!(migrating_again_changes_nothing, the_schema_is_the_one_of_the_other);

async fn migrating_again_changes_nothing(fixture: Fixture) {
    fixture.store.migrate().await.unwrap();
    fixture.store.ping().await.unwrap();
    assert_eq!(fixture.store.is_embedded(), !fixture.is_postgres());
}

type Columns = BTreeSet<(String, String, bool)>;

/// Table, column, whether it may be null.
async fn columns(url: &str) -> Columns {
    let rows: Vec<(String, String, bool)> = if url.starts_with("postgres") {
        let mut connection = PgConnection::connect_with(&PgConnectOptions::from_str(url).unwrap()).await.unwrap();
        sqlx::query_as(
            "select table_name::text, column_name::text, is_nullable = 'YES' from information_schema.columns \
             where table_schema = 'public'",
        )
        .fetch_all(&mut connection)
        .await
        .unwrap()
    } else {
        let mut connection = SqliteConnection::connect(url).await.unwrap();
        sqlx::query_as(
            "select m.name, c.name, c.\"notnull\" = 0 and c.pk = 0 from sqlite_schema m, pragma_table_xinfo(m.name) c \
             where c.hidden <> 1 and m.type = 'table' and m.name not like 'sqlite!_%' escape '!'",
        )
        .fetch_all(&mut connection)
        .await
        .unwrap()
    };
    // What FTS5 makes for itself, and the number by which it knows a row.
    let is_of_search =
        |table: &str, column: &str| table.contains("_words_index") || (table.ends_with("_words") && column == "number");
    let is_ours = |table: &str, column: &str| table != "_sqlx_migrations" && !is_of_search(table, column);
    rows.into_iter().filter(|(table, column, _)| is_ours(table, column)).collect()
}

/// Table and index name.
async fn indexes(url: &str) -> BTreeSet<(String, String)> {
    let rows: Vec<(String, String)> = if url.starts_with("postgres") {
        let mut connection = PgConnection::connect_with(&PgConnectOptions::from_str(url).unwrap()).await.unwrap();
        sqlx::query_as("select tablename::text, indexname::text from pg_indexes where schemaname = 'public'")
            .fetch_all(&mut connection)
            .await
            .unwrap()
    } else {
        let mut connection = SqliteConnection::connect(url).await.unwrap();
        sqlx::query_as("select tbl_name, name from sqlite_schema where type = 'index'")
            .fetch_all(&mut connection)
            .await
            .unwrap()
    };
    // Those of constraints have other names in each, and those of words are tables in SQLite.
    let made = |name: &str| {
        !name.ends_with("_key")
            && !name.ends_with("_pkey")
            && !name.starts_with("sqlite_")
            && !name.ends_with("_words_index")
    };
    rows.into_iter().filter(|(_, name)| made(name)).collect()
}

async fn the_schema_is_the_one_of_the_other(fixture: Fixture) {
    if !fixture.is_postgres() {
        let columns = columns(&fixture.url).await;
        assert!(columns.contains(&("messages".into(), "external_id".into(), true)), "{columns:?}");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite:{}", directory.path().join("other.db").display());
    let other = patchbay_store::Store::connect(&sqlite, patchbay_store::StoreOptions::default()).await.unwrap();
    other.migrate().await.unwrap();
    let (here, there) = (columns(&fixture.url).await, columns(&sqlite).await);
    assert!(here.len() > 200, "{}", here.len());
    assert_eq!(here.symmetric_difference(&there).collect::<Vec<_>>(), Vec::<&(String, String, bool)>::new());
    let (here, there) = (indexes(&fixture.url).await, indexes(&sqlite).await);
    assert_eq!(here.symmetric_difference(&there).collect::<Vec<_>>(), Vec::<&(String, String)>::new());
    other.close().await;
}
