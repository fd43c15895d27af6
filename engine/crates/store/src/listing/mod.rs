//! Conversations as lists show them: with who is on the other side, the channel
//! and the newest message.

mod changes;
mod filter;
mod views;

use chrono::{DateTime, Utc};
use patchbay_domain::{ChannelId, ContactId, ConversationId, OrganisationId};
use uuid::Uuid;

pub use changes::ConversationUpdate;
pub use filter::{ConversationFilter, Only};
pub(crate) use views::LastMessageRow;
pub use views::{ConversationView, Handling, LastMessage};
use views::{ViewRow, select};

use crate::{Store, StoreError, backend::sql, notifications::COUNTED, people::ContactDetails, rows::Id, tickets::Page};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    #[default]
    Latest,
    Oldest,
}

/// The last conversation of the page before: those without a message come last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConversationCursor {
    pub last_message_at: Option<DateTime<Utc>>,
    pub id: ConversationId,
}

/// A conversation, and what is known of its contact.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    pub conversation: ConversationView,
    pub contact: ContactDetails,
}

impl Order {
    /// How they are ordered, and what comes after a moment.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Latest => ("desc", "<"),
            Self::Oldest => ("asc", ">"),
        }
    }
}

impl Store {
    /// By their newest message, those without one last.
    pub async fn conversations(
        &self,
        organisation_id: OrganisationId,
        filter: &ConversationFilter,
        order: Order,
        page: Page<ConversationCursor>,
    ) -> Result<Vec<ConversationView>, StoreError> {
        let (direction, after) = order.words();
        // Without a cursor `$7` is null, and nothing is left out.
        let chosen = format!(
            "select * from conversations where {} and ($7 is null or (case when $6 is null \
             then last_message_at is null and id > $7 \
             else last_message_at is null or last_message_at {after} $6 or (last_message_at = $6 and id > $7) end)) \
             order by last_message_at {direction} nulls last, id limit $8 offset $9",
            filter.condition()
        );
        let statement = sql(format!("{} order by c.last_message_at {direction} nulls last, c.id", select(&chosen)));
        let rows: Vec<ViewRow> = filter
            .bind(statement, organisation_id)
            .bind(page.after.and_then(|cursor| cursor.last_message_at))
            .bind(page.after.map(|cursor| cursor.id))
            .bind(page.limit)
            .bind(page.offset)
            .fetch_all(self)
            .await?;
        rows.into_iter().map(ConversationView::try_from).collect()
    }

    /// How many there are, up to [`COUNTED`].
    pub async fn count_conversations(
        &self,
        organisation_id: OrganisationId,
        filter: &ConversationFilter,
    ) -> Result<u64, StoreError> {
        let statement = sql(format!(
            "select count(*) from (select 1 from conversations where {} limit $6) counted",
            filter.condition()
        ));
        let (count,): (i64,) = filter.bind(statement, organisation_id).bind(COUNTED).fetch_one(self).await?;
        Ok(count.unsigned_abs())
    }

    /// Also those out of sight; in no particular order.
    pub async fn conversation_views(
        &self,
        organisation_id: OrganisationId,
        ids: &[ConversationId],
    ) -> Result<Vec<ConversationView>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let chosen = "select * from conversations where organisation_id = $2 and id in (select id from {rows} r)";
        let rows: Vec<ViewRow> = sql(select(chosen)).rows(&Id::all(ids)).bind(organisation_id).fetch_all(self).await?;
        rows.into_iter().map(ConversationView::try_from).collect()
    }

    /// Each with its contact, in the order given.
    pub async fn with_contacts(
        &self,
        organisation_id: OrganisationId,
        conversations: Vec<ConversationView>,
    ) -> Result<Vec<Shown>, StoreError> {
        let mut ids: Vec<_> = conversations.iter().map(|conversation| conversation.contact_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let known = self.contact_details(organisation_id, &ids).await?;
        let shown = |conversation: ConversationView| {
            let contact = known.get(&conversation.contact_id).cloned().unwrap_or_default();
            Shown { conversation, contact }
        };
        Ok(conversations.into_iter().map(shown).collect())
    }

    /// The contact's conversations on a channel, the latest first: with the name that the platform has for the contact
    /// and the number or address known of it there.
    pub async fn conversations_with(
        &self,
        channel_id: ChannelId,
        contact_id: ContactId,
    ) -> Result<Vec<(ConversationId, Vec<String>)>, StoreError> {
        let rows: Vec<(Uuid, String, Option<String>, Option<String>)> = sql("select c.id, i.external_id, i.phone, \
             i.email from conversations c join identities i on i.id = c.identity_id \
             where c.channel_id = $1 and c.contact_id = $2 and not c.is_group \
             order by c.last_message_at desc nulls last, c.id")
        .bind(channel_id)
        .bind(contact_id)
        .fetch_all(self)
        .await?;
        let named = |(id, external_id, phone, email): (Uuid, String, Option<String>, Option<String>)| {
            (id.into(), [Some(external_id), phone, email].into_iter().flatten().collect())
        };
        Ok(rows.into_iter().map(named).collect())
    }
}
