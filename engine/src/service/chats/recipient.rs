//! Whom a message of a session is for.

use patchbay_domain::platform::Participant;
use patchbay_store::conversations::Opening;

use crate::service::fields::FromText;

/// Somebody to write to: a telephone number, or a chat as WhatsApp names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// As WAHA takes it.
    chat: String,
    /// In E.164.
    pub(super) phone: Option<String>,
    is_group: bool,
}

impl FromText for Recipient {
    fn from_text(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (user, server) = text.split_once('@').unwrap_or((text, "c.us"));
        let (chat, is_group) = match server {
            "c.us" | "s.whatsapp.net" => {
                let digits = number(user).ok_or_else(|| UNREADABLE.to_owned())?;
                return Ok(Self { chat: format!("{digits}@c.us"), phone: Some(format!("+{digits}")), is_group: false });
            }
            "lid" => (text, false),
            "g.us" => (text, true),
            _ => return Err(UNREADABLE.to_owned()),
        };
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
        if user.is_empty() || user.len() > LONGEST_NAME || !user.chars().all(is_name) {
            return Err(UNREADABLE.to_owned());
        }
        Ok(Self { chat: chat.to_owned(), phone: None, is_group })
    }
}

const UNREADABLE: &str = "must be a telephone number with its country, or the chat of a person or a group";
const LONGEST_NAME: usize = 64;

/// Its digits, however people write it.
fn number(text: &str) -> Option<String> {
    let is_number = text.chars().all(|letter| letter.is_ascii_digit() || "+-(). /".contains(letter));
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    (is_number && (2..=15).contains(&digits.len()) && !digits.starts_with('0')).then_some(digits)
}

impl Recipient {
    pub(super) fn opening(&self) -> Opening {
        let Self { chat, phone, is_group } = self.clone();
        let participant = Participant { id: chat.clone(), phone, ..Participant::default() };
        Opening { thread: chat, group: is_group, participant }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_shown_of_a_chat_can_be_written_to() {
        let of = |text| {
            let Recipient { chat, phone, is_group } = Recipient::from_text(text).unwrap();
            (chat, phone, is_group)
        };
        let number = ("4915112345678@c.us".to_owned(), Some("+4915112345678".to_owned()), false);
        for text in ["+4915112345678", "49 151 12345678", "4915112345678@c.us", "4915112345678@s.whatsapp.net"] {
            assert_eq!(of(text), number, "{text}");
        }
        assert_eq!(of("123-456@g.us"), ("123-456@g.us".to_owned(), None, true));
        assert_eq!(of("123@lid"), ("123@lid".to_owned(), None, false));
        for wrong in
            ["", "+", "1", "012345", "1234567890123456", "ann@example.com", "@g.us", "a b@g.us", "x@newsletter"]
        {
            assert!(Recipient::from_text(wrong).is_err(), "{wrong}");
        }
    }
}
