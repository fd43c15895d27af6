//! Reads a long list of contacts as it arrives: `{"recipients": […]}`, `[…]`, or
//! one JSON text per line. Whatever its length, no more is held of it than one
//! contact and what the network brought.

use patchbay_domain::campaign::{LONGEST_CONTACT, Malformed};

/// No contact is longer, however its letters are escaped.
const LONGEST: usize = LONGEST_CONTACT * 12 + 2;
const FIELD: &[u8] = br#""recipients""#;

/// Why the rest of a body cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("recipients must be a list of contacts")]
    NoList,
    #[error("the body is not the JSON that it should be")]
    NotJson,
    #[error("the body ends before its list does")]
    Cut,
}

pub type Contact = Result<String, Malformed>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Start,
    /// In the object, before a name or its end; the first one needs no comma.
    Name {
        first: bool,
    },
    Colon {
        wanted: bool,
    },
    Field {
        wanted: bool,
    },
    AfterField,
    /// In the list.
    Item {
        first: bool,
    },
    AfterItem,
    Line,
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Text {
        escaped: bool,
    },
    /// Lists and objects.
    Nested {
        depth: usize,
        in_text: bool,
        escaped: bool,
    },
    /// Numbers and words.
    Plain,
}

/// A value that is being read.
#[derive(Debug)]
struct Value {
    shape: Shape,
    bytes: Vec<u8>,
    is_long: bool,
}

enum Step {
    More,
    Whole,
    /// It ended before this byte.
    Before,
}

#[derive(Debug)]
pub struct ListReader {
    place: Place,
    in_object: bool,
    found: bool,
    value: Option<Value>,
}

impl ListReader {
    /// `lines` where each line is a contact.
    pub fn new(lines: bool) -> Self {
        let place = if lines { Place::Line } else { Place::Start };
        Self { place, in_object: false, found: lines, value: None }
    }

    /// Adds the contacts that are complete with these bytes.
    pub fn read(&mut self, bytes: &[u8], contacts: &mut Vec<Contact>) -> Result<(), Broken> {
        bytes.iter().try_for_each(|byte| self.step(*byte, contacts))
    }

    pub fn finish(mut self, contacts: &mut Vec<Contact>) -> Result<(), Broken> {
        if self.place == Place::Line {
            return match self.value.take() {
                Some(value) if value.shape == Shape::Plain => value.contact().map(|contact| contacts.push(contact)),
                Some(_) => Err(Broken::Cut),
                None => Ok(()),
            };
        }
        match self.place {
            Place::End | Place::Start if !self.found => Err(Broken::NoList),
            Place::End => Ok(()),
            _ => Err(Broken::Cut),
        }
    }

    fn step(&mut self, byte: u8, contacts: &mut Vec<Contact>) -> Result<(), Broken> {
        if let Some(value) = &mut self.value {
            match value.step(byte) {
                Step::More => return Ok(()),
                Step::Whole => return self.whole(contacts),
                Step::Before => self.whole(contacts)?,
            }
        }
        if byte.is_ascii_whitespace() {
            return Ok(());
        }
        self.place = match (self.place, byte) {
            (Place::Start, b'{') => {
                self.in_object = true;
                Place::Name { first: true }
            }
            (Place::Start | Place::Field { wanted: true }, b'[') => {
                self.found = true;
                Place::Item { first: true }
            }
            (Place::Field { wanted: true }, _) => return Err(Broken::NoList),
            (Place::AfterField, b',') => Place::Name { first: false },
            (Place::Colon { wanted }, b':') => Place::Field { wanted },
            (Place::Item { first: true } | Place::AfterItem, b']') if self.in_object => Place::AfterField,
            (Place::Name { first: true } | Place::AfterField, b'}')
            | (Place::Item { first: true } | Place::AfterItem, b']') => Place::End,
            (Place::AfterItem, b',') => Place::Item { first: false },
            (Place::Name { .. }, b'"') | (Place::Field { .. } | Place::Item { .. } | Place::Line, _) => {
                self.value = Some(Value::begin(byte)?);
                return Ok(());
            }
            _ => return Err(Broken::NotJson),
        };
        Ok(())
    }

    fn whole(&mut self, contacts: &mut Vec<Contact>) -> Result<(), Broken> {
        let Some(value) = self.value.take() else { return Ok(()) };
        self.place = match self.place {
            Place::Name { .. } => Place::Colon { wanted: value.bytes == FIELD },
            Place::Field { .. } => Place::AfterField,
            Place::Line => {
                contacts.push(value.contact()?);
                Place::Line
            }
            _ => {
                contacts.push(value.contact()?);
                Place::AfterItem
            }
        };
        Ok(())
    }
}

impl Value {
    fn begin(byte: u8) -> Result<Self, Broken> {
        let shape = match byte {
            b'"' => Shape::Text { escaped: false },
            b'[' | b'{' => Shape::Nested { depth: 1, in_text: false, escaped: false },
            b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => Shape::Plain,
            _ => return Err(Broken::NotJson),
        };
        Ok(Self { shape, bytes: vec![byte], is_long: false })
    }

