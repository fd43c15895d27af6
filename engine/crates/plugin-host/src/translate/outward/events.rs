//! What happened on a platform.

use patchbay_domain::platform::{
    DeliveryStatus, Event, InboundMessage, MessageEdit, MessageRef, Participant, Reaction, ReportedState,
    SessionChange, SessionState, TemplateStatus, Typing,
};

use super::{Broken, content, json, steps::failure, time};
use crate::bindings::patchbay::connector::types as wit;

pub fn events(events: Vec<wit::Event>) -> Result<Vec<Event>, Broken> {
    events.into_iter().map(event).collect()
}

fn event(event: wit::Event) -> Result<Event, Broken> {
    Ok(match event {
        wit::Event::Message(message) => Event::Message(inbound(message)?),
        wit::Event::Status(status) => Event::Status(delivery_status(status)?),
        wit::Event::Reaction(wit::Reaction { message, sender, emoji, at }) => Event::Reaction(Reaction {
            message: message_ref(message),
            sender: participant(sender),
            emoji,
            at: time(at)?,
        }),
        wit::Event::MessageEdited(wit::MessageEdit { message, content: new, at }) => {
            Event::MessageEdited(MessageEdit { message: message_ref(message), content: content(new)?, at: time(at)? })
        }
        wit::Event::MessageDeleted(message) => Event::MessageDeleted(message_ref(message)),
        wit::Event::Typing(wit::Typing { thread, on }) => Event::Typing(Typing { thread, on }),
        wit::Event::Session(change) => Event::Session(session_change(change)),
        wit::Event::Template(wit::TemplateStatus { name, language, state, reason }) => {
            Event::Template(TemplateStatus { name, language, state, reason })
        }
        wit::Event::Contact(person) => Event::Contact(participant(person)),
        wit::Event::OptOut(person) => Event::OptOut(participant(person)),
        wit::Event::OptIn(person) => Event::OptIn(participant(person)),
        wit::Event::Ignored(reason) => Event::Ignored(reason),
    })
}

fn inbound(message: wit::Message) -> Result<InboundMessage, Broken> {
    let wit::Message { id, thread, group, sender, echo, correlation, sent_at, content: what, reply_to, metadata } =
        message;
    Ok(InboundMessage {
        id,
        thread,
        group,
        sender: participant(sender),
        echo,
        correlation,
        sent_at: time(sent_at)?,
        content: content(what)?,
        reply_to,
        metadata: json("metadata", &metadata)?,
    })
}

fn delivery_status(status: wit::DeliveryStatus) -> Result<DeliveryStatus, Broken> {
    let wit::DeliveryStatus { id, correlation, thread, up_to, state, at, failure: why } = status;
    Ok(DeliveryStatus {
        id,
        correlation,
        thread,
        up_to: up_to.map(time).transpose()?,
        state: match state {
            wit::DeliveryState::Accepted => ReportedState::Accepted,
            wit::DeliveryState::Sent => ReportedState::Sent,
            wit::DeliveryState::Delivered => ReportedState::Delivered,
            wit::DeliveryState::Read => ReportedState::Read,
            wit::DeliveryState::Failed => ReportedState::Failed,
        },
        at: time(at)?,
        failure: why.map(failure),
    })
}

pub(super) fn session_change(change: wit::SessionChange) -> SessionChange {
    let wit::SessionChange { state, phone, reason } = change;
    let state = match state {
        wit::SessionState::Stopped => SessionState::Stopped,
        wit::SessionState::Starting => SessionState::Starting,
        wit::SessionState::AwaitingQr => SessionState::AwaitingQr,
        wit::SessionState::AwaitingCode => SessionState::AwaitingCode,
        wit::SessionState::Connected => SessionState::Connected,
        wit::SessionState::Disconnected => SessionState::Disconnected,
        wit::SessionState::Failed => SessionState::Failed,
    };
    SessionChange { state, phone, reason }
}

fn message_ref(message: wit::MessageRef) -> MessageRef {
    let wit::MessageRef { thread, id } = message;
    MessageRef { thread, id }
}

pub(super) fn participant(person: wit::Participant) -> Participant {
    let wit::Participant { id, aliases, name, phone, email, username, avatar_url } = person;
    Participant { id, aliases, name, phone, email, username, avatar_url }
}
