//! A PostgreSQL database of its own for each test and each measurement.
//!
//! It is a copy of a template that has the schema already: bringing the schema
//! up takes most of a second, copying it a tenth. The template is made by the first who
//! needs it, in place of that of another schema, and stays on the server.

use std::path::Path;

use anyhow::{Context, Result};
use patchbay_store::{Store, StoreOptions};
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use url::Url;
use uuid::Uuid;

/// Held by all who copy the template, and alone by who makes it.
const TEMPLATE_LOCK: i64 = 0x7061_7463_6862_6179;
const UNFINISHED: &str = "patchbay_template_unfinished";

#[derive(Clone, Debug)]
pub struct TestDatabase {
    server: String,
    name: String,
    pub url: String,
}

/// Where databases for tests may be made, or nothing where only the embedded size is asked for.
pub fn server() -> Result<Option<String>> {
    if std::env::var("PATCHBAY_TEST_EMBEDDED_ONLY").is_ok_and(|flag| flag == "1") {
        return Ok(None);
    }
    let server = std::env::var("PATCHBAY_TEST_POSTGRES_URL").context(
        "PATCHBAY_TEST_POSTGRES_URL is not set: run the tests with `cargo xtask test`, or set \
         PATCHBAY_TEST_EMBEDDED_ONLY=1 where there is no server",
    )?;
    Ok(Some(server))
}

impl TestDatabase {
    pub async fn make(server: &str) -> Result<Self> {
        let mut connection = PgConnection::connect(server).await?;
        let template = template()?;
        let name = format!("patchbay_test_{}", Uuid::new_v4().simple());
        loop {
            sqlx::query("select pg_advisory_lock_shared($1)").bind(TEMPLATE_LOCK).execute(&mut connection).await?;
            let there = is_there(&mut connection, &template).await?;
            if there {
                run(&mut connection, format!("create database {name} template {template}")).await?;
            }
            sqlx::query("select pg_advisory_unlock_shared($1)").bind(TEMPLATE_LOCK).execute(&mut connection).await?;
            if there {
                break;
            }
            sqlx::query("select pg_advisory_lock($1)").bind(TEMPLATE_LOCK).execute(&mut connection).await?;
            if !is_there(&mut connection, &template).await? {
                make_template(&mut connection, server, &template).await?;
            }
            sqlx::query("select pg_advisory_unlock($1)").bind(TEMPLATE_LOCK).execute(&mut connection).await?;
        }
        connection.close().await?;
        let url = url(server, &name)?;
        Ok(Self { server: server.to_owned(), name, url })
    }

    pub async fn drop(&self) -> Result<()> {
        let mut connection = PgConnection::connect(&self.server).await?;
        run(&mut connection, format!("drop database if exists {} with (force)", self.name)).await?;
        Ok(connection.close().await?)
    }
}

async fn make_template(connection: &mut PgConnection, server: &str, template: &str) -> Result<()> {
    let older: Vec<String> =
        sqlx::query_scalar(r"select datname::text from pg_database where datname like 'patchbay\_template\_%'")
            .fetch_all(&mut *connection)
            .await?;
    for older in older {
        run(connection, format!("drop database if exists {older} with (force)")).await?;
    }
    run(connection, format!("create database {UNFINISHED}")).await?;
    let store = Store::connect(&url(server, UNFINISHED)?, StoreOptions::default()).await?;
    store.migrate().await?;
    store.close().await;
    run(connection, format!("alter database {UNFINISHED} rename to {template}")).await
}

async fn is_there(connection: &mut PgConnection, database: &str) -> Result<bool> {
    let there = sqlx::query_scalar("select exists (select 1 from pg_database where datname = $1)");
    Ok(there.bind(database).fetch_one(connection).await?)
}

/// A statement about databases, whose names cannot be parameters.
async fn run(connection: &mut PgConnection, statement: String) -> Result<()> {
    sqlx::query(AssertSqlSafe(statement)).execute(connection).await?;
    Ok(())
}

/// Named after the schema that it has.
fn template() -> Result<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../migrations/postgres");
    let mut files = std::fs::read_dir(folder)?.map(|file| Ok(file?.path())).collect::<Result<Vec<_>>>()?;
    files.sort();
    let mut schema = Sha256::new();
    for file in files {
        schema.update(std::fs::read(file)?);
    }
    let digest = hex::encode(schema.finalize());
    Ok(format!("patchbay_template_{}", digest.get(..16).unwrap_or(&digest)))
}

fn url(server: &str, database: &str) -> Result<String> {
    let mut url: Url = server.parse()?;
    url.set_path(database);
    Ok(url.into())
}
