//! A contact as people write it in lists, and as a channel names it: the same
//! person is the same text, however the number is spaced.

use crate::platform::{Manifest, Participant};

/// What a contact of a campaign may be at most, in characters.
pub const LONGEST_CONTACT: usize = 200;

/// What the contacts of a channel are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contacts {
    /// Telephone numbers.
    Phone,
    /// Telephone numbers, or WhatsApp's own identifiers.
    WhatsApp,
    /// Telephone numbers, or addresses such as `4915112345678@c.us`.
    Waha,
    Email,
    /// Whatever the platform calls them; what begins with `+` is a telephone number.
    Named,
}

/// Why a contact cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("is empty")]
    Empty,
    #[error("is too long")]
    TooLong,
    #[error("is not a text")]
    NotText,
    #[error("is not a telephone number with its country code")]
    NotPhone,
    #[error("is not an e-mail address")]
    NotEmail,
    #[error("is not a contact of this channel")]
    NotContact,
}

impl Contacts {
    #[must_use]
    pub fn of(channel_type: &str, manifest: &Manifest) -> Self {
        match channel_type {
            "TWILIO_SMS" => Self::Phone,
            "WHATSAPP" | "TWILIO_WHATSAPP" => Self::WhatsApp,
            "WAHA" => Self::Waha,
            _ if manifest.can("email") => Self::Email,
            _ => Self::Named,
        }
    }
}

/// A contact that can be written to, in its one spelling.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Recipient(String);

impl Recipient {
    /// # Errors
    /// Where the channel can have no such contact.
    pub fn parse(contacts: Contacts, text: &str) -> Result<Self, Malformed> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Malformed::Empty);
        }
        if text.chars().count() > LONGEST_CONTACT {
            return Err(Malformed::TooLong);
        }
        let known = match contacts {
            Contacts::Phone => phone(text),
            Contacts::WhatsApp => phone(text).or_else(|| Some(text).filter(|id| is_user_id(id)).map(str::to_owned)),
            Contacts::Waha => phone(text).or_else(|| chat(text)),
            Contacts::Email => return email(text).map(Self).ok_or(Malformed::NotEmail),
            Contacts::Named if text.starts_with('+') => phone(text),
            Contacts::Named => return name(text).map(Self).ok_or(Malformed::NotContact),
        };
        known.map(Self).ok_or(Malformed::NotPhone)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Who that is on the platform: by the name that its webhooks use, and every other that they may.
    #[must_use]
    pub fn participant(&self, contacts: Contacts) -> Participant {
        let text = &self.0;
        let named = |id: String| Participant { id, ..Participant::default() };
        let Some(digits) = text.strip_prefix('+') else {
            let email = (contacts == Contacts::Email).then(|| text.clone());
            return Participant { email, ..named(text.clone()) };
        };
        let (id, aliases) = match contacts {
            Contacts::WhatsApp => (digits.to_owned(), vec![text.clone()]),
            Contacts::Waha => (format!("{digits}@c.us"), Vec::new()),
            Contacts::Phone | Contacts::Email | Contacts::Named => (text.clone(), Vec::new()),
        };
        Participant { aliases, phone: Some(text.clone()), ..named(id) }
    }
}

