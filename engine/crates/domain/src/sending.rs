//! May this be sent? One rule for a send, a scheduled send and the question
//! itself, so that the reasons are the same everywhere.

mod options;

use chrono::{DateTime, Duration, Utc};
pub use options::{Kind, SendOptions, expected_wait};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::platform::{Content, Detail, Manifest};

/// Why a message is refused before it is queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Refusal {
    #[error("the contact last wrote too long ago for a free-form message; send a template")]
    OutsideWindow,
    #[error("the contact asked for no more messages")]
    OptedOut,
    /// Only what nobody writes at that moment: campaigns and scheduled messages.
    #[error("the contact does not want to be disturbed; write to them yourself")]
    DoNotDisturb,
    #[error("this contact cannot be reached on this channel")]
    NoSuchRecipient,
    #[error("this channel cannot send this kind of message")]
    UnsupportedContent,
    #[error("the platform refuses this channel's credentials; correct its configuration and run test-connection")]
    ChannelUnauthorized,
    #[error("this channel is switched off")]
    ChannelDisabled,
    #[error("the message is larger than this channel takes")]
    TooLarge,
}

impl Refusal {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::OutsideWindow => "OUTSIDE_WINDOW",
            Self::OptedOut => "OPTED_OUT",
            Self::DoNotDisturb => "DO_NOT_DISTURB",
            Self::NoSuchRecipient => "NO_SUCH_RECIPIENT",
            Self::UnsupportedContent => "UNSUPPORTED_CONTENT",
            Self::ChannelUnauthorized => "CHANNEL_UNAUTHORIZED",
            Self::ChannelDisabled => "CHANNEL_DISABLED",
            Self::TooLarge => "TOO_LARGE",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ChannelStatus {
    Active,
    /// The platform refuses its credentials: nothing is sent, the queue is kept.
    NeedsReauth,
    Disabled,
}

/// A channel as far as sending is concerned.
#[derive(Clone, Debug)]
pub struct SendingChannel<'a> {
    pub status: ChannelStatus,
    pub manifest: &'a Manifest,
}

/// A recipient as far as sending is concerned.
#[derive(Clone, Copy, Debug, Default)]
pub struct SendingRecipient {
    pub opted_out: bool,
    pub unreachable: bool,
    pub last_inbound_at: Option<DateTime<Utc>>,
}

/// The longest text taken by any channel.
pub const MAX_TEXT_CHARS: usize = 65_536;

