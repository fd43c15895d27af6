//! What nodes tell each other in passing: PostgreSQL's notifications. Who does not listen at that moment never hears of it.
//! An embedded database has one node, which has nobody to tell.

use sqlx::postgres::{PgListener, PgPoolOptions};

use crate::{Backend, Store, StoreError, backend::sql};

const CHANNEL: &str = "patchbay_signals";
/// PostgreSQL takes fewer than 8,000 bytes.
pub const LONGEST: usize = 7_900;

/// What all nodes say, this one as well.
pub struct Signals(PgListener);

impl Store {
    /// Tells all who listen. At most [`LONGEST`] bytes.
    pub async fn signal(&self, text: &str) -> Result<(), StoreError> {
        sql("select pg_notify($1, $2)").bind(CHANNEL).bind(text).execute(self.writer()).await.map(drop)
    }

    /// Hears from now on, over a connection of its own; nothing where there is one node.
    pub async fn listen(&self) -> Result<Option<Signals>, StoreError> {
        let Backend::Postgres(pool) = &self.backend else { return Ok(None) };
        let options = pool.connect_options();
        let own = PgPoolOptions::new().max_connections(1).connect_lazy_with((*options).clone());
        let mut listener = PgListener::connect_with(&own).await?;
        listener.listen(CHANNEL).await?;
        Ok(Some(Signals(listener)))
    }
}

impl Signals {
    /// What is said next. A connection that broke is made anew; what was said meanwhile is not heard.
    pub async fn next(&mut self) -> Result<String, StoreError> {
        Ok(self.0.recv().await?.payload().to_owned())
    }
}
