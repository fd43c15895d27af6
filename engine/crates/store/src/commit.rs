//! The group commit.

use chrono::{DateTime, Utc};
use patchbay_domain::conversation::Draft;

use crate::{Store, StoreError, audit::NewAudit, jobs::Partitions};

#[derive(Clone, Debug)]
pub struct Commit {
    /// Its conversation's version is the one it was loaded with.
    pub draft: Draft,
    pub audit: Option<NewAudit>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommitOutcome {
    Committed {
        version: i64,
    },
    /// Somebody else committed meanwhile: load it again.
    Stale,
    /// These external ids are stored already: draft again without them.
    Duplicates(Vec<String>),
}

impl Store {
    pub async fn commit(
        &self,
        _commits: Vec<Commit>,
        _partitions: Partitions,
        _now: DateTime<Utc>,
    ) -> Result<Vec<CommitOutcome>, StoreError> {
        Err(StoreError::pending())
    }
}
