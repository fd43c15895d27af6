//! Opening conversations: found by any name, or made with everything they need.

mod known;

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use known::Known;
use patchbay_domain::{ChannelId, ContactId, ConversationId, IdentityId, OrganisationId, event::Change};
use serde_json::Value;
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    backend::sql,
    contacts::{self, Point, PointRow},
    conversations::{ChannelKey, Opening, by_keys},
    organisation_tx::OrganisationTx,
    rows::{Batch, Time, batch},
    search::index_contacts,
};

batch! {
    struct ContactRow<'a> {
        id: ContactId, organisation_id: OrganisationId, name: &'a str, created_at: Time, updated_at: Time,
    }
}

batch! {
    struct IdentityRow<'a> {
        id: IdentityId, organisation_id: OrganisationId, channel_id: ChannelId, contact_id: ContactId,
        platform: &'a str, external_id: &'a str, name: &'a str, username: Option<&'a str>, phone: Option<&'a str>,
        email: Option<&'a str>, avatar: Option<&'a str>, metadata: Value, search_text: String, created_at: Time, updated_at: Time,
    }
}

batch! {
    struct ConversationRow<'a> {
        id: ConversationId, organisation_id: OrganisationId, channel_id: ChannelId, identity_id: IdentityId,
        contact_id: ContactId, thread: &'a str, is_group: bool, contact_name: &'a str, tags: Value, created_at: Time,
        updated_at: Time,
    }
}

batch! {
    pub(crate) struct ThreadRow<'a> { channel_id: ChannelId, key: &'a str, conversation_id: ConversationId }
}

batch! {
    struct ExternalId<'a> { external_id: &'a str }
}

#[derive(FromRow)]
struct KnownIdentity {
    external_id: String,
    id: Uuid,
    contact_id: Uuid,
}

/// What has to be written for the openings of one call.
#[derive(Default)]
struct Rows<'a> {
    contacts: Vec<ContactRow<'a>>,
    points: Vec<PointRow<'a>>,
    identities: Vec<IdentityRow<'a>>,
    conversations: Vec<ConversationRow<'a>>,
    threads: Vec<ThreadRow<'a>>,
    /// Identities whose numbers and addresses are those of several contacts.
    shared: Vec<(IdentityId, &'a [Point])>,
}

impl Opening {
    /// Every name under which the platform may speak of it, the thread first.
    fn keys(&self) -> impl Iterator<Item = &str> {
        let aliases = if self.group { &[] } else { self.participant.aliases.as_slice() };
        std::iter::once(&self.thread).chain(aliases).map(String::as_str)
    }

    /// Who is on the other side: a group is nobody but itself.
    fn external_id(&self) -> &str {
        if self.group || self.participant.id.is_empty() { &self.thread } else { &self.participant.id }
    }

    fn is_about_identity(&self) -> bool {
        !self.group || self.participant.id == self.thread
    }

    fn name(&self) -> &str {
        let person = &self.participant;
        let known = [&person.name, &person.username, &person.phone, &person.email].into_iter().flatten();
        let mut known = known.map(String::as_str).filter(|name| !name.is_empty() && self.is_about_identity());
        known.next().unwrap_or_else(|| self.external_id())
    }

    fn points(&self) -> Vec<Point> {
        if self.group { Vec::new() } else { contacts::points(&self.participant) }
    }
}

