//! Customers that an engine wrote before it knew how to fold names.

use uuid::Uuid;

use super::search_text;
use crate::{Store, StoreError, backend::sql, rows::batch};

/// So many identities are folded in one statement.
const FOLDED_AT_ONCE: u32 = 500;

batch! {
    struct FoldedRow { id: Uuid, search_text: String }
}

/// Makes those searchable that an engine without the column wrote.
pub(crate) async fn fold_all(store: &Store) -> Result<(), StoreError> {
    loop {
        let unfolded: Vec<(Uuid, String, String)> =
            sql("select id, name, external_id from identities where search_text is null limit $1")
                .bind(FOLDED_AT_ONCE)
                .fetch_all(store.writer())
                .await?;
        if unfolded.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = unfolded
            .into_iter()
            .map(|(id, name, external_id)| FoldedRow { id, search_text: search_text(&name, &external_id) })
            .collect();
        // What is written meanwhile knows better.
        sql("update identities set search_text = r.search_text from {rows} r \
             where identities.id = r.id and identities.search_text is null")
        .rows(&rows)
        .execute(store.writer())
        .await?;
    }
}
