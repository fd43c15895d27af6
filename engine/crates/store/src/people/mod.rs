//! What is known of contacts, as people see and change it: numbers, addresses,
//! tags, who looks after them, and whether they want to be left alone.

mod changes;

use std::collections::HashMap;

pub use changes::{ContactChange, ContactOutcome};
use patchbay_domain::{CampaignId, ContactId, OrganisationId, UserId};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    backend::sql,
    contacts::{Point, email_point, phone_point},
    rows::Id,
};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContactDetails {
    pub phones: Vec<ContactPoint>,
    pub emails: Vec<ContactPoint>,
    pub owner: Option<Colleague>,
    pub followers: Vec<Colleague>,
    pub tags: Vec<String>,
    pub do_not_disturb: bool,
    pub do_not_disturb_all: bool,
    /// The latest first.
    pub automations: Vec<Automation>,
}

/// A campaign that is not over and has the contact on its list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Automation {
    pub id: CampaignId,
    pub name: String,
    pub is_paused: bool,
}

/// A number or an address; the primary one comes first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactPoint {
    pub id: Uuid,
    pub value: String,
    pub is_primary: bool,
}

/// Somebody of the organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Colleague {
    pub id: UserId,
    pub name: String,
    pub username: Option<String>,
    pub email: Option<String>,
    pub avatar: Option<String>,
}

#[derive(FromRow)]
struct ContactRow {
    id: Uuid,
    do_not_disturb: bool,
    do_not_disturb_all: bool,
    owner_id: Option<Uuid>,
    name: Option<String>,
    username: Option<String>,
    email: Option<String>,
    avatar: Option<String>,
}

#[derive(FromRow)]
struct PointRow {
    contact_id: Uuid,
    id: Uuid,
    kind: String,
    value: String,
    is_primary: bool,
}

#[derive(FromRow)]
struct FollowerRow {
    contact_id: Uuid,
    id: Uuid,
    name: String,
    username: Option<String>,
    email: Option<String>,
    avatar: Option<String>,
}

#[derive(FromRow)]
struct AutomationRow {
    contact_id: Uuid,
    id: Uuid,
    name: String,
    is_paused: bool,
}

impl Store {
    /// What is known of each.
    pub async fn contact_details(
        &self,
        organisation_id: OrganisationId,
        contacts: &[ContactId],
    ) -> Result<HashMap<ContactId, ContactDetails>, StoreError> {
        if contacts.is_empty() {
            return Ok(HashMap::new());
        }
        let rows: Vec<ContactRow> = sql("select p.id, p.do_not_disturb, p.do_not_disturb_all, u.id as owner_id, \
             u.name, u.username, u.email, u.avatar from contacts p left join users u on u.id = p.owner_id \
             where p.organisation_id = $2 and p.id in (select id from {rows} r)")
        .rows(&Id::all(contacts))
        .bind(organisation_id)
        .fetch_all(self)
        .await?;
        let mut known: HashMap<ContactId, ContactDetails> = rows.into_iter().map(details).collect();
        let ids: Vec<ContactId> = known.keys().copied().collect();
        for row in self.points_of(&ids).await? {
            let Some(contact) = known.get_mut(&row.contact_id.into()) else { continue };
            let of_kind = if row.kind == "EMAIL" { &mut contact.emails } else { &mut contact.phones };
            of_kind.push(ContactPoint { id: row.id, value: row.value, is_primary: row.is_primary });
        }
        let tags: Vec<(Uuid, String)> = sql("select t.contact_id, t.tag from contact_tags t \
             where t.contact_id in (select id from {rows} r) order by t.tag")
        .rows(&Id::all(&ids))
        .fetch_all(self)
        .await?;
        for (contact_id, tag) in tags {
            if let Some(contact) = known.get_mut(&contact_id.into()) {
                contact.tags.push(tag);
            }
        }
        for row in self.followers_of(&ids).await? {
            if let Some(contact) = known.get_mut(&row.contact_id.into()) {
                let FollowerRow { contact_id: _, id, name, username, email, avatar } = row;
                contact.followers.push(Colleague { id: id.into(), name, username, email, avatar });
            }
        }
        for row in self.automations_of(organisation_id, &ids).await? {
            if let Some(contact) = known.get_mut(&row.contact_id.into()) {
                let AutomationRow { contact_id: _, id, name, is_paused } = row;
                contact.automations.push(Automation { id: id.into(), name, is_paused });
            }
        }
        Ok(known)
    }

    /// By every name that a list may have for them.
    async fn automations_of(
        &self,
        organisation_id: OrganisationId,
        contacts: &[ContactId],
    ) -> Result<Vec<AutomationRow>, StoreError> {
        sql("select distinct k.contact_id, c.id, c.name, c.status = 'PAUSED' as is_paused from campaigns c \
             cross join (select n.contact_id, n.value as name from contact_points n \
             where n.contact_id in (select id from {rows} r) union select i.contact_id, i.external_id \
             from identities i where i.contact_id in (select id from {rows} r)) k \
             join campaign_recipients l on l.campaign_id = c.id and l.recipient = k.name \
             where c.organisation_id = $2 and c.status in ('SCHEDULED', 'SENDING', 'PAUSED') order by c.id desc")
        .rows(&Id::all(contacts))
        .bind(organisation_id)
        .fetch_all(self)
        .await
    }

    async fn points_of(&self, contacts: &[ContactId]) -> Result<Vec<PointRow>, StoreError> {
        sql("select n.contact_id, n.id, n.kind, n.value, n.is_primary from contact_points n \
             where n.contact_id in (select id from {rows} r) order by n.is_primary desc, n.id")
        .rows(&Id::all(contacts))
        .fetch_all(self)
        .await
    }

    async fn followers_of(&self, contacts: &[ContactId]) -> Result<Vec<FollowerRow>, StoreError> {
        sql("select f.contact_id, u.id, u.name, u.username, u.email, u.avatar from contact_followers f \
             join users u on u.id = f.user_id where f.contact_id in (select id from {rows} r) order by u.name, u.id")
        .rows(&Id::all(contacts))
        .fetch_all(self)
        .await
    }

    /// Whose this number or address is.
    pub async fn contact_of_point(
        &self,
        organisation_id: OrganisationId,
        text: &str,
    ) -> Result<Option<ContactId>, StoreError> {
        let Some(Point { kind, value }) = email_point(text).or_else(|| phone_point(text)) else { return Ok(None) };
        let row: Option<(Uuid,)> = sql("select contact_id from contact_points \
             where organisation_id = $1 and kind = $2 and value = $3")
        .bind(organisation_id)
        .bind(kind)
        .bind(value)
        .fetch_optional(self)
        .await?;
        Ok(row.map(|(id,)| id.into()))
    }
}

fn details(row: ContactRow) -> (ContactId, ContactDetails) {
    let ContactRow { id, do_not_disturb, do_not_disturb_all, owner_id, name, username, email, avatar } = row;
    let owner = owner_id.zip(name).map(|(id, name)| Colleague { id: id.into(), name, username, email, avatar });
    (id.into(), ContactDetails { owner, do_not_disturb, do_not_disturb_all, ..ContactDetails::default() })
}
