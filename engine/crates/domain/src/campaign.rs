//! Campaigns: one text to many people. What state one is in and which way it
//! may go from there, who is left out, and how far ahead of the platform's pace
//! its messages are queued.
//!
//! How a contact is written is in `recipient.rs`, what each is told in `text.rs`.

mod recipient;
mod text;

use chrono::{DateTime, Duration, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use recipient::{Contacts, LONGEST_CONTACT, Malformed, Recipient};
pub use text::{Addressee, MOST_PLACES, MOST_TEMPLATE_CHARS, Names, TextError, Wording};

/// The most recipients of one campaign.
pub const MOST_RECIPIENTS: u64 = 1_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum CampaignStatus {
    Draft,
    /// Starts by itself at its moment.
    Scheduled,
    Sending,
    Paused,
    Completed,
    Cancelled,
}

/// What can be done with a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transition {
    Start,
    Pause,
    Resume,
    Cancel,
    /// Those that failed are written to once more.
    Retry,
    /// Nobody is left to be written to.
    Complete,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a campaign that is {} cannot be {asked}", status.word())]
pub struct NotNow {
    pub asked: &'static str,
    pub status: CampaignStatus,
}

impl CampaignStatus {
    pub const ALL: [Self; 6] =
        [Self::Draft, Self::Scheduled, Self::Sending, Self::Paused, Self::Completed, Self::Cancelled];

    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Draft => "DRAFT",
            Self::Scheduled => "SCHEDULED",
            Self::Sending => "SENDING",
            Self::Paused => "PAUSED",
            Self::Completed => "COMPLETED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// # Errors
    /// Where this cannot be done now.
    pub const fn after(self, transition: Transition) -> Result<Self, NotNow> {
        let asked = match (self, transition) {
            (Self::Draft | Self::Scheduled, Transition::Start)
            | (Self::Paused, Transition::Resume)
            | (Self::Completed | Self::Sending, Transition::Retry) => return Ok(Self::Sending),
            (Self::Sending, Transition::Pause) | (Self::Paused, Transition::Retry) => return Ok(Self::Paused),
            (Self::Draft | Self::Scheduled | Self::Sending | Self::Paused, Transition::Cancel) => {
                return Ok(Self::Cancelled);
            }
            (Self::Sending, Transition::Complete) => return Ok(Self::Completed),
            (_, Transition::Start) => "started",
            (_, Transition::Pause) => "paused",
            (_, Transition::Resume) => "resumed",
            (_, Transition::Cancel) => "cancelled",
            (_, Transition::Retry) => "tried again",
            (_, Transition::Complete) => "completed",
        };
        Err(NotNow { asked, status: self })
    }

    /// # Errors
    /// What it says, when, and to whom is settled once it has started.
    pub const fn may_change(self) -> Result<(), NotNow> {
        match self {
            Self::Draft | Self::Scheduled => Ok(()),
            status => Err(NotNow { asked: "changed", status }),
        }
    }
}

/// Why a recipient is left out. Nothing went wrong; it is counted by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Skip {
    OptedOut,
    DoNotDisturb,
    /// Another contact of this campaign is the same conversation.
    Duplicate,
    Cancelled,
}

impl Skip {
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::OptedOut => "OPTED_OUT",
            Self::DoNotDisturb => "DO_NOT_DISTURB",
            Self::Duplicate => "DUPLICATE",
            Self::Cancelled => "CANCELLED",
        }
    }

    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::OptedOut => "the contact asked for no more messages",
            Self::DoNotDisturb => "the contact is not to be disturbed",
            Self::Duplicate => "another contact of this campaign is the same conversation",
            Self::Cancelled => "it was cancelled before the message was sent",
        }
    }
}

/// What is known of a recipient whose turn it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    pub opted_out: bool,
    pub do_not_disturb: bool,
    /// The same conversation was had, or is being had, for another contact of this campaign.
    pub written_to: bool,
}

impl Standing {
    /// Why this recipient is left out, if so.
    #[must_use]
    pub const fn skip(self) -> Option<Skip> {
        if self.opted_out {
            Some(Skip::OptedOut)
        } else if self.do_not_disturb {
            Some(Skip::DoNotDisturb)
        } else if self.written_to {
            Some(Skip::Duplicate)
        } else {
            None
        }
    }
}

/// What a running campaign remembers between two looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Course {
    pub lead: Lead,
    pub telling: Telling,
}

/// How many messages of a campaign wait in the channel's queue: as many as the platform takes between two looks, so
/// that a pause, a wish not to be disturbed and a new name take effect soon whatever the pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lead(u32);

impl Default for Lead {
    fn default() -> Self {
        Self(32)
    }
}

impl Lead {
    const LEAST: u32 = 8;
    const MOST: u32 = 512;

