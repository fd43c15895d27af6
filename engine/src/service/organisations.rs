//! The caller's organisation.

use patchbay_domain::{OrganisationId, folding::folded};
use patchbay_store::organisations::Organisation;
use serde_json::json;

use super::{
    ServiceError,
    audit::{Action, Entity},
    fields::Name,
};
use crate::{
    app::App,
    auth::{Admin, Principal},
};

const LONGEST_SLUG: usize = 63;
/// Of an identifier so much makes a name one of its kind.
const ID_LETTERS: usize = 12;

pub async fn get(app: &App, principal: &Principal) -> Result<Organisation, ServiceError> {
    of(app, principal.organisation_id).await
}

/// That of somebody who has just logged in.
pub async fn of(app: &App, id: OrganisationId) -> Result<Organisation, ServiceError> {
    app.store.organisation(id).await?.ok_or(ServiceError::NotFound("organisation"))
}

/// What an organisation is called in addresses: as somebody chose, else after its name and its identifier.
pub fn slug(organisation: &Organisation) -> String {
    if let Some(slug) = &organisation.slug {
        return slug.clone();
    }
    let letters = folded(&organisation.name);
    let words: Vec<_> =
        letters.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let id = organisation.id.uuid().simple().to_string();
    let end: String = id.chars().skip(id.len().saturating_sub(ID_LETTERS)).collect();
    let name: String = words.join("-").chars().take(LONGEST_SLUG - ID_LETTERS - 1).collect();
    if name.is_empty() { end } else { format!("{name}-{end}") }
}

pub async fn rename(app: &App, admin: &Admin, name: &Name) -> Result<Organisation, ServiceError> {
    let (id, known) = (admin.organisation_id, get(app, admin).await?);
    let audit = admin.did(Action::Update, Entity::Organisation, id);
    let audit = audit.with_change(json!({"name": known.name}), json!({"name": name.as_str()}));
    if !app.store.rename_organisation(id, name.as_str(), Some(&audit), (app.clock)()).await? {
        return Err(ServiceError::NotFound("organisation"));
    }
    get(app, admin).await
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn a_slug_that_nobody_chose_is_made_from_the_name() {
        let organisation = |name: &str, slug: Option<&str>| Organisation {
            id: OrganisationId::from_uuid(uuid::Uuid::from_u128(0xabcd_ef01_2345)),
            name: name.to_owned(),
            slug: slug.map(str::to_owned),
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        };
        assert_eq!(slug(&organisation("Café  Ünal & Co.", None)), "cafe-unal-co-abcdef012345");
        assert_eq!(slug(&organisation("…", None)), "abcdef012345");
        assert_eq!(slug(&organisation("Acme", Some("acme"))), "acme");
    }
}
