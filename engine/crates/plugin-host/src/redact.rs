//! Takes a channel's secrets out of what comes back from outside: a platform may repeat the address that it was
//! called under, and with it what stood in its path or query. Whatever is read of an answer afterwards, by a
//! connector or by a person, has passed here.

use std::borrow::Cow;

use crate::SecretMap;

/// What stands in a secret's place.
const REDACTED: &[u8] = b"[redacted]";
/// What is shorter may be an ordinary word; it would tear up texts that have nothing to do with it.
const SHORTEST: usize = 8;

/// The secrets of a channel, recognised however an address or a text writes them: nobody has to escape a letter, and
/// anybody may.
pub struct Redactor {
    /// The longest first: one may be the beginning of another.
    secrets: Vec<Vec<u8>>,
}

impl Redactor {
    pub fn of(secrets: &SecretMap) -> Self {
        let long = secrets.iter().map(|(_, value)| value.as_bytes().to_vec()).filter(|value| value.len() >= SHORTEST);
        let mut secrets: Vec<_> = long.collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self { secrets }
    }

    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.cleaned(text.as_bytes()) {
            Some(clean) => Cow::Owned(String::from_utf8_lossy(&clean).into_owned()),
            None => Cow::Borrowed(text),
        }
    }

    pub fn bytes(&self, bytes: Vec<u8>) -> Vec<u8> {
        self.cleaned(&bytes).unwrap_or(bytes)
    }

    /// Nothing where there is no secret in it.
    fn cleaned(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut clean: Option<Vec<u8>> = None;
        let (mut rest, mut done) = (bytes, 0);
        while let Some((first, behind)) = rest.split_first() {
            if let Some(length) = self.secrets.iter().find_map(|secret| length(rest, secret)) {
                let clean = clean.get_or_insert_with(|| bytes.get(..done).unwrap_or_default().to_vec());
                clean.extend_from_slice(REDACTED);
                rest = rest.get(length..).unwrap_or_default();
                done += length;
            } else {
                if let Some(clean) = &mut clean {
                    clean.push(*first);
                }
                rest = behind;
                done += 1;
            }
        }
        clean
    }
}

/// How much of the text writes the secret that it begins with, if it does.
fn length(text: &[u8], secret: &[u8]) -> Option<usize> {
    // A percent sign may be a letter of the secret or the beginning of an escape: both are followed.
    let mut ends = Ends::at_the_beginning();
    for letter in secret {
        ends = ends.behind(text, *letter)?;
    }
    ends.longest()
}

/// Where in the text the part of the secret that was read so far may end. These are enough for all but secrets that
/// consist of percent signs.
#[derive(Clone, Copy)]
struct Ends([Option<usize>; 4]);

impl Ends {
    fn at_the_beginning() -> Self {
        Self([Some(0), None, None, None])
    }

    /// After one more letter, however it is written; nothing where it is not.
    fn behind(self, text: &[u8], letter: u8) -> Option<Self> {
        let mut next = [None; 4];
        for end in self.0.into_iter().flatten() {
            let rest = text.get(end..).unwrap_or_default();
            for width in widths(rest, letter).into_iter().flatten() {
                let reached = Some(end + width);
                if !next.contains(&reached)
                    && let Some(free) = next.iter_mut().find(|place| place.is_none())
                {
                    *free = reached;
                }
            }
        }
        next.iter().any(Option::is_some).then_some(Self(next))
    }

    fn longest(self) -> Option<usize> {
        self.0.into_iter().flatten().max()
    }
}

/// As itself, escaped once or twice in an address, as a space in a form, escaped in JSON.
fn widths(text: &[u8], letter: u8) -> [Option<usize>; 6] {
    let is = |holds: bool, width: usize| holds.then_some(width);
    let escaped = |prefix: &[u8]| text.strip_prefix(prefix).is_some_and(|digits| begins_with_hex(digits, letter));
    [
        is(text.first() == Some(&letter), 1),
        is(escaped(b"%"), 3),
        is(escaped(b"%25"), 5),
        is(letter == b' ' && text.first() == Some(&b'+'), 1),
        is(matches!(text, [b'\\', behind, ..] if *behind == letter), 2),
        is(escaped(b"\\u00"), 6),
    ]
}

fn begins_with_hex(digits: &[u8], letter: u8) -> bool {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    match digits {
        [high, low, ..] => {
            digit(*high).zip(digit(*low)).is_some_and(|(high, low)| high * 16 + low == u32::from(letter))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "123:AB-/C?d#e %25\"ä";

    fn redactor() -> Redactor {
        let secrets = [("token", TOKEN), ("short", "word"), ("longer", "123:AB-/C?d#e %25\"ä and more")];
        Redactor::of(&secrets.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    #[test]
    fn a_secret_is_taken_out_however_it_is_written() {
        for form in [
            TOKEN,
            "123%3AAB-%2FC%3Fd%23e%20%2525%22%C3%A4",
            "123%3aAB%2d%2fC%3fd%23e%20%2525%22%c3%a4",
            "123:AB-%2FC%3Fd%23e%20%2525%22%C3%A4",
            "123%3AAB-%2FC%3Fd%23e+%2525%22%C3%A4",
            "123%253AAB-%252FC%253Fd%2523e%2520%252525%2522%25C3%25A4",
            "123:AB-/C?d#e %25\\\"ä",
            "123:AB-\\/C?d#e %25\\u0022ä",
        ] {
            let text = format!("GET /bot{form}/send and /bot{form}/receive");
            assert_eq!(redactor().text(&text), "GET /bot[redacted]/send and /bot[redacted]/receive", "{form}");
            let bytes = redactor().bytes(text.into_bytes());
            assert_eq!(bytes, b"GET /bot[redacted]/send and /bot[redacted]/receive", "{form}");
        }
    }

    #[test]
    fn nothing_of_a_longer_secret_stays() {
        assert_eq!(redactor().text("123:AB-/C?d#e %25\"ä and more, a word"), "[redacted], a word");
    }

    #[test]
    fn what_holds_none_stays_as_it_is() {
        assert!(matches!(redactor().text("a word"), Cow::Borrowed("a word")));
        assert!(matches!(redactor().text("123:AB-/C?d#e %2"), Cow::Borrowed(_)), "not the whole of it");
        assert_eq!(redactor().bytes(vec![0, 255, b'%', b'\\']), [0, 255, b'%', b'\\']);
    }
}
