//! Messages and contacts by the words in them: `tsvector` and GIN on PostgreSQL, FTS5 on SQLite
//! ([decision 16](../../../docs/decisions/0016-words-carry-their-place.md)).
//!
//! What is stored and what is looked for are words of [`patchbay_domain::search`], each with its place before it: the
//! organisation, and of messages the block of the organisation's events in which they were announced. An index of all
//! organisations is so as good as one of each, and of each block: a search reads the newest block, then those before,
//! and is done when it has enough, however common the words are.
//!
//! What is stored is indexed in the same transaction: whoever writes messages or what contacts are called, calls
//! `index_messages` or `index_contacts`.

mod contacts;
mod messages;
mod older;

use patchbay_domain::{
    OrganisationId,
    search::{Phrase, Query},
};
use serde::Serialize;

pub use contacts::ContactHit;
pub(crate) use contacts::{index_contacts, sought};
pub(crate) use messages::{Indexed, forget_messages, index_message, index_messages};
pub(crate) use older::index_older;

use crate::backend::Engine;

/// Of which channels; with none named, of all.
#[derive(Clone, Copy, Debug, Default)]
pub struct SearchFilter<'a> {
    pub channels: &'a [patchbay_domain::ChannelId],
}

/// Words with spaces between, as the index takes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Words(String);

impl Words {
    /// None where there are none.
    fn at(place: &str, words: &[String]) -> Option<Self> {
        let placed: Vec<String> = words.iter().map(|word| format!("{place}{word}")).collect();
        (!placed.is_empty()).then(|| Self(placed.join(" ")))
    }
}

/// What is looked for, at any of these places.
#[derive(Clone, Debug)]
pub(crate) struct Sought {
    query: Query,
    places: Vec<String>,
}

impl Sought {
    /// As the database asks for it. Words are letters and digits only, so that nothing in them means anything else.
    pub(crate) fn text(&self, engine: Engine) -> String {
        let (and, or) = match engine {
            Engine::Postgres => (" & ", " | "),
            Engine::Sqlite => (" AND ", " OR "),
        };
        let at = |place: &String| {
            let phrases: Vec<_> =
                self.query.phrases().iter().map(|phrase| phrase_text(phrase, place, engine)).collect();
            format!("({})", phrases.join(and))
        };
        self.places.iter().map(at).collect::<Vec<_>>().join(or)
    }
}

fn phrase_text(phrase: &Phrase, place: &str, engine: Engine) -> String {
    let words = phrase.words.iter();
    match engine {
        Engine::Postgres => {
            let words: Vec<_> = words.map(|word| format!("'{place}{word}'")).collect();
            format!("({}{})", words.join(" <-> "), if phrase.is_open { ":*" } else { "" })
        }
        Engine::Sqlite => {
            let words: Vec<_> = words.map(|word| format!("{place}{word}")).collect();
            format!("\"{}\"{}", words.join(" "), if phrase.is_open { " *" } else { "" })
        }
    }
}

/// A table of words.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Index {
    Messages,
    Contacts,
}

impl Index {
    /// Its rows that have what the parameter looks for. Those of messages have a `number` that grows with their sequence
    /// and in whose order the database can read them.
    pub(crate) const fn found(self, engine: Engine) -> &'static str {
        match (self, engine) {
            (Self::Messages, Engine::Postgres) => {
                "(select m.sequence as number, m.* from message_words m where m.words @@ to_tsquery('simple', {sought}))"
            }
            (Self::Messages, Engine::Sqlite) => {
                "(select message_words_index.rowid as number, m.message_id, m.organisation_id, m.channel_id, \
                 m.conversation_id, m.sequence from message_words_index cross join message_words m \
                 on m.number = message_words_index.rowid where message_words_index match {sought})"
            }
            (Self::Contacts, Engine::Postgres) => {
                "(select p.* from contact_words p where p.words @@ to_tsquery('simple', {sought}))"
            }
            (Self::Contacts, Engine::Sqlite) => {
                "(select p.contact_id, p.organisation_id from contact_words_index cross join contact_words p \
                 on p.number = contact_words_index.rowid where contact_words_index match {sought})"
            }
        }
    }
}

/// The place of an organisation's contacts, before that of its messages. Two organisations may have the same: rows say
/// whose they are.
fn place(organisation_id: OrganisationId) -> String {
    letters(organisation_id.uuid().as_u128(), 3)
}

/// So many digits of a number to the base of 26. Letters alone, so that no word of digits becomes another kind of word.
fn letters(number: u128, count: usize) -> String {
    let digit = |(_, rest): &(u8, u128)| Some((u8::try_from(rest % 26).unwrap_or_default(), rest / 26));
    let digits = std::iter::successors(digit(&(0, number)), digit);
    digits.take(count).map(|(digit, _)| char::from(b'a' + digit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sought(text: &str, places: &[&str], engine: Engine) -> String {
        let places = places.iter().map(|place| (*place).to_owned()).collect();
        Sought { query: Query::parse(text).unwrap(), places }.text(engine)
    }

    #[test]
    fn each_database_is_asked_in_its_own_words() {
        let text = r#""red shoes" no"#;
        assert_eq!(sought(text, &["a"], Engine::Postgres), "(('ared' <-> 'ashoes') & ('ano':*))");
        assert_eq!(sought(text, &["a"], Engine::Sqlite), r#"("ared ashoes" AND "ano" *)"#);
        assert_eq!(sought("x", &["a", "b"], Engine::Postgres), "(('ax':*)) | (('bx':*))");
        assert_eq!(sought("x", &["a", "b"], Engine::Sqlite), r#"("ax" *) OR ("bx" *)"#);
    }

    #[test]
    fn a_place_is_as_long_as_any_other() {
        assert_eq!(["aaa", "baa", "aba", "zzz"], [0, 1, 26, 17_575].map(|number| letters(number, 3)).as_slice());
        assert_eq!(Words::at("abc", &[]), None);
        assert_eq!(Words::at("abc", &["one".into(), "2".into()]), Some(Words("abcone abc2".into())));
    }
}
