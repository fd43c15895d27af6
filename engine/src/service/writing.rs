//! Writing to a contact by SMS, WhatsApp or e-mail: on which channel, in which
//! conversation, and then as any other message.

use bytes::Bytes;
use chrono::{DateTime, Duration, Utc};
use futures_util::{StreamExt, stream};
use patchbay_domain::{
    ConversationId, MessageId,
    conversation::SendMessage,
    platform::{Attachment, Content, Detail, Email},
    sending::{ChannelStatus, Refusal},
};
use patchbay_store::{
    channels::Channel,
    listing::ConversationView,
    messages::MessageView,
    people::{ContactChange, ContactDetails, ContactOutcome},
};
use serde_json::json;

use super::{
    ServiceError, WriteId,
    audit::{Action, Entity},
    composing, conversations,
    fields::MessageText,
    kinds::{self, Kind},
    media,
};
use crate::{app::App, auth::Principal};

/// What is meant for a moment that is over by no more than this is sent at once.
const LATENESS: Duration = Duration::minutes(1);
const FURTHEST: Duration = Duration::days(366);

#[derive(Debug)]
pub struct Letter {
    pub kind: Kind,
    /// One of the contact's addresses; with none the one that is known.
    pub to: Option<String>,
    /// The address of one of several channels.
    pub from: Option<String>,
    pub body: Body,
    pub scheduled_at: Option<DateTime<Utc>>,
}

#[derive(Debug)]
pub enum Body {
    Text(MessageText),
    Email(Mail),
}

#[derive(Debug)]
pub struct Mail {
    pub from_name: Option<String>,
    pub from_address: Option<String>,
    pub subject: String,
    /// HTML or plain text.
    pub body: MessageText,
    pub cc: Vec<String>,
    pub bcc: Vec<String>,
    pub files: Vec<File>,
}

#[derive(Debug)]
pub struct File {
    pub name: String,
    pub mime_type: String,
    pub content: Bytes,
}

/// Commits a message for sending, in the contact's conversation on the channel that fits.
pub async fn send(
    app: &App,
    principal: &Principal,
    conversation: ConversationId,
    write: WriteId,
    letter: Letter,
) -> Result<(MessageView, ConversationView), ServiceError> {
    let (organisation, id) = (principal.organisation_id, MessageId::from(write.id));
    let asked = conversations::find(app, principal, conversation).await?;
    let known = if write.repeated { app.store.message(organisation, id).await? } else { None };
    if let Some(known) = known {
        let conversation = conversations::find(app, principal, known.message.conversation_id).await?;
        return Ok((known, conversation));
    }
    let Letter { kind, to, from, body, scheduled_at } = letter;
    let contact = app.store.contact_details(organisation, &[asked.contact_id]).await?;
    let contact = contact.get(&asked.contact_id).cloned().unwrap_or_default();
    check_time(app, &contact, scheduled_at)?;
    let channel = channel_for(app, &asked, kind, from.as_deref()).await?;
    let conversation = conversation_for(app, principal, &asked, &contact, &channel, kind, to.as_deref()).await?;
    let content = content(app, &channel, body).await?;
    let send = SendMessage { scheduled_at, ..composing::message(principal, id, content) };
    let sent = composing::commit(app, principal, conversation, send).await?;
    Ok((sent, conversations::find(app, principal, conversation).await?))
}

fn check_time(app: &App, contact: &ContactDetails, scheduled_at: Option<DateTime<Utc>>) -> Result<(), ServiceError> {
    let Some(at) = scheduled_at else { return Ok(()) };
    let now = (app.clock)();
    if at < now - LATENESS || at > now + FURTHEST {
        return Err(ServiceError::invalid("scheduledAt", "must be in the future, within a year"));
    }
    if contact.do_not_disturb || contact.do_not_disturb_all {
        return Err(Refusal::DoNotDisturb.into());
    }
    Ok(())
}

/// The channel that was named, else the one of the conversation, else the first of the kind that works.
async fn channel_for(
    app: &App,
    asked: &ConversationView,
    kind: Kind,
    from: Option<&str>,
) -> Result<Channel, ServiceError> {
    let mut channels = app.store.channels(asked.organisation_id).await?;
    channels.retain(|channel| kind.types().contains(&channel.channel_type.as_str()));
    let sends_as =
        |channel: &Channel, from: &str| kinds::addresses(channel).iter().any(|address| kinds::is_same(address, from));
    let named = from.map(|from| channels.iter().position(|channel| sends_as(channel, from)));
    let place = match named {
        Some(Some(place)) => Some(place),
        // Senders of mails are verified by the platform, not by us.
        Some(None) if kind != Kind::Email => {
            return Err(ServiceError::invalid("from", "must be the number of one of the organisation's channels"));
        }
        _ => {
            let own = channels.iter().position(|channel| channel.id == asked.channel_id);
            let preference = |channel: &Channel| kind.types().iter().position(|known| *known == channel.channel_type);
            let works = |channel: &Channel| channel.status == ChannelStatus::Active;
            let best = (0..channels.len())
                .min_by_key(|place| channels.get(*place).map(|channel| (!works(channel), preference(channel))));
            own.or(best)
        }
    };
    let channel = place.and_then(|place| channels.into_iter().nth(place));
    channel.ok_or_else(|| ServiceError::Refused {
        code: Refusal::ChannelDisabled.code(),
        message: format!("the organisation has no channel for {}", kind.word()),
    })
}

