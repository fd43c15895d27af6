//! Writes what the drafts made: conversations, messages, and the jobs that send.

use std::collections::{BTreeMap, HashMap};

use patchbay_domain::{
    CampaignId, ChannelId, ConversationId, MessageId, OrganisationId, TicketId, UserId, WebhookId,
    conversation::Arrival,
    delivery::MessageState,
    event::Change,
    message::{Direction, Message},
    platform::{Content, Failure},
};
use serde_json::Value;

use super::{Accepted, people::Renamed};
use crate::{
    Store, StoreError,
    backend::{Target, sql},
    counts::Counted,
    jobs::{self, NewJob, Partitions},
    organisation_tx::OrganisationTx,
    rows::{Batch, Time, batch},
    search::{Indexed, index_messages},
};

batch! {
    struct ConversationRow<'a> {
        id: ConversationId, thread: &'a str, contact_name: &'a str, unread_count: i64, last_inbound_at: Option<Time>,
        last_message_at: Option<Time>, last_message_id: Option<MessageId>, is_written_in: bool,
        is_received: bool,
    }
}

batch! {
    struct MessageRow<'a> {
        id: MessageId, organisation_id: OrganisationId, channel_id: ChannelId, conversation_id: ConversationId,
        ticket_id: Option<TicketId>, campaign_id: Option<CampaignId>, direction: Direction,
        external_id: Option<&'a str>, sender_user_id: Option<UserId>, sender_name: &'a str, kind: &'a str,
        text: Option<&'a str>, content: &'a Content, metadata: &'a Value, reply_to: Option<&'a str>,
        state: MessageState, failure: Option<&'a Failure>, priority: i64, due_at: Option<Time>, sequence: i64,
        scheduled_at: Option<Time>, platform_at: Time, sent_at: Option<Time>, webhook_id: Option<WebhookId>, received_at: Option<Time>,
        parsed_at: Option<Time>, created_at: Time, updated_at: Time,
    }
}

batch! {
    struct RepeatRow<'a> { channel_id: ChannelId, external_id: &'a str, webhook_id: WebhookId, received_at: Time }
}

pub(super) async fn update_conversations(
    tx: &mut OrganisationTx,
    accepted: &[Accepted<'_>],
    renamed: &Renamed,
) -> Result<(), StoreError> {
    let rows: Vec<_> = accepted
        .iter()
        .map(|Accepted { draft, known, .. }| {
            let conversation = &draft.conversation;
            // For one-to-one chats the thread is the contact's identifier.
            let moved = renamed.get(&conversation.identity_id).filter(|_| known.thread == known.external_id);
            ConversationRow {
                id: conversation.id,
                thread: moved.unwrap_or(&known.thread),
                contact_name: &conversation.contact_name,
                unread_count: conversation.unread_count,
                last_inbound_at: conversation.last_inbound_at.map(Into::into),
                last_message_at: conversation.last_message_at.map(Into::into),
                last_message_id: conversation.last_message_id,
                is_written_in: !draft.effects.messages.is_empty(),
                is_received: draft.effects.messages.iter().any(|message| message.direction == Direction::Inbound),
            }
        })
        .collect();
    sql("update conversations set thread = r.thread, contact_name = r.contact_name, \
         unread_count = r.unread_count, last_inbound_at = r.last_inbound_at, last_message_at = r.last_message_at, \
         last_message_id = r.last_message_id, \
         deleted_at = case when r.is_written_in then null else deleted_at end, \
         status = case when r.is_received and status in ('RESOLVED', 'CLOSED', 'ARCHIVED') then 'OPEN' else status end, \
         read_through = case when r.unread_count = 0 and conversations.unread_count > 0 then (select o.event_sequence \
         from organisations o where o.id = conversations.organisation_id) else read_through end, version = version + 1, updated_at = $2 \
         from {rows} r where conversations.id = r.id")
    .rows(&rows)
    .bind(tx.now())
    .execute(tx)
    .await
    .map(drop)
}

/// Adds the drafts' events; a message has the sequence of the event that announces it.
pub(super) async fn insert_messages(tx: &mut OrganisationTx, accepted: &[Accepted<'_>]) -> Result<(), StoreError> {
    let mut rows = Vec::new();
    for Accepted { draft, .. } in accepted {
        let mut sequences = HashMap::new();
        for change in &draft.effects.changes {
            let sequence = tx.push(draft.conversation.organisation_id, change.clone())?;
            if let Change::MessageCreated { message_id, .. } = change {
                sequences.insert(*message_id, sequence);
            }
        }
        let due: HashMap<_, _> = draft.effects.outbox.iter().map(|entry| (entry.message_id, entry.due_at)).collect();
        let arrivals: HashMap<_, _> = draft.effects.arrivals.iter().copied().collect();
        for message in &draft.effects.messages {
            let sequence = sequences.get(&message.id).copied().ok_or_else(|| {
                StoreError::Unreadable(format!("message {} is not announced by its draft", message.id))
            })?;
            let due_at = due.get(&message.id).map(|at| (*at).into());
            rows.push(message_row(message, sequence, due_at, arrivals.get(&message.id)));
        }
    }
    if rows.is_empty() {
        return Ok(());
    }
    sql(MessageRow::insert_into("messages")).rows(&rows).execute(&mut *tx).await?;
    index_messages(tx.transaction(), rows.iter().map(indexed)).await
}

fn indexed<'a>(row: &MessageRow<'a>) -> Indexed<'a> {
    Indexed {
        id: row.id,
        organisation_id: row.organisation_id,
        channel_id: row.channel_id,
        conversation_id: row.conversation_id,
        sequence: row.sequence,
        content: row.content,
    }
}

