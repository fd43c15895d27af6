//! What was written in a chat, sending, and marking it as read.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use patchbay_domain::{
    ChannelId, ContactId, MediaId, MessageId,
    message::Direction,
    platform::{Attachment, Content, MediaSource},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Error, Id,
    answer::{Data, Many, made, ok},
    auth::seconds,
    page::{self, LIMIT, PageQuery},
    words::{Ack, MessageType, SentType},
};
use crate::{
    api::{
        description::Described,
        endpoint::{get, post},
        fields::{Check, Field},
    },
    app::App,
    auth::Principal,
    service::{
        ServiceError, WriteId,
        chats::{self as service, Send, Written},
        fields::{FromText, MessageText},
        media,
    },
};

const LONGEST_TEXT: usize = 10_000;

pub fn endpoints() -> Vec<Described> {
    vec![
        get("/sessions/{id}/contacts/{contact}/messages", list)
            .does("List messages of a chat, the newest first")
            .query::<PageQuery>()
            .answers::<Many<Message>>()
            .refuses(&[403]),
        post("/sessions/{id}/contacts/{contact}/read", mark_read)
            .does("Mark a chat as read, which its platform is told")
            .answers::<Data<Marked>>()
            .refuses(&[403]),
        post("/sessions/{id}/messages", send)
            .does("Send a message")
            .takes::<SendBody>()
            .creates::<Data<Sent>>()
            .refuses(&[403]),
    ]
}

#[derive(Deserialize)]
struct ChatPath {
    id: ChannelId,
    contact: ContactId,
}

/// What a message says, without the spaces around it.
struct Text(MessageText);

impl FromText for Text {
    fn from_text(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.chars().count() > LONGEST_TEXT {
            return Err("must be at most 10000 characters long".to_owned());
        }
        MessageText::from_text(text).map(Self)
    }
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "SendMessage")]
struct SendBody {
    /// A number, or whatever a chat shows in its place
    #[serde(default)]
    #[schemars(!default)]
    phone_number: Field<String>,
    /// Needed but where a file goes with it
    #[serde(default)]
    message: Field<String>,
    #[serde(default)]
    message_type: Field<SentType>,
    /// A file that was uploaded
    #[serde(default)]
    media_id: Field<MediaId>,
}

impl SendBody {
    fn read(self) -> Result<Send, ServiceError> {
        let Self { phone_number, message, message_type, media_id } = self;
        let mut check = Check::default();
        let to = check.required("phone_number", phone_number);
        let text = check.optional::<Text>("message", message);
        let (kind, file) = (check.value("message_type", message_type), check.value("media_id", media_id));
        if let (Ok(text), Ok(kind), Ok(file)) = (&text, kind, file) {
            match kind.unwrap_or(SentType::Text) {
                SentType::Text if text.is_none() && file.is_none() => {
                    check.note("message", "is required");
                }
                SentType::Image | SentType::Video | SentType::Audio | SentType::Document if file.is_none() => {
                    check.note("media_id", "is required: upload the file to /api/media first");
                }
                _ => {}
            }
        }
        check.finish(|| {
            let text = text?.map(|Text(text)| text);
            Ok(Send { to: to?, text, files: file?.into_iter().collect() })
        })
    }
}

#[derive(Serialize, JsonSchema)]
struct Message {
    id: MessageId,
    /// Absent until WhatsApp has taken it.
    waha_message_id: Option<String>,
    #[serde(rename = "message_type")]
    kind: MessageType,
    body: Option<String>,
    from_me: bool,
    ack: Ack,
    timestamp: DateTime<Utc>,
    has_media: bool,
    media_url: Option<String>,
    media_mimetype: Option<String>,
    media_filename: Option<String>,
    quoted_message_id: Option<String>,
    sender_name: String,
}

