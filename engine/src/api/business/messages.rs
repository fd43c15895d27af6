//! `/messages`: what was written in all conversations, and writing to somebody.

use actix_web::{HttpResponse, web};
use patchbay_domain::{ConversationId, MessageId};
use patchbay_store::message_list::{MessageFilter, Progress};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Answer, Error, Id, made,
    message_view::{Listed, Message},
    ok,
    page::{LIMIT, PageQuery, Pagination},
    send_body::SendBody,
    views::Conversation,
    words::{DirectionWord, ProgressWord, word},
};
use crate::{
    api::{
        description::Described,
        endpoint::{get, post},
        fields::{Check, Noted},
    },
    app::App,
    auth::Principal,
    service::{WriteId, conversations, direct},
};

pub fn endpoints() -> Vec<Described> {
    vec![
        get("/messages", list)
            .does("List messages")
            .query::<FilterQuery>()
            .query::<PageQuery>()
            .answers::<Answer<Messages>>(),
        post("/messages", send).does("Send a message").takes::<SendBody>().creates::<Answer<Message>>().refuses(&[404]),
        get("/messages/{id}", show).does("A message and its conversation").answers::<Answer<Shown>>(),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct FilterQuery {
    #[schemars(with = "Option<ConversationId>")]
    conversation_id: Option<String>,
    #[schemars(with = "Option<DirectionWord>")]
    direction: Option<String>,
    #[schemars(with = "Option<ProgressWord>")]
    status: Option<String>,
}

impl FilterQuery {
    fn read(self, check: &mut Check) -> Result<MessageFilter, Noted> {
        let Self { conversation_id, direction, status } = self;
        let conversation = check.parsed::<ConversationId>("conversationId", conversation_id, "a conversation's id");
        let direction = word::<DirectionWord>(check, "direction", direction, DirectionWord::ALLOWED);
        let status = word::<ProgressWord>(check, "status", status, ProgressWord::ALLOWED);
        Ok(MessageFilter {
            conversation_id: conversation?,
            direction: direction?.map(Into::into),
            progress: status?.map(Progress::from),
        })
    }
}

#[derive(Serialize, JsonSchema)]
struct Messages {
    messages: Vec<Listed>,
    pagination: Pagination,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "MessageWithConversation")]
struct Shown {
    #[serde(flatten)]
    message: Message,
    conversation: Conversation,
}

async fn list(
    app: web::Data<App>,
    principal: Principal,
    filter: web::Query<FilterQuery>,
    page: web::Query<PageQuery>,
) -> Result<HttpResponse, Error> {
    let mut check = Check::default();
    let (filter, part) = (filter.into_inner().read(&mut check), page.into_inner().read(&mut check, LIMIT));
    let (filter, part) = check.finish(|| Ok((filter?, part?)))?;
    let listed = conversations::messages(&app, &principal, &filter, part).await?;
    let pagination = Pagination::of(&part, &listed);
    let show = |(view, conversation)| Listed::of(&app, view, &conversation);
    let messages = listed.items.into_iter().map(show).collect();
    Ok(ok(&Messages { messages, pagination }))
}

async fn show(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<MessageId>>,
) -> Result<HttpResponse, Error> {
    let (view, shown) = conversations::message(&app, &principal, path.id).await?;
    let message = Message::of(&app, view, &shown.conversation);
    Ok(ok(&Shown { message, conversation: shown.conversation.into() }))
}

async fn send(
    app: web::Data<App>,
    principal: Principal,
    write: WriteId,
    body: web::Json<SendBody>,
) -> Result<HttpResponse, Error> {
    let (view, conversation) = direct::send(&app, &principal, write, body.into_inner().read()?).await?;
    Ok(made(&Message::of(&app, view, &conversation)))
}
