//! Texts that people give, checked once: who holds one of these types need not
//! check again. Each error completes the sentence "this field …", so that every
//! dialect can put its own field name before it.
//!
//! To add one: a line below, its rule in `rules.rs`, and a line in the tests.

mod passwords;
mod rules;

pub use passwords::{Password, StrongPassword};
use rules::{email, external_id, handle, message, name, notes, phone, slug, subject, tag};
use serde_json::Value;

pub trait FromText: Sized {
    /// The value, or what is wrong with it.
    fn from_text(text: &str) -> Result<Self, String>;
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident: $check:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }

            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl FromText for $name {
            fn from_text(text: &str) -> Result<Self, String> {
                $check(text).map(Self)
            }
        }
    )*};
}

texts! {
    /// What people and things are called.
    Name: name;
    /// In lower case, so that it is the same account however it is typed.
    EmailAddress: email;
    /// What a ticket is about.
    Subject: subject;
    /// What a message says.
    MessageText: message;
    /// An identifier that another system gave.
    ExternalId: external_id;
    /// With which somebody without an e-mail address logs in.
    Username: handle;
    /// What a session is called, here and on its server.
    SessionName: handle;
    /// In E.164, however it was written.
    PhoneNumber: phone;
    /// What people note about somebody.
    Notes: notes;
    /// A word by which things are found again.
    Tag: tag;
    /// What an organisation is called in addresses.
    Slug: slug;
}

impl FromText for String {
    fn from_text(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("must not be empty".to_owned()) } else { Ok(text.to_owned()) }
    }
}

/// PostgreSQL keeps no such character.
pub const NO_NUL: &str = "must not contain the character U+0000";

/// Whether every text in it can be stored.
pub fn is_storable(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => !text.contains('\0'),
        Value::Array(items) => items.iter().all(is_storable),
        Value::Object(fields) => fields.iter().all(|(name, value)| !name.contains('\0') && is_storable(value)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn addresses_are_one_account_however_typed() {
        assert_eq!(EmailAddress::from_text(" Ada.L+x@Example.COM ").unwrap().as_str(), "ada.l+x@example.com");
        for wrong in [
            "",
            "ada",
            "ada@",
            "@example.com",
            "ada@localhost",
            "a b@example.com",
            "ada@-x.com",
            "a@b@c.de",
            "a\0@b.de",
        ] {
            assert!(EmailAddress::from_text(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn passwords_are_long_enough_and_never_shown() {
        assert!(Password::from_text("1234567").is_err());
        assert!(Password::from_text(&"x".repeat(129)).is_err());
        assert_eq!(format!("{:?}", Password::from_text("12345678").unwrap()), "Password(…)");
    }

    #[test]
    fn a_strong_password_mixes_its_letters() {
        assert!(StrongPassword::from_text("SecurePass123").is_ok());
        for weak in ["securepass123", "SECUREPASS123", "SecurePassword", "Sh0rt"] {
            assert!(StrongPassword::from_text(weak).is_err(), "{weak}");
        }
    }

    #[test]
    fn handles_are_plain() {
        assert_eq!(Username::from_text(" john_doe ").unwrap().as_str(), "john_doe");
        for wrong in ["jo", "john doe", "jöhn", "john@example.com", "john.doe", &"x".repeat(51)] {
            assert!(Username::from_text(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn names_are_trimmed_lines() {
        assert_eq!(Name::from_text("  Ada ").unwrap().as_str(), "Ada");
        for wrong in ["", "   ", "a\nb", "a\0b", &"x".repeat(201)] {
            assert!(Name::from_text(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_number_has_its_country() {
        let read = |text| PhoneNumber::from_text(text).map(PhoneNumber::into_string);
        for written in ["+49 (151) 123-45678", "0049 151 12345678", "whatsapp:+4915112345678", "4915112345678"] {
            assert_eq!(read(written).as_deref(), Ok("+4915112345678"), "{written}");
        }
        for wrong in
            ["", "9812345678", "0151 12345678", "+0151 12345678", "12345", "ann@example.com", "+1234567890123456"]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn slugs_fit_into_addresses() {
        assert!(Slug::from_text("acme-2").is_ok());
        for wrong in ["a", "Acme", "a b", "ü-1"] {
            assert!(Slug::from_text(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn messages_keep_their_spaces_and_lines() {
        assert_eq!(MessageText::from_text(" hi\n there ").unwrap().as_str(), " hi\n there ");
        assert!(MessageText::from_text(" \n ").is_err());
        assert!(MessageText::from_text("a\0").is_err());
    }

    #[test]
    fn what_cannot_be_stored_is_found_at_any_depth() {
        assert!(is_storable(&json!({"a": [1, "b", {"c": null}]})));
        assert!(!is_storable(&json!({"a": [{"b": "x\0"}]})));
        assert!(!is_storable(&json!({"a\0": 1})));
    }
}
