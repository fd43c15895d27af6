//! Writing to somebody by their number: on the organisation's WhatsApp channel,
//! in the conversation with them, made where there is none yet; and then as any other message.

use std::{collections::HashMap, sync::Arc, time::Duration};

use patchbay_domain::{
    ConversationId, MediaId, MessageId,
    platform::{Attachment, Content, Detail, MediaKind, MediaSource, TemplateUse},
    sending::{SendingChannel, SendingRecipient, may_send},
    variables,
};
use patchbay_store::{channels::Channel, listing::ConversationView, messages::MessageView};
use serde_json::Value;
use url::Url;

use super::{
    ServiceError, WriteId, composing, conversations, default_channel,
    fields::{FromText, MessageText, PhoneNumber},
    kinds, media, templates,
};
use crate::{
    app::App,
    auth::{Principal, Subject},
    channels::ActiveChannel,
};

#[derive(Debug)]
pub struct Direct {
    /// A number, or what a platform calls somebody who has none.
    pub to: Option<String>,
    /// Where it is written, in place of `to`.
    pub conversation_id: Option<ConversationId>,
    /// The platform's identifier of the number that sends; with none the organisation's default.
    pub phone_number_id: Option<String>,
    pub body: Body,
}

#[derive(Debug)]
pub enum Body {
    Text(MessageText),
    File {
        kind: MediaKind,
        file: File,
        caption: Option<String>,
        name: Option<String>,
    },
    Template {
        name: String,
        language: Option<String>,
        components: Value,
    },
    /// A place, people, or things to choose from with the text above them.
    Special {
        text: Option<String>,
        detail: Detail,
    },
}

#[derive(Debug)]
pub enum File {
    Kept(MediaId),
    /// Where the platform, or we, find it.
    At(Url),
}

/// Where a message goes.
struct Place {
    channel: Arc<ActiveChannel>,
    to: Recipient,
}

enum Recipient {
    Known(ConversationId),
    /// There is no conversation with them yet.
    New(PhoneNumber),
}

/// Commits a message for sending.
pub async fn send(
    app: &App,
    principal: &Principal,
    write: WriteId,
    direct: Direct,
) -> Result<(MessageView, ConversationView), ServiceError> {
    let (organisation, id) = (principal.organisation_id, MessageId::from(write.id));
    let known = if write.repeated { app.store.message(organisation, id).await? } else { None };
    let sent = if let Some(known) = known {
        known
    } else {
        let Direct { to, conversation_id, phone_number_id, body } = direct;
        let place = match (conversation_id, to) {
            (Some(conversation), _) => of_conversation(app, principal, conversation).await?,
            (None, Some(to)) => of_recipient(app, principal, &to, phone_number_id.as_deref()).await?,
            (None, None) => return Err(ServiceError::invalid("to", "is required")),
        };
        let content = content(app, principal, &place, body).await?;
        spend(app, principal)?;
        let conversation = conversation(app, place, &content).await?;
        composing::commit(app, principal, conversation, composing::message(principal, id, content)).await?
    };
    let conversation = conversations::find(app, principal, sent.message.conversation_id).await?;
    Ok((sent, conversation))
}

/// One of the messages that the organisation may send in a minute.
fn spend(app: &App, principal: &Principal) -> Result<(), ServiceError> {
    match app.auth.sends.check(Subject::Organisation(principal.organisation_id)).retry_after {
        None => Ok(()),
        Some(seconds) => {
            let message = "your organisation sends too many messages a minute; wait a little";
            Err(ServiceError::TooMany { message, retry_after: Duration::from_secs(seconds) })
        }
    }
}

async fn of_conversation(app: &App, principal: &Principal, id: ConversationId) -> Result<Place, ServiceError> {
    let known = conversations::find(app, principal, id).await?;
    Ok(Place { to: Recipient::Known(id), channel: app.channels.get(known.channel_id).await? })
}

