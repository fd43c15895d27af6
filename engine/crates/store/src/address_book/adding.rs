//! Contacts that people add, one or a thousand at once.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use patchbay_domain::{ContactId, OrganisationId};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    audit::{self, NewAudit},
    backend::sql,
    contacts::{self, Point, PointRow, email_point, phone_point},
    organisation_tx::OrganisationTx,
    rows::{Batch, Id, Time, batch},
    search::index_contacts,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewContact {
    pub id: ContactId,
    pub phone: String,
    /// Without one they are called by their number.
    pub name: Option<String>,
    pub email: Option<String>,
    pub company: Option<String>,
    pub notes: Option<String>,
    pub tags: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddedContact {
    /// Under this identifier: one who was taken out before has their old one.
    New(ContactId),
    /// The number is that of another contact, who may have been added just before.
    PhoneTaken(ContactId),
    EmailTaken(ContactId),
    /// That is no number, or no address.
    Unreadable,
}

batch! {
    struct ContactRow<'a> {
        id: ContactId, organisation_id: OrganisationId, name: &'a str, company: Option<&'a str>,
        notes: Option<&'a str>, created_at: Time, updated_at: Time,
    }
}

batch! {
    struct TagRow<'a> { contact_id: ContactId, tag: &'a str }
}

/// Whose numbers and addresses they are, growing with each contact that is added.
struct Owners {
    known: HashMap<Point, ContactId>,
    /// Of those, who is not in the address book any more.
    gone: HashSet<ContactId>,
}

impl Owners {
    async fn of(
        tx: &mut OrganisationTx,
        organisation_id: OrganisationId,
        points: &[Point],
    ) -> Result<Self, StoreError> {
        let known = contacts::owners(tx, organisation_id, points).await?;
        let ids: Vec<ContactId> = known.values().copied().collect::<HashSet<_>>().into_iter().collect();
        let gone: Vec<(Uuid,)> =
            sql("select p.id from contacts p where p.id in (select id from {rows} r) and p.deleted_at is not null")
                .rows(&Id::all(&ids))
                .fetch_all(tx)
                .await?;
        Ok(Self { known, gone: gone.into_iter().map(|(id,)| id.into()).collect() })
    }

    /// Under which identifier a contact is added.
    fn admit(&mut self, id: ContactId, phone: &Point, email: Option<&Point>) -> AddedContact {
        let owner = |point: &Point| self.known.get(point).copied();
        let id = match owner(phone) {
            Some(owner) if !self.gone.contains(&owner) => return AddedContact::PhoneTaken(owner),
            Some(owner) => owner,
            // Whoever was taken out comes back by their address as well.
            None => email.and_then(owner).filter(|owner| self.gone.contains(owner)).unwrap_or(id),
        };
        if let Some(other) = email.and_then(owner).filter(|owner| *owner != id) {
            return AddedContact::EmailTaken(other);
        }
        self.gone.remove(&id);
        for point in [Some(phone), email].into_iter().flatten() {
            self.known.insert(point.clone(), id);
        }
        AddedContact::New(id)
    }
}

impl Store {
    /// One outcome for each, in the order given; those that cannot be added do not keep others out.
    pub async fn add_contacts(
        &self,
        organisation_id: OrganisationId,
        new: &[NewContact],
        audit: Option<&NewAudit>,
        now: DateTime<Utc>,
    ) -> Result<Vec<AddedContact>, StoreError> {
        let mut tx = OrganisationTx::begin(self, [organisation_id], now).await?;
        let points: Vec<_> =
            new.iter().map(|new| (phone_point(&new.phone), new.email.as_deref().map(email_point))).collect();
        let all: Vec<Point> =
            points.iter().flat_map(|(phone, email)| [phone.clone(), email.clone().flatten()]).flatten().collect();
        let mut owners = Owners::of(&mut tx, organisation_id, &all).await?;
        let (mut outcomes, mut rows) = (Vec::with_capacity(new.len()), Rows::default());
        for (new, (phone, email)) in new.iter().zip(&points) {
            let outcome = match (phone, email) {
                (None, _) | (_, Some(None)) => AddedContact::Unreadable,
                (Some(phone), email) => {
                    let email = email.as_ref().and_then(Option::as_ref);
                    let outcome = owners.admit(new.id, phone, email);
                    if let AddedContact::New(id) = outcome {
                        rows.add(organisation_id, id, new, phone, email, now);
                    }
                    outcome
                }
            };
            outcomes.push(outcome);
        }
        if !rows.contacts.is_empty() {
            rows.insert(&mut tx).await?;
            audit::insert(&mut tx, audit.as_slice(), now).await?;
            tx.commit().await?;
        }
        Ok(outcomes)
    }
}

#[derive(Default)]
struct Rows<'a> {
    contacts: Vec<ContactRow<'a>>,
    points: Vec<PointRow<'a>>,
    tags: Vec<TagRow<'a>>,
}

impl<'a> Rows<'a> {
    fn add(
        &mut self,
        organisation_id: OrganisationId,
        id: ContactId,
        new: &'a NewContact,
        phone: &'a Point,
        email: Option<&'a Point>,
        now: DateTime<Utc>,
    ) {
        let name = new.name.as_deref().unwrap_or(&phone.value);
        self.contacts.push(ContactRow {
            id,
            organisation_id,
            name,
            company: new.company.as_deref(),
            notes: new.notes.as_deref(),
            created_at: now.into(),
            updated_at: now.into(),
        });
        let points = [Some(phone), email].into_iter().flatten();
        self.points.extend(points.map(|Point { kind, value }| PointRow {
            id: patchbay_domain::uuid_at(now),
            organisation_id,
            contact_id: id,
            kind,
            value,
            is_primary: true,
        }));
        self.tags.extend(new.tags.iter().map(|tag| TagRow { contact_id: id, tag }));
    }

    async fn insert(self, tx: &mut OrganisationTx) -> Result<(), StoreError> {
        // Who was taken out before comes back as they are now.
        sql(format!(
            "{} on conflict (id) do update set name = excluded.name, \
             company = excluded.company, notes = excluded.notes, \
             created_at = excluded.created_at, updated_at = excluded.updated_at, deleted_at = null",
            ContactRow::insert_into("contacts")
        ))
        .rows(&self.contacts)
        .execute(&mut *tx)
        .await?;
        contacts::insert_points(tx, &self.points).await?;
        let ids: Vec<_> = self.contacts.iter().map(|contact| contact.id).collect();
        index_contacts(tx.transaction(), &ids).await?;
        if self.tags.is_empty() {
            return Ok(());
        }
        sql(format!("{} on conflict (contact_id, tag) do nothing", TagRow::insert_into("contact_tags")))
            .rows(&self.tags)
            .execute(tx)
            .await
            .map(drop)
    }
}
