//! Texts that people give, checked once: who holds one of these types need not
//! check again. Each error completes the sentence "this field …", so that every
//! dialect can put its own field name before it.
//!
//! To add one: a private field, [`FromText`] with its rule, and a line in the tests.

use std::fmt;

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
}

/// A new password. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

impl FromText for Password {
    fn from_text(text: &str) -> Result<Self, String> {
        match text.chars().count() {
            0..8 => Err("must be at least 8 characters long".to_owned()),
            8..=128 => Ok(Self(text.to_owned())),
            _ => Err("must be at most 128 characters long".to_owned()),
        }
    }
}

impl FromText for String {
    fn from_text(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("must not be empty".to_owned()) } else { Ok(text.to_owned()) }
    }
}

fn name(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err("must not be empty".to_owned()),
        1..=200 if text.chars().any(char::is_control) => Err("must be one line of plain text".to_owned()),
        1..=200 => Ok(text.to_owned()),
        _ => Err("must be at most 200 characters long".to_owned()),
    }
}

fn email(text: &str) -> Result<String, String> {
    let text = text.trim().to_lowercase();
    let labels = |domain: &str| {
        domain.contains('.')
            && domain.split('.').all(|label| {
                !label.is_empty()
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && label.chars().all(|letter| letter.is_alphanumeric() || letter == '-')
            })
    };
    let local = |local: &str| {
        (1..=64).contains(&local.len())
            && !local
                .chars()
                .any(|letter| letter.is_whitespace() || letter.is_control() || "@<>()[]\\,;:\"".contains(letter))
    };
    let valid = text.len() <= 254 && text.rsplit_once('@').is_some_and(|(name, domain)| local(name) && labels(domain));
    if valid { Ok(text) } else { Err("must be an e-mail address".to_owned()) }
}

fn subject(text: &str) -> Result<String, String> {
    match text.trim().chars().count() {
        0 => Err("must not be empty".to_owned()),
        1..=1_000 => storable(text.trim()),
        _ => Err("must be at most 1000 characters long".to_owned()),
    }
}

fn message(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("must not be empty".to_owned());
    }
    storable(text)
}

fn external_id(text: &str) -> Result<String, String> {
    match text.chars().count() {
        0 => Err("must not be empty".to_owned()),
        1..=500 => storable(text),
        _ => Err("must be at most 500 characters long".to_owned()),
    }
}

fn storable(text: &str) -> Result<String, String> {
    if text.contains('\0') { Err(NO_NUL.to_owned()) } else { Ok(text.to_owned()) }
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
    fn names_are_trimmed_lines() {
        assert_eq!(Name::from_text("  Ada ").unwrap().as_str(), "Ada");
        for wrong in ["", "   ", "a\nb", "a\0b", &"x".repeat(201)] {
            assert!(Name::from_text(wrong).is_err(), "{wrong:?}");
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