async fn of_recipient(
    app: &App,
    principal: &Principal,
    to: &str,
    phone_number_id: Option<&str>,
) -> Result<Place, ServiceError> {
    let organisation = principal.organisation_id;
    let phone = match PhoneNumber::from_text(to) {
        Ok(phone) => phone,
        // Whom a platform knows by another name can be answered, and not be written to first.
        Err(problem) => {
            let known = app.store.conversation_called(organisation, to).await?;
            let known = known.ok_or_else(|| ServiceError::invalid("to", problem))?;
            return of_conversation(app, principal, known).await;
        }
    };
    let contact = app.store.contact_of_point(organisation, phone.as_str()).await?;
    // What a platform calls somebody may look like a number that nobody has.
    if contact.is_none()
        && let Some(known) = app.store.conversation_called(organisation, to).await?
        && conversations::find(app, principal, known).await?.handling.phone.is_none()
    {
        return of_conversation(app, principal, known).await;
    }
    let Some(channel) = channel(app, principal, phone_number_id).await? else {
        // Perhaps another channel has reached them.
        let known = match contact {
            Some(contact) => app.store.conversations_of_contact(organisation, contact, 1).await?,
            None => Vec::new(),
        };
        let known = known.first().copied().ok_or_else(default_channel::missing)?;
        return of_conversation(app, principal, known).await;
    };
    let known = match contact {
        Some(contact) => app.store.conversations_with(channel.id, contact).await?,
        None => Vec::new(),
    };
    let known = kinds::with_address(&known, phone.as_str());
    let channel = app.channels.get(channel.id).await?;
    Ok(Place { channel, to: known.map_or(Recipient::New(phone), Recipient::Known) })
}

/// The one that was named, else the default.
async fn channel(
    app: &App,
    principal: &Principal,
    phone_number_id: Option<&str>,
) -> Result<Option<Channel>, ServiceError> {
    let Some(wanted) = phone_number_id else { return default_channel::find(app, principal).await };
    let channels = app.store.channels(principal.organisation_id).await?;
    let is_wanted =
        |channel: &Channel| channel.channel_type == default_channel::TYPE && channel.address.as_deref() == Some(wanted);
    channels.into_iter().find(is_wanted).map(Some).ok_or(ServiceError::NotFound("phone number"))
}

/// The one that is there, else a new one; not for what could not be sent in it.
async fn conversation(app: &App, place: Place, content: &Content) -> Result<ConversationId, ServiceError> {
    let Place { channel, to } = place;
    let phone = match to {
        Recipient::Known(id) => return Ok(id),
        Recipient::New(phone) => phone,
    };
    let (row, now) = (&channel.row, (app.clock)());
    let sending = SendingChannel { status: row.status, manifest: channel.manifest() };
    may_send(&sending, &SendingRecipient::default(), content, now)?;
    composing::open(app, row, kinds::opening(&row.channel_type, phone.as_str(), None)).await
}

async fn content(app: &App, principal: &Principal, place: &Place, body: Body) -> Result<Content, ServiceError> {
    match body {
        Body::Text(text) => Ok(Content::text(text.into_string())),
        Body::File { kind, file, caption, name } => {
            let attachment = attachment(app, principal, kind, file).await?;
            let file_name = name.or(attachment.file_name);
            let attachment = Attachment { kind, caption, file_name, ..attachment };
            Ok(Content { attachments: vec![attachment], ..Content::default() })
        }
        Body::Special { text, detail } => Ok(Content { text, attachments: Vec::new(), detail: Some(detail) }),
        Body::Template { name, language, components } => {
            template(app, principal, place, &name, language, components).await
        }
    }
}

