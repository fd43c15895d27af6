//! `/webhook`: the one address that Meta calls for all numbers, accounts and pages. Whose a call is, it says itself; a
//! handshake says nothing but its token.

use actix_web::{HttpRequest, HttpResponse, http::header::ContentType, web};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::Error;
use crate::{
    api::{
        description::{Content, Described},
        endpoint::{get, post},
        problem::Problem,
        webhook,
    },
    app::App,
    ingress::{IngressError, Target},
    service::{ServiceError, default_channel},
};

/// Whose calls come here, by what they say they are about.
const OBJECTS: [(&str, &str); 3] =
    [("whatsapp_business_account", "WHATSAPP"), ("page", "FACEBOOK"), ("instagram", "INSTAGRAM")];

pub fn endpoints() -> Vec<Described> {
    vec![
        get("/webhook", handshake)
            .machine()
            .does("Answer the platform's handshake")
            .query::<HandshakeQuery>()
            .says(200, Content::Text)
            .refuses(&[403]),
        post("/webhook", receive)
            .machine()
            .does("Take what the platform tells")
            .takes_bytes()
            .says(200, Content::Text)
            .refuses(&[401]),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct HandshakeQuery {
    #[serde(rename = "hub.verify_token")]
    token: Option<String>,
}

async fn handshake(
    app: web::Data<App>,
    query: web::Query<HandshakeQuery>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Error> {
    let token = query.into_inner().token.unwrap_or_default();
    let channels = default_channel::with_webhook_token(&app, &token).await?;
    let Some(first) = channels.first() else {
        let message = "hub.verify_token is not that of any channel".to_owned();
        return Err(ServiceError::Forbidden(message).into());
    };
    let answer = webhook::receive(&app, Target::Channel(*first), &request, payload).await?;
    if answer.status().is_success() {
        default_channel::webhook_verified(&app, &channels, (app.clock)()).await?;
    }
    Ok(answer)
}

async fn receive(app: web::Data<App>, request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Error> {
    let (body, _room) = webhook::read_in_room(&request, payload, app.config.server.webhook_body_bytes).await?;
    let channel_type = addressed(&body).map_err(Problem::malformed)?;
    match webhook::deliver(&app, Target::Shared(vec![channel_type.to_owned()]), &request, body).await {
        Ok(_) => {}
        // The platform repeats what is refused for days; of a number that nobody has here nothing is wanted.
        Err(IngressError::UnknownChannel) => {
            metrics::counter!("patchbay_webhooks_unaddressed_total", "channel_type" => channel_type).increment(1);
        }
        Err(error) => return Err(webhook::problem(&error, request.method()).into()),
    }
    Ok(HttpResponse::Ok().content_type(ContentType::plaintext()).body("OK"))
}

fn addressed(body: &[u8]) -> Result<&'static str, &'static str> {
    let body: Value = serde_json::from_slice(body).map_err(|_| "the body is not JSON")?;
    let object = body.get("object").and_then(Value::as_str).unwrap_or_default();
    let known = OBJECTS.into_iter().find(|(known, _)| *known == object);
    known.map(|(_, channel_type)| channel_type).ok_or("object: is none that is known here")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_says_whose_it_is() {
        assert_eq!(addressed(br#"{"object": "whatsapp_business_account"}"#).unwrap(), "WHATSAPP");
        for wrong in [&b"x"[..], b"[]", br#"{"object": "user"}"#] {
            assert!(addressed(wrong).is_err());
        }
    }
}
