//! Trying a channel out, and subscribing its webhook.

use super::api::Api;
use crate::settings::Tier;
use patchbay_plugin_sdk::encoding::encode_component;
use patchbay_plugin_sdk::{Channel, Failure, Step};
use serde_json::json;

/// Reading the page's posts needs the token, the scope and the role that everything else needs.
pub fn test(api: &Api) -> Step {
    posts(api, 1).into()
}

pub fn posts(api: &Api, count: usize) -> patchbay_plugin_sdk::Request {
    let request = api.get("posts").query("author", api.organization()).query("q", "author");
    request.query("count", &count.to_string())
}

/// The address itself is entered in LinkedIn's developer portal first; this subscribes it to the page. Without what that
/// takes, it is subscribed by hand.
pub fn register(api: &Api, channel: &Channel) -> Result<Step, Failure> {
    if api.settings.access_tier == Tier::Development {
        return Err(Failure::unsupported("LinkedIn calls no webhook in the development tier"));
    }
    let (Some(application), Some(member)) = (&api.settings.application_id, &api.settings.member) else {
        return Err(Failure::unsupported(
            "to subscribe the webhook, the channel needs its applicationId and its member",
        ));
    };
    // The key keeps its parentheses and commas; what stands between them is escaped.
    let path = format!(
        "eventSubscriptions/(developerApplication:{},user:{},entity:{},eventType:ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS)",
        encode_component(&format!("urn:li:developerApplication:{application}")),
        encode_component(member),
        encode_component(api.organization()),
    );
    Ok(api.request("PUT", &path).json(&json!({"webhook": channel.webhook_url})).idempotent().into())
}
