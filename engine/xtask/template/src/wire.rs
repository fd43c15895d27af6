//! What the platform's JSON looks like. Fields that are not named here are passed over.

use serde::{Deserialize, Serialize};

/// One webhook.
#[derive(Deserialize)]
pub struct Incoming {
    #[serde(rename = "type")]
    pub kind: String,
    pub id: Option<String>,
    pub from: Option<String>,
    pub text: Option<String>,
}

/// A message to send.
#[derive(Serialize)]
pub struct Posted<'a> {
    pub to: &'a str,
    pub text: &'a str,
}

/// The answer to it.
#[derive(Deserialize)]
pub struct Accepted {
    pub id: String,
}
