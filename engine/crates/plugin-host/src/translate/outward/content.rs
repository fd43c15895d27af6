//! What a message says.

use patchbay_domain::platform::{
    Attachment, Choice, Choices, Content, Detail, Email, Location, MediaKind, MediaSource, TemplateUse,
};

use super::{Broken, events::participant, json, media_id};
use crate::bindings::patchbay::connector::types as wit;

pub fn content(content: wit::Content) -> Result<Content, Broken> {
    let wit::Content { text, attachments, detail: more } = content;
    Ok(Content {
        text,
        attachments: attachments.into_iter().map(attachment).collect::<Result<_, _>>()?,
        detail: more.map(detail).transpose()?,
    })
}

fn attachment(attachment: wit::Attachment) -> Result<Attachment, Broken> {
    let wit::Attachment { kind, source, mime_type, file_name, size, caption, public_url } = attachment;
    let kind = match kind {
        wit::MediaKind::Image => MediaKind::Image,
        wit::MediaKind::Video => MediaKind::Video,
        wit::MediaKind::Audio => MediaKind::Audio,
        wit::MediaKind::Voice => MediaKind::Voice,
        wit::MediaKind::Document => MediaKind::Document,
        wit::MediaKind::Sticker => MediaKind::Sticker,
    };
    let source = match source {
        wit::MediaSource::Platform(reference) => MediaSource::Platform(reference),
        wit::MediaSource::Url(url) => MediaSource::Url(url),
        wit::MediaSource::Stored(id) => MediaSource::Stored(media_id(&id)?),
    };
    Ok(Attachment { kind, source, mime_type, file_name, size, caption, public_url })
}

fn detail(detail: wit::Detail) -> Result<Detail, Broken> {
    Ok(match detail {
        wit::Detail::Location(wit::Location { latitude, longitude, name, address }) => {
            Detail::Location(Location { latitude, longitude, name, address })
        }
        wit::Detail::Contacts(people) => Detail::Contacts(people.into_iter().map(participant).collect()),
        wit::Detail::Choice(chosen) => Detail::Choice(choice(chosen)),
        wit::Detail::Choices(wit::Choices { items, button, header, footer }) => {
            Detail::Choices(Choices { items: items.into_iter().map(choice).collect(), button, header, footer })
        }
        wit::Detail::Template(wit::TemplateUse { name, language, parameters }) => {
            Detail::Template(TemplateUse { name, language, parameters: json("parameters", &parameters)? })
        }
        wit::Detail::Email(mail) => Detail::Email(email(mail)),
        wit::Detail::Unsupported(raw) => Detail::Unsupported(json("unsupported", &raw)?),
    })
}

fn choice(choice: wit::Choice) -> Choice {
    let wit::Choice { id, title, description } = choice;
    Choice { id, title, description }
}

fn email(email: wit::Email) -> Email {
    let wit::Email { from_name, from_address, cc, bcc, subject, html, references, auto_reply } = email;
    Email { from_name, from_address, cc, bcc, subject, html, references, auto_reply }
}
