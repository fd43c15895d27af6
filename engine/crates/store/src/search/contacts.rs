//! Contacts by what they are called, on whatever platform, and by their numbers and addresses.

use std::collections::{BTreeSet, HashMap};

use patchbay_domain::{
    ContactId, OrganisationId,
    search::{Query, ends_of_number, words},
};
use sqlx::FromRow;
use uuid::Uuid;

use super::{Index, SearchFilter, Sought, Words, place};
use crate::{
    Store, StoreError,
    backend::{Transaction, sql},
    rows::{Batch, Id, batch},
};

/// A contact that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactHit {
    pub id: ContactId,
    pub name: String,
    pub company: Option<String>,
    pub title: Option<String>,
    pub avatar: Option<String>,
}

#[derive(FromRow)]
struct HitRow {
    id: Uuid,
    name: String,
    company: Option<String>,
    title: Option<String>,
    avatar: Option<String>,
}

impl From<HitRow> for ContactHit {
    fn from(row: HitRow) -> Self {
        let HitRow { id, name, company, title, avatar } = row;
        Self { id: id.into(), name, company, title, avatar }
    }
}

#[derive(FromRow)]
struct NamedRow {
    id: Uuid,
    organisation_id: Uuid,
    name: String,
    company: Option<String>,
}

batch! {
    struct WordsRow { contact_id: Uuid, organisation_id: OrganisationId, words: Words }
}

/// What is looked for among an organisation's contacts; None where the text has no word in it.
pub(crate) fn sought(organisation_id: OrganisationId, text: &str) -> Option<Sought> {
    Query::of_person(text).map(|query| of_contacts(organisation_id, query))
}

fn of_contacts(organisation_id: OrganisationId, query: Query) -> Sought {
    Sought { query, places: vec![place(organisation_id)] }
}

/// They are found by what they are called now. Those that are deleted are found no more; what was written with them is.
pub(crate) async fn index_contacts(tx: &mut Transaction, contacts: &[ContactId]) -> Result<(), StoreError> {
    if contacts.is_empty() {
        return Ok(());
    }
    let named: Vec<NamedRow> = sql("select p.id, p.organisation_id, p.name, p.company from contacts p \
         where p.id in (select id from {rows} r) and (p.deleted_at is null \
         or exists (select 1 from conversations c where c.contact_id = p.id))")
    .rows(&Id::all(contacts))
    .fetch_all(&mut *tx)
    .await?;
    // Often a number stands in several places.
    let mut known: HashMap<Uuid, BTreeSet<String>> = HashMap::new();
    let identities: Vec<(Uuid, String, Option<String>, String)> =
        sql("select i.contact_id, i.name, i.username, i.external_id from identities i \
             where i.contact_id in (select id from {rows} r) order by i.id")
        .rows(&Id::all(contacts))
        .fetch_all(&mut *tx)
        .await?;
    for (contact, name, username, external_id) in identities {
        let texts = [Some(name), username, Some(external_id)].into_iter().flatten();
        known.entry(contact).or_default().extend(texts.map(|text| plain(&text)));
    }
    let points: Vec<(Uuid, String)> = sql("select n.contact_id, n.value from contact_points n \
         where n.contact_id in (select id from {rows} r) order by n.id")
    .rows(&Id::all(contacts))
    .fetch_all(&mut *tx)
    .await?;
    for (contact, value) in points {
        known.entry(contact).or_default().insert(plain(&value));
    }
    let rows: Vec<_> = named.into_iter().filter_map(|contact| row(contact, &mut known)).collect();
    let called: BTreeSet<Uuid> = rows.iter().map(|row| row.contact_id).collect();
    let gone: Vec<Uuid> = contacts.iter().map(|id| id.uuid()).filter(|id| !called.contains(id)).collect();
    if !gone.is_empty() {
        let delete = sql("delete from contact_words where contact_id in (select id from {rows} r)");
        delete.rows(&Id::all(&gone)).execute(&mut *tx).await?;
    }
    if rows.is_empty() {
        return Ok(());
    }
    let insert = WordsRow::insert_into("contact_words");
    sql(format!("{insert} on conflict (contact_id) do update set words = excluded.words"))
        .rows(&rows)
        .execute(tx)
        .await
        .map(drop)
}

fn row(contact: NamedRow, known: &mut HashMap<Uuid, BTreeSet<String>>) -> Option<WordsRow> {
    let NamedRow { id, organisation_id, name, company } = contact;
    let organisation_id = OrganisationId::from(organisation_id);
    let mut all = words(&name);
    all.extend(company.iter().flat_map(|company| words(company)));
    all.extend(known.remove(&id).unwrap_or_default().iter().flat_map(|text| words_of(text)));
    Some(WordsRow { contact_id: id, organisation_id, words: Words::at(&place(organisation_id), &all)? })
}

/// Without what platforms write around a number.
fn plain(text: &str) -> String {
    text.strip_suffix("@c.us").unwrap_or(text).trim_start_matches('+').to_owned()
}

/// A number is found by its ends, everything else by its words.
fn words_of(text: &str) -> Vec<String> {
    if text.chars().all(|letter| letter.is_ascii_digit()) { ends_of_number(text).collect() } else { words(text) }
}

impl Store {
    /// The latest first, of those before one where it is named.
    pub async fn search_contacts(
        &self,
        organisation_id: OrganisationId,
        query: &Query,
        filter: SearchFilter<'_>,
        before: Option<ContactId>,
        limit: u32,
    ) -> Result<Vec<ContactHit>, StoreError> {
        let rows: Vec<HitRow> = sql("select p.id, p.name, p.company, p.title, p.avatar from {found} w \
             join contacts p on p.id = w.contact_id where w.organisation_id = $2 and p.deleted_at is null \
             and ($3 or exists (select 1 from identities i where i.contact_id = w.contact_id \
             and i.channel_id in (select id from {rows} r))) and ($4 is null or p.id < $4) \
             order by p.id desc limit $5")
        .rows(&Id::all(filter.channels))
        .bind(organisation_id)
        .bind(filter.channels.is_empty())
        .bind(before)
        .bind(limit)
        .finding(Index::Contacts, Some(of_contacts(organisation_id, query.clone())))
        .fetch_all(self)
        .await?;
        Ok(rows.into_iter().map(ContactHit::from).collect())
    }
}
