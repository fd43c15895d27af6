//! Identifiers: one type per kind of thing, so that a ticket can never be
//! passed where a message is meant. To add one, name it in the list below.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::{ContextV7, Timestamp, Uuid};

/// A new UUIDv7 for the given moment. Ids made by one process sort by the order in which they were made.
#[must_use]
pub fn uuid_at(now: DateTime<Utc>) -> Uuid {
    static CONTEXT: std::sync::Mutex<ContextV7> = std::sync::Mutex::new(ContextV7::new());
    let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
    let context = &*CONTEXT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    Uuid::new_v7(Timestamp::from_unix(context, seconds, now.timestamp_subsec_nanos()))
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        #[schemars(inline)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id, sorted by time.
            #[must_use]
            pub fn at(now: DateTime<Utc>) -> Self {
                Self(uuid_at(now))
            }

            #[must_use]
            pub const fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }

            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )*};
}

ids! {
    /// A tenant.
    OrganisationId,
    UserId,
    /// One login of one user on one device; revoking it ends its tokens.
    LoginId,
    InviteId,
    TeamId,
    /// One person's place in a team.
    MembershipId,
    /// A channel given to a person or a team.
    AssignmentId,
    ChannelId,
    /// A person.
    ContactId,
    /// A person on a platform.
    IdentityId,
    ConversationId,
    TicketId,
    MessageId,
    AttemptId,
    MediaId,
    TemplateId,
    MacroId,
    CampaignId,
    RecipientId,
    NotificationId,
    ManualActionId,
    DeadLetterId,
    AuditId,
    WebhookId,
    NodeId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_moment_keep_the_order_in_which_they_were_made() {
        let now = DateTime::from_timestamp(1_700_000_000, 5_000_000).unwrap();
        let ids: Vec<_> = (0..1000).map(|_| MessageId::at(now)).collect();
        assert!(ids.is_sorted());
    }

    #[test]
    fn an_id_reads_back_what_it_shows() {
        let id = ChannelId::at(DateTime::UNIX_EPOCH);
        assert_eq!(id.to_string().parse::<ChannelId>().unwrap(), id);
        assert!("not-an-id".parse::<ChannelId>().is_err());
    }
}
