//! What the engine would hand to a connector.

use super::host::crypto;
use crate::encoding::to_hex;
use crate::host::Algorithm;
use crate::types::{Channel, Content, Header, Outgoing, Participant, Response, Timestamp, TransportError, Webhook};
use serde_json::Value;

/// The time of every test: 2025-06-08T18:39:43Z.
pub const NOW: Timestamp = 1_749_407_983_000;

/// A channel with these public settings; secrets come from [`super::with_secrets`].
pub fn channel(channel_type: &str, config: &Value) -> Channel {
    Channel {
        id: "018f3f5e-0000-7000-8000-000000000001".to_owned(),
        channel_type: channel_type.to_owned(),
        config: config.to_string(),
        webhook_url: "https://patchbay.example/webhook/1".to_owned(),
    }
}

/// A `POST` of JSON that arrived at [`NOW`].
pub fn webhook(body: impl Into<Vec<u8>>) -> Webhook {
    Webhook {
        method: "POST".to_owned(),
        url: "https://patchbay.example/webhook/1".to_owned(),
        headers: vec![Header::new("content-type", "application/json")],
        body: body.into(),
        received_at: NOW,
    }
}

impl Webhook {
    /// Sets a header, in place of others of that name.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.retain(|header| !header.name.eq_ignore_ascii_case(name));
        self.headers.push(Header::new(name, value));
        self
    }

    /// Signs the body as the platform would: `prefix` and the hexadecimal HMAC under the secret's value.
    #[must_use]
    pub fn signed(self, header: &str, prefix: &str, algorithm: Algorithm, secret_value: &str) -> Self {
        let signature = to_hex(&crypto::keyed(algorithm, secret_value.as_bytes(), &self.body));
        self.with_header(header, format!("{prefix}{signature}"))
    }
}

/// The platform's answer with a JSON body, for [`super::run`].
pub fn answer(status: u16, body: &Value) -> Result<Response, TransportError> {
    let headers = vec![Header::new("content-type", "application/json")];
    Ok(Response { status, headers, body: body.to_string().into_bytes(), saved: None })
}

/// A message to send to the contact `to`, with the identifier `out-1`.
pub fn outgoing(to: impl Into<String>, content: Content) -> Outgoing {
    let to = Participant::new(to);
    Outgoing {
        id: "out-1".to_owned(),
        thread: to.id.clone(),
        to,
        content,
        reply_to: None,
        last_inbound_at: Some(NOW),
        metadata: "{}".to_owned(),
    }
}
