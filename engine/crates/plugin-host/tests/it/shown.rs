//! What the engine was told, in the contract's own types: the tests of connectors show those.

use chrono::{DateTime, Utc};
use patchbay_domain::platform::{
    Attachment, Choice, Choices, Content, DeliveryStatus, Detail, Email, Event, Failure, FailureKind, InboundMessage,
    LimitScope, Location, MediaKind, MediaSource, MessageEdit, MessageRef, Participant, Reaction, ReportedState,
    SessionChange, SessionState, TemplateStatus, TemplateUse, Typing,
};
use patchbay_plugin_sdk::types as sdk;

pub fn event(event: Event) -> sdk::Event {
    match event {
        Event::Message(told) => sdk::Event::Message(message(told)),
        Event::Status(told) => sdk::Event::Status(delivery_status(told)),
        Event::Reaction(Reaction { message, sender, emoji, at }) => sdk::Event::Reaction(sdk::Reaction {
            message: message_ref(message),
            sender: participant(sender),
            emoji,
            at: time(at),
        }),
        Event::MessageEdited(MessageEdit { message, content: new, at }) => {
            sdk::Event::MessageEdited(sdk::MessageEdit {
                message: message_ref(message),
                content: content(new),
                at: time(at),
            })
        }
        Event::MessageDeleted(told) => sdk::Event::MessageDeleted(message_ref(told)),
        Event::Typing(Typing { thread, on }) => sdk::Event::Typing(sdk::Typing { thread, on }),
        Event::Session(told) => sdk::Event::Session(session_change(told)),
        Event::Template(TemplateStatus { name, language, state, reason }) => {
            sdk::Event::Template(sdk::TemplateStatus { name, language, state, reason })
        }
        Event::Contact(told) => sdk::Event::Contact(participant(told)),
        Event::OptOut(told) => sdk::Event::OptOut(participant(told)),
        Event::OptIn(told) => sdk::Event::OptIn(participant(told)),
        Event::Ignored(reason) => sdk::Event::Ignored(reason),
    }
}

fn message(message: InboundMessage) -> sdk::Message {
    let InboundMessage { id, thread, group, sender, echo, correlation, sent_at, content: what, reply_to, metadata } =
        message;
    sdk::Message {
        id,
        thread,
        group,
        sender: participant(sender),
        echo,
        correlation,
        sent_at: time(sent_at),
        content: content(what),
        reply_to,
        metadata: metadata.to_string(),
    }
}

fn delivery_status(status: DeliveryStatus) -> sdk::DeliveryStatus {
    let DeliveryStatus { id, correlation, thread, up_to, state, at, failure: why } = status;
    let state = match state {
        ReportedState::Accepted => sdk::DeliveryState::Accepted,
        ReportedState::Sent => sdk::DeliveryState::Sent,
        ReportedState::Delivered => sdk::DeliveryState::Delivered,
        ReportedState::Read => sdk::DeliveryState::Read,
        ReportedState::Failed => sdk::DeliveryState::Failed,
    };
    let up_to = up_to.map(time);
    sdk::DeliveryStatus { id, correlation, thread, up_to, state, at: time(at), failure: why.map(failure) }
}

fn session_change(change: SessionChange) -> sdk::SessionChange {
    let SessionChange { state, phone, reason } = change;
    let state = match state {
        SessionState::Stopped => sdk::SessionState::Stopped,
        SessionState::Starting => sdk::SessionState::Starting,
        SessionState::AwaitingQr => sdk::SessionState::AwaitingQr,
        SessionState::AwaitingCode => sdk::SessionState::AwaitingCode,
        SessionState::Connected => sdk::SessionState::Connected,
        SessionState::Disconnected => sdk::SessionState::Disconnected,
        SessionState::Failed => sdk::SessionState::Failed,
    };
    sdk::SessionChange { state, phone, reason }
}

