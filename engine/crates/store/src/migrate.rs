//! The schema, embedded: one folder of numbered files per database. To change
//! it, add the next number to both; a file that was released never changes.

use sqlx::migrate::{Migrate, Migrator};

use crate::{Backend, Store, StoreError, customers, search};

static POSTGRES: Migrator = sqlx::migrate!("../../../migrations/postgres");
static SQLITE: Migrator = sqlx::migrate!("../../../migrations/sqlite");

impl Store {
    /// Brings the schema up to date, and says what it does.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        match &self.backend {
            Backend::Postgres(pool) => {
                let mut connection = pool.acquire().await?;
                // Building an index on a large table takes as long as it takes.
                sqlx::query("set statement_timeout = 0").execute(&mut *connection).await?;
                let migrated = run(&POSTGRES, &mut *connection).await;
                connection.close().await?;
                migrated?;
            }
            Backend::Sqlite { writer, .. } => run(&SQLITE, &mut *writer.acquire().await?).await?,
        }
        customers::fold_all(self).await?;
        search::index_older(self).await
    }
}

async fn run<C: Migrate>(migrator: &Migrator, connection: &mut C) -> Result<(), StoreError> {
    connection.ensure_migrations_table(&migrator.table_name).await?;
    let applied = connection.list_applied_migrations(&migrator.table_name).await?;
    let pending = migrator.iter().filter(|migration| !applied.iter().any(|known| known.version == migration.version));
    for migration in pending {
        tracing::info!(migration.version, migration.description = %migration.description, "bringing the schema up to date");
    }
    migrator.run_direct(None, connection, false).await?;
    tracing::info!(migrations = migrator.iter().count(), "the schema is up to date");
    Ok(())
}
