//! Handshakes that prove nothing and ask for proof: the answer is a hash of what they bring, under a secret of the
//! channel.

use patchbay_domain::platform::{Acceptance, Rejection, Webhook};
use serde_json::Value;

use super::{
    fixture::Fixture,
    inbound::{STRANGE, accept},
    judge::Verdict,
    subject::Subject,
};

/// The secret of a recorded challenge and the answer under it.
pub fn recorded(fixture: &Fixture) -> Option<(&str, &Value)> {
    let fields = fixture.value.as_object()?;
    let answers = fields.iter().filter(|(name, _)| name.starts_with("response_if_"));
    let body = answers.filter_map(|(_, answer)| answer.get("body")).find(|body| body.is_object())?;
    Some((fixture.text("secret")?, body))
}

/// Answered as recorded; under another secret otherwise; and not at all where nothing is asked.
pub async fn answered(subject: &Subject, webhook: &Webhook, secret: &str, expected: &Value) -> Verdict {
    let under = async |secret: &str, webhook: &Webhook| {
        accept(subject, &subject.with_every_secret(secret), webhook).await.map(|answer| body(&answer))
    };
    if under(secret, webhook).await?.as_ref() != Some(expected) {
        return Err("it is not answered as recorded".to_owned());
    }
    if under(STRANGE, webhook).await?.as_ref() == Some(expected) {
        return Err("it is answered in the same way under another secret".to_owned());
    }
    let url = webhook.url.split('?').next().unwrap_or_default().to_owned();
    match under(secret, &Webhook { url, ..webhook.clone() }).await? {
        Some(_) => Err("it is answered though nothing is asked".to_owned()),
        None => Ok(()),
    }
}

/// What an answer with 200 says.
fn body(answer: &Result<Acceptance, Rejection>) -> Option<Value> {
    match answer {
        Ok(Acceptance::Answer(reply)) if reply.status == 200 => serde_json::from_slice(&reply.body).ok(),
        Ok(_) | Err(_) => None,
    }
}
