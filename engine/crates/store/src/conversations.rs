//! Conversations: one per channel and thread, found by every name that the
//! platform has for it. How they are made is in `opening.rs`.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use patchbay_domain::{
    ChannelId, ConversationId, IdentityId, OrganisationId, conversation::Conversation, platform::Participant,
    ticket::Ticket,
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    backend::{Target, sql},
    rows::{Id, batch, parse},
};

/// A channel as far as opening conversations is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelKey {
    pub organisation_id: OrganisationId,
    pub channel_id: ChannelId,
    pub channel_type: String,
}

/// Somebody to have a conversation with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    pub thread: String,
    pub group: bool,
    pub participant: Participant,
}

/// Somebody of whom webhooks say too little.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownPerson {
    pub identity_id: IdentityId,
    pub external_id: String,
}

batch! {
    struct KeyRow<'a> { key: &'a str }
}

#[derive(FromRow)]
struct ConversationRow {
    id: Uuid,
    organisation_id: Uuid,
    channel_id: Uuid,
    identity_id: Uuid,
    contact_id: Uuid,
    thread: String,
    is_group: bool,
    version: i64,
    contact_name: String,
    opted_out: bool,
    unreachable: bool,
    unread_count: i64,
    last_inbound_at: Option<DateTime<Utc>>,
    last_message_at: Option<DateTime<Utc>>,
    last_message_id: Option<Uuid>,
    ticket_id: Option<Uuid>,
    ticket_subject: Option<String>,
    ticket_status: Option<String>,
    ticket_priority: Option<String>,
    ticket_assignee_id: Option<Uuid>,
    ticket_created_at: Option<DateTime<Utc>>,
    ticket_updated_at: Option<DateTime<Utc>>,
    ticket_closed_at: Option<DateTime<Utc>>,
    ticket_first_response_at: Option<DateTime<Utc>>,
}

impl ConversationRow {
    fn ticket(&self) -> Result<Option<Ticket>, StoreError> {
        let (Some(id), Some(subject), Some(status), Some(priority), Some(created_at), Some(updated_at)) = (
            self.ticket_id,
            &self.ticket_subject,
            &self.ticket_status,
            &self.ticket_priority,
            self.ticket_created_at,
            self.ticket_updated_at,
        ) else {
            return Ok(None);
        };
        Ok(Some(Ticket {
            id: id.into(),
            subject: subject.clone(),
            status: parse(status)?,
            priority: parse(priority)?,
            assignee_id: self.ticket_assignee_id.map(Into::into),
            created_at,
            updated_at,
            closed_at: self.ticket_closed_at,
            first_response_at: self.ticket_first_response_at,
        }))
    }
}

impl TryFrom<ConversationRow> for Conversation {
    type Error = StoreError;

    fn try_from(row: ConversationRow) -> Result<Self, StoreError> {
        let ticket = row.ticket()?;
        Ok(Self {
            id: row.id.into(),
            organisation_id: row.organisation_id.into(),
            channel_id: row.channel_id.into(),
            identity_id: row.identity_id.into(),
            contact_id: row.contact_id.into(),
            thread: row.thread,
            group: row.is_group,
            version: row.version,
            contact_name: row.contact_name,
            opted_out: row.opted_out,
            unreachable: row.unreachable,
            unread_count: row.unread_count,
            last_inbound_at: row.last_inbound_at,
            last_message_at: row.last_message_at,
            last_message_id: row.last_message_id.map(Into::into),
            ticket,
        })
    }
}

