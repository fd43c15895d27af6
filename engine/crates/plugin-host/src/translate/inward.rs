//! What a connector is given.

use chrono::{DateTime, Utc};
use patchbay_domain::platform::{
    Attachment, Choice, Choices, Command, Content, Detail, Email, Header, Location, MediaKind, MediaSource, MessageRef,
    Outgoing, OutgoingEdit, OutgoingReaction, Participant, Response, TemplateUse, TransportError, TypingSignal,
    Webhook,
};

use crate::{ChannelView, bindings::patchbay::connector::types as wit};

pub fn time(at: DateTime<Utc>) -> u64 {
    u64::try_from(at.timestamp_millis()).unwrap_or(0)
}

pub fn channel(channel: &ChannelView) -> wit::Channel {
    let ChannelView { id, channel_type, config, webhook_url, secrets: _ } = channel;
    wit::Channel {
        id: id.to_string(),
        channel_type: channel_type.clone(),
        config: config.to_string(),
        webhook_url: webhook_url.clone(),
    }
}

pub fn webhook(webhook: &Webhook) -> wit::Webhook {
    let Webhook { method, url, headers, body, received_at } = webhook;
    wit::Webhook {
        method: method.clone(),
        url: url.clone(),
        headers: headers.iter().map(header).collect(),
        body: body.clone(),
        received_at: time(*received_at),
    }
}

pub fn response(response: Result<Response, TransportError>) -> Result<wit::Response, wit::TransportError> {
    match response {
        Ok(Response { status, headers, body, saved }) => Ok(wit::Response {
            status,
            headers: headers.iter().map(header).collect(),
            body,
            saved: saved.map(|id| id.to_string()),
        }),
        Err(TransportError::NotSent(reason)) => Err(wit::TransportError::NotSent(reason)),
        Err(TransportError::Unknown(reason)) => Err(wit::TransportError::Unknown(reason)),
        Err(TransportError::Refused(reason)) => Err(wit::TransportError::Refused(reason)),
    }
}

pub fn command(command: &Command) -> wit::Command {
    match command {
        Command::Send(message) => wit::Command::Send(outgoing(message)),
        Command::React(OutgoingReaction { message, to, emoji }) => wit::Command::React(wit::OutgoingReaction {
            message: message_ref(message),
            to: participant(to),
            emoji: emoji.clone(),
        }),
        Command::Edit(OutgoingEdit { message, to, content: new }) => wit::Command::Edit(wit::OutgoingEdit {
            message: message_ref(message),
            to: participant(to),
            content: content(new),
        }),
        Command::Delete(message) => wit::Command::Delete(message_ref(message)),
        Command::MarkRead(messages) => wit::Command::MarkRead(messages.iter().map(message_ref).collect()),
        Command::SetTyping(TypingSignal { thread, on, last_message }) => wit::Command::SetTyping(wit::TypingSignal {
            thread: thread.clone(),
            on: *on,
            last_message: last_message.clone(),
        }),
        Command::TestConnection => wit::Command::TestConnection,
        Command::RegisterWebhook => wit::Command::RegisterWebhook,
        Command::FetchMedia(reference) => wit::Command::FetchMedia(reference.clone()),
        Command::FetchProfile(id) => wit::Command::FetchProfile(id.clone()),
        Command::ListContacts(cursor) => wit::Command::ListContacts(cursor.clone()),
        Command::ListTemplates => wit::Command::ListTemplates,
        Command::SubmitTemplate(template) => wit::Command::SubmitTemplate(template.to_string()),
        Command::Poll(cursor) => wit::Command::Poll(cursor.clone()),
        Command::SessionStart => wit::Command::SessionStart,
        Command::SessionStop => wit::Command::SessionStop,
        Command::SessionRestart => wit::Command::SessionRestart,
        Command::SessionLogout => wit::Command::SessionLogout,
        Command::SessionStatus => wit::Command::SessionStatus,
        Command::Qr => wit::Command::Qr,
        Command::PairingCode(phone) => wit::Command::PairingCode(phone.clone()),
    }
}

