//! Which drafts can be committed.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use patchbay_domain::{ChannelId, ConversationId, IdentityId, OrganisationId, RecipientId};
use sqlx::FromRow;
use uuid::Uuid;

use super::Commit;
use crate::{StoreError, backend::sql, campaigns::turns, external_ids, organisation_tx::OrganisationTx, rows::batch};

pub(super) enum Verdict {
    Accepted(Box<Known>),
    Stale,
    Duplicates(Vec<String>),
    Withdrawn,
}

/// What is stored of a conversation and of who is on its other side.
#[derive(Clone, Debug, FromRow)]
pub(super) struct Known {
    pub(super) conversation_id: Uuid,
    pub(super) version: i64,
    pub(super) thread: String,
    pub(super) platform: String,
    pub(super) external_id: String,
    pub(super) name: String,
    pub(super) username: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) email: Option<String>,
    pub(super) avatar: Option<String>,
    pub(super) opted_out_at: Option<DateTime<Utc>>,
    pub(super) unreachable_at: Option<DateTime<Utc>>,
    pub(super) last_message_at: Option<DateTime<Utc>>,
    pub(super) last_message: Option<String>,
    /// Their contact was taken out of the address book.
    pub(super) is_contact_gone: bool,
}

batch! {
    struct ConversationRow { id: ConversationId, organisation_id: OrganisationId, identity_id: IdentityId }
}

/// One verdict for each commit, in the order given.
pub(super) async fn judge(tx: &mut OrganisationTx, commits: &[Commit]) -> Result<Vec<Verdict>, StoreError> {
    let known = load(tx, commits).await?;
    let stored = stored_ids(tx, commits).await?;
    let turns = turns::open(tx, commits.iter().map(|commit| &commit.draft)).await?;
    let mut judge = Judge { known, taken: stored, turns, consents: HashMap::new() };
    Ok(commits.iter().map(|commit| judge.verdict(commit)).collect())
}

struct Judge {
    /// Each conversation is committed once in a batch.
    known: HashMap<ConversationId, Known>,
    /// External ids that are stored, or about to be.
    taken: HashSet<(ChannelId, String)>,
    /// Recipients of campaigns whose turn it is.
    turns: HashSet<RecipientId>,
    /// Whether an identity may be written to, where a draft of this batch decided it.
    consents: HashMap<IdentityId, (bool, bool)>,
}

impl Judge {
    fn verdict(&mut self, commit: &Commit) -> Verdict {
        let conversation = &commit.draft.conversation;
        let Some(known) = self.known.get(&conversation.id).filter(|known| known.version == conversation.version) else {
            return Verdict::Stale;
        };
        let stored = (known.opted_out_at.is_some(), known.unreachable_at.is_some());
        let drafted = (conversation.opted_out, conversation.unreachable);
        if self.consents.get(&conversation.identity_id).is_some_and(|decided| *decided != drafted) {
            // Another conversation of the same person came first.
            return Verdict::Stale;
        }
        if commit.draft.effects.recipients.iter().any(|(recipient, _)| !self.turns.contains(recipient)) {
            return Verdict::Withdrawn;
        }
        let duplicates = self.duplicates(commit);
        if !duplicates.is_empty() {
            return Verdict::Duplicates(duplicates);
        }
        if stored != drafted {
            self.consents.insert(conversation.identity_id, drafted);
        }
        let ids = commit.draft.effects.messages.iter().filter_map(|message| message.external_id.clone());
        self.taken.extend(ids.map(|id| (conversation.channel_id, id)));
        self.known.remove(&conversation.id).map_or(Verdict::Stale, |known| Verdict::Accepted(Box::new(known)))
    }

    fn duplicates(&self, commit: &Commit) -> Vec<String> {
        let mut own = HashSet::new();
        let ids = commit.draft.effects.messages.iter().filter_map(|message| {
            message.external_id.as_ref().map(|external_id| (message.channel_id, external_id.clone()))
        });
        ids.filter(|key| self.taken.contains(key) || !own.insert(key.clone())).map(|(_, id)| id).collect()
    }
}

async fn load(tx: &mut OrganisationTx, commits: &[Commit]) -> Result<HashMap<ConversationId, Known>, StoreError> {
    let rows: Vec<_> = commits
        .iter()
        .map(|commit| &commit.draft.conversation)
        .map(|conversation| ConversationRow {
            id: conversation.id,
            organisation_id: conversation.organisation_id,
            identity_id: conversation.identity_id,
        })
        .collect();
    let known: Vec<Known> =
        sql("select c.id as conversation_id, c.version, c.thread, i.platform, i.external_id, i.name, \
         i.username, i.phone, i.email, i.avatar, i.opted_out_at, i.unreachable_at, i.last_message_at, \
         i.last_message, p.deleted_at is not null as is_contact_gone \
         from {rows} r join conversations c on c.id = r.id and c.organisation_id = r.organisation_id \
         and c.identity_id = r.identity_id join identities i on i.id = c.identity_id \
         join contacts p on p.id = c.contact_id")
        .rows(&rows)
        .fetch_all(tx)
        .await?;
    Ok(known.into_iter().map(|known| (known.conversation_id.into(), known)).collect())
}

async fn stored_ids(tx: &mut OrganisationTx, commits: &[Commit]) -> Result<HashSet<(ChannelId, String)>, StoreError> {
    let messages = commits.iter().flat_map(|commit| &commit.draft.effects.messages);
    let named = messages.filter_map(|message| Some((message.channel_id, message.external_id.as_deref()?)));
    external_ids::stored(tx, named).await
}
