//! The platform's identifiers of messages we sent, which come with its answer,
//! with a report, or with an echo that overtook both.

use std::collections::{BTreeMap, HashMap, HashSet};

use patchbay_domain::{ChannelId, ConversationId, MessageId, event::Change, message::Direction};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    backend::{Target, sql},
    counts,
    delivery::{self, Delivery},
    organisation_tx::OrganisationTx,
    rows::{Batch, batch},
    search::forget_messages,
};

/// A message and an identifier under which the platform knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "it says which identifiers belong together")]
pub(crate) struct Identified {
    pub(crate) message_id: MessageId,
    pub(crate) channel_id: ChannelId,
    pub(crate) external_id: String,
}

batch! {
    #[expect(clippy::struct_field_names, reason = "named as the columns are")]
    struct IdentifiedRow<'a> { message_id: MessageId, channel_id: ChannelId, external_id: &'a str }
}

/// Stores the identifiers: the first as the message's own, further ones as aliases. An echo that came first
/// and was stored under one of them is absorbed by the message that it is.
pub(crate) async fn store(
    tx: &mut OrganisationTx,
    deliveries: &mut BTreeMap<MessageId, Delivery>,
    identified: &[Identified],
) -> Result<(), StoreError> {
    if identified.is_empty() {
        return Ok(());
    }
    let mut holders: HashMap<_, _> = absorb_echoes(tx, deliveries, identified).await?;
    let mut aliases = Vec::new();
    for Identified { message_id, channel_id, external_id } in identified {
        let holder = *holders.entry((*channel_id, external_id.as_str())).or_insert(*message_id);
        if holder != *message_id {
            tracing::warn!(message.id = %message_id, "the platform gave two messages one identifier");
        } else if deliveries.get_mut(message_id).is_some_and(|delivery| !delivery.identify(external_id)) {
            aliases.push(IdentifiedRow { message_id: *message_id, channel_id: *channel_id, external_id });
        }
    }
    if aliases.is_empty() {
        return Ok(());
    }
    sql(format!("{} on conflict (channel_id, external_id) do nothing", IdentifiedRow::insert_into("message_aliases")))
        .rows(&aliases)
        .execute(tx)
        .await
        .map(drop)
}

batch! {
    struct ExternalId<'a> { channel_id: ChannelId, external_id: &'a str }
}

/// Which of these are stored, as a message's own identifier or as a further one.
pub(crate) async fn stored<'a>(
    target: impl Into<Target<'a>>,
    named: impl Iterator<Item = (ChannelId, &str)>,
) -> Result<HashSet<(ChannelId, String)>, StoreError> {
    let rows: Vec<_> = named.map(|(channel_id, external_id)| ExternalId { channel_id, external_id }).collect();
    if rows.is_empty() {
        return Ok(HashSet::new());
    }
    let stored: Vec<(Uuid, String)> = sql("with r as (select * from {rows} r) \
         select m.channel_id, m.external_id from r join messages m on m.channel_id = r.channel_id \
         and m.external_id = r.external_id \
         union all select a.channel_id, a.external_id from r join message_aliases a on a.channel_id = r.channel_id \
         and a.external_id = r.external_id")
    .rows(&rows)
    .fetch_all(target)
    .await?;
    Ok(stored.into_iter().map(|(channel_id, external_id)| (channel_id.into(), external_id)).collect())
}

impl Store {
    /// Those of these identifiers under which the channel has a message.
    pub async fn known_external_ids(&self, channel_id: ChannelId, ids: &[&str]) -> Result<HashSet<String>, StoreError> {
        let stored = stored(self, ids.iter().map(|id| (channel_id, *id))).await?;
        Ok(stored.into_iter().map(|(_, id)| id).collect())
    }
}

/// Which of the identifiers stay with which other message.
async fn absorb_echoes<'a>(
    tx: &mut OrganisationTx,
    deliveries: &mut BTreeMap<MessageId, Delivery>,
    identified: &'a [Identified],
) -> Result<HashMap<(ChannelId, &'a str), MessageId>, StoreError> {
    let rows: Vec<_> = identified
        .iter()
        .map(|identified| IdentifiedRow {
            message_id: identified.message_id,
            channel_id: identified.channel_id,
            external_id: &identified.external_id,
        })
        .collect();
    let found: Vec<(Uuid, Uuid, bool)> = sql("select r.message_id, m.id, \
         m.sender_user_id is null and m.campaign_id is null and m.attempts = 0 from {rows} r \
         join messages m on m.channel_id = r.channel_id and m.external_id = r.external_id and m.id <> r.message_id")
    .rows(&rows)
    .fetch_all(&mut *tx)
    .await?;
    let mut holders = HashMap::new();
    for (message_id, holder, unsent) in found {
        let Some(holder) = delivery::load(tx, &[holder.into()]).await?.into_values().next() else { continue };
        match deliveries.get_mut(&message_id.into()) {
            Some(message) if unsent && holder.direction == Direction::Outbound => {
                message.absorb(&holder);
                remove_echo(tx, &holder, message.id, message.conversation_id).await?;
                deliveries.remove(&holder.id);
            }
            _ => {
                let held = identified.iter().filter(|held| {
                    held.channel_id == holder.channel_id && Some(&held.external_id) == holder.external_id.as_ref()
                });
                holders.extend(held.map(|held| ((held.channel_id, held.external_id.as_str()), holder.id)));
            }
        }
    }
    Ok(holders)
}

/// What refers to the echo refers to the message from now on.
async fn remove_echo(
    tx: &mut OrganisationTx,
    echo: &Delivery,
    message_id: MessageId,
    conversation_id: ConversationId,
) -> Result<(), StoreError> {
    for text in [
        // One person may have reacted to both: the later counts.
        "insert into reactions (message_id, sender, emoji, reacted_at) select $1, sender, emoji, reacted_at \
         from reactions where message_id = $2 on conflict (message_id, sender) do update set emoji = excluded.emoji, \
         reacted_at = excluded.reacted_at where reactions.reacted_at < excluded.reacted_at",
        "update message_aliases set message_id = $1 where message_id = $2",
        "update manual_actions set message_id = $1 where message_id = $2",
    ] {
        sql(text).bind(message_id).bind(echo.id).execute(&mut *tx).await?;
    }
    // A conversation in memory would name the echo again.
    sql("update conversations set last_message_id = $1, version = version + 1 where id = $3 and last_message_id = $2")
        .bind(message_id)
        .bind(echo.id)
        .bind(echo.conversation_id)
        .execute(&mut *tx)
        .await?;
    counts::forget(tx, echo.id).await?;
    sql("delete from reactions where message_id = $1").bind(echo.id).execute(&mut *tx).await?;
    sql("delete from wanted_files where message_id = $1").bind(echo.id).execute(&mut *tx).await?;
    sql("delete from message_repeats where message_id = $1").bind(echo.id).execute(&mut *tx).await?;
    forget_messages(tx.transaction(), &[echo.id.uuid()]).await?;
    sql("delete from messages where id = $1").bind(echo.id).execute(&mut *tx).await?;
    tx.push(echo.organisation_id, Change::MessageUpdated { conversation_id, message_id }).map(drop)
}
