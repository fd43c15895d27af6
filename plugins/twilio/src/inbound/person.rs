//! Who the other side is: a telephone number, and on WhatsApp also what WhatsApp knows the person by.

use crate::settings::bare;
use crate::wire::Fields;
use patchbay_plugin_sdk::Participant;

/// Who wrote. Everything that names the person is kept, so that whichever comes next finds the same conversation. Who hides
/// their number on WhatsApp is named by what is left.
pub fn sender(fields: &Fields) -> Option<Participant> {
    let wa_id = fields.get("WaId");
    let by_number = || of(&format!("+{}", wa_id?));
    let mut person =
        ["From", "ExternalUserId"].into_iter().find_map(|name| of(fields.get(name)?)).or_else(by_number)?;
    for id in [wa_id, fields.get("ExternalUserId").and_then(identifier)].into_iter().flatten() {
        if id != person.id && !person.aliases.iter().any(|alias| alias == id) {
            person.aliases.push(id.to_owned());
        }
    }
    person.phone = person.phone.or_else(|| phone(&format!("+{}", wa_id?)));
    person.name = fields.owned("ProfileName");
    Some(person)
}

/// Whom the business wrote to.
pub fn recipient(fields: &Fields) -> Option<Participant> {
    of(fields.get("To")?)
}

fn of(address: &str) -> Option<Participant> {
    let id = identifier(address)?;
    Some(Participant { phone: phone(id), ..Participant::new(id) })
}

/// The address without WhatsApp's prefix, unless nothing is left of it.
pub fn identifier(address: &str) -> Option<&str> {
    Some(bare(address)).filter(|id| !id.is_empty())
}

/// A short code, a sender's name and an identifier of WhatsApp are no telephone numbers.
fn phone(id: &str) -> Option<String> {
    let digits = id.strip_prefix('+')?;
    let is_number = (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| id.to_owned())
}
