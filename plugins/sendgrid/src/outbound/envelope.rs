//! Whom a mail is for.

use patchbay_plugin_sdk::{Email, Failure, Outgoing};
use serde_json::{Map, Value, json};

/// Of `to`, `cc` and `bcc` together.
const MOST: usize = 1000;

/// The contact's address.
pub fn recipient(outgoing: &Outgoing) -> Result<&str, Failure> {
    let person = &outgoing.to;
    let last = outgoing.thread.rsplit(' ').next();
    let known = person.email.as_deref().into_iter().chain([person.id.as_str()]).chain(last);
    known
        .map(str::trim)
        .find(|address| is_address(address))
        .ok_or_else(|| Failure::rejected("the contact has no e-mail address"))
}

/// `to`, `cc` and `bcc`, in which SendGrid takes each address once.
pub fn fields(outgoing: &Outgoing, email: Option<&Email>) -> Result<Map<String, Value>, Failure> {
    let to = recipient(outgoing)?;
    let mut known = vec![to.to_lowercase()];
    let mut fields = Map::from_iter([("to".to_owned(), json!([person(to, outgoing.to.name.as_deref())]))]);
    let copies = [("cc", email.map(|email| &email.cc)), ("bcc", email.map(|email| &email.bcc))];
    for (field, entries) in copies {
        let mut people = Vec::new();
        for (name, address) in entries.into_iter().flatten().flat_map(|line| line.split(',')).filter_map(entry) {
            if !is_address(address) {
                return Err(Failure::rejected(format!("{field} holds something that is no e-mail address")));
            }
            let key = address.to_lowercase();
            if !known.contains(&key) {
                known.push(key);
                people.push(person(address, name));
            }
        }
        if !people.is_empty() {
            fields.insert(field.to_owned(), Value::Array(people));
        }
    }
    if known.len() > MOST {
        return Err(Failure::rejected(format!("the mail has {} recipients, SendGrid takes {MOST}", known.len())));
    }
    Ok(fields)
}

pub fn person(address: &str, name: Option<&str>) -> Value {
    match name.map(str::trim).filter(|name| !name.is_empty() && *name != address) {
        Some(name) => json!({"email": address, "name": name}),
        None => json!({"email": address}),
    }
}

/// `Ada <ada@example.com>`, or the address alone.
fn entry(text: &str) -> Option<(Option<&str>, &str)> {
    let text = text.trim();
    let named = text.strip_suffix('>').and_then(|text| text.rsplit_once('<'));
    let (name, address) =
        named.map_or((None, text), |(name, address)| (Some(name.trim().trim_matches('"')), address.trim()));
    (!address.is_empty()).then_some((name, address))
}

fn is_address(text: &str) -> bool {
    let parts = text.rsplit_once('@');
    parts.is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
        && !text.contains(|letter: char| letter.is_whitespace() || "<>,;".contains(letter))
}
