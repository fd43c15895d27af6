//! What clients ask for: under the names that the document has, and under those that its front end uses.

use patchbay_domain::{ConversationId, MessageId};
use patchbay_store::listing::ConversationUpdate;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::entrance::{self, Client};
use crate::{
    app::App,
    auth::Subject,
    realtime::rooms::Typing,
    service::{ServiceError, conversations, presence},
};

pub async fn request(app: &App, client: &mut Client, name: &str, arguments: Vec<Value>) -> Result<(), ServiceError> {
    entrance::count(app, Subject::User(client.principal.user_id))?;
    let about = arguments.into_iter().next().unwrap_or_default();
    match name {
        "conversation:join" | "join-conversation" => join(app, client, named(about, "conversationId")?).await,
        "conversation:leave" | "leave-conversation" => {
            client.member.leave(named(about, "conversationId")?);
            Ok(())
        }
        "typing:start" | "typing-start" => tell(app, client, named(about, "conversationId")?, true).await,
        "typing:stop" | "typing-stop" => tell(app, client, named(about, "conversationId")?, false).await,
        "message:read" => read(app, client, named(about, "messageId")?).await,
        _ => Err(ServiceError::NotFound("event")),
    }
}

/// An id, bare or in an object.
fn named<T: DeserializeOwned>(about: Value, field: &'static str) -> Result<T, ServiceError> {
    let id = match about {
        Value::Object(mut fields) => fields.remove(field).unwrap_or_default(),
        bare => bare,
    };
    serde_json::from_value(id).map_err(|_| ServiceError::invalid(field, "must be an id"))
}

async fn join(app: &App, client: &mut Client, id: ConversationId) -> Result<(), ServiceError> {
    exists(app, client, id).await?;
    if client.member.join(id) {
        Ok(())
    } else {
        Err(ServiceError::Refused {
            code: "TOO_MANY_SUBSCRIPTIONS",
            message: "you look at too many conversations; leave one".to_owned(),
        })
    }
}

/// Nobody hears of a conversation, nor is heard in one, that is not their organisation's.
async fn exists(app: &App, client: &Client, id: ConversationId) -> Result<(), ServiceError> {
    let found = app.store.conversation_views(client.principal.organisation_id, &[id]).await?;
    if found.is_empty() { Err(ServiceError::NotFound("conversation")) } else { Ok(()) }
}

async fn tell(app: &App, client: &Client, id: ConversationId, begins: bool) -> Result<(), ServiceError> {
    if !client.member.is_in(id) {
        exists(app, client, id).await?;
    }
    let (user_id, user_name) = (client.principal.user_id, client.principal.name.clone());
    client.member.tell(Typing { conversation_id: id, user_id, user_name, begins });
    presence::typing(app, &client.principal, id, begins);
    Ok(())
}

/// Who has read a message has read its conversation.
async fn read(app: &App, client: &Client, id: MessageId) -> Result<(), ServiceError> {
    let found = app.store.message(client.principal.organisation_id, id).await?;
    let conversation = found.ok_or(ServiceError::NotFound("message"))?.message.conversation_id;
    let update = ConversationUpdate { unread_count: Some(0), ..ConversationUpdate::default() };
    conversations::update(app, &client.principal, conversation, update).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_id_stands_alone_or_in_an_object() {
        let id = "019a0000-0000-7000-8000-000000000000";
        for about in [json!(id), json!({"conversationId": id, "more": 1})] {
            assert_eq!(named::<ConversationId>(about, "conversationId").unwrap().to_string(), id);
        }
        for about in [json!(null), json!({}), json!(7), json!("x"), json!([id])] {
            assert!(named::<ConversationId>(about, "conversationId").is_err());
        }
    }
}
