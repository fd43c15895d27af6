//! Which conversation, identity and contact an opening leads to, and what has to be written for it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use patchbay_domain::{ContactId, ConversationId, IdentityId, uuid_at};
use serde_json::json;

use super::{ContactRow, ConversationRow, IdentityRow, Rows, ThreadRow};
use crate::{
    contacts::{Point, PointRow},
    conversations::{ChannelKey, Opening},
    customers::search_text,
};

/// What is known when a conversation is made, growing with each that is.
pub(super) struct Known<'a> {
    pub(super) conversations: HashMap<String, ConversationId>,
    pub(super) identities: HashMap<String, (IdentityId, ContactId)>,
    pub(super) owners: HashMap<&'a Point, ContactId>,
}

impl<'a> Known<'a> {
    pub(super) fn open(
        &mut self,
        rows: &mut Rows<'a>,
        channel: &'a ChannelKey,
        opening: &'a Opening,
        points: &'a [Point],
        now: DateTime<Utc>,
    ) -> ConversationId {
        let found = opening.keys().find_map(|key| self.conversations.get(key).copied());
        let id = found.unwrap_or_else(|| {
            let (identity_id, contact_id) = self.identity(rows, channel, opening, points, now);
            let id = ConversationId::at(now);
            rows.conversations.push(ConversationRow {
                id,
                organisation_id: channel.organisation_id,
                channel_id: channel.channel_id,
                identity_id,
                contact_id,
                thread: &opening.thread,
                is_group: opening.group,
                contact_name: opening.name(),
                tags: json!([]),
                created_at: now.into(),
                updated_at: now.into(),
            });
            id
        });
        for key in opening.keys() {
            if !self.conversations.contains_key(key) {
                self.conversations.insert(key.to_owned(), id);
                rows.threads.push(ThreadRow { channel_id: channel.channel_id, key, conversation_id: id });
            }
        }
        id
    }

    fn identity(
        &mut self,
        rows: &mut Rows<'a>,
        channel: &'a ChannelKey,
        opening: &'a Opening,
        points: &'a [Point],
        now: DateTime<Utc>,
    ) -> (IdentityId, ContactId) {
        let names = std::iter::once(opening.external_id()).chain(opening.keys().filter(|_| !opening.group));
        if let Some(known) = names.into_iter().find_map(|name| self.identities.get(name).copied()) {
            return known;
        }
        let contact_id = self.contact(rows, channel, opening, points, now);
        let id = IdentityId::at(now);
        let person = Some(&opening.participant).filter(|_| opening.is_about_identity());
        rows.identities.push(IdentityRow {
            id,
            organisation_id: channel.organisation_id,
            channel_id: channel.channel_id,
            contact_id,
            platform: &channel.channel_type,
            external_id: opening.external_id(),
            name: opening.name(),
            username: person.and_then(|person| person.username.as_deref()),
            phone: person.and_then(|person| person.phone.as_deref()),
            email: person.and_then(|person| person.email.as_deref()),
            avatar: person.and_then(|person| person.avatar_url.as_deref()),
            metadata: json!({}),
            search_text: search_text(opening.name(), opening.external_id()),
            created_at: now.into(),
            updated_at: now.into(),
        });
        self.identities.insert(opening.external_id().to_owned(), (id, contact_id));
        if points.iter().any(|point| self.owners.get(point).is_some_and(|owner| *owner != contact_id)) {
            rows.shared.push((id, points));
        }
        (id, contact_id)
    }

    fn contact(
        &mut self,
        rows: &mut Rows<'a>,
        channel: &'a ChannelKey,
        opening: &'a Opening,
        points: &'a [Point],
        now: DateTime<Utc>,
    ) -> ContactId {
        let organisation_id = channel.organisation_id;
        let known = points.iter().find_map(|point| self.owners.get(point).copied());
        let contact_id = known.unwrap_or_else(|| {
            let id = ContactId::at(now);
            let (created_at, name) = (now.into(), opening.name());
            rows.contacts.push(ContactRow { id, organisation_id, name, created_at, updated_at: created_at });
            id
        });
        for point in points {
            if !self.owners.contains_key(point) {
                self.owners.insert(point, contact_id);
                let (kind, value) = (point.kind, point.value.as_str());
                let is_primary = known.is_none();
                rows.points.push(PointRow { id: uuid_at(now), organisation_id, contact_id, kind, value, is_primary });
            }
        }
        contact_id
    }
}
