//! A mail as it was sent, in the form's field `email`, where the channel's address is set to take mails raw.

use super::file;
use super::headers::Headers;
use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders, PartType};
use patchbay_plugin_sdk::Attachment;

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
    let files =
        message.attachments().take(MOST_FILES).map(|part| (attachment(part), part.content_id().map(str::to_owned)));
    Some(Mail {
        headers: Headers::of(&message),
        text: written(&message, |part| matches!(part, PartType::Text(_)), &message.text_body),
        html: written(&message, |part| matches!(part, PartType::Html(_)), &message.html_body),
        files: files.collect(),
        left_out: message.attachment_count().saturating_sub(MOST_FILES),
    })
}

/// The parts of a body that are really of this kind: where one is missing, the parser offers the other in its place.
fn written(message: &Message<'_>, is_kind: impl Fn(&PartType<'_>) -> bool, parts: &[u32]) -> Option<String> {
    let parts = parts.iter().filter_map(|part| message.part(*part)).filter(|part| is_kind(&part.body));
    let texts: Vec<&str> = parts.filter_map(MessagePart::text_contents).collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

fn attachment(part: &MessagePart<'_>) -> Attachment {
    let declared = part.content_type().map(|kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()));
    let name = part.attachment_name().map(str::to_owned);
    // Of a mail within the mail, that mail alone.
    file::attachment(part.contents(), declared.as_deref(), name)
}
