//! Conversations, contacts and messages as this dialect shows them.

use patchbay_domain::{
    ContactId, ConversationId, MessageId, UserId,
    delivery::MessageState,
    message::{self, Direction},
    platform::{Attachment, Content, Detail, MediaSource},
};
use patchbay_store::{
    listing::{ConversationView, LastMessage, Shown},
    messages::MessageView,
    people::{Colleague, ContactDetails, ContactPoint},
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::query::Moment;
use crate::{
    app::App,
    service::{kinds::Kind, media},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Conversation {
    id: ConversationId,
    contact_id: ContactId,
    full_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    channel: String,
    unread_count: i64,
    is_starred: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_message: Option<Last>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_message_timestamp: Option<Moment>,
    contact_details: Contact,
    /// Only of one that has just been put out of sight.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_deleted: bool,
}

#[derive(Serialize)]
struct Last {
    id: MessageId,
    message: String,
    sender: String,
    timestamp: Moment,
    channel: String,
}

impl From<Shown> for Conversation {
    fn from(shown: Shown) -> Self {
        let Shown { conversation, contact } = shown;
        let ConversationView {
            id,
            organisation_id: _,
            channel_id: _,
            channel_type,
            contact_id,
            identity_id: _,
            name,
            username,
            avatar,
            title,
            is_starred,
            unread_count,
            last_message_at,
            last_message,
            is_deleted,
            created_at: _,
            updated_at: _,
        } = conversation;
        let channel = channel(&channel_type);
        let last = |last: LastMessage| Last {
            id: last.id,
            message: said(&last.content),
            sender: if last.direction == Direction::Outbound { "You".to_owned() } else { name.clone() },
            timestamp: last.at.into(),
            channel: channel.clone(),
        };
        Self {
            id,
            contact_id,
            username,
            profile: avatar,
            title,
            unread_count,
            is_starred,
            last_message: last_message.map(last),
            last_message_timestamp: last_message_at.map(Into::into),
            contact_details: contact.into(),
            is_deleted,
            full_name: name,
            channel,
        }
    }
}

/// A channel in this dialect's words; one that it has no word for under its own name.
pub fn channel(channel_type: &str) -> String {
    if let Some(kind) = Kind::of(channel_type) {
        return kind.word().to_owned();
    }
    let mut letters = channel_type.chars();
    letters.next().into_iter().chain(letters.flat_map(char::to_lowercase)).collect()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Contact {
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    emails: Vec<EmailPoint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    phones: Vec<PhonePoint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<Person>,
    followers: Vec<Person>,
    tags: Vec<String>,
    automations: [Value; 0],
    dnd: bool,
    dnd_all: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EmailPoint {
    id: Uuid,
    email: String,
    is_primary: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhonePoint {
    id: Uuid,
    phone: String,
    is_primary: bool,
}

#[derive(Serialize)]
struct Person {
    id: UserId,
    name: String,
    username: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar: Option<String>,
}

impl From<Colleague> for Person {
    fn from(colleague: Colleague) -> Self {
        let Colleague { id, name, username, email, avatar } = colleague;
        Self { id, username: handle(username, email, &name), name, avatar }
    }
}

/// What somebody is called where one word is wanted.
pub fn handle(username: Option<String>, email: Option<String>, name: &str) -> String {
    username.or(email).unwrap_or_else(|| name.to_owned())
}

impl From<ContactDetails> for Contact {
    fn from(details: ContactDetails) -> Self {
        let ContactDetails { phones, emails, owner, followers, tags, do_not_disturb, do_not_disturb_all } = details;
        let email = |ContactPoint { id, value: email, is_primary }| EmailPoint { id, email, is_primary };
        let phone = |ContactPoint { id, value: phone, is_primary }| PhonePoint { id, phone, is_primary };
        Self {
            email: emails.first().map(|point| point.value.clone()),
            emails: emails.into_iter().map(email).collect(),
            phone: phones.first().map(|point| point.value.clone()),
            phones: phones.into_iter().map(phone).collect(),
            owner: owner.map(Into::into),
            followers: followers.into_iter().map(Into::into).collect(),
            tags,
            automations: [],
            dnd: do_not_disturb,
            dnd_all: do_not_disturb_all,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    id: MessageId,
    conversation_id: ConversationId,
    sender: String,
    sender_type: &'static str,
    #[serde(rename = "message")]
    text: String,
    channel: String,
    timestamp: Moment,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scheduled_at: Option<Moment>,
    metadata: Value,
}

impl Message {
    pub fn of(app: &App, view: MessageView, channel_type: &str) -> Self {
        let metadata = metadata(app, &view.message, channel_type);
        let message::Message { id, conversation_id, direction, sender_user_id, sender_name, content, state, .. } =
            view.message;
        let (sender, sender_type) = match (direction, sender_user_id) {
            (Direction::Inbound, _) => (sender_name, "contact"),
            (Direction::Outbound, Some(user)) => (user.to_string(), "user"),
            (Direction::Outbound, None) => ("system".to_owned(), "system"),
        };
        Self {
            id,
            conversation_id,
            sender,
            sender_type,
            text: said(&content),
            channel: channel(channel_type),
            timestamp: view.message.platform_at.into(),
            status: status(state),
            scheduled_at: view.message.scheduled_at.map(Into::into),
            metadata,
        }
    }
}

/// How far a message that was sent has come; nothing while it waits.
fn status(state: MessageState) -> Option<&'static str> {
    match state {
        MessageState::Sent => Some("sent"),
        MessageState::Delivered => Some("delivered"),
        MessageState::Read => Some("read"),
        MessageState::Failed | MessageState::Cancelled => Some("failed"),
        MessageState::Received
        | MessageState::Scheduled
        | MessageState::Queued
        | MessageState::Sending
        | MessageState::Unknown => None,
    }
}

/// What it says: its text, else its HTML, else what a list shows of it.
fn said(content: &Content) -> String {
    let html = || match &content.detail {
        Some(Detail::Email(email)) => email.html.clone(),
        _ => None,
    };
    content.text.clone().or_else(html).unwrap_or_else(|| content.preview())
}

fn metadata(app: &App, message: &message::Message, channel_type: &str) -> Value {
    let mut metadata = Map::new();
    let names = match Kind::of(channel_type) {
        Some(Kind::Email) => Some(("emailMessageId", "emailStatus")),
        Some(Kind::Sms | Kind::WhatsApp) => Some(("twilioMessageId", "twilioStatus")),
        None => None,
    };
    if let Some((id, status)) = names {
        if let Some(external_id) = &message.external_id {
            metadata.insert(id.to_owned(), external_id.as_str().into());
        }
        metadata.insert(status.to_owned(), message.state.word().to_lowercase().into());
    }
    if let Some(Detail::Email(email)) = &message.content.detail {
        metadata.insert("subject".to_owned(), email.subject.as_str().into());
    }
    if let Some(failure) = &message.failure {
        metadata.insert("error".to_owned(), failure.message.as_str().into());
    }
    let files: Vec<Value> = message.content.attachments.iter().filter_map(|file| attachment(app, file)).collect();
    if !files.is_empty() {
        metadata.insert("attachments".to_owned(), files.into());
    }
    Value::Object(metadata)
}

/// A file that can be fetched; one that the platform still has cannot.
fn attachment(app: &App, file: &Attachment) -> Option<Value> {
    let url = match &file.source {
        MediaSource::Stored(id) => media::address(app, *id),
        MediaSource::Url(url) => url.clone(),
        MediaSource::Platform(_) => return None,
    };
    Some(json!({
        "url": url,
        "filename": file.file_name.as_deref().unwrap_or(file.kind.word()),
        "contentType": file.mime_type.as_deref().unwrap_or("application/octet-stream"),
        "size": file.size.unwrap_or(0),
    }))
}

#[cfg(test)]
mod tests {
    use patchbay_domain::platform::Email as Mail;

    use super::*;

    #[test]
    fn a_channel_without_a_word_has_its_own_name() {
        assert_eq!(["TWILIO_SMS", "WAHA", "EMAIL", "FACEBOOK"].map(channel), ["SMS", "WhatsApp", "Email", "Facebook"]);
    }

    #[test]
    fn what_waits_has_no_status_and_what_was_cancelled_failed() {
        assert_eq!(status(MessageState::Queued), None);
        assert_eq!(status(MessageState::Unknown), None);
        assert_eq!(status(MessageState::Cancelled), Some("failed"));
    }

    #[test]
    fn a_mail_without_text_says_its_html() {
        let mail = Mail { subject: "Hello".into(), html: Some("<p>hi</p>".into()), ..Mail::default() };
        let content = Content { detail: Some(Detail::Email(mail)), ..Content::default() };
        assert_eq!(said(&content), "<p>hi</p>");
    }
}
