//! Who this connector is.

use crate::settings::{API_KEY, INBOUND_TOKEN};
use patchbay_plugin_sdk::Manifest;
use patchbay_plugin_sdk::manifest::{ConfigSchema, hosts, strings};
use serde_json::json;

pub fn manifest() -> Manifest {
    Manifest {
        channel_types: strings(["EMAIL"]),
        config_schema: schema(),
        hosts: hosts(["api.sendgrid.com", "api.eu.sendgrid.com"]),
        // Files of a mail come within its webhook: there is nothing to download. SendGrid publishes no pace for sending
        // that could be kept; where it is too fast, the answer says until when to wait.
        capabilities: strings(["text", "media", "templates", "email", "delivery-status", "read-receipts"]),
        address_field: Some("fromEmail".to_owned()),
        ..Manifest::new("sendgrid", "E-mail through Twilio SendGrid", env!("CARGO_PKG_VERSION"))
    }
}

fn schema() -> String {
    let address =
        |description: &str| json!({"type": "string", "pattern": "^[^@\\s]+@[^@\\s]+$", "description": description});
    ConfigSchema::new()
        .secret(API_KEY, "An API key that may send mail")
        .property("fromEmail", address("The verified address that mails are sent from"))
        .text("fromName", "The name that mails are sent under")
        .property("replyTo", address("Where answers go, when they are not received at fromEmail"))
        .text("defaultSubject", "The subject of mails that are given none")
        .text("eventPublicKey", "The public key of the signed event webhook; with it, events must be signed")
        .secret(INBOUND_TOKEN, "A text of your choice: the query parameter `token` of the address that mails are posted to; without it none is taken")
        .property("region", json!({"enum": ["global", "eu"], "default": "global", "description": "Where the account is kept"}))
        .required(["fromEmail", API_KEY])
        .build()
}
