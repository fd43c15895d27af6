//! Messages by what they say.

use std::collections::HashMap;

use patchbay_domain::{
    ChannelId, ConversationId, MessageId, OrganisationId,
    platform::Content,
    search::{Query, words_of},
};
use uuid::Uuid;

use super::{Index, SearchFilter, Sought, Words, letters, place};
use crate::{
    Store, StoreError,
    backend::{Transaction, sql},
    messages::MessageView,
    rows::{Batch, Id, batch},
};

/// So many events of an organisation are one block: the most that is read of a word that is in every message.
const BLOCK: i64 = 1 << 14;
/// So many blocks at most are asked for at once.
const MOST_BLOCKS: usize = 32;

/// A message as far as its words are concerned.
pub(crate) struct Indexed<'a> {
    pub(crate) id: MessageId,
    pub(crate) organisation_id: OrganisationId,
    pub(crate) channel_id: ChannelId,
    pub(crate) conversation_id: ConversationId,
    pub(crate) sequence: i64,
    pub(crate) content: &'a Content,
}

batch! {
    struct WordsRow {
        message_id: MessageId, organisation_id: OrganisationId, channel_id: ChannelId,
        conversation_id: ConversationId, sequence: i64, words: Words,
    }
}

impl Indexed<'_> {
    fn row(&self) -> Option<WordsRow> {
        let words = Words::at(&block_of(self.organisation_id, self.sequence), &words_of(self.content))?;
        let Self { id, organisation_id, channel_id, conversation_id, sequence, content: _ } = *self;
        Some(WordsRow { message_id: id, organisation_id, channel_id, conversation_id, sequence, words })
    }
}

/// The place of the messages of a block.
fn block_of(organisation_id: OrganisationId, sequence: i64) -> String {
    let block = u128::from((sequence / BLOCK).unsigned_abs());
    place(organisation_id) + &letters(block, 4)
}

/// Those that say something are found from now on, by what they say now.
pub(crate) async fn index_messages(
    tx: &mut Transaction,
    messages: impl IntoIterator<Item = Indexed<'_>>,
) -> Result<(), StoreError> {
    let mut rows: Vec<_> = messages.into_iter().filter_map(|message| message.row()).collect();
    if rows.is_empty() {
        return Ok(());
    }
    rows.sort_by_key(|row| row.sequence);
    let insert = WordsRow::insert_into("message_words");
    sql(format!("{insert} on conflict (message_id) do update set words = excluded.words"))
        .rows(&rows)
        .execute(tx)
        .await
        .map(drop)
}

/// The same for one that may say nothing any more.
pub(crate) async fn index_message(tx: &mut Transaction, message: Indexed<'_>) -> Result<(), StoreError> {
    if words_of(message.content).is_empty() {
        return forget_messages(tx, &[message.id.uuid()]).await;
    }
    index_messages(tx, [message]).await
}

/// They are found no more.
pub(crate) async fn forget_messages(tx: &mut Transaction, ids: &[Uuid]) -> Result<(), StoreError> {
    sql("delete from message_words where message_id in (select id from {rows} r)")
        .rows(&Id::all(ids))
        .execute(tx)
        .await
        .map(drop)
}

impl Store {
    /// The newest first, of those before a sequence where one is named. What is in conversations that people put out of
    /// sight is not found.
    pub async fn search_messages(
        &self,
        organisation_id: OrganisationId,
        query: &Query,
        filter: SearchFilter<'_>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<MessageView>, StoreError> {
        let newest = match before {
            Some(before) => before.saturating_sub(1),
            None => self.newest_event(organisation_id).await?,
        };
        let mut blocks = (0..=newest.max(0) / BLOCK).rev().map(|block| block_of(organisation_id, block * BLOCK));
        let mut found: Vec<MessageId> = Vec::new();
        let mut at_once = 1;
        while let Some(wanted) = limit.checked_sub(u32::try_from(found.len()).unwrap_or(limit)).filter(|more| *more > 0)
        {
            let places: Vec<_> = blocks.by_ref().take(at_once).collect();
            if places.is_empty() {
                break;
            }
            let sought = Sought { query: query.clone(), places };
            found.extend(self.found_messages(organisation_id, sought, filter, newest, wanted).await?);
            at_once = (at_once * 2).min(MOST_BLOCKS);
        }
        let views = self.messages_by_id(organisation_id, &found).await?;
        let mut views: HashMap<_, _> = views.into_iter().map(|view| (view.message.id, view)).collect();
        Ok(found.iter().filter_map(|id| views.remove(id)).collect())
    }

    async fn found_messages(
        &self,
        organisation_id: OrganisationId,
        sought: Sought,
        filter: SearchFilter<'_>,
        newest: i64,
        limit: u32,
    ) -> Result<Vec<MessageId>, StoreError> {
        let rows: Vec<(Uuid,)> = sql("select w.message_id from {found} w where w.organisation_id = $2 \
             and ($3 or w.channel_id in (select id from {rows} r)) and w.sequence <= $4 \
             and w.conversation_id not in (select c.id from conversations c where c.organisation_id = $2 \
             and c.deleted_at is not null) order by w.number desc limit $5")
        .rows(&Id::all(filter.channels))
        .bind(organisation_id)
        .bind(filter.channels.is_empty())
        .bind(newest)
        .bind(limit)
        .finding(Index::Messages, Some(sought))
        .fetch_all(self)
        .await?;
        Ok(rows.into_iter().map(|(id,)| id.into()).collect())
    }
}
