//! Contacts: people. The same number or address in one organisation is the same
//! person, on whatever channel.

use std::collections::HashMap;

use patchbay_domain::{ContactId, IdentityId, OrganisationId, event::Change, platform::Participant};
use uuid::Uuid;

use crate::{
    StoreError,
    backend::sql,
    organisation_tx::OrganisationTx,
    rows::{Batch, batch},
    search::index_contacts,
};

/// A number or an address, written in the one way in which it is compared.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Point {
    pub(crate) kind: &'static str,
    pub(crate) value: String,
}

batch! {
    struct PointKey<'a> { kind: &'a str, value: &'a str }
}

batch! {
    pub(crate) struct PointRow<'a> {
        id: Uuid, organisation_id: OrganisationId, contact_id: ContactId, kind: &'a str, value: &'a str,
        is_primary: bool,
    }
}

/// The numbers and addresses of a person.
pub(crate) fn points(person: &Participant) -> Vec<Point> {
    let phone = person.phone.as_deref().and_then(phone_point);
    let email = person.email.as_deref().and_then(email_point);
    phone.into_iter().chain(email).collect()
}

pub(crate) fn phone_point(text: &str) -> Option<Point> {
    e164(text).map(|value| Point { kind: "PHONE", value })
}

pub(crate) fn email_point(text: &str) -> Option<Point> {
    address(text).map(|value| Point { kind: "EMAIL", value })
}

/// `+` and the digits; nothing where that is no number in E.164.
fn e164(phone: &str) -> Option<String> {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    ((7..=15).contains(&digits.len())).then(|| format!("+{digits}"))
}

fn address(email: &str) -> Option<String> {
    let email = email.trim().to_lowercase();
    email.contains('@').then_some(email)
}

/// Whose these are.
pub(crate) async fn owners(
    tx: &mut OrganisationTx,
    organisation_id: OrganisationId,
    points: &[Point],
) -> Result<HashMap<Point, ContactId>, StoreError> {
    if points.is_empty() {
        return Ok(HashMap::new());
    }
    let keys: Vec<_> = points.iter().map(|point| PointKey { kind: point.kind, value: &point.value }).collect();
    let rows: Vec<(String, String, Uuid)> = sql("select p.kind, p.value, p.contact_id from {rows} r \
         cross join contact_points p where p.organisation_id = $2 and p.kind = r.kind and p.value = r.value")
    .rows(&keys)
    .bind(organisation_id)
    .fetch_all(tx)
    .await?;
    let known: HashMap<_, _> = rows.into_iter().map(|(kind, value, id)| ((kind, value), id.into())).collect();
    let owner = |point: &Point| known.get(&(point.kind.to_owned(), point.value.clone())).copied();
    Ok(points.iter().filter_map(|point| Some((point.clone(), owner(point)?))).collect())
}