/// Of a file that we keep ourselves, what we know of it.
async fn attachment(app: &App, principal: &Principal, kind: MediaKind, file: File) -> Result<Attachment, ServiceError> {
    let kept = match &file {
        File::Kept(id) => Some(*id),
        File::At(url) => media::named(app, url),
    };
    let source = match (kept, file) {
        (Some(id), _) | (None, File::Kept(id)) => {
            let known = media::attachments(app, principal, &[id]).await?;
            return known.into_iter().next().ok_or(ServiceError::NotFound("file"));
        }
        (None, File::At(url)) => MediaSource::Url(url.into()),
    };
    let (mime_type, file_name, size) = (None, None, None);
    Ok(Attachment { kind, source, mime_type, file_name, size, caption: None, public_url: None })
}

async fn template(
    app: &App,
    principal: &Principal,
    place: &Place,
    name: &str,
    language: Option<String>,
    parameters: Value,
) -> Result<Content, ServiceError> {
    let known = templates::meant(app, principal, place.channel.id(), name, language.as_deref()).await?;
    let (name, language, text) = match known {
        Some(known) if known.status != "APPROVED" => {
            let message = format!("the platform has not approved this template; it is {}", known.status);
            return Err(ServiceError::Refused { code: "TEMPLATE_NOT_APPROVED", message });
        }
        Some(known) => {
            let text = rendered(&known.components, &parameters);
            (known.name, known.language, text)
        }
        // Perhaps the platform knows it and we do not yet.
        None => {
            let language = language.ok_or_else(|| ServiceError::invalid("templateName", "is not known here"))?;
            (name.to_owned(), language, None)
        }
    };
    let detail = Some(Detail::Template(TemplateUse { name, language, parameters }));
    Ok(Content { text, attachments: Vec::new(), detail })
}

/// What the recipient will read: the body with its parameters, each where the body itself has a place for it.
fn rendered(components: &Value, parameters: &Value) -> Option<String> {
    let of = |list: &Value, field: &str| -> Option<Value> {
        let is_body = |part: &&Value| {
            part.get("type").and_then(Value::as_str).is_some_and(|kind| kind.eq_ignore_ascii_case("body"))
        };
        list.as_array()?.iter().find(is_body)?.get(field).cloned()
    };
    let text = of(components, "text")?;
    let text = text.as_str()?;
    let given = of(parameters, "parameters").unwrap_or_default();
    let values: HashMap<String, &str> = (1..)
        .zip(given.as_array().into_iter().flatten())
        .filter_map(|(place, parameter): (u32, &Value)| {
            let name = parameter.get("parameter_name").and_then(Value::as_str);
            Some((name.map_or_else(|| place.to_string(), str::to_owned), parameter.get("text")?.as_str()?))
        })
        .collect();
    // With a place that nothing was given for, the platform refuses it: it is shown as it stands.
    Some(variables::render(text, |name| values.get(name).copied()).unwrap_or_else(|_| text.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_template_is_read_with_its_parameters() {
        let components =
            json!([{"type": "HEADER", "text": "Hi"}, {"type": "BODY", "text": "Dear {{1}}, {{2}} {{city}}"}]);
        let parameters = json!([
            {"type": "header", "parameters": []},
            {"type": "body", "parameters": [
                {"type": "text", "text": "Ann"},
                {"type": "text", "text": "welcome to"},
                {"type": "text", "parameter_name": "city", "text": "Utrecht"},
            ]},
        ]);
        assert_eq!(rendered(&components, &parameters).as_deref(), Some("Dear Ann, welcome to Utrecht"));
        assert_eq!(rendered(&components, &Value::Null).as_deref(), Some("Dear {{1}}, {{2}} {{city}}"));
        assert_eq!(rendered(&json!([]), &Value::Null), None);
        // A value is no text with places: it would grow with each of them.
        let tricky = json!([{"type": "body", "parameters": [
            {"type": "text", "text": "{{2}}{{2}}"}, {"type": "text", "text": "x"},
            {"type": "text", "parameter_name": "city", "text": "y"},
        ]}]);
        assert_eq!(rendered(&components, &tricky).as_deref(), Some("Dear {{2}}{{2}}, x y"));
    }
}
