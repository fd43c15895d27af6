//! Conversations and contacts as this dialect shows them.

use patchbay_domain::{CampaignId, ContactId, ConversationId, MessageId, UserId, message::Direction};
use patchbay_store::{
    listing::{ConversationView, LastMessage, Shown},
    people::{Automation, Colleague, ContactDetails, ContactPoint},
};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::{message_view::said, query::Moment};
use crate::service::kinds::Kind;

#[derive(Serialize, JsonSchema)]
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

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LastMessage")]
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
            handling: _,
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

#[derive(Serialize, JsonSchema)]
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
    automations: Vec<Running>,
    dnd: bool,
    dnd_all: bool,
}

/// A campaign that has the contact on its list and is not over.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ContactAutomation")]
struct Running {
    id: CampaignId,
    name: String,
    /// active or paused
    status: &'static str,
}

impl From<Automation> for Running {
    fn from(automation: Automation) -> Self {
        let Automation { id, name, is_paused } = automation;
        Self { id, name, status: if is_paused { "paused" } else { "active" } }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ContactEmail")]
struct EmailPoint {
    id: Uuid,
    email: String,
    is_primary: bool,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ContactPhone")]
struct PhonePoint {
    id: Uuid,
    phone: String,
    is_primary: bool,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Colleague")]
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
        let ContactDetails { phones, emails, owner, followers, tags, do_not_disturb, do_not_disturb_all, automations } =
            details;
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
            automations: automations.into_iter().map(Into::into).collect(),
            dnd: do_not_disturb,
            dnd_all: do_not_disturb_all,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_without_a_word_has_its_own_name() {
        assert_eq!(["TWILIO_SMS", "WAHA", "EMAIL", "FACEBOOK"].map(channel), ["SMS", "WhatsApp", "Email", "Facebook"]);
    }
}
