//! Writes by which names, numbers and addresses people and their threads are known from now on.

use std::collections::BTreeSet;

use patchbay_domain::{ContactId, IdentityId};

use super::{
    Accepted,
    people::{Renamed, learned},
};
use crate::{
    StoreError,
    backend::sql,
    contacts,
    opening::{ThreadRow, insert_threads},
    organisation_tx::OrganisationTx,
    rows::batch,
    search::index_contacts,
};

batch! {
    struct NameRow<'a> { identity_id: IdentityId, name: &'a str, before: &'a str }
}

/// New names of people, new identifiers of threads, new numbers and addresses of contacts.
pub(super) async fn learn(
    tx: &mut OrganisationTx,
    accepted: &[Accepted<'_>],
    renamed: &Renamed,
) -> Result<(), StoreError> {
    let mut names = Vec::new();
    let mut threads = Vec::new();
    for accepted in accepted {
        let (Some(person), known) = (learned(accepted), &accepted.known) else { continue };
        let conversation = &accepted.draft.conversation;
        if let Some(name) = person.name.as_ref().filter(|name| !name.is_empty() && **name != known.name) {
            names.push(NameRow { identity_id: conversation.identity_id, name, before: &known.name });
        }
        if !conversation.group {
            let keys = std::iter::once(&person.id).chain(&person.aliases).filter(|key| !key.is_empty());
            let new = keys.filter(|key| **key != known.thread);
            threads.extend(new.map(|key| ThreadRow {
                channel_id: conversation.channel_id,
                key,
                conversation_id: conversation.id,
            }));
        }
    }
    insert_threads(tx, &threads).await?;
    update_contact_names(tx, &names).await?;
    index_contacts(tx.transaction(), &newly_called(accepted, renamed)).await?;
    for accepted in accepted {
        let (Some(person), known) = (learned(accepted), &accepted.known) else { continue };
        let new_phone = person.phone.is_some() && person.phone != known.phone;
        let new_email = person.email.is_some() && person.email != known.email;
        if new_phone || new_email {
            let conversation = &accepted.draft.conversation;
            let points = contacts::points(person);
            contacts::learn(tx, conversation.organisation_id, conversation.identity_id, &points).await?;
        }
    }
    Ok(())
}

/// Contacts of which names are new by which they are found.
fn newly_called(accepted: &[Accepted<'_>], renamed: &Renamed) -> Vec<ContactId> {
    let is_new = |accepted: &&Accepted<'_>| {
        let known = &accepted.known;
        let is_other = |new: Option<&String>, old: Option<&String>| new.is_some_and(|new| old != Some(new));
        renamed.contains_key(&accepted.draft.conversation.identity_id)
            || learned(accepted).is_some_and(|person| {
                is_other(person.name.as_ref().filter(|name| !name.is_empty()), Some(&known.name))
                    || is_other(person.username.as_ref(), known.username.as_ref())
            })
    };
    let contacts: BTreeSet<_> =
        accepted.iter().filter(is_new).map(|accepted| accepted.draft.conversation.contact_id).collect();
    contacts.into_iter().collect()
}

/// A contact that nobody gave another name is called what its platform calls it.
async fn update_contact_names(tx: &mut OrganisationTx, names: &[NameRow<'_>]) -> Result<(), StoreError> {
    if names.is_empty() {
        return Ok(());
    }
    sql("update contacts set name = r.name, updated_at = $2 \
         from {rows} r join identities i on i.id = r.identity_id where contacts.id = i.contact_id and contacts.name = r.before")
    .rows(names)
    .bind(tx.now())
    .execute(tx)
    .await
    .map(drop)
}
