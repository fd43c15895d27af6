//! What a message may be beyond its content, as its sender's metadata says: `buttons` under a text, and Instagram's heart
//! (`likeHeart`).

use crate::messaging::Account;
use patchbay_plugin_sdk::Failure;
use serde::Deserialize;
use serde_json::{Value, json};

const BUTTONS: usize = 3;
const TITLE: usize = 20;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Extras {
    buttons: Vec<Button>,
    like_heart: bool,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Button {
    WebUrl { title: String, url: String },
    Postback { title: String, payload: String },
}

impl Button {
    fn title(&self) -> &str {
        match self {
            Self::WebUrl { title, .. } | Self::Postback { title, .. } => title,
        }
    }

    fn value(&self) -> Value {
        match self {
            Self::WebUrl { title, url } => json!({"type": "web_url", "title": title, "url": url}),
            Self::Postback { title, payload } => json!({"type": "postback", "title": title, "payload": payload}),
        }
    }
}

impl Extras {
    pub fn read(account: &Account, metadata: &str) -> Result<Self, Failure> {
        let metadata: Value = serde_json::from_str(metadata).unwrap_or_default();
        if !metadata.is_object() {
            return Ok(Self::default());
        }
        let extras: Self = serde_json::from_value(metadata).map_err(|error| {
            Failure::rejected(format!(
                "buttons have a type (web_url or postback), a title, and a url or a payload: {error}"
            ))
        })?;
        if extras.buttons.len() > BUTTONS {
            return Err(Failure::rejected(format!("a text has at most {BUTTONS} buttons")));
        }
        if let Some(long) = extras.buttons.iter().find(|button| button.title().chars().count() > TITLE) {
            return Err(Failure::rejected(format!("the button {:?} is longer than {TITLE} characters", long.title())));
        }
        if extras.like_heart && !account.product.has_heart {
            return Err(Failure::unsupported(format!("{} has no heart", account.product.name)));
        }
        Ok(extras)
    }

    pub fn heart(&self) -> Option<Value> {
        self.like_heart.then(|| json!({"type": "like_heart"}))
    }

    /// The text with the buttons under it; none where there are none.
    pub fn under(&self, text: &Value) -> Option<Value> {
        let buttons: Vec<Value> = self.buttons.iter().map(Button::value).collect();
        let payload = json!({"template_type": "button", "text": text, "buttons": buttons});
        (!buttons.is_empty()).then(|| json!({"type": "template", "payload": payload}))
    }

    pub fn has_buttons(&self) -> bool {
        !self.buttons.is_empty()
    }
}
