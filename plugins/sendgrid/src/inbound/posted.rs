//! A mail as SendGrid reads it: its headers in one field, its texts and files in others.

use super::file;
use super::form::Form;
use super::headers::{self, Headers, Person};
use super::mime::Mail;
use mail_parser::MessageParser;
use patchbay_plugin_sdk::Attachment;
use serde_json::Value;

pub fn read(form: &Form<'_>) -> Mail {
    let block = form.text("headers").unwrap_or_default();
    // An empty line before the headers would end them.
    let block = format!("{}\r\n\r\n", block.trim());
    let mut headers = MessageParser::default()
        .parse_headers(block.as_bytes())
        .map(|message| Headers::of(&message))
        .unwrap_or_default();
    // These fields are decoded already.
    headers.from = form.text("from").and_then(|line| people(&line).into_iter().next()).or(headers.from);
    headers.subject = form.text("subject").or(headers.subject);
    for (name, known) in [("to", &mut headers.to), ("cc", &mut headers.cc)] {
        if let Some(line) = form.text(name) {
            *known = people(&line);
        }
    }
    Mail { headers, text: form.text("text"), html: form.text("html"), files: files(form), left_out: 0 }
}

/// The people of an address line.
pub fn people(line: &str) -> Vec<Person> {
    let header = format!("From: {}\r\n\r\n", line.replace(['\r', '\n'], " "));
    let message = MessageParser::default().parse_headers(header.as_bytes());
    message.map(|message| headers::people(message.from())).unwrap_or_default()
}

/// `attachment1`, `attachment2` and so on, with what the form says about them beside.
fn files(form: &Form<'_>) -> Vec<(Attachment, Option<String>)> {
    let info = form.json("attachment-info").unwrap_or_default();
    let ids = form.json("content-ids").unwrap_or_default();
    let mut files: Vec<_> = form.parts.iter().filter_map(|part| Some((number(&part.name)?, part))).collect();
    files.sort_by_key(|(number, _)| *number);
    let read = |(_, part): (u32, &super::form::Part<'_>)| {
        let told = |field: &str| Some(info.get(&part.name)?.get(field)?.as_str()?.to_owned());
        let name = part.file_name.clone().or_else(|| told("filename")).or_else(|| told("name"));
        let mime_type = told("type").or_else(|| part.content_type.clone());
        let named =
            |ids: &Value| Some(ids.as_object()?.iter().find(|(_, name)| name.as_str() == Some(&part.name))?.0.clone());
        let id = told("content-id").or_else(|| named(&ids)).map(|id| id.trim_matches(['<', '>']).to_owned());
        (file::attachment(&part.bytes, mime_type.as_deref(), name), id)
    };
    files.into_iter().map(read).collect()
}

fn number(name: &str) -> Option<u32> {
    name.strip_prefix("attachment")?.parse().ok()
}
