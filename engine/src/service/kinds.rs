//! Kinds of channels, for whom a number is a number whoever carries it.
//!
//! To add a connector to a kind: its channel type here.

use patchbay_domain::{ConversationId, platform::Participant};
use patchbay_store::{channels::Channel, conversations::Opening};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sms,
    WhatsApp,
    Email,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::Sms, Self::WhatsApp, Self::Email];

    /// The types of channels of this kind, the preferred one first.
    pub const fn types(self) -> &'static [&'static str] {
        match self {
            // The mock's contacts are telephone numbers.
            Self::Sms => &["TWILIO_SMS", "MOCK"],
            Self::WhatsApp => &["WHATSAPP", "TWILIO_WHATSAPP", "WAHA"],
            Self::Email => &["EMAIL"],
        }
    }

    pub const fn word(self) -> &'static str {
        match self {
            Self::Sms => "SMS",
            Self::WhatsApp => "WhatsApp",
            Self::Email => "Email",
        }
    }

    pub fn of(channel_type: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.types().contains(&channel_type))
    }
}

/// An address as it is compared: without the prefix that some write before WhatsApp numbers.
pub fn bare(address: &str) -> &str {
    let address = address.trim();
    address.strip_prefix("whatsapp:").unwrap_or(address)
}

/// Whether both are the same number or the same e-mail address.
pub fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (bare(one), bare(other));
    match (digits(one), digits(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one.eq_ignore_ascii_case(other),
    }
}

/// The digits of a telephone number, however a platform writes it.
pub fn digits(address: &str) -> Option<String> {
    let address = address.strip_suffix("@c.us").unwrap_or(address);
    let is_number = address.chars().all(|letter| letter.is_ascii_digit() || "+-(). /".contains(letter));
    let digits: String = address.chars().filter(char::is_ascii_digit).collect();
    (is_number && (7..=15).contains(&digits.len())).then_some(digits)
}

/// The addresses under which a channel sends.
pub fn addresses(channel: &Channel) -> Vec<String> {
    let setting = |name: &str| channel.config.get(name).and_then(|value| value.as_str()).map(ToOwned::to_owned);
    let known = [channel.address.clone(), channel.session_phone.clone(), setting("from"), setting("fromEmail")];
    known.into_iter().flatten().collect()
}

/// A conversation with somebody who has this address, on a channel of this type.
pub fn opening(channel_type: &str, address: &str, name: Option<String>) -> Opening {
    let address = bare(address);
    let (id, phone, email) = match digits(address) {
        Some(digits) => {
            let phone = format!("+{digits}");
            let id = match channel_type {
                "WAHA" => format!("{digits}@c.us"),
                "WHATSAPP" => digits,
                _ => phone.clone(),
            };
            (id, Some(phone), None)
        }
        None => (address.to_lowercase(), None, Some(address.to_lowercase())),
    };
    let participant = Participant { id: id.clone(), name, phone, email, ..Participant::default() };
    Opening { thread: id, group: false, participant }
}

/// The conversation of those that has this address.
pub fn with_address(known: &[(ConversationId, Vec<String>)], address: &str) -> Option<ConversationId> {
    let named = |(_, names): &&(ConversationId, Vec<String>)| names.iter().any(|name| is_same(name, address));
    known.iter().find(named).map(|(id, _)| *id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_the_same_however_it_is_written() {
        for (one, other) in [
            ("whatsapp:+4915112345678", "+49 151 12345678"),
            ("4915112345678@c.us", "+4915112345678"),
            ("Ann@Example.com", "ann@example.com"),
        ] {
            assert!(is_same(one, other), "{one} {other}");
        }
        assert!(!is_same("+4915112345678", "+4915112345679"));
        assert!(!is_same("ann@example.com", "+4915112345678"));
    }

    #[test]
    fn each_type_names_a_number_in_its_own_way() {
        let thread = |channel_type| opening(channel_type, "whatsapp:+49 151 12345678", None).thread;
        assert_eq!(thread("WAHA"), "4915112345678@c.us");
        assert_eq!(thread("WHATSAPP"), "4915112345678");
        assert_eq!(thread("TWILIO_WHATSAPP"), "+4915112345678");
        assert_eq!(opening("EMAIL", "Ann@Example.com", None).participant.email.as_deref(), Some("ann@example.com"));
    }

    #[test]
    fn a_type_is_of_one_kind_at_most() {
        assert_eq!(Kind::of("TWILIO_SMS"), Some(Kind::Sms));
        assert_eq!(Kind::of("WAHA"), Some(Kind::WhatsApp));
        assert_eq!(Kind::of("FACEBOOK"), None);
    }
}
