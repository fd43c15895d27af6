//! Every command, to somebody.

use patchbay_domain::{
    MediaId,
    platform::{
        Attachment, Choice, Choices, Command, Content, Detail, Email, Location, MediaKind, MediaSource, MessageRef,
        Outgoing, OutgoingEdit, OutgoingReaction, Participant, TemplateUse, TypingSignal,
    },
};
use serde_json::json;
use uuid::Uuid;

use super::fixture::now;

const MESSAGE: &str = "1365";

pub fn send(to: &Participant, content: Content) -> Command {
    Command::Send(Outgoing {
        id: "018f3f5e-0000-7000-8000-000000000002".to_owned(),
        to: to.clone(),
        thread: to.id.clone(),
        content,
        reply_to: None,
        last_inbound_at: Some(now()),
        metadata: json!({}),
    })
}

pub fn text(to: &Participant) -> Command {
    send(to, Content::text("Hello"))
}

/// What a capability claims can be asked for, where that is a command.
pub fn claimed(capability: &str, to: &Participant) -> Option<Command> {
    let message = || MessageRef { thread: to.id.clone(), id: MESSAGE.to_owned() };
    Some(match capability {
        "text" => text(to),
        "media" => send(to, Content { attachments: vec![image()], ..Content::default() }),
        "location" | "contacts" | "interactive" | "templates" | "email" => {
            send(to, Content { detail: Some(detail(capability, to)?), ..written(capability) })
        }
        "reactions" => {
            Command::React(OutgoingReaction { message: message(), to: to.clone(), emoji: Some("👍".to_owned()) })
        }
        "edits" => {
            Command::Edit(OutgoingEdit { message: message(), to: to.clone(), content: Content::text("Goodbye") })
        }
        "deletes" => Command::Delete(message()),
        "typing" => {
            let last_message = Some(MESSAGE.to_owned());
            Command::SetTyping(TypingSignal { thread: to.id.clone(), on: true, last_message })
        }
        "media-download" => Command::FetchMedia("file-1".to_owned()),
        "profiles" => Command::FetchProfile(to.id.clone()),
        "sessions" => Command::SessionStatus,
        "qr" => Command::Qr,
        "pairing-code" => Command::PairingCode("16505551234".to_owned()),
        _ => return None,
    })
}

/// All commands there are, the contents of a message among them.
pub fn all(to: &Participant) -> Vec<Command> {
    let message = || MessageRef { thread: to.id.clone(), id: MESSAGE.to_owned() };
    let claimable = [
        "text",
        "media",
        "location",
        "contacts",
        "interactive",
        "templates",
        "email",
        "reactions",
        "edits",
        "deletes",
        "typing",
        "media-download",
        "profiles",
        "sessions",
        "qr",
        "pairing-code",
    ];
    let mut all: Vec<Command> = claimable.iter().filter_map(|capability| claimed(capability, to)).collect();
    all.extend([
        send(to, Content::default()),
        Command::MarkRead(vec![message()]),
        Command::MarkRead(Vec::new()),
        Command::TestConnection,
        Command::RegisterWebhook,
        Command::ListContacts(None),
        Command::ListTemplates,
        Command::SubmitTemplate(json!({"name": "greeting"})),
        Command::Poll(None),
        Command::SessionStart,
        Command::SessionStop,
        Command::SessionRestart,
        Command::SessionLogout,
    ]);
    all
}

fn image() -> Attachment {
    Attachment {
        kind: MediaKind::Image,
        source: MediaSource::Stored(MediaId::from_uuid(Uuid::from_u128(3))),
        mime_type: Some("image/jpeg".to_owned()),
        file_name: Some("photo.jpg".to_owned()),
        size: Some(1000),
        caption: None,
        public_url: Some("https://patchbay.example/media/3".to_owned()),
    }
}

/// Choices and mails are written beside.
fn written(capability: &str) -> Content {
    if matches!(capability, "interactive" | "email") { Content::text("Hello") } else { Content::default() }
}

fn detail(capability: &str, to: &Participant) -> Option<Detail> {
    let choice = |id: &str| Choice { id: id.to_owned(), title: id.to_owned(), description: None };
    Some(match capability {
        "location" => Detail::Location(Location { latitude: 52.5, longitude: 13.4, name: None, address: None }),
        "contacts" => Detail::Contacts(vec![to.clone()]),
        "interactive" => Detail::Choices(Choices { items: vec![choice("yes"), choice("no")], ..Choices::default() }),
        "templates" => Detail::Template(TemplateUse {
            name: "greeting".to_owned(),
            language: "en".to_owned(),
            parameters: json!({}),
        }),
        "email" => Detail::Email(Email { subject: "Hello".to_owned(), ..Email::default() }),
        _ => return None,
    })
}
