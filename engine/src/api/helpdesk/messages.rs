//! `/orgs/{orgId}/tickets/{ticketId}/messages`.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use patchbay_domain::{
    ChannelId, MacroId, MediaId, MessageId, OrganisationId, TicketId, UserId,
    delivery::MessageState,
    message::{self, Direction},
};
use patchbay_store::messages::MessageView;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    Error, Id,
    page::{self, PageQuery},
    words::DirectionWord,
};
use crate::{
    api::{
        description::Described,
        endpoint::{get, post},
        fields::{Check, Field, Noted},
        media::Shown,
    },
    app::App,
    auth::Principal,
    service::{
        ServiceError, WriteId, channels,
        fields::MessageText,
        media::MOST_FILES,
        messages::{self, Text},
    },
};

/// What stands for a content that is deleted.
const DELETED: &str = "[deleted]";

pub fn endpoints() -> Vec<Described> {
    vec![
        get("/{organisation}/tickets/{id}/messages", list).does("List a ticket's messages").pages::<Message>(),
        post("/{organisation}/tickets/{id}/messages", send)
            .does("Answer on a ticket")
            .takes::<SendBody>()
            .creates::<Message>(),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SendMessage")]
struct SendBody {
    #[serde(default)]
    content: Field<String>,
    /// Files that were uploaded before.
    #[serde(default)]
    media_ids: Field<Vec<MediaId>>,
    #[serde(default)]
    macro_id: Field<MacroId>,
    #[serde(default)]
    metadata: Field<Map<String, Value>>,
}

impl SendBody {
    fn read(self) -> Result<messages::Send, ServiceError> {
        let Self { content, media_ids, macro_id, metadata } = self;
        let mut check = Check::default();
        let files = files(&mut check, media_ids);
        let with_files = files.as_ref().is_ok_and(|files| !files.is_empty());
        let text = match check.value("macroId", macro_id) {
            Ok(None) if with_files => check.optional::<MessageText>("content", content).map(Text::of),
            Ok(None) => check.required::<MessageText>("content", content).map(Text::Written),
            // A form that sends every field sends this one empty.
            Ok(Some(_)) if matches!(&content, Field::Given(text) if !text.is_empty()) => {
                Err(check.note("content", "must be absent where macroId says what is sent"))
            }
            Ok(Some(id)) => Ok(Text::Macro(id)),
            Err(noted) => Err(noted),
        };
        let metadata = check.object("metadata", metadata);
        check.finish(|| {
            Ok(messages::Send {
                text: text?,
                files: files?,
                reply_to: None,
                metadata: metadata?.unwrap_or_else(|| json!({})),
                scheduled_at: None,
            })
        })
    }
}

fn files(check: &mut Check, media_ids: Field<Vec<MediaId>>) -> Result<Vec<MediaId>, Noted> {
    let files = check.value("mediaIds", media_ids)?.unwrap_or_default();
    if files.len() > MOST_FILES {
        return Err(check.note("mediaIds", format!("can be {MOST_FILES} at most")));
    }
    Ok(files)
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    id: MessageId,
    ticket_id: Option<TicketId>,
    org_id: OrganisationId,
    channel_id: ChannelId,
    direction: DirectionWord,
    external_message_id: Option<String>,
    sender_user_id: Option<UserId>,
    sender_name: String,
    content: String,
    attachments: Vec<Shown>,
    metadata: Value,
    /// Everybody can read it, and so everybody can read an answer to it.
    is_public: bool,
    /// Since when its content is deleted, because it was kept as long as its channel lets it be.
    #[serde(skip_serializing_if = "Option::is_none")]
    content_deleted_at: Option<DateTime<Utc>>,
    /// How far it is on its way; absent for what came in.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<MessageState>,
    created_at: DateTime<Utc>,
    sender_user: Option<Sender>,
}

#[derive(Serialize, JsonSchema)]
struct Sender {
    id: UserId,
    name: String,
}

impl Message {
    pub fn of(app: &App, view: MessageView) -> Self {
        let is_public = channels::is_public(app, &view.channel_type);
        let files = view.message.content.attachments.iter().map(|file| Shown::of(app, file.clone())).collect();
        Self::shown(view, is_public, files)
    }

    fn shown(view: MessageView, is_public: bool, attachments: Vec<Shown>) -> Self {
        let metadata = with_delivery(&view);
        let MessageView { message, sender_user_name, content_deleted_at, .. } = view;
        let content = match content_deleted_at {
            Some(_) => DELETED.to_owned(),
            None => message.content.preview(),
        };
        let status = (message.direction == Direction::Outbound).then_some(message.state);
        Self {
            id: message.id,
            ticket_id: message.ticket_id,
            org_id: message.organisation_id,
            channel_id: message.channel_id,
            direction: message.direction.into(),
            external_message_id: message.external_id,
            sender_user_id: message.sender_user_id,
            sender_user: message.sender_user_id.zip(sender_user_name).map(|(id, name)| Sender { id, name }),
            sender_name: message.sender_name,
            content,
            attachments,
            is_public,
            content_deleted_at,
            metadata,
            status,
            created_at: message.created_at,
        }
    }
}

/// The sender's metadata, and in it how the delivery went.
fn with_delivery(view: &MessageView) -> Value {
    let message::Message { metadata, direction, state, times, failure, .. } = &view.message;
    let mut metadata = metadata.as_object().cloned().unwrap_or_default();
    match state {
        MessageState::Sent | MessageState::Delivered | MessageState::Read if *direction == Direction::Outbound => {
            metadata.insert("sent".to_owned(), Value::Bool(true));
            metadata.insert("sentAt".to_owned(), json!(times.sent_at.unwrap_or(view.updated_at)));
        }
        MessageState::Failed => {
            let reason = failure.as_ref().map_or("the message could not be delivered", |failure| &failure.message);
            metadata.insert("error".to_owned(), Value::from(reason));
            metadata.insert("failedAt".to_owned(), json!(view.updated_at));
        }
        _ => {}
    }
    Value::Object(metadata)
}

async fn list(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<TicketId>>,
    query: web::Query<PageQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    let mut check = Check::default();
    let part = query.into_inner().read(&mut check);
    let part = check.finish(|| part)?;
    let listed = messages::of_ticket(&app, &principal, path.id, part).await?;
    Ok(page::answer(&request, &part, listed, |view| Message::of(&app, view)))
}

async fn send(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<TicketId>>,
    write: WriteId,
    body: web::Json<SendBody>,
) -> Result<HttpResponse, Error> {
    let sent = messages::send(&app, &principal, path.id, write, body.into_inner().read()?).await?;
    Ok(HttpResponse::Created().json(Message::of(&app, sent)))
}

#[cfg(test)]
mod tests {
    use patchbay_domain::{
        ConversationId,
        delivery::DeliveryTimes,
        platform::{Content, Failure, FailureKind},
    };

    use super::*;

    fn view(direction: Direction, state: MessageState) -> MessageView {
        let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let message = message::Message {
            id: MessageId::at(now),
            organisation_id: OrganisationId::at(now),
            channel_id: ChannelId::at(now),
            conversation_id: ConversationId::at(now),
            ticket_id: None,
            campaign_id: None,
            direction,
            external_id: None,
            sender_user_id: Some(UserId::at(now)),
            sender_name: "Ada".into(),
            content: Content::text("hello"),
            reply_to: None,
            metadata: json!({"tag": "x"}),
            state,
            failure: None,
            times: DeliveryTimes::default(),
            scheduled_at: None,
            platform_at: now,
            created_at: now,
            edited_at: None,
            deleted_at: None,
        };
        MessageView {
            message,
            sequence: 1,
            attempts: 0,
            sender_user_name: Some("Ada".into()),
            channel_type: "MOCK".into(),
            content_deleted_at: None,
            updated_at: now,
        }
    }

    #[test]
    fn a_delivered_message_says_when_it_was_sent() {
        let mut view = view(Direction::Outbound, MessageState::Delivered);
        view.message.times.sent_at = DateTime::from_timestamp(1_700_000_005, 0);
        assert_eq!(with_delivery(&view), json!({"tag": "x", "sent": true, "sentAt": "2023-11-14T22:13:25Z"}));
    }

    #[test]
    fn a_failed_message_says_why() {
        let mut view = view(Direction::Outbound, MessageState::Failed);
        let failure = Failure {
            kind: FailureKind::Rejected,
            code: Some("131026".into()),
            message: "not deliverable".into(),
            retry_after_ms: None,
            scope: None,
        };
        view.message.failure = Some(failure);
        let metadata = with_delivery(&view);
        assert_eq!(metadata["error"], "not deliverable");
        assert_eq!(metadata["failedAt"], "2023-11-14T22:13:20Z");
    }

    #[test]
    fn what_is_public_or_deleted_says_so() {
        let shown = |view, is_public| serde_json::to_value(Message::shown(view, is_public, vec![])).unwrap();
        let mut old = view(Direction::Inbound, MessageState::Received);
        let kept = shown(view(Direction::Inbound, MessageState::Received), true);
        assert_eq!((&kept["isPublic"], &kept["content"]), (&json!(true), &json!("hello")));
        assert_eq!(kept.get("contentDeletedAt"), None);
        old.message.content = Content::default();
        old.content_deleted_at = Some(old.updated_at);
        let old = shown(old, false);
        assert_eq!((&old["isPublic"], &old["content"]), (&json!(false), &json!("[deleted]")));
        assert_eq!(old["contentDeletedAt"], old["createdAt"]);
    }

    #[test]
    fn what_waits_and_what_came_in_says_nothing_of_delivery() {
        assert_eq!(with_delivery(&view(Direction::Outbound, MessageState::Queued)), json!({"tag": "x"}));
        let shown = Message::shown(view(Direction::Inbound, MessageState::Received), false, vec![]);
        let shown = serde_json::to_value(shown).unwrap();
        assert_eq!((&shown["metadata"], shown.get("status")), (&json!({"tag": "x"}), None));
    }

    #[test]
    fn a_macro_takes_the_place_of_content() {
        let id = MacroId::at(DateTime::UNIX_EPOCH);
        let read = |body| serde_json::from_value::<SendBody>(body).unwrap().read();
        for body in [json!({"macroId": id}), json!({"macroId": id, "content": ""})] {
            assert!(matches!(read(body).unwrap().text, Text::Macro(known) if known == id));
        }
        let both = read(json!({"macroId": id, "content": "hi"})).unwrap_err().to_string();
        assert_eq!(both, "content: must be absent where macroId says what is sent");
    }

    #[test]
    fn a_message_needs_content() {
        for body in [json!({}), json!({"content": " "}), json!({"content": 5}), json!({"content": "a", "metadata": 1})]
        {
            let body: SendBody = serde_json::from_value(body).unwrap();
            assert!(matches!(body.read(), Err(ServiceError::Invalid(_))));
        }
    }
}
