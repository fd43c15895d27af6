//! What is shown of a conversation.

use chrono::{DateTime, Utc};
use patchbay_domain::{
    ChannelId, ContactId, ConversationId, IdentityId, MessageId, OrganisationId, conversation::ConversationStatus,
    message::Direction, platform::Content,
};
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

use crate::{StoreError, people::Colleague, rows::parse};

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
    pub handling: Handling,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// What people made of a conversation, and whom it is with in the words of their address book.
#[derive(Clone, Debug, PartialEq)]
pub struct Handling {
    pub status: ConversationStatus,
    pub assignee: Option<Colleague>,
    pub tags: Vec<String>,
    /// What came up to this sequence has been read.
    pub read_through: i64,
    pub is_group: bool,
    /// The platform's identifier of the other side.
    pub external_id: String,
    pub phone: Option<String>,
    /// The number or name under which the channel writes.
    pub channel_number: Option<String>,
    /// What the contact is called, which may be otherwise than the platform has it.
    pub contact_name: String,
    pub company: Option<String>,
    pub notes: Option<String>,
    /// The contact was taken out of the address book; what was written stays.
    pub is_contact_deleted: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct LastMessage {
    pub id: MessageId,
    pub direction: Direction,
    pub content: Content,
    pub at: DateTime<Utc>,
}

#[derive(FromRow)]
pub(super) struct ViewRow {
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
    #[sqlx(flatten)]
    last_message: LastMessageRow,
    is_deleted: bool,
    #[sqlx(flatten)]
    handling: HandlingRow,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// Of a conversation in which nothing was written there is none.
#[derive(FromRow)]
#[expect(clippy::struct_field_names, reason = "named as the columns are")]
pub(crate) struct LastMessageRow {
    message_id: Option<Uuid>,
    message_direction: Option<String>,
    message_content: Option<Json<Content>>,
    message_at: Option<DateTime<Utc>>,
}

impl LastMessageRow {
    /// What to select of the message `m`.
    pub(crate) const COLUMNS: &str = "m.id as message_id, m.direction as message_direction, \
        m.content as message_content, m.platform_at as message_at";

    pub(crate) fn read(self) -> Result<Option<LastMessage>, StoreError> {
        let Self { message_id, message_direction, message_content, message_at } = self;
        let (Some(id), Some(direction), Some(Json(content)), Some(at)) =
            (message_id, message_direction, message_content, message_at)
        else {
            return Ok(None);
        };
        Ok(Some(LastMessage { id: id.into(), direction: parse(&direction)?, content, at }))
    }
}

#[derive(FromRow)]
struct HandlingRow {
    status: String,
    assignee_id: Option<Uuid>,
    assignee_name: Option<String>,
    assignee_username: Option<String>,
    assignee_email: Option<String>,
    assignee_avatar: Option<String>,
    tags: Json<Vec<String>>,
    read_through: i64,
    is_group: bool,
    external_id: String,
    phone: Option<String>,
    channel_number: Option<String>,
    contact_name: String,
    company: Option<String>,
    notes: Option<String>,
    is_contact_deleted: bool,
}

impl TryFrom<HandlingRow> for Handling {
    type Error = StoreError;

    fn try_from(row: HandlingRow) -> Result<Self, StoreError> {
        let assignee = row.assignee_id.zip(row.assignee_name).map(|(id, name)| Colleague {
            id: id.into(),
            name,
            username: row.assignee_username,
            email: row.assignee_email,
            avatar: row.assignee_avatar,
        });
        Ok(Self {
            status: parse(&row.status)?,
            assignee,
            tags: row.tags.0,
            read_through: row.read_through,
            is_group: row.is_group,
            external_id: row.external_id,
            phone: row.phone,
            channel_number: row.channel_number,
            contact_name: row.contact_name,
            company: row.company,
            notes: row.notes,
            is_contact_deleted: row.is_contact_deleted,
        })
    }
}

impl TryFrom<ViewRow> for ConversationView {
    type Error = StoreError;

    fn try_from(row: ViewRow) -> Result<Self, StoreError> {
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
            last_message: row.last_message.read()?,
            is_deleted: row.is_deleted,
            handling: row.handling.try_into()?,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// What is shown of the conversations that `chosen` selects.
pub(super) fn select(chosen: &str) -> String {
    let last_message = LastMessageRow::COLUMNS;
    format!(
        "select c.id, c.organisation_id, c.channel_id, h.channel_type, c.contact_id, c.identity_id, \
         c.contact_name as name, i.username, coalesce(p.avatar, i.avatar) as avatar, p.title, c.is_starred, \
         c.unread_count, c.last_message_at, {last_message}, c.deleted_at is not null as is_deleted, \
         c.status, c.assignee_id, u.name as assignee_name, u.username as assignee_username, \
         u.email as assignee_email, u.avatar as assignee_avatar, c.tags, c.read_through, c.is_group, i.external_id, \
         i.phone, coalesce(h.session_phone, h.address) as channel_number, p.name as contact_name, p.company, p.notes, \
         p.deleted_at is not null as is_contact_deleted, c.created_at, c.updated_at from ({chosen}) c join channels h on h.id = c.channel_id \
         join identities i on i.id = c.identity_id join contacts p on p.id = c.contact_id \
         left join users u on u.id = c.assignee_id left join messages m on m.id = c.last_message_id"
    )
}