pub(crate) async fn insert_points(tx: &mut OrganisationTx, points: &[PointRow<'_>]) -> Result<(), StoreError> {
    if points.is_empty() {
        return Ok(());
    }
    sql(format!("{} on conflict (organisation_id, kind, value) do nothing", PointRow::insert_into("contact_points")))
        .rows(points)
        .execute(tx)
        .await
        .map(drop)
}

/// Keeps a newly known number or address of an identity; where it is another contact's, the two are one.
pub(crate) async fn learn(
    tx: &mut OrganisationTx,
    organisation_id: OrganisationId,
    identity_id: IdentityId,
    points: &[Point],
) -> Result<(), StoreError> {
    let owned = owners(tx, organisation_id, points).await?;
    let (contact_id,): (Uuid,) =
        sql("select contact_id from identities where id = $1").bind(identity_id).fetch_one(&mut *tx).await?;
    let mut contact_id = ContactId::from(contact_id);
    for other in owned.values().copied() {
        if other != contact_id {
            // The older one stays.
            let (kept, merged) = (contact_id.min(other), contact_id.max(other));
            merge(tx, organisation_id, kept, merged).await?;
            index_contacts(tx.transaction(), &[merged]).await?;
            contact_id = kept;
        }
    }
    let now = tx.now();
    let new: Vec<_> = (points.iter().filter(|point| !owned.contains_key(point)))
        .map(|point| PointRow {
            id: patchbay_domain::uuid_at(now),
            organisation_id,
            contact_id,
            kind: point.kind,
            value: &point.value,
            is_primary: false,
        })
        .collect();
    insert_points(tx, &new).await?;
    index_contacts(tx.transaction(), &[contact_id]).await
}

/// Two contacts turn out to be one person: everything of `merged` becomes that of `kept`.
async fn merge(
    tx: &mut OrganisationTx,
    organisation_id: OrganisationId,
    kept: ContactId,
    merged: ContactId,
) -> Result<(), StoreError> {
    inherit(tx, kept, merged).await?;
    let statements = [
        "update identities set contact_id = $1 where contact_id = $2",
        "update contact_points set is_primary = false where contact_id = $2 and exists (select 1 from contact_points k \
         where k.contact_id = $1 and k.kind = contact_points.kind and k.is_primary)",
        "update contact_points set contact_id = $1 where contact_id = $2",
        "insert into contact_tags (contact_id, tag) select $1, tag from contact_tags where contact_id = $2 \
         on conflict do nothing",
        "insert into contact_followers (contact_id, user_id) select $1, user_id from contact_followers \
         where contact_id = $2 on conflict do nothing",
    ];
    for text in statements {
        sql(text).bind(kept).bind(merged).execute(&mut *tx).await?;
    }
    for text in
        ["delete from contact_tags where contact_id = $1", "delete from contact_followers where contact_id = $1"]
    {
        sql(text).bind(merged).execute(&mut *tx).await?;
    }
    let now = tx.now();
    sql("update contacts set deleted_at = $2, updated_at = $2 where id = $1")
        .bind(merged)
        .bind(now)
        .execute(&mut *tx)
        .await?;
    let conversations: Vec<(Uuid,)> =
        sql("update conversations set contact_id = $1, version = version + 1, updated_at = $3 \
         where contact_id = $2 returning id")
        .bind(kept)
        .bind(merged)
        .bind(now)
        .fetch_all(&mut *tx)
        .await?;
    for (id,) in conversations {
        tx.push(organisation_id, Change::ConversationUpdated { conversation_id: id.into() })?;
    }
    Ok(())
}

/// Who asked to be left alone asked it as either of the two; what people wrote down of the one is kept with the other.
async fn inherit(tx: &mut OrganisationTx, kept: ContactId, merged: ContactId) -> Result<(), StoreError> {
    let now = tx.now();
    sql("update contacts set do_not_disturb = (contacts.do_not_disturb or m.do_not_disturb), \
         do_not_disturb_all = (contacts.do_not_disturb_all or m.do_not_disturb_all), \
         company = coalesce(contacts.company, m.company), title = coalesce(contacts.title, m.title), \
         avatar = coalesce(contacts.avatar, m.avatar), owner_id = coalesce(contacts.owner_id, m.owner_id), \
         notes = case when contacts.notes is not null and m.notes is not null then contacts.notes || $4 || m.notes \
         else coalesce(contacts.notes, m.notes) end, updated_at = $3 \
         from contacts m where contacts.id = $1 and m.id = $2")
    .bind(kept)
    .bind(merged)
    .bind(now)
    .bind("\n\n")
    .execute(tx)
    .await
    .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_same_however_it_is_written() {
        assert_eq!(e164("+49 (170) 123-4567").as_deref(), Some("+491701234567"));
        assert_eq!(e164("491701234567").as_deref(), Some("+491701234567"));
        assert_eq!((e164("12345"), e164("1234567890123456")), (None, None));
        assert_eq!(address(" Ann@Example.COM ").as_deref(), Some("ann@example.com"));
        assert_eq!(address("ann"), None);
    }
}
