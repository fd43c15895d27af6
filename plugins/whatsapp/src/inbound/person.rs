//! Who the other side is. A person has a telephone number, an identifier of this business (BSUID), or both, and an
//! absent one may be an empty string; all of them are kept, so that whichever comes next finds the same conversation.

use crate::wire::{Contact, Message, Profile};
use patchbay_plugin_meta::json::{Raw, Text, items, read};
use patchbay_plugin_sdk::Participant;

/// The contacts of a change. They belong to messages by identifier, not by position.
pub struct People<'a>(Vec<Contact<'a>>);

impl<'a> People<'a> {
    pub fn read(raw: Raw<'a>) -> Self {
        Self(items(raw).into_iter().filter_map(|contact| read(Some(contact))).collect())
    }

    /// Who wrote a message.
    pub fn sender(&self, message: &Message<'_>) -> Option<Participant> {
        self.person(&message.from, &message.from_user_id, &message.from_parent_user_id)
    }

    /// To whom the business wrote from elsewhere.
    pub fn recipient(&self, message: &Message<'_>) -> Option<Participant> {
        self.person(&message.to, &message.to_user_id, &message.to_parent_user_id)
    }

    fn person(&self, number: &Text<'_>, user_id: &Text<'_>, parent_user_id: &Text<'_>) -> Option<Participant> {
        let same = |a: &Text<'_>, b: &Text<'_>| a.get().is_some() && a == b;
        let contact = self.0.iter().find(|contact| same(&contact.wa_id, number) || same(&contact.user_id, user_id));
        let none = Contact::default();
        let known = contact.unwrap_or(&none);
        let ids = [number, &known.wa_id, user_id, &known.user_id, parent_user_id, &known.parent_user_id];
        let mut person = identified(ids.map(Text::get))?;
        let profile: Profile<'_> = read(known.profile).unwrap_or_default();
        person.name = profile.name.owned();
        person.username = profile.username.owned();
        Some(person)
    }
}

/// A person under the first of these identifiers, the others as aliases.
pub fn identified<'t>(ids: impl IntoIterator<Item = Option<&'t str>>) -> Option<Participant> {
    let mut ids = ids.into_iter().flatten();
    let mut person = Participant::new(ids.next()?);
    person.phone = phone(&person.id);
    for id in ids {
        if id != person.id && !person.aliases.iter().any(|alias| alias == id) {
            person.aliases.push(id.to_owned());
        }
    }
    Some(person)
}

/// WhatsApp writes numbers as digits alone. Anything else is an identifier without a number.
pub fn phone(id: &str) -> Option<String> {
    (!id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit())).then(|| format!("+{id}"))
}
