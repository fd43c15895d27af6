//! What travels on the bus. Stored forms carry their version: a node that is
//! upgraded still reads what the one before wrote.

use patchbay_domain::{
    ChannelId, MessageId, WebhookId,
    platform::{Event, Webhook},
};
use serde::{Deserialize, Serialize};

/// A webhook on its way to its channel's session, or what stands in for one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "version")]
pub enum Inbound {
    #[serde(rename = "1")]
    V1(InboundV1),
    #[serde(rename = "polled-1")]
    PolledV1(PolledV1),
}

impl Inbound {
    pub fn id(&self) -> WebhookId {
        match self {
            Self::V1(InboundV1 { id, .. }) | Self::PolledV1(PolledV1 { id, .. }) => *id,
        }
    }

    /// The same under another identifier.
    #[must_use]
    pub fn again(self, id: WebhookId) -> Self {
        match self {
            Self::V1(envelope) => Self::V1(InboundV1 { id, ..envelope }),
            Self::PolledV1(fetched) => Self::PolledV1(PolledV1 { id, ..fetched }),
        }
    }

    pub fn channel_id(&self) -> ChannelId {
        match self {
            Self::V1(InboundV1 { channel_id, .. }) | Self::PolledV1(PolledV1 { channel_id, .. }) => *channel_id,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboundV1 {
    pub id: WebhookId,
    pub channel_id: ChannelId,
    pub webhook: Webhook,
}

/// What a connector read from the platform's answer when it was asked for news.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PolledV1 {
    pub id: WebhookId,
    pub channel_id: ChannelId,
    pub events: Vec<Event>,
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
    use patchbay_domain::platform::{Content, InboundMessage, Participant};

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

    #[test]
    fn what_was_fetched_survives_its_travel() {
        let at = DateTime::UNIX_EPOCH;
        let message = InboundMessage {
            id: "m".into(),
            thread: "ana".into(),
            group: false,
            sender: Participant { id: "ana".into(), ..Participant::default() },
            echo: false,
            correlation: None,
            sent_at: at,
            content: Content::text("hello"),
            reply_to: None,
            metadata: serde_json::json!({"a": 1}),
        };
        let events = vec![Event::Message(message), Event::Ignored("a heartbeat".into())];
        let (id, channel_id) = (WebhookId::at(at), ChannelId::at(at));
        let inbound = Inbound::PolledV1(PolledV1 { id, channel_id, events });
        let text = serde_json::to_string(&inbound).unwrap();
        assert!(text.starts_with(r#"{"version":"polled-1","#), "{text}");
        let read: Inbound = serde_json::from_str(&text).unwrap();
        assert_eq!((read.id(), read.channel_id()), (id, channel_id));
        assert_eq!(read, inbound);
    }
}
