//! Which messages a content becomes. Everything the platform limits is checked here, before the first one goes out.

use super::limits::at_most;
use super::{file, interactive, template};
use patchbay_plugin_meta::messaging::outbound::split;
use patchbay_plugin_meta::messaging::{Length, LongText};
use patchbay_plugin_sdk::{Attachment, Content, Detail, Failure, Location, MediaId, Outgoing, Participant};
use serde_json::{Map, Value, json};

const TEXT: usize = 4096;
const CAPTION: usize = 1024;
/// Requests that the engine makes for one command.
const REQUESTS: usize = 8;

/// One message: its type and the object of that name. A stored file's id is missing until it is uploaded.
pub struct Piece<'a> {
    pub kind: &'static str,
    pub body: Value,
    pub upload: Option<(&'a Attachment, &'a MediaId)>,
}

impl Piece<'_> {
    fn new(kind: &'static str, body: Value) -> Self {
        Self { kind, body, upload: None }
    }
}

pub fn pieces(long_text: LongText, outgoing: &Outgoing) -> Result<Vec<Piece<'_>>, Failure> {
    let content = &outgoing.content;
    let text = content.text.as_deref().filter(|text| !text.is_empty());
    let detail = content.detail.as_ref().map(|detail| described(detail, content)).transpose()?;
    // Choices and templates carry the text themselves.
    let has_text = matches!(content.detail, Some(Detail::Choices(_) | Detail::Template(_)));
    let free = text.filter(|_| !has_text);
    let captioned = free.filter(|text| detail.is_none() && can_caption(content, text));
    let mut pieces = Vec::new();
    if let Some(text) = free.filter(|_| captioned.is_none()) {
        pieces.extend(texts(long_text, text, &outgoing.metadata)?);
    }
    for (position, attachment) in content.attachments.iter().enumerate() {
        let caption = attachment.caption.as_deref().or(captioned.filter(|_| position == 0));
        pieces.push(attached(attachment, caption)?);
    }
    pieces.extend(detail);
    if pieces.is_empty() {
        return Err(Failure::rejected("the message is empty"));
    }
    let requests = pieces.iter().map(|piece| 1 + usize::from(piece.upload.is_some())).sum::<usize>();
    if requests > REQUESTS {
        let sentence =
            format!("the message takes {requests} requests, at most {REQUESTS} are possible; send fewer files");
        return Err(Failure::rejected(sentence));
    }
    Ok(pieces)
}

/// A text, in several messages where it is too long for one and the channel wants that.
fn texts(long_text: LongText, text: &str, metadata: &str) -> Result<Vec<Piece<'static>>, Failure> {
    match long_text {
        LongText::Refuse => Ok(vec![written(text, metadata)?]),
        LongText::Split => split(text, Length::Characters(TEXT))?.iter().map(|part| written(part, metadata)).collect(),
    }
}

fn written(text: &str, metadata: &str) -> Result<Piece<'static>, Failure> {
    at_most("the text", text, TEXT)?;
    let mut body = json!({"body": text});
    let metadata: Map<String, Value> = serde_json::from_str(metadata).unwrap_or_default();
    if let (Some(preview), Some(fields)) = (metadata.get("previewUrl").and_then(Value::as_bool), body.as_object_mut()) {
        fields.insert("preview_url".to_owned(), json!(preview));
    }
    Ok(Piece::new("text", body))
}

/// A text that fits goes below the first file instead of before it.
fn can_caption(content: &Content, text: &str) -> bool {
    let fits = text.chars().count() <= CAPTION;
    content.attachments.first().is_some_and(|first| fits && first.caption.is_none() && file::has_caption(first.kind))
}

fn attached<'a>(attachment: &'a Attachment, caption: Option<&str>) -> Result<Piece<'a>, Failure> {
    let (kind, mut body, upload) = file::object(attachment)?;
    if let Some(caption) = caption.filter(|caption| !caption.is_empty()) {
        if !file::has_caption(attachment.kind) {
            return Err(Failure::rejected(format!(
                "WhatsApp shows no caption with this kind of file ({kind}); send it as text"
            )));
        }
        at_most("the caption", caption, CAPTION)?;
        body.insert("caption".to_owned(), json!(caption));
    }
    Ok(Piece { kind, body: Value::Object(body), upload })
}

fn described(detail: &Detail, content: &Content) -> Result<Piece<'static>, Failure> {
    match detail {
        Detail::Location(place) => Ok(Piece::new("location", location(place))),
        Detail::Contacts(people) if people.is_empty() => Err(Failure::rejected("there is no contact to send")),
        Detail::Contacts(people) => Ok(Piece::new("contacts", people.iter().map(card).collect())),
        Detail::Choices(choices) => {
            let body = interactive::choices(content.text.as_deref().unwrap_or_default(), choices)?;
            Ok(Piece::new("interactive", body))
        }
        Detail::Template(_) if !content.attachments.is_empty() => {
            Err(Failure::rejected("files do not go with a template; put them into its header's parameters"))
        }
        Detail::Template(template) => Ok(Piece::new("template", template::object(template)?)),
        Detail::Choice(_) | Detail::Email(_) | Detail::Unsupported(_) => {
            Err(Failure::unsupported("WhatsApp cannot carry this kind of message"))
        }
    }
}

fn location(place: &Location) -> Value {
    let mut body = Map::new();
    body.insert("latitude".to_owned(), json!(place.latitude));
    body.insert("longitude".to_owned(), json!(place.longitude));
    for (key, text) in [("name", &place.name), ("address", &place.address)] {
        if let Some(text) = text {
            body.insert(key.to_owned(), json!(text));
        }
    }
    Value::Object(body)
}

/// A card needs a name, and a part of it besides the whole.
fn card(person: &Participant) -> Value {
    let name = person.name.as_deref().or(person.phone.as_deref()).unwrap_or(&person.id);
    let mut card = Map::new();
    card.insert("name".to_owned(), json!({"formatted_name": name, "first_name": name}));
    if let Some(phone) = &person.phone {
        let mut entry = json!({"phone": phone});
        let is_wa_id = !person.id.is_empty() && person.id.bytes().all(|byte| byte.is_ascii_digit());
        if let Some(fields) = entry.as_object_mut().filter(|_| is_wa_id) {
            fields.insert("wa_id".to_owned(), json!(person.id));
        }
        card.insert("phones".to_owned(), json!([entry]));
    }
    if let Some(email) = &person.email {
        card.insert("emails".to_owned(), json!([{"email": email}]));
    }
    Value::Object(card)
}
