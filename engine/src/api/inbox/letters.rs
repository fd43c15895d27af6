//! Sending by SMS, WhatsApp and e-mail, now or later: one call, of which the address says what is asked.

use actix_web::{Handler, HttpResponse, web};
use patchbay_domain::{ConversationId, MessageId, delivery::MessageState};
use patchbay_store::messages::MessageView;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Answer, Error, Id,
    letter_body::{Asked, LetterBody},
    made,
    message_view::Message,
    query::Moment,
};
use crate::{
    api::{description::Described, endpoint::post},
    app::App,
    auth::Principal,
    service::{WriteId, kinds::Kind, writing},
};

pub fn endpoints() -> Vec<Described> {
    let schedule = Asked { kind: None, names_recipient: false, is_scheduled: true };
    vec![
        by(Kind::Sms, "/conversations/{id}/messages/sms", "Send an SMS"),
        by(Kind::WhatsApp, "/conversations/{id}/messages/whatsapp", "Send a WhatsApp message"),
        by(Kind::Email, "/conversations/{id}/messages/email", "Send a mail"),
        post("/conversations/{id}/messages/schedule", send(schedule))
            .does("Send a message at its time")
            .takes::<LetterBody>()
            .creates::<Answer<Later>>(),
    ]
}

/// To an address that the body names.
fn by(kind: Kind, path: &'static str, summary: &'static str) -> Described {
    let asked = Asked { kind: Some(kind), names_recipient: true, is_scheduled: false };
    post(path, send(asked)).does(summary).takes::<LetterBody>().creates::<Answer<Message>>()
}

/// On the channel that the body names, to the address that is known.
pub fn any() -> Described {
    let asked = Asked { kind: None, names_recipient: false, is_scheduled: false };
    post("/conversations/{id}/messages", send(asked))
        .does("Send a message on the channel that it names")
        .takes::<LetterBody>()
        .creates::<Answer<Message>>()
}

type Call = (web::Data<App>, Principal, web::Path<Id<ConversationId>>, WriteId, web::Json<LetterBody>);

fn send(asked: Asked) -> impl Handler<Call, Output = Result<HttpResponse, Error>> {
    move |app: web::Data<App>,
          principal: Principal,
          path: web::Path<Id<ConversationId>>,
          write: WriteId,
          body: web::Json<LetterBody>| async move {
        let letter = body.into_inner().read(asked)?;
        let (sent, conversation) = writing::send(&app, &principal, path.id, write, letter).await?;
        Ok::<_, Error>(if asked.is_scheduled {
            made(Later::from(sent))
        } else {
            made(Message::of(&app, sent, &conversation.channel_type))
        })
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ScheduledMessage")]
struct Later {
    id: MessageId,
    conversation_id: ConversationId,
    scheduled_at: Moment,
    status: &'static str,
}

impl From<MessageView> for Later {
    fn from(view: MessageView) -> Self {
        let message = view.message;
        let status = match message.state {
            MessageState::Scheduled => "scheduled",
            MessageState::Cancelled => "cancelled",
            _ => "sent",
        };
        // What was meant for a moment that is over went at once.
        let scheduled_at = message.scheduled_at.unwrap_or(message.created_at).into();
        Self { id: message.id, conversation_id: message.conversation_id, scheduled_at, status }
    }
}