impl Message {
    fn of(app: &App, Written { message, is_read }: Written) -> Self {
        let message = message.message;
        let file = message.content.attachments.first();
        Self {
            id: message.id,
            waha_message_id: message.external_id,
            kind: MessageType::of(message.content.kind()),
            body: said(&message.content),
            from_me: message.direction == Direction::Outbound,
            ack: Ack::of(message.state, is_read),
            timestamp: message.platform_at,
            has_media: file.is_some(),
            media_url: file.and_then(|file| address(app, file)),
            media_mimetype: file.and_then(|file| file.mime_type.clone()),
            media_filename: file.and_then(|file| file.file_name.clone()),
            quoted_message_id: message.reply_to,
            sender_name: message.sender_name,
        }
    }
}

/// What is written, be it beside a file; of what is neither, what a list shows.
pub fn said(content: &Content) -> Option<String> {
    let caption = || content.attachments.iter().find_map(|file| file.caption.clone());
    let shown = || (content.attachments.is_empty() && !content.is_empty()).then(|| content.preview());
    content.text.clone().or_else(caption).or_else(shown)
}

/// Of a file that can be fetched; one that the platform still has cannot.
fn address(app: &App, file: &Attachment) -> Option<String> {
    match &file.source {
        MediaSource::Stored(id) => Some(media::address(app, *id)),
        MediaSource::Url(url) => Some(url.clone()),
        MediaSource::Platform(_) => None,
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SentMessage")]
struct Sent {
    /// Ours; WhatsApp's own is in the list of messages once it is sent.
    message_id: MessageId,
    /// Seconds since 1970
    timestamp: i64,
    ack: Ack,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "MarkedAsRead")]
struct Marked {
    marked_count: u64,
}

async fn list(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<ChatPath>,
    query: web::Query<PageQuery>,
) -> Result<HttpResponse, Error> {
    let part = query.into_inner().part(LIMIT)?;
    let listed = service::messages(&app, &principal, path.id, path.contact, part).await?;
    Ok(HttpResponse::Ok().json(page::answer(listed, |written| Message::of(&app, written))))
}

async fn mark_read(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<ChatPath>,
) -> Result<HttpResponse, Error> {
    let marked_count = service::mark_read(&app, &principal, path.id, path.contact).await?;
    Ok(ok(Marked { marked_count }))
}

async fn send(
    app: web::Data<App>,
    principal: Principal,
    write: WriteId,
    path: web::Path<Id<ChannelId>>,
    body: web::Json<SendBody>,
) -> Result<HttpResponse, Error> {
    let sent = service::send(&app, &principal, path.id, write, body.into_inner().read()?).await?.message;
    Ok(made(Sent { message_id: sent.id, timestamp: seconds(sent.platform_at), ack: Ack::of(sent.state, true) }))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn told(body: Value) -> String {
        let body: SendBody = serde_json::from_value(body).unwrap();
        body.read().err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_message_says_something() {
        let id = "01900000-0000-7000-8000-000000000000";
        assert_eq!(told(json!({"phone_number": "+1234567890", "message": " hi "})), "");
        assert_eq!(told(json!({"phone_number": "123-4@g.us", "message_type": "image", "media_id": id})), "");
        assert_eq!(told(json!({"phone_number": "+1234567890", "message": " "})), "message: must not be empty");
        assert_eq!(told(json!({"phone_number": "+1234567890"})), "message: is required");
        assert_eq!(
            told(json!({"phone_number": "+1234567890", "message": "hi", "message_type": "image"})),
            "media_id: is required: upload the file to /api/media first"
        );
        let long = json!({"phone_number": "+1234567890", "message": "x".repeat(LONGEST_TEXT + 1)});
        assert_eq!(told(long), "message: must be at most 10000 characters long");
    }

    #[test]
    fn what_is_no_text_is_told_in_a_word() {
        assert_eq!(said(&Content::text("hi")).as_deref(), Some("hi"));
        assert_eq!(said(&Content::default()), None);
    }
}
