//! A mail as it was sent, in the form's field `email`, where the channel's address is set to take mails raw.

use super::headers::Headers;
use super::text::{LONGEST_HTML, beginning};
use super::{charset, file};
use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::html::{html_to_text, text_to_html};
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{Encoding, Message, MessageParser, MessagePart, MimeHeaders, PartType};
use patchbay_plugin_sdk::Attachment;
use std::borrow::Cow;

/// Files of one mail.
const MOST_FILES: usize = 500;

pub struct Mail {
    pub headers: Headers,
    pub text: Option<String>,
    pub html: Option<String>,
    pub files: Vec<(Attachment, Option<String>)>,
    /// How many files more it has than are taken.
    pub left_out: usize,
}

pub fn read(bytes: &[u8]) -> Option<Mail> {
    // An empty line before the headers would end them.
    let message = MessageParser::default().parse(bytes.trim_ascii_start())?;
    let file = |part| (attachment(&message, part), MimeHeaders::content_id(part).map(str::to_owned));
    let files = message.attachments().take(MOST_FILES).map(file);
    Some(Mail {
        headers: Headers::of(&message),
        text: as_text(&message),
        html: as_html(&message),
        files: files.collect(),
        left_out: message.attachment_count().saturating_sub(MOST_FILES),
    })
}

/// The parts of a body, of which some may be of the other kind: a footer in plain text below HTML.
fn body<'a>(message: &'a Message<'_>, parts: &'a [u32]) -> Vec<&'a MessagePart<'a>> {
    let parts = parts.iter().filter_map(|part| message.part(*part));
    parts.filter(|part| matches!(part.body, PartType::Text(_) | PartType::Html(_))).collect()
}

/// Nothing where all of it is HTML, which the parser offers in its place.
fn as_text(message: &Message<'_>) -> Option<String> {
    let parts = body(message, &message.text_body);
    if !parts.iter().any(|part| matches!(part.body, PartType::Text(_))) {
        return None;
    }
    let mut left = LONGEST_HTML;
    let texts = parts.into_iter().filter_map(|part| {
        let text = text(message, part)?;
        Some(match part.body {
            PartType::Html(_) => {
                let html = beginning(&text, left);
                left -= html.len();
                html_to_text(html).into()
            }
            _ => text,
        })
    });
    Some(texts.collect::<Vec<Cow<'_, str>>>().join("\n"))
}

/// Nothing where all of it is plain text, which the parser offers in its place.
fn as_html(message: &Message<'_>) -> Option<String> {
    let parts = body(message, &message.html_body);
    if !parts.iter().any(|part| matches!(part.body, PartType::Html(_))) {
        return None;
    }
    let texts = parts.into_iter().filter_map(|part| {
        let text = text(message, part)?;
        Some(if matches!(part.body, PartType::Html(_)) { text } else { text_to_html(&text).into() })
    });
    Some(texts.collect::<Vec<Cow<'_, str>>>().join("\n"))
}

/// Where the parser could not read all of it, the charset is not named or not known, and is guessed as elsewhere.
fn text<'a>(message: &'a Message<'_>, part: &'a MessagePart<'_>) -> Option<Cow<'a, str>> {
    let text = part.text_contents()?;
    if !text.contains(char::REPLACEMENT_CHARACTER) {
        return Some(text.into());
    }
    let charset = part.content_type().and_then(|kind| kind.attribute("charset"));
    Some(charset::decode(&bytes(message, part), charset).into())
}

/// What was sent, without the encoding that it was sent in.
fn bytes<'a>(message: &'a Message<'_>, part: &'a MessagePart<'_>) -> Cow<'a, [u8]> {
    let range = usize::try_from(part.offset_body).ok().zip(usize::try_from(part.offset_end).ok());
    let encoded = range.and_then(|(from, to)| message.raw_message.get(from..to));
    let bytes = encoded.and_then(|encoded| match part.encoding {
        Encoding::None => Some(Cow::Borrowed(encoded)),
        Encoding::QuotedPrintable => quoted_printable_decode(encoded).map(Cow::Owned),
        Encoding::Base64 => base64_decode(encoded).map(Cow::Owned),
    });
    bytes.unwrap_or_else(|| part.contents().into())
}

fn attachment(message: &Message<'_>, part: &MessagePart<'_>) -> Attachment {
    let declared = part.content_type().map(|kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()));
    let name = part.attachment_name().map(str::to_owned);
    let bytes = match &part.body {
        // The parser has made UTF-8 of it, as far as it could.
        PartType::Text(_) | PartType::Html(_) => bytes(message, part),
        // Of a mail within the mail, that mail alone.
        _ => part.contents().into(),
    };
    file::attachment(&bytes, declared.as_deref(), name)
}
