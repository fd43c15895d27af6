//! What is known of contacts, as people see and change it: numbers, addresses,
//! tags, who looks after them, and whether they want to be left alone.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use patchbay_domain::{ContactId, ConversationId, OrganisationId, UserId, event::Change, uuid_at};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    audit::{self, NewAudit},
    backend::sql,
    contacts::{Point, email_point, phone_point},
    organisation_tx::OrganisationTx,
    rows::{Id, batch},
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

/// What a person changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContactChange {
    Phone {
        number: String,
        is_primary: bool,
    },
    Email {
        address: String,
        is_primary: bool,
    },
    Owner(Option<UserId>),
    /// These and no others.
    Followers(Vec<UserId>),
    Follow(UserId),
    Unfollow(UserId),
    /// These and no others.
    Tags(Vec<String>),
    Tag(String),
    Untag(String),
    DoNotDisturb(bool),
    DoNotDisturbAll(bool),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContactOutcome {
    Changed,
    /// The organisation has no such contact.
    Unknown,
    /// A number or an address is another contact's; nothing was changed.
    Taken(ContactId),
    /// That is no number, or no address; nothing was changed.
    Unreadable,
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

batch! {
    struct TagRow<'a> { tag: &'a str }
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
        Ok(known)
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

    /// All of the changes, or none.
    pub async fn change_contact(
        &self,
        organisation_id: OrganisationId,
        contact_id: ContactId,
        changes: &[ContactChange],
        audit: Option<&NewAudit>,
        now: DateTime<Utc>,
    ) -> Result<ContactOutcome, StoreError> {
        let mut tx = OrganisationTx::begin(self, [organisation_id], now).await?;
        let touched = sql("update contacts set updated_at = $3 where organisation_id = $1 and id = $2 \
             and deleted_at is null")
        .bind(organisation_id)
        .bind(contact_id)
        .bind(now)
        .execute(&mut tx)
        .await?;
        if touched == 0 {
            return Ok(ContactOutcome::Unknown);
        }
        for change in changes {
            match apply(&mut tx, organisation_id, contact_id, change).await? {
                ContactOutcome::Changed => {}
                refused => return Ok(refused),
            }
        }
        audit::insert(&mut tx, audit.as_slice(), now).await?;
        let conversations: Vec<(Uuid,)> = sql("select id from conversations where contact_id = $1 order by id")
            .bind(contact_id)
            .fetch_all(&mut tx)
            .await?;
        for (id,) in conversations {
            let conversation_id = ConversationId::from(id);
            tx.push(organisation_id, Change::ConversationUpdated { conversation_id })?;
        }
        tx.commit().await?;
        Ok(ContactOutcome::Changed)
    }
}

fn details(row: ContactRow) -> (ContactId, ContactDetails) {
    let ContactRow { id, do_not_disturb, do_not_disturb_all, owner_id, name, username, email, avatar } = row;
    let owner = owner_id.zip(name).map(|(id, name)| Colleague { id: id.into(), name, username, email, avatar });
    (id.into(), ContactDetails { owner, do_not_disturb, do_not_disturb_all, ..ContactDetails::default() })
}

async fn apply(
    tx: &mut OrganisationTx,
    organisation_id: OrganisationId,
    contact_id: ContactId,
    change: &ContactChange,
) -> Result<ContactOutcome, StoreError> {
    match change {
        ContactChange::Phone { number, is_primary } => {
            return add_point(tx, organisation_id, contact_id, phone_point(number), *is_primary).await;
        }
        ContactChange::Email { address, is_primary } => {
            return add_point(tx, organisation_id, contact_id, email_point(address), *is_primary).await;
        }
        ContactChange::Owner(owner) => {
            let statement = sql("update contacts set owner_id = $2 where id = $1").bind(contact_id).bind(*owner);
            statement.execute(tx).await?;
        }
        ContactChange::Followers(users) => {
            sql("delete from contact_followers where contact_id = $1").bind(contact_id).execute(&mut *tx).await?;
            sql("insert into contact_followers (contact_id, user_id) select $2, id from {rows} r where true \
                 on conflict (contact_id, user_id) do nothing")
            .rows(&Id::all(users))
            .bind(contact_id)
            .execute(tx)
            .await?;
        }
        ContactChange::Follow(user) => {
            sql("insert into contact_followers (contact_id, user_id) values ($1, $2) \
                 on conflict (contact_id, user_id) do nothing")
            .bind(contact_id)
            .bind(*user)
            .execute(tx)
            .await?;
        }
        ContactChange::Unfollow(user) => {
            let statement = sql("delete from contact_followers where contact_id = $1 and user_id = $2");
            statement.bind(contact_id).bind(*user).execute(tx).await?;
        }
        ContactChange::Tags(tags) => {
            sql("delete from contact_tags where contact_id = $1").bind(contact_id).execute(&mut *tx).await?;
            let tags: Vec<_> = tags.iter().map(|tag| TagRow { tag }).collect();
            sql("insert into contact_tags (contact_id, tag) select $2, tag from {rows} r where true \
                 on conflict (contact_id, tag) do nothing")
            .rows(&tags)
            .bind(contact_id)
            .execute(tx)
            .await?;
        }
        ContactChange::Tag(tag) => {
            sql("insert into contact_tags (contact_id, tag) values ($1, $2) on conflict (contact_id, tag) do nothing")
                .bind(contact_id)
                .bind(tag)
                .execute(tx)
                .await?;
        }
        ContactChange::Untag(tag) => {
            let statement = sql("delete from contact_tags where contact_id = $1 and tag = $2");
            statement.bind(contact_id).bind(tag).execute(tx).await?;
        }
        ContactChange::DoNotDisturb(on) => {
            let statement = sql("update contacts set do_not_disturb = $2 where id = $1");
            statement.bind(contact_id).bind(*on).execute(tx).await?;
        }
        ContactChange::DoNotDisturbAll(on) => {
            let statement = sql("update contacts set do_not_disturb_all = $2 where id = $1");
            statement.bind(contact_id).bind(*on).execute(tx).await?;
        }
    }
    Ok(ContactOutcome::Changed)
}

/// Keeps it for the contact, or changes whether it is the primary one.
async fn add_point(
    tx: &mut OrganisationTx,
    organisation_id: OrganisationId,
    contact_id: ContactId,
    point: Option<Point>,
    is_primary: bool,
) -> Result<ContactOutcome, StoreError> {
    let Some(Point { kind, value }) = point else { return Ok(ContactOutcome::Unreadable) };
    if is_primary {
        sql("update contact_points set is_primary = $3 where contact_id = $1 and kind = $2")
            .bind(contact_id)
            .bind(kind)
            .bind(false)
            .execute(&mut *tx)
            .await?;
    }
    let now = tx.now();
    let (owner,): (Uuid,) =
        sql("insert into contact_points (id, organisation_id, contact_id, kind, value, is_primary) \
         values ($1, $2, $3, $4, $5, $6) on conflict (organisation_id, kind, value) do update \
         set is_primary = case when contact_points.contact_id = excluded.contact_id \
         then excluded.is_primary or contact_points.is_primary else contact_points.is_primary end returning contact_id")
        .bind(uuid_at(now))
        .bind(organisation_id)
        .bind(contact_id)
        .bind(kind)
        .bind(value)
        .bind(is_primary)
        .fetch_one(tx)
        .await?;
    let owner = ContactId::from(owner);
    Ok(if owner == contact_id { ContactOutcome::Changed } else { ContactOutcome::Taken(owner) })
}
