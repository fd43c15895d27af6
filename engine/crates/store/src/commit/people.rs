//! Writes what the drafts learned of the people they are with.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use patchbay_domain::{
    ChannelId, ConversationId, IdentityId, conversation::Draft, event::Change, message::Direction,
    platform::Participant,
};
use uuid::Uuid;

use super::{Accepted, judge::Known};
use crate::{
    StoreError,
    backend::sql,
    customers::search_text,
    organisation_tx::OrganisationTx,
    rows::{Id, Time, batch, cut},
};

/// New identifiers of identities whose old one has become an alias.
pub(super) type Renamed = HashMap<IdentityId, String>;

/// What a list shows of the last message.
const PREVIEW_CHARS: usize = 200;

batch! {
    struct ExternalId<'a> { channel_id: ChannelId, external_id: &'a str }
}

batch! {
    #[derive(Clone, PartialEq)]
    struct IdentityRow {
        id: IdentityId, external_id: String, name: String, username: Option<String>, phone: Option<String>,
        email: Option<String>, avatar: Option<String>, opted_out_at: Option<Time>, unreachable_at: Option<Time>,
        last_message_at: Option<Time>, last_message: Option<String>, search_text: String,
    }
}

batch! {
    struct DecidedRow { identity_id: IdentityId, conversation_id: ConversationId }
}

/// What was learned of the one on the other side; nothing of a group's members.
pub(super) fn learned<'a>(accepted: &'a Accepted<'_>) -> Option<&'a Participant> {
    let Draft { conversation, effects } = accepted.draft;
    effects.learned.as_ref().filter(|person| !conversation.group || person.id == accepted.known.external_id)
}

