//! What is said of the settings, in every form in which clients say it: as the document has it (`whatsappConfig`,
//! `webhookConfig`), as the front end sends back what it was shown (`waba`, `webhookVerifyToken`), or flat.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Map;

use crate::{
    api::fields::{Check, Field, Noted},
    service::{ServiceError, default_channel::Change},
};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "UpdateSettings")]
pub struct SettingsBody {
    #[serde(default)]
    whatsapp_config: Field<NumberBody>,
    #[serde(default)]
    waba: Field<NumberBody>,
    #[serde(default)]
    webhook_config: Field<WebhookBody>,
    #[serde(default)]
    webhook: Field<WebhookBody>,
    #[serde(default)]
    webhook_verify_token: Field<String>,
    #[serde(flatten)]
    flat: NumberBody,
}

/// What is not known here, such as what the platform says of the number, is passed over.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(rename = "WhatsappConfig")]
struct NumberBody {
    phone_number_id: Field<String>,
    business_account_id: Field<String>,
    /// What was shown in its place, or an empty text, means unchanged
    access_token: Field<String>,
    /// The app's secret, with which the platform signs its webhooks
    app_secret: Field<String>,
    api_version: Field<String>,
    /// Another server that speaks the platform's API
    api_base_url: Field<String>,
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(rename = "WebhookConfig")]
struct WebhookBody {
    verify_token: Field<String>,
    enabled: Field<bool>,
}

impl NumberBody {
    fn write(self, check: &mut Check, change: &mut Change) -> Result<(), Noted> {
        let Self { phone_number_id, business_account_id, access_token, app_secret, api_version, api_base_url } = self;
        let fields = [
            ("phoneNumberId", phone_number_id),
            ("businessAccountId", business_account_id),
            ("accessToken", access_token),
            ("appSecret", app_secret),
            ("apiVersion", api_version),
            ("apiBaseUrl", api_base_url),
        ];
        for (name, field) in fields {
            let value = check.value(name, field)?;
            set(change, name, value);
        }
        Ok(())
    }
}

/// An empty text means unchanged, as everywhere in this body.
fn set(change: &mut Change, name: &str, value: Option<String>) {
    if let Some(value) = value.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()) {
        change.config.insert(name.to_owned(), value.into());
    }
}

impl WebhookBody {
    fn write(self, check: &mut Check, change: &mut Change) -> Result<(), Noted> {
        let Self { verify_token, enabled } = self;
        let (token, enabled) = (check.value("verifyToken", verify_token), check.value("enabled", enabled));
        set(change, "webhookVerifyToken", token?);
        change.is_active = enabled?.or(change.is_active);
        Ok(())
    }
}

impl SettingsBody {
    pub fn read(self) -> Result<Change, ServiceError> {
        let Self { whatsapp_config, waba, webhook_config, webhook, webhook_verify_token, flat } = self;
        let mut check = Check::default();
        let mut change = Change { config: Map::new(), is_active: None };
        let read = || -> Result<(), Noted> {
            flat.write(&mut check, &mut change)?;
            for (name, number) in [("waba", waba), ("whatsappConfig", whatsapp_config)] {
                check.value(name, number)?.unwrap_or_default().write(&mut check, &mut change)?;
            }
            for (name, webhook) in [("webhook", webhook), ("webhookConfig", webhook_config)] {
                check.value(name, webhook)?.unwrap_or_default().write(&mut check, &mut change)?;
            }
            let token = check.value("webhookVerifyToken", webhook_verify_token)?;
            set(&mut change, "webhookVerifyToken", token);
            Ok(())
        };
        let read = read();
        check.finish(|| read.map(|()| change))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(body: Value) -> Result<Change, String> {
        let body: SettingsBody = serde_json::from_value(body).unwrap();
        body.read().map_err(|error| error.to_string())
    }

    #[test]
    fn every_form_says_the_same() {
        let wanted = json!({"phoneNumberId": "1", "accessToken": "t", "webhookVerifyToken": "v"});
        for body in [
            json!({"whatsappConfig": {"phoneNumberId": "1", "accessToken": "t"}, "webhookConfig": {"verifyToken": "v"}}),
            json!({"waba": {"phoneNumberId": "1", "accessToken": "t", "isValid": true}, "webhookVerifyToken": "v"}),
            json!({"phoneNumberId": "1", "accessToken": "t", "webhook": {"url": "x", "verifyToken": "v"}}),
        ] {
            assert_eq!(Value::Object(read(body).unwrap().config), wanted);
        }
    }

    #[test]
    fn what_is_empty_is_unchanged_and_what_is_no_text_is_told() {
        let change = read(json!({"waba": {"accessToken": ""}, "webhookConfig": {"enabled": false}})).unwrap();
        assert_eq!((change.config.len(), change.is_active), (0, Some(false)));
        let told = read(json!({"waba": {"accessToken": 5}})).unwrap_err();
        assert!(told.starts_with("accessToken: invalid type"), "{told}");
    }
}
