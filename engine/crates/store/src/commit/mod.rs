//! The group commit: what many conversations decided, of many organisations, in
//! one transaction. A draft that is out of date or repeats a message is left
//! out and its conversation told; the rest is committed.
//!
//! `judge.rs` decides which; `messages.rs`, `tickets.rs`, `people.rs`,
//! `names.rs`, `references.rs` and `notices.rs` write. To store a new kind of effect, add a step to [`write`].

mod judge;
mod messages;
mod names;
mod notices;
mod people;
mod references;
mod tickets;

use chrono::{DateTime, Utc};
use patchbay_domain::conversation::Draft;

use crate::{
    Store, StoreError,
    audit::{self, NewAudit},
    campaigns::turns,
    jobs::Partitions,
    organisation_tx::OrganisationTx,
    wanted_files,
};
use judge::{Known, Verdict};

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
    /// These external ids are stored already, or twice in the batch: draft again without them.
    Duplicates(Vec<String>),
    /// A recipient of a campaign whose turn it is no more: there is nothing to send.
    Withdrawn,
}

/// A draft that is committed, and what is stored of its conversation.
struct Accepted<'a> {
    draft: &'a Draft,
    audit: Option<&'a NewAudit>,
    known: Known,
}

impl Store {
    /// One outcome for each commit, in the order given. What is committed is visible with all its events at once.
    pub async fn commit(
        &self,
        commits: &[Commit],
        partitions: Partitions,
        now: DateTime<Utc>,
    ) -> Result<Vec<CommitOutcome>, StoreError> {
        let organisations = commits.iter().map(|commit| commit.draft.conversation.organisation_id);
        let mut tx = OrganisationTx::begin(self, organisations, now).await?;
        let mut accepted = Vec::new();
        let mut outcomes = Vec::with_capacity(commits.len());
        for (commit, verdict) in commits.iter().zip(judge::judge(&mut tx, commits).await?) {
            outcomes.push(match verdict {
                Verdict::Stale => CommitOutcome::Stale,
                Verdict::Duplicates(ids) => CommitOutcome::Duplicates(ids),
                Verdict::Withdrawn => CommitOutcome::Withdrawn,
                Verdict::Accepted(known) => {
                    let version = known.version + 1;
                    accepted.push(Accepted { draft: &commit.draft, audit: commit.audit.as_ref(), known: *known });
                    CommitOutcome::Committed { version }
                }
            });
        }
        if !accepted.is_empty() {
            write(&mut tx, &accepted, partitions).await?;
            tx.commit().await?;
        }
        Ok(outcomes)
    }
}

async fn write(tx: &mut OrganisationTx, accepted: &[Accepted<'_>], partitions: Partitions) -> Result<(), StoreError> {
    let renamed = people::renamed(tx, accepted).await?;
    messages::update_conversations(tx, accepted, &renamed).await?;
    messages::insert_messages(tx, accepted).await?;
    let wanted = accepted.iter().flat_map(|accepted| &accepted.draft.effects.messages);
    let wanted = wanted.filter(|message| wanted_files::wants(message)).collect();
    wanted_files::want(tx, wanted).await?;
    messages::count_repeats(tx, accepted).await?;
    tickets::upsert(tx, accepted).await?;
    messages::count(tx, accepted).await?;
    turns::take(tx, accepted.iter().map(|accepted| accepted.draft)).await?;
    messages::insert_jobs(tx, accepted, partitions).await?;
    people::update_identities(tx, accepted, &renamed).await?;
    names::learn(tx, accepted, &renamed).await?;
    people::bring_back(tx, accepted).await?;
    references::apply(tx, accepted).await?;
    references::apply_pending(tx, accepted).await?;
    notices::tell(tx, accepted).await?;
    notices::alert(tx, accepted).await?;
    let audits: Vec<_> = accepted.iter().filter_map(|accepted| accepted.audit).collect();
    if audits.is_empty() {
        return Ok(());
    }
    let now = tx.now();
    audit::insert(tx, &audits, now).await
}
