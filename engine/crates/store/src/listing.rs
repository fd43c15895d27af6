//! Conversations as lists show them: with who is on the other side, the channel
//! and the newest message.

use chrono::{DateTime, Utc};
use patchbay_domain::{
    ChannelId, ContactId, ConversationId, IdentityId, MessageId, OrganisationId, event::Change, message::Direction,
    platform::Content,
};
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    audit::{self, NewAudit},
    backend::{Statement, sql},
    customers::containing,
    organisation_tx::OrganisationTx,
    people::ContactDetails,
    rows::{Id, batch, parse},
    tickets::Page,
};

#[derive(Clone, Debug, PartialEq)]
pub struct ConversationView {
    pub id: ConversationId,
    pub organisation_id: OrganisationId,
    pub channel_id: ChannelId,
    pub channel_type: String,
    pub contact_id: ContactId,
    pub identity_id: IdentityId,
    pub name: String,
    pub username: Option<String>,
    pub avatar: Option<String>,
    pub title: Option<String>,
    pub is_starred: bool,
    pub unread_count: i64,
    pub last_message_at: Option<DateTime<Utc>>,
    pub last_message: Option<LastMessage>,
    /// Put out of sight, until somebody writes in it again.
    pub is_deleted: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct LastMessage {
    pub id: MessageId,
    pub direction: Direction,
    pub content: Content,
    pub at: DateTime<Utc>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Only {
    #[default]
    All,
    Unread,
    Starred,
    /// In which something was written.
    Recent,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    #[default]
    Latest,
    Oldest,
}

#[derive(Clone, Debug, Default)]
pub struct ConversationFilter {
    pub only: Only,
    /// Of channels of these types; with none, of all.
    pub channel_types: Vec<String>,
    /// Part of a name, an e-mail address or a number; case and accents do not count.
    pub search: Option<String>,
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

/// What a person changes; `None` leaves it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConversationUpdate {
    pub is_starred: Option<bool>,
    pub unread_count: Option<u32>,
    pub delete: bool,
}

batch! {
    struct TypeRow<'a> { channel_type: &'a str }
}

#[derive(FromRow)]
struct ViewRow {
    id: Uuid,
    organisation_id: Uuid,
    channel_id: Uuid,
    channel_type: String,
    contact_id: Uuid,
    identity_id: Uuid,
    name: String,
    username: Option<String>,
    avatar: Option<String>,
    title: Option<String>,
    is_starred: bool,
    unread_count: i64,
    last_message_at: Option<DateTime<Utc>>,
    message_id: Option<Uuid>,
    message_direction: Option<String>,
    message_content: Option<Json<Content>>,
    message_at: Option<DateTime<Utc>>,
    is_deleted: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<ViewRow> for ConversationView {
    type Error = StoreError;

    fn try_from(row: ViewRow) -> Result<Self, StoreError> {
        let last_message = match (row.message_id, row.message_direction, row.message_content, row.message_at) {
            (Some(id), Some(direction), Some(Json(content)), Some(at)) => {
                Some(LastMessage { id: id.into(), direction: parse(&direction)?, content, at })
            }
            _ => None,
        };
        Ok(Self {
            id: row.id.into(),
            organisation_id: row.organisation_id.into(),
            channel_id: row.channel_id.into(),
            channel_type: row.channel_type,
            contact_id: row.contact_id.into(),
            identity_id: row.identity_id.into(),
            name: row.name,
            username: row.username,
            avatar: row.avatar,
            title: row.title,
            is_starred: row.is_starred,
            unread_count: row.unread_count,
            last_message_at: row.last_message_at,
            last_message,
            is_deleted: row.is_deleted,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// What is shown of the conversations that `chosen` selects.
fn select(chosen: &str) -> String {
    format!(
        "select c.id, c.organisation_id, c.channel_id, h.channel_type, c.contact_id, c.identity_id, \
         c.contact_name as name, i.username, coalesce(p.avatar, i.avatar) as avatar, p.title, c.is_starred, \
         c.unread_count, c.last_message_at, m.id as message_id, m.direction as message_direction, \
         m.content as message_content, m.platform_at as message_at, c.deleted_at is not null as is_deleted, \
         c.created_at, c.updated_at from ({chosen}) c join channels h on h.id = c.channel_id \
         join identities i on i.id = c.identity_id join contacts p on p.id = c.contact_id \
         left join messages m on m.id = c.last_message_id"
    )
}

/// `$1` to `$4`.
const FILTER: &str = "organisation_id = $2 and deleted_at is null and ($3 or channel_id in \
    (select h.id from channels h where h.organisation_id = $2 and h.channel_type in (select channel_type from {rows} r)))";
const SEARCHED: &str = "and (identity_id in (select s.id from identities s where s.organisation_id = $2 \
    and s.search_text like $4 escape '!') or contact_id in (select n.contact_id from contact_points n \
    where n.organisation_id = $2 and n.value like $4 escape '!'))";

impl ConversationFilter {
    fn condition(&self) -> String {
        let only = match self.only {
            Only::All => "",
            Only::Unread => "and unread_count > 0",
            Only::Starred => "and is_starred",
            Only::Recent => "and last_message_at is not null",
        };
        format!("{FILTER} {only} {}", if self.search.is_some() { SEARCHED } else { "and $4 is null" })
    }

    fn bind(&self, statement: Statement, organisation_id: OrganisationId) -> Statement {
        let types: Vec<_> = self.channel_types.iter().map(|channel_type| TypeRow { channel_type }).collect();
        statement.rows(&types).bind(organisation_id).bind(types.is_empty()).bind(self.search.as_deref().map(containing))
    }
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
        // Without a cursor `$6` is null, and nothing is left out.
        let chosen = format!(
            "select * from conversations where {} and ($6 is null or (case when $5 is null \
             then last_message_at is null and id > $6 \
             else last_message_at is null or last_message_at {after} $5 or (last_message_at = $5 and id > $6) end)) \
             order by last_message_at {direction} nulls last, id limit $7 offset $8",
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

    pub async fn count_conversations(
        &self,
        organisation_id: OrganisationId,
        filter: &ConversationFilter,
    ) -> Result<u64, StoreError> {
        let statement = sql(format!("select count(*) from conversations where {}", filter.condition()));
        let (count,): (i64,) = filter.bind(statement, organisation_id).fetch_one(self).await?;
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

    /// False where there is none, or out of sight. Whoever holds it in memory finds that it has a new version.
    pub async fn update_conversation(
        &self,
        organisation_id: OrganisationId,
        id: ConversationId,
        update: ConversationUpdate,
        audit: Option<&NewAudit>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut tx = OrganisationTx::begin(self, [organisation_id], now).await?;
        let written = sql("update conversations set is_starred = coalesce($3, is_starred), \
             unread_count = coalesce($4, unread_count), deleted_at = $5, version = version + 1, updated_at = $6 \
             where organisation_id = $1 and id = $2 and deleted_at is null")
        .bind(organisation_id)
        .bind(id)
        .bind(update.is_starred)
        .bind(update.unread_count)
        .bind(update.delete.then_some(now))
        .bind(now)
        .execute(&mut tx)
        .await?;
        if written == 0 {
            return Ok(false);
        }
        audit::insert(&mut tx, audit.as_slice(), now).await?;
        tx.push(organisation_id, Change::ConversationUpdated { conversation_id: id })?;
        tx.commit().await?;
        Ok(true)
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