/// The contact's conversation on the channel; made where there is none yet.
async fn conversation_for(
    app: &App,
    principal: &Principal,
    asked: &ConversationView,
    contact: &ContactDetails,
    channel: &Channel,
    kind: Kind,
    to: Option<&str>,
) -> Result<ConversationId, ServiceError> {
    let known = app.store.conversations_with(channel.id, asked.contact_id).await?;
    let own: Vec<_> = known.iter().filter(|(id, _)| *id == asked.id).cloned().collect();
    let found = match to {
        Some(to) => kinds::with_address(&own, to).or_else(|| kinds::with_address(&known, to)),
        None if channel.id == asked.channel_id => Some(asked.id),
        None => known.first().map(|(id, _)| *id),
    };
    if let Some(found) = found {
        return Ok(found);
    }
    let points = if kind == Kind::Email { &contact.emails } else { &contact.phones };
    let address = to.map(|to| kinds::bare(to).to_owned()).or_else(|| points.first().map(|point| point.value.clone()));
    let address = address.ok_or_else(|| ServiceError::from(Refusal::NoSuchRecipient))?;
    own_address(app, principal, asked, kind, &address).await?;
    let opening = kinds::opening(&channel.channel_type, &address, Some(asked.name.clone()));
    composing::open(app, channel, opening).await
}

/// Makes sure that the address is the contact's: a new one becomes so, another contact's is refused.
async fn own_address(
    app: &App,
    principal: &Principal,
    asked: &ConversationView,
    kind: Kind,
    address: &str,
) -> Result<(), ServiceError> {
    let unreadable = || ServiceError::invalid("to", "must be a telephone number or e-mail address");
    // The digits of an e-mail address are no number, even where the address is the contact's.
    if kinds::digits(address).is_some() == (kind == Kind::Email) {
        return Err(unreadable());
    }
    let change = match kind {
        Kind::Email => ContactChange::Email { address: address.to_owned(), is_primary: false },
        Kind::Sms | Kind::WhatsApp => ContactChange::Phone { number: address.to_owned(), is_primary: false },
    };
    let owner = app.store.contact_of_point(asked.organisation_id, address).await?;
    let outcome = match owner {
        Some(owner) if owner == asked.contact_id => ContactOutcome::Changed,
        Some(owner) => ContactOutcome::Taken(owner),
        None => {
            let now = (app.clock)();
            let audit = principal.did(Action::Update, Entity::Contact, asked.contact_id);
            let audit = audit.with_change(json!({}), json!({"addressAdded": address}));
            app.store.change_contact(asked.organisation_id, asked.contact_id, &[change], Some(&audit), now).await?
        }
    };
    match outcome {
        ContactOutcome::Changed => Ok(()),
        ContactOutcome::Unknown => Err(ServiceError::NotFound("contact")),
        ContactOutcome::Unreadable => Err(unreadable()),
        ContactOutcome::Taken(_) => Err(ServiceError::Refused {
            code: Refusal::NoSuchRecipient.code(),
            message: "this address is another contact's; write in their conversation".to_owned(),
        }),
    }
}

async fn content(app: &App, channel: &Channel, body: Body) -> Result<Content, ServiceError> {
    let mail = match body {
        Body::Text(text) => return Ok(Content::text(text.into_string())),
        Body::Email(mail) => mail,
    };
    let Mail { from_name, from_address, subject, body, cc, bcc, files } = mail;
    let mut attachments = Vec::with_capacity(files.len());
    for file in files {
        attachments.push(keep(app, channel, file).await?);
    }
    let body = body.into_string();
    let (text, html) = if is_html(&body) { (None, Some(body)) } else { (Some(body), None) };
    let email = Email { from_name, from_address, cc, bcc, subject, html, references: Vec::new(), auto_reply: false };
    Ok(Content { text, attachments, detail: Some(Detail::Email(email)) })
}

async fn keep(app: &App, channel: &Channel, file: File) -> Result<Attachment, ServiceError> {
    let File { name, mime_type, content } = file;
    let content = stream::once(async move { Ok(content) }).boxed();
    let limit = app.config.server.media_body_bytes as u64;
    let kept = app.media.keep(channel.organisation_id, limit, Some(&mime_type), Some(&name), content).await?;
    Ok(media::attachment(kept))
}

/// Whether a body is HTML: it has an end tag, or begins with a tag.
fn is_html(body: &str) -> bool {
    let begins = || {
        let mut letters = body.trim_start().chars();
        letters.next() == Some('<')
            && letters.next().is_some_and(|letter| letter.is_ascii_alphabetic() || letter == '!')
    };
    body.contains("</") || body.contains("<br") || begins()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_told_from_text() {
        for html in ["<p>hi</p>", " <!doctype html>", "hello<br>you", "<b>x"] {
            assert!(is_html(html), "{html}");
        }
        for text in ["hi", "1 < 2", "<- look", "a <3 b"] {
            assert!(!is_html(text), "{text}");
        }
    }
}
