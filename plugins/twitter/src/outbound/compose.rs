//! From content to messages: X takes one file in each, and below it a text.

use super::file;
use patchbay_plugin_sdk::{Attachment, Choice, Choices, Content, Detail, Failure, MediaSource, Outgoing};
use serde_json::{Map, Value, json};

/// A message takes up to some thirty requests, and there is a limit to those of a command.
const MESSAGES: usize = 5;
const LONGEST_TEXT: usize = 10_000;
const OPTIONS: usize = 20;
const BUTTONS: usize = 3;
const LONGEST_LABEL: usize = 36;
const LONGEST_DESCRIPTION: usize = 72;
const LONGEST_METADATA: usize = 1_000;

/// One message.
#[derive(Default)]
pub struct Piece<'a> {
    pub text: Option<String>,
    pub file: Option<&'a Attachment>,
    /// What only the older call takes: quick replies and buttons.
    pub extras: Map<String, Value>,
}

pub fn pieces(outgoing: &Outgoing) -> Result<Vec<Piece<'_>>, Failure> {
    let content = &outgoing.content;
    let extras = extras(content, &outgoing.metadata)?;
    let mut lead = lead(content);
    let mut pieces = Vec::new();
    for attachment in &content.attachments {
        let caption = attachment.caption.clone().filter(|caption| !caption.is_empty());
        let text = match caption {
            Some(caption) => {
                pieces.extend(lead.take().map(|text| Piece { text: Some(text), ..Piece::default() }));
                Some(caption)
            }
            None => lead.take(),
        };
        pieces.push(match &attachment.source {
            MediaSource::Stored(_) => {
                file::check(attachment)?;
                Piece { text, file: Some(attachment), ..Piece::default() }
            }
            // X fetches nothing itself: people get the address.
            MediaSource::Url(url) | MediaSource::Platform(url) => {
                let text = text.map_or_else(|| url.clone(), |text| format!("{text}\n{url}"));
                Piece { text: Some(text), ..Piece::default() }
            }
        });
    }
    pieces.extend(lead.map(|text| Piece { text: Some(text), ..Piece::default() }));
    if !extras.is_empty() {
        let first = pieces.iter_mut().find(|piece| piece.text.is_some());
        first.ok_or_else(|| Failure::rejected("quick replies and buttons stand below a text; give one"))?.extras =
            extras;
    }
    check(&pieces)?;
    Ok(pieces)
}

fn check(pieces: &[Piece<'_>]) -> Result<(), Failure> {
    match pieces.len() {
        0 => return Err(Failure::rejected("there is nothing to send")),
        count if count > MESSAGES => {
            let sentence =
                format!("the content takes {count} messages, at most {MESSAGES} are possible; send fewer files");
            return Err(Failure::rejected(sentence));
        }
        _ => {}
    }
    let longest = pieces.iter().filter_map(|piece| piece.text.as_ref()).map(|text| text.chars().count()).max();
    match longest.filter(|longest| *longest > LONGEST_TEXT) {
        Some(longest) => Err(Failure::rejected(format!("the text has {longest} characters, X takes {LONGEST_TEXT}"))),
        None => Ok(()),
    }
}

/// The text, between what goes above and below it.
fn lead(content: &Content) -> Option<String> {
    let (header, footer) = match &content.detail {
        Some(Detail::Choices(choices)) => (choices.header.as_deref(), choices.footer.as_deref()),
        _ => (None, None),
    };
    let parts = [header, content.text.as_deref(), footer].into_iter().flatten().filter(|part| !part.is_empty());
    let lead = parts.collect::<Vec<_>>().join("\n");
    (!lead.is_empty()).then_some(lead)
}

fn extras(content: &Content, metadata: &str) -> Result<Map<String, Value>, Failure> {
    let mut extras = Map::new();
    match &content.detail {
        None => {}
        Some(Detail::Choices(choices)) => {
            extras.insert("quick_reply".to_owned(), json!({"type": "options", "options": options(choices)?}));
        }
        Some(_) => return Err(Failure::unsupported("X cannot carry this kind of message")),
    }
    let metadata: Value = serde_json::from_str(metadata).unwrap_or_default();
    let buttons = crate::wire::items(&metadata, &["ctas"]);
    if !buttons.is_empty() {
        extras.insert("ctas".to_owned(), Value::Array(self::buttons(buttons)?));
    }
    Ok(extras)
}

fn options(choices: &Choices) -> Result<Vec<Value>, Failure> {
    let items = &choices.items;
    if items.is_empty() || items.len() > OPTIONS {
        return Err(Failure::rejected(format!("X takes 1 to {OPTIONS} quick replies, not {}", items.len())));
    }
    // Each has a description, or none has.
    let described = items.iter().all(|item| item.description.as_ref().is_some_and(|text| !text.is_empty()));
    items.iter().map(|item| option(item, described)).collect()
}

fn option(item: &Choice, described: bool) -> Result<Value, Failure> {
    let mut option = Map::from_iter([
        ("label".to_owned(), json!(fits("a quick reply's title", &item.title, LONGEST_LABEL)?)),
        ("metadata".to_owned(), json!(fits("a quick reply's id", &item.id, LONGEST_METADATA)?)),
    ]);
    if let Some(description) = item.description.as_deref().filter(|_| described) {
        let description = fits("a quick reply's description", description, LONGEST_DESCRIPTION)?;
        option.insert("description".to_owned(), json!(description));
    }
    Ok(Value::Object(option))
}

/// Links, which the sender gives in the message's metadata: no other platform has them in this form.
fn buttons(buttons: &[Value]) -> Result<Vec<Value>, Failure> {
    if buttons.len() > BUTTONS {
        return Err(Failure::rejected(format!("X takes up to {BUTTONS} buttons, not {}", buttons.len())));
    }
    let button = |button: &Value| {
        let parts = ["label", "url"].map(|name| crate::wire::text(button, &[name]));
        let [Some(label), Some(url)] = parts else {
            return Err(Failure::rejected("a button in ctas has a label and a url"));
        };
        Ok(json!({"type": "web_url", "label": fits("a button's label", label, LONGEST_LABEL)?, "url": url}))
    };
    buttons.iter().map(button).collect()
}

fn fits<'a>(what: &str, text: &'a str, longest: usize) -> Result<&'a str, Failure> {
    let length = text.chars().count();
    if (1..=longest).contains(&length) {
        Ok(text)
    } else {
        Err(Failure::rejected(format!("{what} has {length} characters, X takes 1 to {longest}")))
    }
}