impl Store {
    /// The conversation of each opening, in the order given. A conversation is found by its thread and, unless
    /// it is a group, by the participant's aliases; names that are new are kept. One that does not exist is made,
    /// with its identity and contact: the contact that has the same number or address already.
    pub async fn open_conversations(
        &self,
        channel: &ChannelKey,
        openings: &[Opening],
        now: DateTime<Utc>,
    ) -> Result<Vec<ConversationId>, StoreError> {
        let known = by_keys(self, channel.channel_id, openings.iter().flat_map(Opening::keys)).await?;
        if let Some(found) = all_known(openings, &known) {
            return Ok(found);
        }
        let mut tx = OrganisationTx::begin(self, [channel.organisation_id], now).await?;
        let points: Vec<Vec<Point>> = openings.iter().map(Opening::points).collect();
        let all_points: Vec<Point> = points.iter().flatten().cloned().collect();
        let owners = contacts::owners(&mut tx, channel.organisation_id, &all_points).await?;
        let mut known = Known {
            conversations: by_keys(&mut tx, channel.channel_id, openings.iter().flat_map(Opening::keys)).await?,
            identities: identities(&mut tx, channel.channel_id, openings).await?,
            owners: owners.iter().map(|(point, owner)| (point, *owner)).collect(),
        };
        let mut rows = Rows::default();
        let mut opened = Vec::with_capacity(openings.len());
        for (opening, points) in openings.iter().zip(&points) {
            opened.push(known.open(&mut rows, channel, opening, points, now));
        }
        let made: Vec<_> = rows.conversations.iter().map(|conversation| conversation.id).collect();
        rows.insert(&mut tx, channel.organisation_id).await?;
        for conversation_id in made {
            tx.push(channel.organisation_id, Change::ConversationCreated { conversation_id })?;
        }
        tx.commit().await?;
        Ok(opened)
    }
}

/// The usual case: nothing to write.
fn all_known(openings: &[Opening], known: &HashMap<String, ConversationId>) -> Option<Vec<ConversationId>> {
    let all = openings.iter().all(|opening| opening.keys().all(|key| known.contains_key(key)));
    all.then(|| openings.iter().filter_map(|opening| known.get(&opening.thread).copied()).collect())
}

async fn identities(
    tx: &mut OrganisationTx,
    channel_id: ChannelId,
    openings: &[Opening],
) -> Result<HashMap<String, (IdentityId, ContactId)>, StoreError> {
    let ids: BTreeSet<&str> =
        openings.iter().flat_map(|opening| std::iter::once(opening.external_id()).chain(opening.keys())).collect();
    let ids: Vec<_> = ids.into_iter().map(|external_id| ExternalId { external_id }).collect();
    let rows: Vec<KnownIdentity> = sql("select i.external_id, i.id, i.contact_id from {rows} r \
         cross join identities i where i.channel_id = $2 and i.external_id = r.external_id")
    .rows(&ids)
    .bind(channel_id)
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.external_id, (row.id.into(), row.contact_id.into()))).collect())
}

impl Rows<'_> {
    async fn insert(self, tx: &mut OrganisationTx, organisation_id: OrganisationId) -> Result<(), StoreError> {
        insert(tx, "contacts", &self.contacts).await?;
        contacts::insert_points(tx, &self.points).await?;
        insert(tx, "identities", &self.identities).await?;
        insert(tx, "conversations", &self.conversations).await?;
        insert_threads(tx, &self.threads).await?;
        let mut named: Vec<ContactId> = self.identities.iter().map(|identity| identity.contact_id).collect();
        named.extend(self.points.iter().map(|point| point.contact_id));
        named.sort_unstable();
        named.dedup();
        index_contacts(tx.transaction(), &named).await?;
        for (identity_id, points) in self.shared {
            contacts::learn(tx, organisation_id, identity_id, points).await?;
        }
        Ok(())
    }
}

async fn insert<T: Batch>(tx: &mut OrganisationTx, table: &str, rows: &[T]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    sql(T::insert_into(table)).rows(rows).execute(tx).await.map(drop)
}

/// A name that another conversation has stays with it.
pub(crate) async fn insert_threads(tx: &mut OrganisationTx, rows: &[ThreadRow<'_>]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    sql(format!("{} on conflict (channel_id, key) do nothing", ThreadRow::insert_into("threads")))
        .rows(rows)
        .execute(tx)
        .await
        .map(drop)
}
