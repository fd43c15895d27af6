//! Passwords that people choose.

use std::fmt;

use super::FromText;

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

/// A new password where it has to be hard to guess. Never shown.
#[derive(Debug, PartialEq, Eq)]
pub struct StrongPassword(Password);

impl StrongPassword {
    pub fn into_string(self) -> String {
        self.0.into_string()
    }
}

impl FromText for StrongPassword {
    fn from_text(text: &str) -> Result<Self, String> {
        let password = Password::from_text(text)?;
        let has = |is: fn(char) -> bool| text.chars().any(is);
        if has(char::is_lowercase) && has(char::is_uppercase) && has(char::is_numeric) {
            Ok(Self(password))
        } else {
            Err("must have a small letter, a capital letter and a digit".to_owned())
        }
    }
}
