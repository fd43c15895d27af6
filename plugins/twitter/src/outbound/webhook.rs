//! Telling X where the channel's webhook is: the app has a webhook, and the account's events are subscribed to it. X
//! calls the address at once, and wants its question answered.

use super::answer::Effect;
use super::api::{self, Api};
use crate::settings::Subscription;
use crate::wire::{id, items, text};
use patchbay_plugin_sdk::encoding::encode_component;
use patchbay_plugin_sdk::{Failure, Outcome, Response, Step, TransportError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What concerns a helpdesk.
const EVENTS: [&str; 6] = ["dm.received", "dm.sent", "dm.indicate_typing", "dm.read", "chat.received", "chat.sent"];
const LONGEST_URL: usize = 200;

/// What was asked last.
#[derive(Serialize, Deserialize)]
enum Stage {
    List,
    Make,
    /// X is asked to look at the address again.
    Check {
        webhook: String,
    },
    Subscribe {
        webhook: String,
        event: usize,
    },
}

pub fn begin(api: &Api<'_>) -> Result<Step, Failure> {
    let request = api.request("GET", "/2/webhooks").query("webhook_config.fields", "id,url,valid").idempotent();
    let request = api::by_app(request.state(written(&Stage::List)?))?;
    let url = api.webhook_url();
    let host = url.strip_prefix("https://").map(|rest| rest.split('/').next().unwrap_or(rest));
    if url.len() > LONGEST_URL || host.is_none_or(|host| host.contains(':')) {
        let sentence =
            format!("X calls only https addresses without a port, of up to {LONGEST_URL} characters, not {url}");
        return Err(Failure::rejected(sentence));
    }
    Ok(request.into())
}

pub fn resume(api: &Api<'_>, state: &[u8], response: Result<Response, TransportError>) -> Result<Step, Failure> {
    let stage: Stage = serde_json::from_slice(state)
        .map_err(|error| Failure::temporary(format!("the state of the command cannot be read: {error}")))?;
    let effect = Effect::Repeatable;
    match stage {
        Stage::List => {
            let answer = effect.json(response, api.now())?;
            let is_ours = |webhook: &&Value| text(webhook, &["url"]) == Some(api.webhook_url());
            match items(&answer, &["data"]).iter().find(is_ours).and_then(|webhook| id(webhook, &["id"])) {
                Some(webhook) => {
                    let request = api.request("PUT", &format!("/2/webhooks/{}", encode_component(&webhook)));
                    Ok(api::by_app(request.idempotent().state(written(&Stage::Check { webhook })?))?.into())
                }
                None => {
                    let request = api.request("POST", "/2/webhooks").json(&json!({"url": api.webhook_url()}));
                    Ok(api::by_app(request.state(written(&Stage::Make)?))?.into())
                }
            }
        }
        Stage::Make => {
            let webhook = effect.id(response, &["data", "id"], api.now())?;
            subscribe(api, webhook, 0)
        }
        Stage::Check { webhook } => {
            effect.success(response, api.now())?;
            subscribe(api, webhook, 0)
        }
        Stage::Subscribe { webhook, event } => {
            if !is_subscribed(&response) {
                effect.success(response, api.now())?;
            }
            subscribe(api, webhook, event + 1)
        }
    }
}

fn subscribe(api: &Api<'_>, webhook: String, event: usize) -> Result<Step, Failure> {
    let state = |webhook: &str| written(&Stage::Subscribe { webhook: webhook.to_owned(), event });
    match api.settings().subscription {
        Subscription::AccountActivity if event > 0 => Ok(Outcome::Ok.into()),
        Subscription::AccountActivity => {
            let path = format!("/2/account_activity/webhooks/{}/subscriptions/all", encode_component(&webhook));
            let request = api.request("POST", &path).json(&json!({})).idempotent();
            Ok(api.authorised(request.state(state(&webhook)?))?.into())
        }
        Subscription::Activity => {
            let Some(kind) = EVENTS.get(event) else { return Ok(Outcome::Ok.into()) };
            let filter = json!({"user_id": api.settings().user_id});
            let body = json!({"event_type": kind, "filter": filter, "tag": "patchbay", "webhook_id": webhook});
            let request = api.request("POST", "/2/activity/subscriptions").json(&body).idempotent();
            Ok(api.by_oauth2(request.state(state(&webhook)?))?.into())
        }
    }
}

/// Whether it was so already.
fn is_subscribed(response: &Result<Response, TransportError>) -> bool {
    let Ok(response) = response else { return false };
    let said = String::from_utf8_lossy(&response.body).to_ascii_lowercase();
    response.status == 409 || response.status == 400 && (said.contains("duplicate") || said.contains("already"))
}

fn written(stage: &Stage) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(stage).map_err(|error| Failure::temporary(error.to_string()))
}