/// E.164: with or without `+` or `00`, spaced as people do.
fn phone(text: &str) -> Option<String> {
    let is_number = text.chars().all(|letter| letter.is_ascii_digit() || "+-(). /".contains(letter));
    let plus = text.starts_with('+');
    if !is_number || text.chars().skip(usize::from(plus)).any(|letter| letter == '+') {
        return None;
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let digits = if plus { digits.as_str() } else { digits.strip_prefix("00").unwrap_or(&digits) };
    // No country code begins with zero.
    ((7..=15).contains(&digits.len()) && !digits.starts_with('0')).then(|| format!("+{digits}"))
}

/// `US.13491208655302741918`: a country and an identifier.
fn is_user_id(id: &str) -> bool {
    id.split_once('.').is_some_and(|(country, rest)| {
        country.len() == 2
            && country.bytes().all(|byte| byte.is_ascii_uppercase())
            && !rest.is_empty()
            && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// The address of one person; a number in it is that number.
fn chat(text: &str) -> Option<String> {
    let (user, server) = text.split_once('@')?;
    let digits = !user.is_empty() && user.bytes().all(|byte| byte.is_ascii_digit());
    match server {
        "c.us" | "s.whatsapp.net" if digits => phone(&format!("+{user}")),
        "lid" if digits => Some(text.to_owned()),
        _ => None,
    }
}

fn email(text: &str) -> Option<String> {
    let (local, domain) = text.rsplit_once('@')?;
    let plain =
        |part: &str| !part.is_empty() && !part.chars().any(|letter| is_unfit(letter) || "@<>,;".contains(letter));
    let dotted = domain.contains('.') && domain.split('.').all(|label| !label.is_empty());
    (plain(local) && plain(domain) && dotted).then(|| text.to_lowercase())
}

fn name(text: &str) -> Option<String> {
    (!text.chars().any(is_unfit) && text.chars().any(char::is_alphanumeric)).then(|| text.to_owned())
}

fn is_unfit(letter: char) -> bool {
    letter.is_whitespace() || letter.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(contacts: Contacts, text: &str) -> Result<String, Malformed> {
        Recipient::parse(contacts, text).map(|recipient| recipient.as_str().to_owned())
    }

    #[test]
    fn a_number_is_one_contact_however_it_is_written() {
        for text in
            ["+49 151 1234 5678", "4915112345678", "0049 (151) 12345678", " +49-151-12345678 ", "+49.151/12345678"]
        {
            for contacts in [Contacts::Phone, Contacts::WhatsApp, Contacts::Waha] {
                assert_eq!(read(contacts, text).as_deref(), Ok("+4915112345678"), "{text:?}");
            }
        }
        for text in ["0151 12345678", "12345", "+1234567890123456", "ana", "+49+151123456", "++4915112345678", "a@b.de"]
        {
            assert_eq!(read(Contacts::Phone, text), Err(Malformed::NotPhone), "{text:?}");
        }
    }

    #[test]
    fn each_platform_has_identifiers_of_its_own() {
        assert_eq!(read(Contacts::WhatsApp, "US.134912086").as_deref(), Ok("US.134912086"));
        assert_eq!(read(Contacts::WhatsApp, "US."), Err(Malformed::NotPhone));
        assert_eq!(read(Contacts::Waha, "4915112345678@c.us").as_deref(), Ok("+4915112345678"));
        assert_eq!(read(Contacts::Waha, "123@lid").as_deref(), Ok("123@lid"));
        assert_eq!(read(Contacts::Waha, "123@g.us"), Err(Malformed::NotPhone));
        assert_eq!(read(Contacts::Email, "Ana@Example.com").as_deref(), Ok("ana@example.com"));
        for text in ["ana", "@example.com", "ana@", "ana@localhost", "a b@c.de", "a@b@c.de", "<a@b.de>", "a@b..de"] {
            assert_eq!(read(Contacts::Email, text), Err(Malformed::NotEmail), "{text:?}");
        }
        assert_eq!(read(Contacts::Named, "24601").as_deref(), Ok("24601"));
        assert_eq!(read(Contacts::Named, "+49 151 12345678").as_deref(), Ok("+4915112345678"));
        assert_eq!(read(Contacts::Named, "+4"), Err(Malformed::NotPhone));
        for text in ["two words", "a\0b", "--"] {
            assert_eq!(read(Contacts::Named, text), Err(Malformed::NotContact), "{text:?}");
        }
    }

    #[test]
    fn nothing_and_too_much_are_told_apart() {
        assert_eq!(read(Contacts::Named, "  "), Err(Malformed::Empty));
        assert_eq!(read(Contacts::Named, &"x".repeat(LONGEST_CONTACT + 1)), Err(Malformed::TooLong));
    }

    #[test]
    fn webhooks_find_whom_a_campaign_wrote_to() {
        let of = |contacts, text| Recipient::parse(contacts, text).unwrap().participant(contacts);
        let person = of(Contacts::WhatsApp, "+4915112345678");
        assert_eq!((person.id.as_str(), person.aliases), ("4915112345678", vec!["+4915112345678".to_owned()]));
        assert_eq!(person.phone.as_deref(), Some("+4915112345678"));
        assert_eq!(of(Contacts::Waha, "4915112345678").id, "4915112345678@c.us");
        assert_eq!(of(Contacts::Phone, "4915112345678").id, "+4915112345678");
        let person = of(Contacts::Email, "Ana@Example.com");
        assert_eq!((person.id.as_str(), person.email.as_deref()), ("ana@example.com", Some("ana@example.com")));
        assert_eq!(of(Contacts::Named, "24601").phone, None);
    }
}
