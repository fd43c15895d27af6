//! Messages as they are stored, and as threads show them.

use chrono::{DateTime, Utc};
use patchbay_domain::{
    ConversationId, MessageId, OrganisationId, TicketId,
    delivery::DeliveryTimes,
    message::Message,
    platform::{Content, Failure},
};
use serde_json::Value;
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    backend::{Statement, sql},
    params::Param,
    rows::parse,
};

/// A message with what only the store knows of it.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageView {
    pub message: Message,
    /// Its place among everything that happened in the organisation.
    pub sequence: i64,
    pub attempts: u32,
    /// The name of the user who wrote it, as it is now.
    pub sender_user_name: Option<String>,
    pub channel_type: String,
    /// Since when it has no content, because it was kept as long as it may be.
    pub content_deleted_at: Option<DateTime<Utc>>,
    pub updated_at: DateTime<Utc>,
}

/// Whose messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thread {
    Ticket(TicketId),
    Conversation(ConversationId),
}

/// A place in a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageCursor {
    pub platform_at: DateTime<Utc>,
    pub sequence: i64,
}

/// Which part of a thread. Every part comes oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The newest `limit`.
    Newest,
    /// The `limit` that come before.
    Before(MessageCursor),
    /// The `limit` that come after.
    After(MessageCursor),
    /// Pages from the oldest: after so many.
    Offset(u32),
}

/// The columns of [`MessageRow`], of a table named `m`.
pub(crate) const COLUMNS: &str = "m.id, m.organisation_id, m.channel_id, m.conversation_id, m.ticket_id, \
    m.campaign_id, m.direction, m.external_id, m.sender_user_id, m.sender_name, m.content, m.metadata, m.reply_to, \
    m.state, m.failure, m.sent_at, m.delivered_at, m.read_at, m.scheduled_at, m.platform_at, m.created_at, \
    m.edited_at, m.deleted_at";

#[derive(FromRow)]
pub(crate) struct MessageRow {
    id: Uuid,
    organisation_id: Uuid,
    channel_id: Uuid,
    conversation_id: Uuid,
    ticket_id: Option<Uuid>,
    campaign_id: Option<Uuid>,
    direction: String,
    external_id: Option<String>,
    sender_user_id: Option<Uuid>,
    sender_name: String,
    content: Json<Content>,
    metadata: Json<Value>,
    reply_to: Option<String>,
    state: String,
    failure: Option<Json<Failure>>,
    sent_at: Option<DateTime<Utc>>,
    delivered_at: Option<DateTime<Utc>>,
    read_at: Option<DateTime<Utc>>,
    scheduled_at: Option<DateTime<Utc>>,
    platform_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
    edited_at: Option<DateTime<Utc>>,
    deleted_at: Option<DateTime<Utc>>,
}

impl TryFrom<MessageRow> for Message {
    type Error = StoreError;

    fn try_from(row: MessageRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            organisation_id: row.organisation_id.into(),
            channel_id: row.channel_id.into(),
            conversation_id: row.conversation_id.into(),
            ticket_id: row.ticket_id.map(Into::into),
            campaign_id: row.campaign_id.map(Into::into),
            direction: parse(&row.direction)?,
            external_id: row.external_id,
            sender_user_id: row.sender_user_id.map(Into::into),
            sender_name: row.sender_name,
            content: row.content.0,
            metadata: row.metadata.0,
            reply_to: row.reply_to,
            state: row.state.parse()?,
            failure: row.failure.map(|Json(failure)| failure),
            times: DeliveryTimes { sent_at: row.sent_at, delivered_at: row.delivered_at, read_at: row.read_at },
            scheduled_at: row.scheduled_at,
            platform_at: row.platform_at,
            created_at: row.created_at,
            edited_at: row.edited_at,
            deleted_at: row.deleted_at,
        })
    }
}