/// # Errors
/// The first reason that stands in the way, the most lasting first.
pub fn may_send(
    channel: &SendingChannel<'_>,
    recipient: &SendingRecipient,
    content: &Content,
    at: DateTime<Utc>,
) -> Result<(), Refusal> {
    match channel.status {
        ChannelStatus::Active => {}
        ChannelStatus::NeedsReauth => return Err(Refusal::ChannelUnauthorized),
        ChannelStatus::Disabled => return Err(Refusal::ChannelDisabled),
    }
    if recipient.opted_out {
        return Err(Refusal::OptedOut);
    }
    if recipient.unreachable {
        return Err(Refusal::NoSuchRecipient);
    }
    if content.is_empty() || !can_carry(channel.manifest, content) {
        return Err(Refusal::UnsupportedContent);
    }
    if content.text.as_deref().is_some_and(|text| text.chars().count() > MAX_TEXT_CHARS) {
        return Err(Refusal::TooLarge);
    }
    let template = matches!(content.detail, Some(Detail::Template(_)));
    match window_until(channel.manifest, recipient.last_inbound_at) {
        Window::Closed if !template => Err(Refusal::OutsideWindow),
        Window::Until(until) if at >= until && !template => Err(Refusal::OutsideWindow),
        _ => Ok(()),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// The platform knows no window.
    Always,
    Until(DateTime<Utc>),
    /// The contact never wrote.
    Closed,
}

/// A year is as good as always, and keeps the calendar from overflowing.
const LONGEST_WINDOW: Duration = Duration::days(366);

#[must_use]
pub fn window_until(manifest: &Manifest, last_inbound_at: Option<DateTime<Utc>>) -> Window {
    match (manifest.reply_window_ms, last_inbound_at) {
        (None, _) => Window::Always,
        (Some(_), None) => Window::Closed,
        (Some(length), Some(last)) => {
            let length = Duration::milliseconds(i64::try_from(length).unwrap_or(i64::MAX / 2)).min(LONGEST_WINDOW);
            Window::Until(last + length)
        }
    }
}

fn can_carry(manifest: &Manifest, content: &Content) -> bool {
    let text = content.text.is_none() || manifest.can("text") || manifest.can("email");
    let media = content.attachments.is_empty() || manifest.can("media");
    let detail = match &content.detail {
        None => true,
        Some(Detail::Location(_)) => manifest.can("location"),
        Some(Detail::Contacts(_)) => manifest.can("contacts"),
        Some(Detail::Choices(_)) => manifest.can("interactive"),
        Some(Detail::Template(_)) => manifest.can("templates"),
        Some(Detail::Email(_)) => manifest.can("email"),
        Some(Detail::Choice(_) | Detail::Unsupported(_)) => false,
    };
    text && media && detail
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::TemplateUse;

    fn manifest() -> Manifest {
        Manifest {
            id: "m".into(),
            name: "M".into(),
            version: "0.1.0".into(),
            channel_types: vec!["M".into()],
            config_schema: serde_json::json!({}),
            hosts: vec![],
            capabilities: vec!["text".into(), "templates".into()],
            limits: vec![],
            reply_window_ms: Some(86_400_000),
            address_field: None,
            poll_every_ms: None,
            oauth2: None,
        }
    }

    fn check(recipient: SendingRecipient, content: &Content, hours: i64) -> Result<(), Refusal> {
        let manifest = manifest();
        let channel = SendingChannel { status: ChannelStatus::Active, manifest: &manifest };
        may_send(&channel, &recipient, content, DateTime::UNIX_EPOCH + Duration::hours(hours))
    }

    #[test]
    fn free_form_needs_an_open_window_and_a_template_does_not() {
        let wrote = SendingRecipient { last_inbound_at: Some(DateTime::UNIX_EPOCH), ..Default::default() };
        let template = Content {
            detail: Some(Detail::Template(TemplateUse {
                name: "hello".into(),
                language: "en".into(),
                parameters: serde_json::Value::Null,
            })),
            ..Content::default()
        };
        assert_eq!(check(wrote, &Content::text("hi"), 23), Ok(()));
        assert_eq!(check(wrote, &Content::text("hi"), 24), Err(Refusal::OutsideWindow));
        assert_eq!(check(SendingRecipient::default(), &Content::text("hi"), 0), Err(Refusal::OutsideWindow));
        assert_eq!(check(wrote, &template, 24), Ok(()));
    }

    #[test]
    fn what_a_contact_refused_is_never_sent() {
        let recipient =
            SendingRecipient { opted_out: true, last_inbound_at: Some(DateTime::UNIX_EPOCH), ..Default::default() };
        assert_eq!(check(recipient, &Content::text("hi"), 1), Err(Refusal::OptedOut));
    }

    #[test]
    fn the_question_is_answered_as_the_send_would_be() {
        let manifest = manifest();
        let ask = |status, hours| {
            let recipient = SendingRecipient { last_inbound_at: Some(DateTime::UNIX_EPOCH), ..Default::default() };
            let channel = SendingChannel { status, manifest: &manifest };
            SendOptions::at(&channel, &recipient, DateTime::UNIX_EPOCH + Duration::hours(hours))
        };
        let open = ask(ChannelStatus::Active, 23);
        assert_eq!(open.window, Window::Until(DateTime::UNIX_EPOCH + Duration::hours(24)));
        assert_eq!((open.of(Kind::Text), open.of(Kind::Template)), (Ok(()), Ok(())));
        assert_eq!(open.of(Kind::Media), Err(Refusal::UnsupportedContent));
        let shut = ask(ChannelStatus::Active, 24);
        assert_eq!((shut.of(Kind::Text), shut.of(Kind::Template)), (Err(Refusal::OutsideWindow), Ok(())));
        let off = ask(ChannelStatus::Disabled, 1);
        assert!(off.kinds.iter().all(|(_, may)| *may == Err(Refusal::ChannelDisabled)));
    }

    #[test]
    fn empty_and_oversize_messages_are_refused() {
        let wrote = SendingRecipient { last_inbound_at: Some(DateTime::UNIX_EPOCH), ..Default::default() };
        assert_eq!(check(wrote, &Content::text("  "), 1), Err(Refusal::UnsupportedContent));
        assert_eq!(check(wrote, &Content::text("x".repeat(MAX_TEXT_CHARS + 1)), 1), Err(Refusal::TooLarge));
    }
}
