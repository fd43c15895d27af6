//! What travels on the bus. Stored forms carry their version: a node that is
//! upgraded still reads what the one before wrote.

use patchbay_domain::{ChannelId, MessageId, WebhookId, platform::Webhook};
use serde::{Deserialize, Serialize};

/// A webhook on its way to its channel's session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "version")]
pub enum Inbound {
    #[serde(rename = "1")]
    V1(InboundV1),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboundV1 {
    pub id: WebhookId,
    pub channel_id: ChannelId,
    pub webhook: Webhook,
}

/// Tells a channel's session that there is something to send; what it is, the message table says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "version")]
pub enum Outbound {
    #[serde(rename = "1")]
    V1 {
        channel_id: ChannelId,
        /// None: the channel itself changed.
        #[serde(default)]
        message_id: Option<MessageId>,
    },
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn a_webhook_survives_its_travel() {
        let inbound = Inbound::V1(InboundV1 {
            id: WebhookId::at(DateTime::UNIX_EPOCH),
            channel_id: ChannelId::at(DateTime::UNIX_EPOCH),
            webhook: Webhook {
                method: "POST".into(),
                url: "http://localhost/webhook/x?a=b".into(),
                headers: vec![],
                body: b"{\"text\":\"\\u00e4\"}\r\n".to_vec(),
                received_at: DateTime::UNIX_EPOCH,
            },
        });
        let text = serde_json::to_string(&inbound).unwrap();
        assert!(text.starts_with(r#"{"version":"1","#), "{text}");
        assert_eq!(serde_json::from_str::<Inbound>(&text).unwrap(), inbound);
    }
}
