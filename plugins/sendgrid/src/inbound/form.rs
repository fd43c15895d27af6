//! The form of a mail: `multipart/form-data`, each field in a charset of its own, files beside them.

use super::charset;
use memchr::memmem;
use patchbay_plugin_sdk::Webhook;
use serde_json::Value;
use std::borrow::Cow;

/// A mail has some twenty fields; the rest are its files.
const MOST_PARTS: usize = 500;

/// One part as it was posted.
pub struct Part<'a> {
    pub name: String,
    pub file_name: Option<String>,
    pub content_type: Option<String>,
    pub bytes: Cow<'a, [u8]>,
}

pub struct Form<'a> {
    pub parts: Vec<Part<'a>>,
    charsets: Value,
}

impl<'a> Form<'a> {
    pub fn read(webhook: &'a Webhook) -> Result<Self, String> {
        let content_type = webhook.header("content-type").unwrap_or_default();
        let parts = if content_type.trim_start().to_ascii_lowercase().starts_with("multipart/") {
            multipart(&webhook.body, content_type)?
        } else {
            let field = |(name, value): (String, String)| Part {
                name,
                file_name: None,
                content_type: None,
                bytes: Cow::Owned(value.into_bytes()),
            };
            webhook.form()?.into_iter().map(field).collect()
        };
        if parts.len() > MOST_PARTS {
            return Err(too_many());
        }
        let mut form = Self { parts, charsets: Value::Null };
        form.charsets = form.json("charsets").unwrap_or_default();
        Ok(form)
    }

    pub fn field(&self, name: &str) -> Option<&Part<'a>> {
        self.parts.iter().find(|part| part.name == name)
    }

    /// A field as text, in the charset that the form names for it.
    pub fn text(&self, name: &str) -> Option<String> {
        let part = self.field(name)?;
        let of_part = || parameter(part.content_type.as_deref()?, "charset");
        let told = self.charsets.get(name).and_then(Value::as_str);
        let charset = told.map(str::to_owned).or_else(of_part);
        Some(charset::decode(&part.bytes, charset.as_deref())).filter(|text| !text.is_empty())
    }

    /// A field that holds a JSON document.
    pub fn json(&self, name: &str) -> Option<Value> {
        serde_json::from_slice(&self.field(name)?.bytes).ok()
    }
}

/// A form that breaks off is an error: its webhook is kept aside, whole.
fn multipart<'a>(body: &'a [u8], content_type: &str) -> Result<Vec<Part<'a>>, String> {
    let boundary = parameter(content_type, "boundary").filter(|boundary| !boundary.is_empty());
    let boundary = boundary.ok_or("the form names no boundary")?;
    let delimiter = format!("\n--{boundary}");
    let opening = delimiter.get(1..).unwrap_or_default();
    let mut rest = match body.strip_prefix(opening.as_bytes()) {
        Some(rest) => rest,
        None => cut(body, &delimiter).ok_or("the form has no part")?.1,
    };
    let mut parts = Vec::new();
    while !rest.starts_with(b"--") {
        if parts.len() == MOST_PARTS {
            return Err(too_many());
        }
        let (part, after) = cut(rest, &delimiter).ok_or("the form breaks off")?;
        parts.extend(read_part(part));
        rest = after;
    }
    Ok(parts)
}

fn too_many() -> String {
    format!("the form has more than {MOST_PARTS} parts")
}

fn cut<'a>(bytes: &'a [u8], delimiter: &str) -> Option<(&'a [u8], &'a [u8])> {
    let position = memmem::find(bytes, delimiter.as_bytes())?;
    Some((bytes.get(..position)?, bytes.get(position + delimiter.len()..)?))
}

/// The line of the delimiter, headers, an empty line, and the bytes up to the line break before the next delimiter.
fn read_part(part: &[u8]) -> Option<Part<'_>> {
    let (_, part) = cut(part, "\n")?;
    let (head, bytes) = match part.strip_prefix(b"\r\n") {
        Some(bytes) => (&[][..], bytes),
        None => ["\r\n\r\n", "\n\n"].into_iter().filter_map(|end| cut(part, end)).min_by_key(|(head, _)| head.len())?,
    };
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    // A file's name is written in whatever charset the mail had.
    let head = charset::decode(head, None);
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(key, _)| key.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
    };
    let disposition = header("content-disposition")?;
    Some(Part {
        name: parameter(&disposition, "name")?,
        file_name: parameter(&disposition, "filename"),
        content_type: header("content-type"),
        bytes: Cow::Borrowed(bytes),
    })
}

/// `name=value` or `name="value"` after the first semicolon of a header.
pub fn parameter(header: &str, name: &str) -> Option<String> {
    let mut rest = header.split_once(';')?.1;
    loop {
        let (key, value) = rest.split_once('=')?;
        let (value, after) = match value.trim_start().strip_prefix('"') {
            Some(quoted) => unquoted(quoted),
            None => {
                let (value, after) = value.split_once(';').unwrap_or((value, ""));
                (value.trim().to_owned(), after)
            }
        };
        let key = key.rsplit(';').next().unwrap_or(key).trim();
        if key.eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = after;
    }
}

/// Up to the closing quotation mark; a backslash keeps a quotation mark inside.
fn unquoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut letters = text.char_indices().peekable();
    while let Some((position, letter)) = letters.next() {
        match letter {
            '"' => return (value, text.get(position + 1..).unwrap_or_default()),
            '\\' if letters.peek().is_some_and(|(_, next)| *next == '"') => {
                letters.next();
                value.push('"');
            }
            _ => value.push(letter),
        }
    }
    (value, "")
}
