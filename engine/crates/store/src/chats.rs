//! A channel as its chats: everything with one contact on it, however many conversations the platform made of that.

use chrono::{DateTime, Utc};
use patchbay_domain::{ChannelId, ContactId, ConversationId, OrganisationId};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    backend::sql,
    listing::{ConversationCursor, LastMessage, LastMessageRow},
    messages::{MessageCursor, MessageView, ViewRow, select},
    notifications::COUNTED,
    rows::Id,
    tickets::Page,
};

#[derive(Clone, Debug, PartialEq)]
pub struct Chat {
    pub contact_id: ContactId,
    /// The latest one with the contact, which stands for all.
    pub conversation_id: ConversationId,
    pub name: String,
    pub external_id: String,
    pub phone: Option<String>,
    pub avatar: Option<String>,
    pub is_group: bool,
    /// Of all of them.
    pub unread_count: i64,
    pub last_message_at: Option<DateTime<Utc>>,
    pub last_message: Option<LastMessage>,
}

#[derive(FromRow)]
struct ChatRow {
    id: Uuid,
    contact_id: Uuid,
    name: String,
    external_id: String,
    phone: Option<String>,
    avatar: Option<String>,
    is_group: bool,
    unread_count: i64,
    last_message_at: Option<DateTime<Utc>>,
    #[sqlx(flatten)]
    last_message: LastMessageRow,
}

impl TryFrom<ChatRow> for Chat {
    type Error = StoreError;

    fn try_from(row: ChatRow) -> Result<Self, StoreError> {
        Ok(Self {
            contact_id: row.contact_id.into(),
            conversation_id: row.id.into(),
            name: row.name,
            external_id: row.external_id,
            phone: row.phone,
            avatar: row.avatar,
            is_group: row.is_group,
            unread_count: row.unread_count,
            last_message_at: row.last_message_at,
            last_message: row.last_message.read()?,
        })
    }
}

/// `$1` and `$2`. Of the conversations with one contact, the latest.
const LATEST: &str = "v.organisation_id = $1 and v.channel_id = $2 and v.deleted_at is null and not exists \
    (select 1 from conversations n where n.contact_id = v.contact_id and n.channel_id = v.channel_id \
    and n.deleted_at is null and (n.last_message_at > v.last_message_at \
    or (v.last_message_at is null and n.last_message_at is not null) \
    or (n.last_message_at is not distinct from v.last_message_at and n.id < v.id)))";

impl Store {
    /// By their newest message, those without one last.
    pub async fn chats(
        &self,
        organisation_id: OrganisationId,
        channel_id: ChannelId,
        page: Page<ConversationCursor>,
    ) -> Result<Vec<Chat>, StoreError> {
        // Without a cursor `$4` is null, and nothing is left out.
        let last_message = LastMessageRow::COLUMNS;
        let rows: Vec<ChatRow> = sql(format!(
            "select c.id, c.contact_id, c.contact_name as name, i.external_id, i.phone, \
             coalesce(p.avatar, i.avatar) as avatar, c.is_group, (select cast(sum(s.unread_count) as bigint) \
             from conversations s where s.contact_id = c.contact_id and s.channel_id = c.channel_id \
             and s.deleted_at is null) as unread_count, c.last_message_at, {last_message} \
             from (select * from conversations v where {LATEST} and ($4 is null or (case when $3 is null \
             then v.last_message_at is null and v.id > $4 \
             else v.last_message_at is null or v.last_message_at < $3 or (v.last_message_at = $3 and v.id > $4) end)) \
             order by v.last_message_at desc nulls last, v.id limit $5 offset $6) c \
             join identities i on i.id = c.identity_id join contacts p on p.id = c.contact_id \
             left join messages m on m.id = c.last_message_id order by c.last_message_at desc nulls last, c.id"
        ))
        .bind(organisation_id)
        .bind(channel_id)
        .bind(page.after.and_then(|cursor| cursor.last_message_at))
        .bind(page.after.map(|cursor| cursor.id))
        .bind(page.limit)
        .bind(page.offset)
        .fetch_all(self)
        .await?;
        rows.into_iter().map(Chat::try_from).collect()
    }