    /// The lead after a look that found so many still waiting.
    #[must_use]
    pub fn after(self, waiting: u32) -> Self {
        match waiting {
            0 => Self((self.0 * 2).min(Self::MOST)),
            waiting if waiting > self.0 / 2 => Self((self.0 / 2).max(Self::LEAST)),
            _ => self,
        }
    }

    /// How many may be queued now.
    #[must_use]
    pub const fn room(self, waiting: u32) -> u32 {
        self.0.saturating_sub(waiting)
    }
}

/// When those who watch a campaign are told how far it is: again and again while somebody is written to, and never
/// more often than its interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Telling {
    waiting: u32,
    has_moved: bool,
    told_at: Option<DateTime<Utc>>,
}

impl Telling {
    const INTERVAL: Duration = Duration::seconds(3);

    /// The same after a look that found so many waiting and gave turns to so many, and whether it is told now.
    #[must_use]
    pub fn after(self, waiting: u32, given: u32, now: DateTime<Utc>) -> (Self, bool) {
        let has_moved = self.has_moved || given > 0 || waiting != self.waiting;
        // Its start was told by whoever started it.
        let told_at = self.told_at.unwrap_or(now);
        if has_moved && now - told_at >= Self::INTERVAL {
            return (Self { waiting, has_moved: false, told_at: Some(now) }, true);
        }
        (Self { waiting, has_moved, told_at: Some(told_at) }, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_campaign_goes_its_way_and_no_other() {
        use CampaignStatus::{Cancelled, Completed, Draft, Paused, Scheduled, Sending};
        let ways = |transition| CampaignStatus::ALL.map(|status| status.after(transition).ok());
        assert_eq!(ways(Transition::Start), [Some(Sending), Some(Sending), None, None, None, None]);
        assert_eq!(ways(Transition::Pause), [None, None, Some(Paused), None, None, None]);
        assert_eq!(ways(Transition::Resume), [None, None, None, Some(Sending), None, None]);
        let cancelled = Some(Cancelled);
        assert_eq!(ways(Transition::Cancel), [cancelled, cancelled, cancelled, cancelled, None, None]);
        assert_eq!(ways(Transition::Retry), [None, None, Some(Sending), Some(Paused), Some(Sending), None]);
        assert_eq!(ways(Transition::Complete), [None, None, Some(Completed), None, None, None]);
        let may_change = CampaignStatus::ALL.map(|status| status.may_change().is_ok());
        assert_eq!(may_change, [true, true, false, false, false, false]);
        assert!([Draft, Scheduled].into_iter().all(|status| status.may_change().is_ok()));
        let error = Completed.after(Transition::Start).unwrap_err();
        assert_eq!(error.to_string(), "a campaign that is COMPLETED cannot be started");
    }

    #[test]
    fn words_are_those_of_serde() {
        for status in CampaignStatus::ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), status.word());
        }
        for skip in [Skip::OptedOut, Skip::DoNotDisturb, Skip::Duplicate, Skip::Cancelled] {
            assert_eq!(serde_json::to_value(skip).unwrap(), skip.word());
        }
    }

    #[test]
    fn a_wish_is_respected_before_anything_else_is_asked() {
        assert_eq!(Standing::default().skip(), None);
        let all = Standing { opted_out: true, do_not_disturb: true, written_to: true };
        assert_eq!(all.skip(), Some(Skip::OptedOut));
        assert_eq!(Standing { opted_out: false, ..all }.skip(), Some(Skip::DoNotDisturb));
        let again = Standing { written_to: true, ..Standing::default() };
        assert_eq!(again.skip(), Some(Skip::Duplicate));
    }

    #[test]
    fn the_lead_follows_the_platform_and_stays_bounded() {
        let after = |looks: &[u32]| looks.iter().fold(Lead::default(), |lead, waiting| lead.after(*waiting));
        assert_eq!(after(&[]).room(0), 32);
        assert_eq!(after(&[0; 20]).room(0), 512);
        assert_eq!(after(&[1_000; 20]).room(0), 8);
        assert_eq!(after(&[10]).room(10), 22);
        assert_eq!(after(&[1_000]).room(1_000), 0);
    }

    #[test]
    fn progress_is_told_at_intervals_and_only_where_there_is_some() {
        let at = |seconds: i64| DateTime::UNIX_EPOCH + Duration::seconds(seconds);
        let (mut telling, mut told) = (Telling::default(), Vec::new());
        for (second, waiting, given) in [(0, 0, 9), (1, 5, 4), (3, 5, 0), (4, 5, 0), (9, 5, 0), (10, 4, 0), (11, 0, 4)]
        {
            let due;
            (telling, due) = telling.after(waiting, given, at(second));
            told.extend(due.then_some(second));
        }
        assert_eq!(told, [3, 10]);
    }
}