fn message_row<'a>(
    message: &'a Message,
    sequence: i64,
    due_at: Option<Time>,
    arrival: Option<&Arrival>,
) -> MessageRow<'a> {
    MessageRow {
        id: message.id,
        organisation_id: message.organisation_id,
        channel_id: message.channel_id,
        conversation_id: message.conversation_id,
        ticket_id: message.ticket_id,
        campaign_id: message.campaign_id,
        direction: message.direction,
        external_id: message.external_id.as_deref(),
        sender_user_id: message.sender_user_id,
        sender_name: &message.sender_name,
        kind: message.content.kind(),
        text: message.content.text.as_deref(),
        content: &message.content,
        metadata: &message.metadata,
        reply_to: message.reply_to.as_deref(),
        state: message.state,
        failure: message.failure.as_ref(),
        priority: i64::from(message.campaign_id.is_some()),
        due_at,
        sequence,
        scheduled_at: message.scheduled_at.map(Into::into),
        platform_at: message.platform_at.into(),
        sent_at: message.times.sent_at.map(Into::into),
        webhook_id: arrival.map(|arrival| arrival.webhook_id),
        received_at: arrival.map(|arrival| arrival.received_at.into()),
        parsed_at: arrival.map(|arrival| arrival.parsed_at.into()),
        created_at: message.created_at.into(),
        updated_at: message.created_at.into(),
    }
}

impl Store {
    /// Counts messages of these channels that came again, and nothing else: no conversation changes by it.
    pub async fn count_repeats(&self, repeats: &[(ChannelId, String, Arrival)]) -> Result<(), StoreError> {
        let repeats = repeats.iter().map(|(channel, id, arrival)| ((*channel, id.as_str()), arrival)).collect();
        insert_repeats(self.writer(), repeats).await
    }
}

pub(super) async fn count_repeats(tx: &mut OrganisationTx, accepted: &[Accepted<'_>]) -> Result<(), StoreError> {
    let mut repeats = BTreeMap::new();
    for Accepted { draft, .. } in accepted {
        for (external_id, arrival) in &draft.effects.repeats {
            repeats.insert((draft.conversation.channel_id, external_id.as_str()), arrival);
        }
    }
    insert_repeats(tx, repeats).await
}

/// What came again from the platform; what only the bus brought again is not that. One of each: a statement may touch a
/// row once.
async fn insert_repeats(
    target: impl Into<Target<'_>>,
    repeats: BTreeMap<(ChannelId, &str), &Arrival>,
) -> Result<(), StoreError> {
    let rows: Vec<_> = repeats
        .into_iter()
        .map(|((channel_id, external_id), arrival)| RepeatRow {
            channel_id,
            external_id,
            webhook_id: arrival.webhook_id,
            received_at: arrival.received_at.into(),
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    sql("insert into message_repeats (message_id, times, first_at, last_at, last_webhook_id) \
         select m.id, 1, r.received_at, r.received_at, r.webhook_id from {rows} r join messages m \
         on m.channel_id = r.channel_id and m.external_id = r.external_id \
         where m.webhook_id is null or m.webhook_id <> r.webhook_id \
         on conflict (message_id) do update set times = message_repeats.times + 1, last_at = excluded.last_at, \
         last_webhook_id = excluded.last_webhook_id \
         where message_repeats.last_webhook_id <> excluded.last_webhook_id")
    .rows(&rows)
    .execute(target)
    .await
    .map(drop)
}

/// A ticket that is written with its messages is counted there: a second update of the row would cost as much as the first.
pub(super) async fn count(tx: &mut OrganisationTx, accepted: &[Accepted<'_>]) -> Result<(), StoreError> {
    let mut counted = Counted::default();
    for Accepted { draft, .. } in accepted {
        let is_written = |id: &TicketId| draft.effects.tickets.iter().any(|ticket| ticket.id == *id);
        for message in &draft.effects.messages {
            let channel = (message.organisation_id, message.channel_id);
            let ticket_id = message.ticket_id.filter(|id| !is_written(id));
            counted.add(channel, ticket_id, message.created_at, 1);
        }
    }
    counted.write(tx).await
}

/// The outbox: a wake-up for each message that is to be sent.
pub(super) async fn insert_jobs(
    tx: &mut OrganisationTx,
    accepted: &[Accepted<'_>],
    partitions: Partitions,
) -> Result<(), StoreError> {
    let mut jobs = Vec::new();
    for Accepted { draft, .. } in accepted {
        let channel_id = draft.conversation.channel_id;
        for entry in &draft.effects.outbox {
            jobs.push(NewJob {
                direction: jobs::Direction::Outbound,
                partition: partitions.of(channel_id),
                channel_id,
                key: entry.message_id.uuid(),
                payload: jobs::wake_up(channel_id, entry.message_id)?,
                available_at: entry.due_at,
            });
        }
    }
    if jobs.is_empty() {
        return Ok(());
    }
    let now = tx.now();
    jobs::insert(tx, &jobs, now).await
}