    pub async fn count_chats(&self, organisation_id: OrganisationId, channel_id: ChannelId) -> Result<u64, StoreError> {
        let (count,): (i64,) = sql(format!("select count(*) from conversations v where {LATEST}"))
            .bind(organisation_id)
            .bind(channel_id)
            .fetch_one(self)
            .await?;
        Ok(count.unsigned_abs())
    }

    /// The conversations of a chat, with what is unread in each; none where there is no such chat.
    pub async fn conversations_of_chat(
        &self,
        organisation_id: OrganisationId,
        channel_id: ChannelId,
        contact_id: ContactId,
    ) -> Result<Vec<(ConversationId, i64)>, StoreError> {
        let rows: Vec<(Uuid, i64)> = sql("select id, unread_count from conversations where organisation_id = $1 \
             and channel_id = $2 and contact_id = $3 and deleted_at is null order by id")
        .bind(organisation_id)
        .bind(channel_id)
        .bind(contact_id)
        .fetch_all(self)
        .await?;
        Ok(rows.into_iter().map(|(id, unread)| (id.into(), unread)).collect())
    }

    /// What was written in any of these, the newest first. A page after a cursor goes on towards the oldest.
    pub async fn messages_of_chat(
        &self,
        organisation_id: OrganisationId,
        conversations: &[ConversationId],
        page: Page<MessageCursor>,
    ) -> Result<Vec<MessageView>, StoreError> {
        // Of a single one the index has the order.
        let compared = if conversations.len() == 1 { "=" } else { "in" };
        let rows: Vec<ViewRow> = sql(format!(
            "{} where m.organisation_id = $2 and m.conversation_id {compared} (select id from {{rows}} r) \
             and ($3 is null or (m.platform_at, m.sequence) < ($3, $4)) \
             order by m.platform_at desc, m.sequence desc limit $5 offset $6",
            select()
        ))
        .rows(&Id::all(conversations))
        .bind(organisation_id)
        .bind(page.after.map(|cursor| cursor.platform_at))
        .bind(page.after.map(|cursor| cursor.sequence))
        .bind(page.limit)
        .bind(page.offset)
        .fetch_all(self)
        .await?;
        rows.into_iter().map(MessageView::try_from).collect()
    }

    /// How many there are, up to [`COUNTED`].
    pub async fn count_messages_of_chat(
        &self,
        organisation_id: OrganisationId,
        conversations: &[ConversationId],
    ) -> Result<u64, StoreError> {
        let (count,): (i64,) = sql("select count(*) from (select 1 from messages m where m.organisation_id = $2 \
             and m.conversation_id in (select id from {rows} r) limit $3) counted")
        .rows(&Id::all(conversations))
        .bind(organisation_id)
        .bind(COUNTED)
        .fetch_one(self)
        .await?;
        Ok(count.unsigned_abs())
    }

    /// When something was last written on each of the organisation's channels of a type on which something was.
    pub async fn channels_last_written(
        &self,
        organisation_id: OrganisationId,
        channel_type: &str,
    ) -> Result<Vec<(ChannelId, DateTime<Utc>)>, StoreError> {
        let rows: Vec<(Uuid, Option<DateTime<Utc>>)> = sql("select c.id, \
             (select v.last_message_at from conversations v where v.channel_id = c.id \
             and v.last_message_at is not null order by v.last_message_at desc limit 1) \
             from channels c where c.organisation_id = $1 and c.channel_type = $2 and c.deleted_at is null")
        .bind(organisation_id)
        .bind(channel_type)
        .fetch_all(self)
        .await?;
        Ok(rows.into_iter().filter_map(|(id, at)| Some((id.into(), at?))).collect())
    }
}
