//! Which messages a content becomes. Everything the platform limits is checked here, before the first one goes out.

use super::{file, template};
use crate::settings::Medium;
use patchbay_plugin_sdk::{Attachment, Content, Detail, Failure, Location, Outgoing};

const TEXT: usize = 1600;
/// Requests that the engine makes for one command.
const REQUESTS: usize = 8;

/// The fields of one message that say what it says.
pub type Piece = Vec<(String, String)>;

pub fn pieces(medium: Medium, outgoing: &Outgoing) -> Result<Vec<Piece>, Failure> {
    let content = &outgoing.content;
    let text = content.text.as_deref().filter(|text| !text.is_empty());
    let mut pieces = Vec::new();
    match &content.detail {
        None => files_and_text(medium, text, &content.attachments, &mut pieces)?,
        Some(Detail::Location(place)) if medium == Medium::WhatsApp => {
            files_and_text(medium, None, &content.attachments, &mut pieces)?;
            pieces.push(location(place, text)?);
        }
        Some(Detail::Template(template)) => {
            check_alone(content)?;
            pieces.push(template::fields(template)?);
        }
        Some(detail) => return Err(unsupported(detail)),
    }
    match pieces.len() {
        0 => Err(Failure::rejected("the message is empty")),
        number if number > REQUESTS => Err(Failure::rejected(format!(
            "the message takes {number} requests, at most {REQUESTS} are possible; send fewer files"
        ))),
        _ => Ok(pieces),
    }
}

/// The text goes with the first files that can show it, else before them.
fn files_and_text(
    medium: Medium,
    text: Option<&str>,
    files: &[Attachment],
    pieces: &mut Vec<Piece>,
) -> Result<(), Failure> {
    let shown = |files: &[Attachment]| files.iter().all(|file| file::carries_text(medium, file));
    let mut groups = files.chunks(file::per_message(medium)).peekable();
    let captioned = groups.peek().is_some_and(|first| shown(first));
    let mut waiting = text;
    if !captioned && let Some(text) = waiting.take() {
        pieces.push(vec![body(text)?]);
    }
    for group in groups {
        let captions = group.iter().filter_map(|file| file.caption.as_deref()).filter(|caption| !caption.is_empty());
        let said = waiting.take().into_iter().chain(captions).collect::<Vec<_>>().join("\n");
        let mut piece = Piece::new();
        if !said.is_empty() && shown(group) {
            piece.push(body(&said)?);
        } else if !said.is_empty() {
            pieces.push(vec![body(&said)?]);
        }
        for file in group {
            piece.push(("MediaUrl".to_owned(), file::public_url(file)?.to_owned()));
        }
        pieces.push(piece);
    }
    Ok(())
}

fn body(text: &str) -> Result<(String, String), Failure> {
    let length = text.chars().count();
    if length > TEXT {
        return Err(Failure::rejected(format!("the text has {length} characters, Twilio takes {TEXT}")));
    }
    Ok(("Body".to_owned(), text.to_owned()))
}

/// WhatsApp shows the body as the place's name, and the label below it.
fn location(place: &Location, text: Option<&str>) -> Result<Piece, Failure> {
    let pin = format!("{},{}", place.latitude, place.longitude);
    let named = |part: &Option<String>| part.clone().filter(|part| !part.is_empty());
    let (name, address) = (named(&place.name), named(&place.address));
    let title = text.map(str::to_owned).or_else(|| name.clone()).or_else(|| address.clone());
    let action = match address.or(name) {
        Some(label) => format!("geo:{pin}|{label}"),
        None => format!("geo:{pin}"),
    };
    Ok(vec![body(title.as_deref().unwrap_or(&pin))?, ("PersistentAction".to_owned(), action)])
}

/// A template says everything itself.
fn check_alone(content: &Content) -> Result<(), Failure> {
    if content.attachments.is_empty() {
        Ok(())
    } else {
        Err(Failure::rejected("files do not go with a template; put them into its variables"))
    }
}

fn unsupported(detail: &Detail) -> Failure {
    Failure::unsupported(match detail {
        Detail::Location(_) => "SMS carries no location; send an address or a link as text",
        Detail::Choices(_) => "Twilio offers choices only in content templates; send one",
        _ => "Twilio cannot carry this kind of message",
    })
}
