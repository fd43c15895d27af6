//! May this be sent, asked before anything is written: the rule itself, tried
//! with a message of each kind.

use chrono::{DateTime, Duration, Utc};

use super::{Refusal, SendingChannel, SendingRecipient, Window, may_send, window_until};
use crate::platform::{
    Attachment, Choices, Content, Detail, LimitScope, Location, MediaKind, MediaSource, Participant, RateLimit,
    TemplateUse,
};

/// A kind of message that a person may want to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Media,
    Location,
    Contacts,
    Interactive,
    Template,
}

impl Kind {
    pub const ALL: [Self; 6] =
        [Self::Text, Self::Media, Self::Location, Self::Contacts, Self::Interactive, Self::Template];

    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Media => "media",
            Self::Location => "location",
            Self::Contacts => "contacts",
            Self::Interactive => "interactive",
            Self::Template => "template",
        }
    }

    /// The least that is of this kind.
    fn sample(self) -> Content {
        let detail = |detail| Content { detail: Some(detail), ..Content::default() };
        match self {
            Self::Text => Content::text("text"),
            Self::Media => Content {
                attachments: vec![Attachment {
                    kind: MediaKind::Document,
                    source: MediaSource::Url(String::new()),
                    mime_type: None,
                    file_name: None,
                    size: None,
                    caption: None,
                    public_url: None,
                }],
                ..Content::default()
            },
            Self::Location => {
                detail(Detail::Location(Location { latitude: 0.0, longitude: 0.0, name: None, address: None }))
            }
            Self::Contacts => detail(Detail::Contacts(vec![Participant::default()])),
            Self::Interactive => detail(Detail::Choices(Choices::default())),
            Self::Template => detail(Detail::Template(TemplateUse {
                name: String::new(),
                language: String::new(),
                parameters: serde_json::Value::Null,
            })),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendOptions {
    pub window: Window,
    /// Of each kind, whether it may be sent now.
    pub kinds: Vec<(Kind, Result<(), Refusal>)>,
}

impl SendOptions {
    #[must_use]
    pub fn at(channel: &SendingChannel<'_>, recipient: &SendingRecipient, now: DateTime<Utc>) -> Self {
        let asked = |kind: Kind| (kind, may_send(channel, recipient, &kind.sample(), now));
        Self {
            window: window_until(channel.manifest, recipient.last_inbound_at),
            kinds: Kind::ALL.into_iter().map(asked).collect(),
        }
    }

    /// # Errors
    /// Why a message of this kind would be refused.
    pub fn of(&self, kind: Kind) -> Result<(), Refusal> {
        self.kinds.iter().find(|(known, _)| *known == kind).map_or(Err(Refusal::UnsupportedContent), |(_, may)| *may)
    }
}

/// How long a channel's limits let the next message wait, behind so many that wait already.
#[must_use]
pub fn expected_wait(limits: &[RateLimit], attempts: &[DateTime<Utc>], ahead: u32, now: DateTime<Utc>) -> Duration {
    let of_channel = limits.iter().filter(|limit| limit.scope == LimitScope::Channel && limit.permits > 0);
    of_channel.map(|limit| wait(limit, attempts, ahead, now)).max().unwrap_or_default()
}

fn wait(limit: &RateLimit, attempts: &[DateTime<Utc>], ahead: u32, now: DateTime<Utc>) -> Duration {
    let micros = limit.per_ms.saturating_mul(1_000) / u64::from(limit.permits.max(1));
    let interval = i64::try_from(micros).unwrap_or(i64::MAX);
    let times = |count: u32| interval.saturating_mul(i64::from(count));
    let mut known: Vec<i64> = attempts.iter().map(DateTime::timestamp_micros).collect();
    known.sort_unstable();
    // When the limit will have recovered from what was sent.
    let recovered = known.into_iter().fold(i64::MIN, |recovered, at| recovered.max(at).saturating_add(interval));
    let now = now.timestamp_micros();
    let spare = times(limit.burst.unwrap_or(1).max(1) - 1);
    let goes = recovered.max(now).saturating_add(times(ahead)).saturating_sub(spare);
    Duration::microseconds(goes.saturating_sub(now).max(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + Duration::days(20_000) + Duration::milliseconds(millis)
    }

    #[test]
    fn the_wait_is_what_the_limit_leaves() {
        let limit = |burst| RateLimit { scope: LimitScope::Channel, permits: 10, per_ms: 1_000, burst };
        let wait = |burst, attempts: &[DateTime<Utc>], ahead| {
            expected_wait(&[limit(burst)], attempts, ahead, at(0)).num_milliseconds()
        };
        assert_eq!(wait(None, &[], 0), 0);
        assert_eq!(wait(None, &[at(0)], 0), 100);
        assert_eq!(wait(None, &[at(-1_000)], 5), 500);
        assert_eq!(wait(Some(3), &[at(0)], 2), 100);
        assert_eq!(wait(Some(3), &[at(-10_000)], 2), 0);
        let recipient = RateLimit { scope: LimitScope::Recipient, ..limit(None) };
        assert_eq!(expected_wait(&[recipient], &[at(0)], 5, at(0)), Duration::zero());
        let endless = RateLimit { permits: 1, per_ms: u64::MAX, ..limit(None) };
        assert!(expected_wait(&[endless], &[at(0)], u32::MAX, at(0)) > Duration::days(365));
    }

    #[test]
    fn a_kind_is_what_it_says() {
        for kind in Kind::ALL {
            assert!(!kind.sample().is_empty(), "{kind:?}");
        }
    }
}