#[derive(FromRow)]
pub(crate) struct ViewRow {
    #[sqlx(flatten)]
    message: MessageRow,
    sequence: i64,
    attempts: i64,
    sender_user_name: Option<String>,
    channel_type: String,
    content_deleted_at: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<ViewRow> for MessageView {
    type Error = StoreError;

    fn try_from(row: ViewRow) -> Result<Self, StoreError> {
        let ViewRow { message, sequence, attempts, sender_user_name, channel_type, content_deleted_at, updated_at } =
            row;
        let (message, attempts) = (message.try_into()?, u32::try_from(attempts).unwrap_or(u32::MAX));
        Ok(Self { message, sequence, attempts, sender_user_name, channel_type, content_deleted_at, updated_at })
    }
}

pub(crate) fn select() -> String {
    format!(
        "select {COLUMNS}, m.sequence, m.attempts, u.name as sender_user_name, c.channel_type, \
         m.content_deleted_at, m.updated_at \
         from messages m join channels c on c.id = m.channel_id left join users u on u.id = m.sender_user_id"
    )
}

impl Thread {
    const fn column(self) -> &'static str {
        match self {
            Self::Ticket(_) => "m.ticket_id",
            Self::Conversation(_) => "m.conversation_id",
        }
    }

    fn param(self) -> Param {
        match self {
            Self::Ticket(id) => id.into(),
            Self::Conversation(id) => id.into(),
        }
    }
}

impl Store {
    pub async fn message(
        &self,
        organisation_id: OrganisationId,
        id: MessageId,
    ) -> Result<Option<MessageView>, StoreError> {
        let row: Option<ViewRow> = sql(format!("{} where m.organisation_id = $1 and m.id = $2", select()))
            .bind(organisation_id)
            .bind(id)
            .fetch_optional(self)
            .await?;
        row.map(MessageView::try_from).transpose()
    }

    /// Part of a thread, oldest first, by the platform's time and then in the order of their commits.
    pub async fn thread_messages(
        &self,
        organisation_id: OrganisationId,
        thread: Thread,
        part: Part,
        limit: u32,
    ) -> Result<Vec<MessageView>, StoreError> {
        let rows: Vec<ViewRow> = read_part(organisation_id, thread, part, limit).fetch_all(self).await?;
        let mut messages = rows.into_iter().map(MessageView::try_from).collect::<Result<Vec<_>, _>>()?;
        if matches!(part, Part::Newest | Part::Before(_)) {
            messages.reverse();
        }
        Ok(messages)
    }

    pub async fn count_messages(&self, organisation_id: OrganisationId, thread: Thread) -> Result<u64, StoreError> {
        let column = thread.column();
        let (count,): (i64,) =
            sql(format!("select count(*) from messages m where m.organisation_id = $1 and {column} = $2"))
                .bind(organisation_id)
                .bind(thread.param())
                .fetch_one(self)
                .await?;
        Ok(count.unsigned_abs())
    }
}

fn read_part(organisation_id: OrganisationId, thread: Thread, part: Part, limit: u32) -> Statement {
    let (condition, order, cursor, offset) = match part {
        Part::Newest => ("", "desc", None, 0),
        Part::Before(cursor) => ("and (m.platform_at, m.sequence) < ($5, $6)", "desc", Some(cursor), 0),
        Part::After(cursor) => ("and (m.platform_at, m.sequence) > ($5, $6)", "asc", Some(cursor), 0),
        Part::Offset(offset) => ("", "asc", None, offset),
    };
    let statement = sql(format!(
        "{} where m.organisation_id = $1 and {} = $2 {condition} \
         order by m.platform_at {order}, m.sequence {order} limit $3 offset $4",
        select(),
        thread.column()
    ))
    .bind(organisation_id)
    .bind(thread.param())
    .bind(limit)
    .bind(offset);
    match cursor {
        Some(MessageCursor { platform_at, sequence }) => statement.bind(platform_at).bind(sequence),
        None => statement,
    }
}
