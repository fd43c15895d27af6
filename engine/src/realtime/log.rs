//! The event log, read from a cursor.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use chrono::{DateTime, Duration, Utc};
use patchbay_domain::{
    CampaignId, ConversationId, MessageId, OrganisationId,
    event::{Change, SequencedChange},
};
use patchbay_store::{Store, StoreError, campaigns::Counted, listing::Shown, messages::MessageView};

use super::{Ended, Happening, conversation_of};

/// What follows the cursor, at most `limit` events, without a gap.
pub async fn read(
    store: &Store,
    organisation: OrganisationId,
    cursor: i64,
    limit: u32,
) -> Result<Vec<Arc<Happening>>, Ended> {
    // Before the events: what is there by then is found, or was trimmed.
    let newest = store.newest_event(organisation).await?;
    let changes = store.events_after(organisation, cursor, limit).await?;
    let follows = changes.first().map_or(cursor == newest, |first| first.sequence == cursor + 1);
    if !follows {
        return Err(Ended::CursorTooOld { newest });
    }
    let whole = (cursor + 1..).zip(&changes).take_while(|(place, change)| *place == change.sequence).count();
    let changes = changes.into_iter().take(whole).collect();
    Ok(described(store, organisation, changes).await?)
}

/// The events with what they name.
pub async fn described(
    store: &Store,
    organisation: OrganisationId,
    changes: Vec<SequencedChange>,
) -> Result<Vec<Arc<Happening>>, StoreError> {
    let (mut messages, mut conversations, mut campaigns) = (Vec::new(), Vec::new(), BTreeSet::new());
    for SequencedChange { change, .. } in &changes {
        messages.extend(message_of(change));
        conversations.extend(conversation_of(change));
        campaigns.extend(campaign_of(change));
    }
    let messages = load_messages(store, organisation, messages).await?;
    let conversations = load_conversations(store, organisation, conversations).await?;
    let campaigns = load_campaigns(store, organisation, campaigns).await?;
    let happening = |SequencedChange { sequence, at, change }| {
        let message = message_of(&change).and_then(|id| messages.get(&id).cloned());
        let conversation = conversation_of(&change).and_then(|id| conversations.get(&id).cloned());
        let campaign = campaign_of(&change).and_then(|id| campaigns.get(&id).cloned());
        Arc::new(Happening { sequence, at, change, message, conversation, campaign })
    };
    Ok(changes.into_iter().map(happening).collect())
}

fn message_of(change: &Change) -> Option<MessageId> {
    match change {
        Change::MessageCreated { message_id, .. }
        | Change::MessageState { message_id, .. }
        | Change::MessageUpdated { message_id, .. } => Some(*message_id),
        _ => None,
    }
}

fn campaign_of(change: &Change) -> Option<CampaignId> {
    match change {
        Change::CampaignUpdated { campaign_id, .. } => Some(*campaign_id),
        _ => None,
    }
}

async fn load_campaigns(
    store: &Store,
    organisation: OrganisationId,
    ids: BTreeSet<CampaignId>,
) -> Result<HashMap<CampaignId, Arc<Counted>>, StoreError> {
    let mut known = HashMap::new();
    for id in ids {
        known.extend(store.counted_campaign(organisation, id).await?.map(|counted| (id, Arc::new(counted))));
    }
    Ok(known)
}

async fn load_messages(
    store: &Store,
    organisation: OrganisationId,
    mut ids: Vec<MessageId>,
) -> Result<HashMap<MessageId, MessageView>, StoreError> {
    ids.sort_unstable();
    ids.dedup();
    let views = store.messages_by_id(organisation, &ids).await?;
    Ok(views.into_iter().map(|view| (view.message.id, view)).collect())
}

async fn load_conversations(
    store: &Store,
    organisation: OrganisationId,
    mut ids: Vec<ConversationId>,
) -> Result<HashMap<ConversationId, Arc<Shown>>, StoreError> {
    ids.sort_unstable();
    ids.dedup();
    let views = store.conversation_views(organisation, &ids).await?;
    let shown = store.with_contacts(organisation, views).await?;
    Ok(shown.into_iter().map(|shown| (shown.conversation.id, Arc::new(shown))).collect())
}

/// Clocks of nodes differ, and a commit shows up after its time.
const BLUR: Duration = Duration::seconds(2);

/// The cursor before everything that may have been committed after a moment.
pub async fn before(store: &Store, organisation: OrganisationId, at: DateTime<Utc>) -> Result<i64, Ended> {
    let newest = store.newest_event(organisation).await?;
    let Some(first) = store.first_event_after(organisation, at - BLUR).await? else { return Ok(newest) };
    let oldest = store.oldest_event(organisation).await?;
    // Of what is gone nobody knows when it was.
    if oldest == Some(first) && first > 1 {
        return Err(Ended::CursorTooOld { newest });
    }
    Ok(first - 1)
}