fn header(header: &Header) -> wit::Header {
    let Header { name, value } = header;
    wit::Header { name: name.clone(), value: value.clone() }
}

fn outgoing(message: &Outgoing) -> wit::Outgoing {
    let Outgoing { id, to, thread, content: what, reply_to, last_inbound_at, metadata } = message;
    wit::Outgoing {
        id: id.clone(),
        to: participant(to),
        thread: thread.clone(),
        content: content(what),
        reply_to: reply_to.clone(),
        last_inbound_at: last_inbound_at.map(time),
        metadata: metadata.to_string(),
    }
}

fn message_ref(message: &MessageRef) -> wit::MessageRef {
    let MessageRef { thread, id } = message;
    wit::MessageRef { thread: thread.clone(), id: id.clone() }
}

fn participant(person: &Participant) -> wit::Participant {
    let Participant { id, aliases, name, phone, email, username, avatar_url } = person;
    wit::Participant {
        id: id.clone(),
        aliases: aliases.clone(),
        name: name.clone(),
        phone: phone.clone(),
        email: email.clone(),
        username: username.clone(),
        avatar_url: avatar_url.clone(),
    }
}

fn content(content: &Content) -> wit::Content {
    let Content { text, attachments, detail: more } = content;
    wit::Content {
        text: text.clone(),
        attachments: attachments.iter().map(attachment).collect(),
        detail: more.as_ref().map(detail),
    }
}

fn attachment(attachment: &Attachment) -> wit::Attachment {
    let Attachment { kind, source, mime_type, file_name, size, caption, public_url } = attachment;
    wit::Attachment {
        kind: match kind {
            MediaKind::Image => wit::MediaKind::Image,
            MediaKind::Video => wit::MediaKind::Video,
            MediaKind::Audio => wit::MediaKind::Audio,
            MediaKind::Voice => wit::MediaKind::Voice,
            MediaKind::Document => wit::MediaKind::Document,
            MediaKind::Sticker => wit::MediaKind::Sticker,
        },
        source: match source {
            MediaSource::Platform(reference) => wit::MediaSource::Platform(reference.clone()),
            MediaSource::Url(url) => wit::MediaSource::Url(url.clone()),
            MediaSource::Stored(id) => wit::MediaSource::Stored(id.to_string()),
        },
        mime_type: mime_type.clone(),
        file_name: file_name.clone(),
        size: *size,
        caption: caption.clone(),
        public_url: public_url.clone(),
    }
}

fn detail(detail: &Detail) -> wit::Detail {
    match detail {
        Detail::Location(Location { latitude, longitude, name, address }) => wit::Detail::Location(wit::Location {
            latitude: *latitude,
            longitude: *longitude,
            name: name.clone(),
            address: address.clone(),
        }),
        Detail::Contacts(people) => wit::Detail::Contacts(people.iter().map(participant).collect()),
        Detail::Choice(chosen) => wit::Detail::Choice(choice(chosen)),
        Detail::Choices(Choices { items, button, header, footer }) => wit::Detail::Choices(wit::Choices {
            items: items.iter().map(choice).collect(),
            button: button.clone(),
            header: header.clone(),
            footer: footer.clone(),
        }),
        Detail::Template(TemplateUse { name, language, parameters }) => wit::Detail::Template(wit::TemplateUse {
            name: name.clone(),
            language: language.clone(),
            parameters: parameters.to_string(),
        }),
        Detail::Email(mail) => wit::Detail::Email(email(mail)),
        Detail::Unsupported(raw) => wit::Detail::Unsupported(raw.to_string()),
    }
}

fn choice(choice: &Choice) -> wit::Choice {
    let Choice { id, title, description } = choice;
    wit::Choice { id: id.clone(), title: title.clone(), description: description.clone() }
}

fn email(email: &Email) -> wit::Email {
    let Email { from_name, from_address, cc, bcc, subject, html, references, auto_reply } = email;
    wit::Email {
        from_name: from_name.clone(),
        from_address: from_address.clone(),
        cc: cc.clone(),
        bcc: bcc.clone(),
        subject: subject.clone(),
        html: html.clone(),
        references: references.clone(),
        auto_reply: *auto_reply,
    }
}