    fn step(&mut self, byte: u8) -> Step {
        if self.shape == Shape::Plain && (byte.is_ascii_whitespace() || b",]}".contains(&byte)) {
            return Step::Before;
        }
        if self.bytes.len() < LONGEST {
            self.bytes.push(byte);
        } else {
            self.is_long = true;
        }
        let ends = match &mut self.shape {
            Shape::Plain => false,
            Shape::Text { escaped } => {
                let ends = byte == b'"' && !*escaped;
                *escaped = byte == b'\\' && !*escaped;
                ends
            }
            Shape::Nested { in_text: in_text @ true, escaped, .. } => {
                *in_text = byte != b'"' || *escaped;
                *escaped = byte == b'\\' && !*escaped;
                false
            }
            Shape::Nested { depth, in_text, .. } => {
                match byte {
                    b'"' => *in_text = true,
                    b'[' | b'{' => *depth += 1,
                    b']' | b'}' => *depth -= 1,
                    _ => {}
                }
                *depth == 0
            }
        };
        if ends { Step::Whole } else { Step::More }
    }

    /// What a person may be called; anything but a text is nobody.
    fn contact(self) -> Result<Contact, Broken> {
        if self.is_long {
            return Ok(Err(Malformed::TooLong));
        }
        match serde_json::from_slice(&self.bytes) {
            Ok(serde_json::Value::String(text)) => Ok(Ok(text)),
            Ok(_) => Ok(Err(Malformed::NotText)),
            Err(_) => Err(Broken::NotJson),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_in(body: &str, size: usize, lines: bool) -> Result<Vec<Contact>, Broken> {
        let (mut reader, mut contacts) = (ListReader::new(lines), Vec::new());
        for chunk in body.as_bytes().chunks(size) {
            reader.read(chunk, &mut contacts)?;
        }
        reader.finish(&mut contacts).map(|()| contacts)
    }

    /// The same however the network cuts it.
    fn read(body: &str) -> Result<Vec<Contact>, Broken> {
        let whole = read_in(body, body.len().max(1), false);
        for size in 1..=7 {
            assert_eq!(read_in(body, size, false), whole, "{body} in pieces of {size}");
        }
        whole
    }

    fn texts(contacts: &[&str]) -> Vec<Contact> {
        contacts.iter().map(|text| Ok((*text).to_owned())).collect()
    }

    #[test]
    fn a_list_is_found_wherever_it_stands() {
        for body in [
            r#"{"recipients":["a","b"]}"#,
            r#" [ "a" , "b" ] "#,
            r#"{"x": {"recipients": ["no", "]}\""]}, "recipients" : ["a","b"], "y": [1, {"z": "}"}], "w": null}"#,
            "{\n\"n\": -1.5e3,\n\"recipients\": [\"a\",\n\"b\"]\n}\n",
        ] {
            assert_eq!(read(body), Ok(texts(&["a", "b"])), "{body}");
        }
        assert_eq!(read("[]"), Ok(texts(&[])));
        assert_eq!(read(r#"{"recipients":[]}"#), Ok(texts(&[])));
    }

    #[test]
    fn letters_are_read_as_json_writes_them() {
        assert_eq!(read(r#"["\u00fc\"\\", "é]\n,"]"#), Ok(texts(&["ü\"\\", "é]\n,"])));
    }

    #[test]
    fn what_is_no_text_is_no_contact() {
        let long = format!("\"{}\"", "x".repeat(LONGEST * 2));
        let body = format!(r#"["a", 5, null, {{"b": [1]}}, ["c"], {long}, "d"]"#);
        let no = Err(Malformed::NotText);
        let expected =
            vec![Ok("a".into()), no.clone(), no.clone(), no.clone(), no, Err(Malformed::TooLong), Ok("d".into())];
        assert_eq!(read(&body), Ok(expected));
    }

    #[test]
    fn what_is_no_list_is_told() {
        for body in ["", "{}", r#"{"recipient":["a"]}"#, r#"{"recipients":"a"}"#, r#"{"recipients":{"a":1}}"#] {
            assert_eq!(read(body), Err(Broken::NoList), "{body}");
        }
        for body in [r#"["a" "b"]"#, r#"["a",]"#, r#"[,"a"]"#, r#"["a"]x"#, r#"{"recipients":["a"],}"#, "x", r"[true1]"]
        {
            assert_eq!(read(body), Err(Broken::NotJson), "{body}");
        }
        for body in [r#"["a""#, r#"["a"#, r#"{"recipients":["a"]"#, "[", "{"] {
            assert_eq!(read(body), Err(Broken::Cut), "{body}");
        }
    }

    #[test]
    fn lines_are_contacts() {
        for size in 1..5 {
            assert_eq!(read_in("\"a\"\n\"b\"\r\n\n", size, true), Ok(texts(&["a", "b"])));
            assert_eq!(read_in("\"a\"\n5", size, true), Ok(vec![Ok("a".into()), Err(Malformed::NotText)]));
            assert_eq!(read_in("\"a", size, true), Err(Broken::Cut));
        }
    }
}