fn failure(failure: Failure) -> sdk::Failure {
    let Failure { kind, code, message, retry_after_ms, scope } = failure;
    let kind = match kind {
        FailureKind::Temporary => sdk::FailureKind::Temporary,
        FailureKind::RateLimited => sdk::FailureKind::RateLimited,
        FailureKind::Rejected => sdk::FailureKind::Rejected,
        FailureKind::Unreachable => sdk::FailureKind::Unreachable,
        FailureKind::OutsideWindow => sdk::FailureKind::OutsideWindow,
        FailureKind::Blocked => sdk::FailureKind::Blocked,
        FailureKind::Unauthorized => sdk::FailureKind::Unauthorized,
        FailureKind::Unsupported => sdk::FailureKind::Unsupported,
        FailureKind::Unknown => sdk::FailureKind::Unknown,
    };
    let scope = scope.map(|scope| match scope {
        LimitScope::Channel => sdk::LimitScope::Channel,
        LimitScope::Recipient => sdk::LimitScope::Recipient,
    });
    sdk::Failure { kind, code, message, retry_after_ms, scope }
}

fn message_ref(message: MessageRef) -> sdk::MessageRef {
    let MessageRef { thread, id } = message;
    sdk::MessageRef { thread, id }
}

fn participant(person: Participant) -> sdk::Participant {
    let Participant { id, aliases, name, phone, email, username, avatar_url } = person;
    sdk::Participant { id, aliases, name, phone, email, username, avatar_url }
}

fn content(content: Content) -> sdk::Content {
    let Content { text, attachments, detail: more } = content;
    sdk::Content { text, attachments: attachments.into_iter().map(attachment).collect(), detail: more.map(detail) }
}

fn attachment(attachment: Attachment) -> sdk::Attachment {
    let Attachment { kind, source, mime_type, file_name, size, caption, public_url } = attachment;
    let kind = match kind {
        MediaKind::Image => sdk::MediaKind::Image,
        MediaKind::Video => sdk::MediaKind::Video,
        MediaKind::Audio => sdk::MediaKind::Audio,
        MediaKind::Voice => sdk::MediaKind::Voice,
        MediaKind::Document => sdk::MediaKind::Document,
        MediaKind::Sticker => sdk::MediaKind::Sticker,
    };
    let source = match source {
        MediaSource::Platform(reference) => sdk::MediaSource::Platform(reference),
        MediaSource::Url(url) => sdk::MediaSource::Url(url),
        MediaSource::Stored(id) => sdk::MediaSource::Stored(id.to_string()),
    };
    sdk::Attachment { kind, source, mime_type, file_name, size, caption, public_url }
}

fn detail(detail: Detail) -> sdk::Detail {
    match detail {
        Detail::Location(Location { latitude, longitude, name, address }) => {
            sdk::Detail::Location(sdk::Location { latitude, longitude, name, address })
        }
        Detail::Contacts(people) => sdk::Detail::Contacts(people.into_iter().map(participant).collect()),
        Detail::Choice(chosen) => sdk::Detail::Choice(choice(chosen)),
        Detail::Choices(Choices { items, button, header, footer }) => {
            let items = items.into_iter().map(choice).collect();
            sdk::Detail::Choices(sdk::Choices { items, button, header, footer })
        }
        Detail::Template(TemplateUse { name, language, parameters }) => {
            sdk::Detail::Template(sdk::TemplateUse { name, language, parameters: parameters.to_string() })
        }
        Detail::Email(mail) => sdk::Detail::Email(email(mail)),
        Detail::Unsupported(raw) => sdk::Detail::Unsupported(raw.to_string()),
    }
}

fn choice(choice: Choice) -> sdk::Choice {
    let Choice { id, title, description } = choice;
    sdk::Choice { id, title, description }
}

fn email(email: Email) -> sdk::Email {
    let Email { from_name, from_address, cc, bcc, subject, html, references, auto_reply } = email;
    sdk::Email { from_name, from_address, cc, bcc, subject, html, references, auto_reply }
}

fn time(at: DateTime<Utc>) -> u64 {
    at.timestamp_millis().try_into().unwrap()
}
