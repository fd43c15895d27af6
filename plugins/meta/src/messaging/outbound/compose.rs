//! Which messages a content becomes. Everything the platform limits is checked here, before the first one goes out.

use super::extras::Extras;
use super::file::{self, Source};
use super::split;
use crate::messaging::Account;
use patchbay_plugin_sdk::{Attachment, Choices, Content, Detail, Failure, MediaId, MediaKind};
use serde_json::{Map, Value, json};

/// Requests that the engine makes for one command.
const REQUESTS: usize = 8;
const QUICK_REPLIES: usize = 13;
const TITLE: usize = 20;
const PAYLOAD: usize = 1000;

/// One message. A stored file's message has no content until the file is uploaded.
pub struct Piece<'a> {
    pub message: Map<String, Value>,
    pub upload: Option<(&'a Attachment, &'a MediaId)>,
}

impl Piece<'_> {
    fn new(content: &str, value: Value) -> Self {
        Self { message: Map::from_iter([(content.to_owned(), value)]), upload: None }
    }
}

/// `metadata` is what the sender set beyond the content.
pub fn pieces<'a>(account: &Account, content: &'a Content, metadata: &str) -> Result<Vec<Piece<'a>>, Failure> {
    let extras = Extras::read(account, metadata)?;
    let text = content.text.as_deref().filter(|text| !text.trim().is_empty());
    let mut pieces = Vec::new();
    match &content.detail {
        None => pieces.extend(written(account, text)?),
        Some(Detail::Choices(choices)) => pieces.extend(offered(account, text, choices)?),
        Some(_) => {
            return Err(Failure::unsupported(format!("{} cannot carry this kind of message", account.product.name)));
        }
    }
    if extras.has_buttons() {
        put_under(&extras, content, &mut pieces)?;
    }
    // The choices are shown until the next message: they come last.
    let before = if content.detail.is_some() { 0 } else { pieces.len() };
    let files = attached(account, &content.attachments)?;
    pieces.splice(before..before, files);
    pieces.extend(extras.heart().map(|heart| Piece::new("attachment", heart)));
    if pieces.is_empty() {
        return Err(Failure::rejected("the message is empty"));
    }
    let requests = pieces.iter().map(|piece| 1 + usize::from(piece.upload.is_some())).sum::<usize>();
    if requests > REQUESTS {
        let sentence =
            format!("the message takes {requests} requests, at most {REQUESTS} are possible; send less at once");
        return Err(Failure::rejected(sentence));
    }
    Ok(pieces)
}

/// The buttons go under the last of the texts.
fn put_under(extras: &Extras, content: &Content, pieces: &mut [Piece<'_>]) -> Result<(), Failure> {
    let text = pieces.last_mut().filter(|_| content.detail.is_none());
    let message = &mut text.ok_or_else(|| Failure::rejected("buttons need a text that they stand under"))?.message;
    if let Some(template) = message.remove("text").and_then(|text| extras.under(&text)) {
        message.insert("attachment".to_owned(), template);
    }
    Ok(())
}

fn written(account: &Account, text: Option<&str>) -> Result<Vec<Piece<'static>>, Failure> {
    let texts = text.map_or_else(|| Ok(Vec::new()), |text| split::texts(account, text))?;
    Ok(texts.into_iter().map(|text| Piece::new("text", json!(text))).collect())
}

fn offered(account: &Account, text: Option<&str>, choices: &Choices) -> Result<Vec<Piece<'static>>, Failure> {
    if choices.items.is_empty() || choices.items.len() > QUICK_REPLIES {
        return Err(Failure::rejected(format!("between one and {QUICK_REPLIES} choices can be offered")));
    }
    if let Some(long) = choices.items.iter().find(|item| item.title.chars().count() > TITLE) {
        return Err(Failure::rejected(format!("the choice {:?} is longer than {TITLE} characters", long.title)));
    }
    if let Some(long) = choices.items.iter().find(|item| item.id.chars().count() > PAYLOAD) {
        let sentence = format!("the id of the choice {:?} is longer than {PAYLOAD} characters", long.title);
        return Err(Failure::rejected(sentence));
    }
    let lines = [choices.header.as_deref(), text, choices.footer.as_deref()];
    let body = lines.into_iter().flatten().collect::<Vec<_>>().join("\n\n");
    let mut pieces = written(account, Some(body.as_str()).filter(|body| !body.is_empty()))?;
    let last = pieces.last_mut().ok_or_else(|| Failure::rejected("choices need a text that they answer"))?;
    let replies = (choices.items.iter())
        .map(|item| json!({"content_type": "text", "title": item.title, "payload": item.id}))
        .collect();
    last.message.insert("quick_replies".to_owned(), replies);
    Ok(pieces)
}

/// Images whose addresses are known go together, as far as the platform takes them.
fn attached<'a>(account: &Account, attachments: &'a [Attachment]) -> Result<Vec<Piece<'a>>, Failure> {
    let mut pieces: Vec<Piece<'_>> = Vec::new();
    let mut together: Vec<Value> = Vec::new();
    for attachment in attachments {
        let captions = written(account, attachment.caption.as_deref().filter(|caption| !caption.is_empty()))?;
        match file::source(account, attachment)? {
            Source::Ready(payload) if attachment.kind == MediaKind::Image => {
                together.push(file::attachment(attachment.kind, payload));
                if together.len() == account.product.images || !captions.is_empty() {
                    pieces.extend(images(&mut together));
                }
            }
            Source::Ready(payload) => {
                pieces.extend(images(&mut together));
                pieces.push(Piece::new("attachment", file::attachment(attachment.kind, payload)));
            }
            Source::Upload(media) => {
                pieces.extend(images(&mut together));
                pieces.push(Piece { message: Map::new(), upload: Some((attachment, media)) });
            }
        }
        pieces.extend(captions);
    }
    pieces.extend(images(&mut together));
    Ok(pieces)
}

fn images(together: &mut Vec<Value>) -> Option<Piece<'static>> {
    let mut images = std::mem::take(together);
    match images.len() {
        0 => None,
        1 => images.pop().map(|image| Piece::new("attachment", image)),
        _ => Some(Piece::new("attachments", json!(images))),
    }
}