impl Store {
    /// Each with its latest ticket; unknown ids are left out.
    pub async fn load_conversations(&self, ids: &[ConversationId]) -> Result<Vec<Conversation>, StoreError> {
        let rows: Vec<ConversationRow> = sql("select c.id, c.organisation_id, c.channel_id, c.identity_id, \
             c.contact_id, c.thread, c.is_group, c.version, c.contact_name, \
             i.opted_out_at is not null as opted_out, i.unreachable_at is not null as unreachable, \
             c.unread_count, c.last_inbound_at, c.last_message_at, c.last_message_id, \
             t.id as ticket_id, t.subject as ticket_subject, t.status as ticket_status, \
             t.priority as ticket_priority, t.assignee_id as ticket_assignee_id, \
             t.created_at as ticket_created_at, t.updated_at as ticket_updated_at, \
             t.closed_at as ticket_closed_at, t.first_response_at as ticket_first_response_at \
             from {rows} r join conversations c on c.id = r.id join identities i on i.id = c.identity_id \
             left join tickets t on t.id = (select l.id from tickets l where l.conversation_id = c.id \
             order by l.created_at desc, l.id desc limit 1)")
        .rows(&Id::all(ids))
        .fetch_all(self)
        .await?;
        rows.into_iter().map(Conversation::try_from).collect()
    }

    /// Who is on the other side, if a name or a picture is missing and nobody has taken them before to ask the
    /// platform about them.
    pub async fn take_unknown_person(
        &self,
        conversation_id: ConversationId,
        now: DateTime<Utc>,
    ) -> Result<Option<UnknownPerson>, StoreError> {
        let taken: Option<(Uuid, String)> = sql("update identities set profile_fetched_at = $2 where id = \
             (select c.identity_id from conversations c where c.id = $1 and not c.is_group) \
             and profile_fetched_at is null and (avatar is null or name = external_id or name = username \
             or name = phone or name = email) returning id, external_id")
        .bind(conversation_id)
        .bind(now)
        .fetch_optional(self.writer())
        .await?;
        Ok(taken.map(|(id, external_id)| UnknownPerson { identity_id: id.into(), external_id }))
    }

    /// The platform could not be asked: somebody may try again.
    pub async fn give_person_back(&self, identity_id: IdentityId) -> Result<(), StoreError> {
        sql("update identities set profile_fetched_at = null where id = $1")
            .bind(identity_id)
            .execute(self.writer())
            .await
            .map(drop)
    }

    /// The latest conversation with somebody whom a platform knows by this name or identifier.
    pub async fn conversation_called(
        &self,
        organisation_id: OrganisationId,
        name: &str,
    ) -> Result<Option<ConversationId>, StoreError> {
        let row: Option<(Uuid,)> =
            sql("select c.id from conversations c where c.deleted_at is null and c.identity_id in \
             (select i.id from identities i where i.organisation_id = $1 and i.username = $2 union all \
             select i.id from identities i join channels h on h.id = i.channel_id \
             where h.organisation_id = $1 and i.external_id = $2) \
             order by c.last_message_at desc nulls last, c.id limit 1")
            .bind(organisation_id)
            .bind(name)
            .fetch_optional(self)
            .await?;
        Ok(row.map(|(id,)| id.into()))
    }

    /// The conversation of each thread, in the order given.
    pub async fn find_conversations(
        &self,
        channel_id: ChannelId,
        threads: &[String],
    ) -> Result<Vec<Option<ConversationId>>, StoreError> {
        let known = by_keys(self, channel_id, threads.iter().map(String::as_str)).await?;
        Ok(threads.iter().map(|thread| known.get(thread).copied()).collect())
    }
}

/// The conversations that the platform knows by these names.
pub(crate) async fn by_keys<'a>(
    target: impl Into<Target<'a>>,
    channel_id: ChannelId,
    keys: impl IntoIterator<Item = &str>,
) -> Result<HashMap<String, ConversationId>, StoreError> {
    let keys: Vec<_> = keys.into_iter().map(|key| KeyRow { key }).collect();
    let rows: Vec<(String, Uuid)> = sql("select t.key, t.conversation_id from {rows} r \
         cross join threads t where t.channel_id = $2 and t.key = r.key")
    .rows(&keys)
    .bind(channel_id)
    .fetch_all(target)
    .await?;
    Ok(rows.into_iter().map(|(key, id)| (key, id.into())).collect())
}
