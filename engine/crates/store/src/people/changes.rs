//! What people change about contacts.

use chrono::{DateTime, Utc};
use patchbay_domain::{ContactId, ConversationId, OrganisationId, UserId, event::Change, uuid_at};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    audit::{self, NewAudit},
    backend::sql,
    contacts::{Point, email_point, phone_point},
    organisation_tx::OrganisationTx,
    rows::{Id, batch},
    search::index_contacts,
};

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
    Name(String),
    Company(Option<String>),
    Notes(Option<String>),
    /// In place of the primary one. A number under which a platform knows the contact stays known.
    OnlyPhone(String),
    OnlyEmail(Option<String>),
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

impl ContactChange {
    /// Whether the contact is found by it.
    const fn is_searched(&self) -> bool {
        matches!(
            self,
            Self::Phone { .. }
                | Self::Email { .. }
                | Self::Name(_)
                | Self::Company(_)
                | Self::OnlyPhone(_)
                | Self::OnlyEmail(_)
        )
    }
}

batch! {
    struct TagRow<'a> { tag: &'a str }
}

impl Store {
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
        // Whom somebody writes a note about is wanted in the address book, unless another contact took their place.
        let touched =
            sql("update contacts set updated_at = $3, deleted_at = null where organisation_id = $1 and id = $2 \
             and (deleted_at is null or exists (select 1 from conversations v where v.contact_id = $2))")
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
        if changes.iter().any(ContactChange::is_searched) {
            index_contacts(tx.transaction(), &[contact_id]).await?;
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
        ContactChange::Name(name) => {
            sql("update contacts set name = $2 where id = $1").bind(contact_id).bind(name).execute(tx).await?;
        }
        ContactChange::Company(company) => {
            let statement = sql("update contacts set company = $2 where id = $1");
            statement.bind(contact_id).bind(company.as_ref()).execute(tx).await?;
        }
        ContactChange::Notes(notes) => {
            let statement = sql("update contacts set notes = $2 where id = $1");
            statement.bind(contact_id).bind(notes.as_ref()).execute(tx).await?;
        }
        ContactChange::OnlyPhone(number) => {
            let point = phone_point(number);
            drop_primary(tx, contact_id, "PHONE", point.as_ref()).await?;
            return add_point(tx, organisation_id, contact_id, point, true).await;
        }
        ContactChange::OnlyEmail(None) => drop_primary(tx, contact_id, "EMAIL", None).await?,
        ContactChange::OnlyEmail(Some(address)) => {
            let point = email_point(address);
            drop_primary(tx, contact_id, "EMAIL", point.as_ref()).await?;
            return add_point(tx, organisation_id, contact_id, point, true).await;
        }
    }
    Ok(ContactOutcome::Changed)
}

/// What the contact was reached by first is theirs no more, unless a platform knows them by it.
async fn drop_primary(
    tx: &mut OrganisationTx,
    contact_id: ContactId,
    kind: &str,
    kept: Option<&Point>,
) -> Result<(), StoreError> {
    sql("delete from contact_points where contact_id = $1 and kind = $2 and is_primary and value <> $3 \
         and not exists (select 1 from identities i where i.contact_id = $1 \
         and (i.phone = contact_points.value or i.email = contact_points.value))")
    .bind(contact_id)
    .bind(kind)
    .bind(kept.map_or("", |point| point.value.as_str()))
    .execute(tx)
    .await
    .map(drop)
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