pub(super) async fn renamed(tx: &mut OrganisationTx, accepted: &[Accepted<'_>]) -> Result<Renamed, StoreError> {
    let wanted: Vec<_> = (accepted.iter())
        .filter_map(|accepted| {
            let known = &accepted.known.external_id;
            let person = learned(accepted)?;
            let new = !person.id.is_empty() && person.id != *known && person.aliases.contains(known);
            new.then_some((&accepted.draft.conversation, &person.id))
        })
        .collect();
    if wanted.is_empty() {
        return Ok(Renamed::new());
    }
    let rows: Vec<_> = wanted
        .iter()
        .map(|(conversation, external_id)| ExternalId { channel_id: conversation.channel_id, external_id })
        .collect();
    let taken: Vec<(Uuid, String)> = sql("select i.channel_id, i.external_id from {rows} r join identities i \
         on i.channel_id = r.channel_id and i.external_id = r.external_id")
    .rows(&rows)
    .fetch_all(tx)
    .await?;
    let mut taken: Vec<(ChannelId, String)> = taken.into_iter().map(|(id, name)| (id.into(), name)).collect();
    let mut renamed = Renamed::new();
    for (conversation, external_id) in wanted {
        let name = (conversation.channel_id, external_id.clone());
        if !taken.contains(&name) && !renamed.contains_key(&conversation.identity_id) {
            taken.push(name);
            renamed.insert(conversation.identity_id, external_id.clone());
        }
    }
    Ok(renamed)
}

/// One row for each identity of which something changes. Two conversations may be with the same one.
pub(super) async fn update_identities(
    tx: &mut OrganisationTx,
    accepted: &[Accepted<'_>],
    renamed: &Renamed,
) -> Result<(), StoreError> {
    let mut rows = BTreeMap::new();
    for accepted in accepted {
        let id = accepted.draft.conversation.identity_id;
        let before = as_stored(id, &accepted.known);
        let row = rows.entry(id).or_insert_with(|| before.clone());
        if let Some(external_id) = renamed.get(&id) {
            row.external_id.clone_from(external_id);
        }
        apply(row, accepted, tx.now());
        row.search_text = search_text(&row.name, &row.external_id);
        if *row == before {
            rows.remove(&id);
        }
    }
    if rows.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = rows.into_values().collect();
    sql("update identities set external_id = r.external_id, name = r.name, username = r.username, phone = r.phone, \
         email = r.email, avatar = r.avatar, opted_out_at = r.opted_out_at, unreachable_at = r.unreachable_at, \
         last_message_at = r.last_message_at, last_message = r.last_message, search_text = r.search_text, \
         updated_at = $2 \
         from {rows} r where identities.id = r.id")
    .rows(&rows)
    .bind(tx.now())
    .execute(&mut *tx)
    .await?;
    reload_others(tx, accepted).await
}

fn as_stored(id: IdentityId, known: &Known) -> IdentityRow {
    IdentityRow {
        id,
        external_id: known.external_id.clone(),
        name: known.name.clone(),
        username: known.username.clone(),
        phone: known.phone.clone(),
        email: known.email.clone(),
        avatar: known.avatar.clone(),
        opted_out_at: known.opted_out_at.map(Into::into),
        unreachable_at: known.unreachable_at.map(Into::into),
        last_message_at: known.last_message_at.map(Into::into),
        last_message: known.last_message.clone(),
        search_text: search_text(&known.name, &known.external_id),
    }
}

/// A known fact is never replaced by nothing.
fn apply(row: &mut IdentityRow, accepted: &Accepted<'_>, now: DateTime<Utc>) {
    let Draft { conversation, effects } = accepted.draft;
    if let Some(person) = learned(accepted) {
        if let Some(name) = person.name.as_ref().filter(|name| !name.is_empty()) {
            row.name.clone_from(name);
        }
        for (known, new) in [
            (&mut row.username, &person.username),
            (&mut row.phone, &person.phone),
            (&mut row.email, &person.email),
            (&mut row.avatar, &person.avatar_url),
        ] {
            if new.is_some() {
                known.clone_from(new);
            }
        }
    }
    row.opted_out_at = conversation.opted_out.then(|| row.opted_out_at.unwrap_or_else(|| now.into()));
    row.unreachable_at = conversation.unreachable.then(|| row.unreachable_at.unwrap_or_else(|| now.into()));
    let last = effects.messages.iter().find(|message| Some(message.id) == conversation.last_message_id);
    if let Some(message) = last
        && row.last_message_at.is_none_or(|at| at <= cut(message.platform_at).into())
    {
        row.last_message_at = Some(message.platform_at.into());
        row.last_message = Some(message.content.preview().chars().take(PREVIEW_CHARS).collect());
    }
}

/// Other conversations with somebody whose consent changed have to see it.
async fn reload_others(tx: &mut OrganisationTx, accepted: &[Accepted<'_>]) -> Result<(), StoreError> {
    let changed: Vec<_> = (accepted.iter())
        .filter(|Accepted { draft, known, .. }| {
            let conversation = &draft.conversation;
            conversation.opted_out != known.opted_out_at.is_some()
                || conversation.unreachable != known.unreachable_at.is_some()
        })
        .collect();
    if changed.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = changed
        .iter()
        .map(|accepted| &accepted.draft.conversation)
        .map(|conversation| DecidedRow { identity_id: conversation.identity_id, conversation_id: conversation.id })
        .collect();
    let others: Vec<(Uuid, Uuid)> = sql("update conversations set version = version + 1 \
         where identity_id in (select identity_id from {rows} r) \
         and id not in (select conversation_id from {rows} r) returning organisation_id, id")
    .rows(&rows)
    .fetch_all(&mut *tx)
    .await?;
    for (organisation_id, id) in others {
        let change = Change::ConversationUpdated { conversation_id: id.into() };
        tx.push(organisation_id.into(), change)?;
    }
    Ok(())
}

/// Whoever was taken out of the address book and writes is in it again.
pub(super) async fn bring_back(tx: &mut OrganisationTx, accepted: &[Accepted<'_>]) -> Result<(), StoreError> {
    let writes = |accepted: &&Accepted<'_>| {
        let mut messages = accepted.draft.effects.messages.iter();
        accepted.known.is_contact_gone && messages.any(|message| message.direction == Direction::Inbound)
    };
    let back: Vec<_> = accepted.iter().filter(writes).map(|known| known.draft.conversation.contact_id).collect();
    if back.is_empty() {
        return Ok(());
    }
    sql("update contacts set deleted_at = null, updated_at = $2 where id in (select id from {rows} r)")
        .rows(&Id::all(&back))
        .bind(tx.now())
        .execute(tx)
        .await
        .map(drop)
}
