//! Webhooks into events. To take another kind of webhook, give it an arm in [`parse`].

use crate::wire::Incoming;
use patchbay_plugin_sdk::host::Algorithm;
use patchbay_plugin_sdk::{Acceptance, Content, Event, Message, Participant, Rejection, Webhook};

/// Cheap: the platform is waiting. The signature is checked before anything is read.
pub fn accept(webhook: &Webhook) -> Result<Acceptance, Rejection> {
    if webhook.is_signed("X-{{Name}}-Signature", "", Algorithm::Sha256, "signingKey") {
        Ok(Acceptance::keep())
    } else {
        Err(Rejection::unauthentic("X-{{Name}}-Signature is missing or wrong"))
    }
}

/// What is not known is ignored; what cannot be read is an error, and the webhook is kept aside.
pub fn parse(webhook: &Webhook) -> Result<Vec<Event>, String> {
    let Incoming { kind, id, from, text } = webhook.json()?;
    match kind.as_str() {
        "text" => {
            let sender = Participant::new(required(from, "from")?);
            let content = Content::text(required(text, "text")?);
            Ok(vec![Event::Message(Message::new(required(id, "id")?, sender, webhook.received_at, content))])
        }
        unknown => Ok(vec![Event::ignored(format!("the type {unknown:?}"))]),
    }
}

fn required(value: Option<String>, name: &str) -> Result<String, String> {
    value.ok_or_else(|| format!("{name} is missing"))
}
