//! The words of this dialect where they are a set, and ours for them.

use std::str::FromStr;

use patchbay_domain::{
    message::Direction,
    people::Role,
    ticket::{Priority, TicketStatus},
};
use patchbay_store::campaigns::RecipientStatus;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A set of words and what each stands for.
macro_rules! words {
    ($($name:ident: $ours:ty { $($word:ident = $text:literal),* $(,)? })*) => {$(
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        pub enum $name {
            $(#[serde(rename = $text)] $word,)*
        }

        impl $name {
            /// For sentences about a wrong one.
            pub const ALLOWED: &str = concat!("one of", $(" ", $text),*);
            pub const ALL: &[Self] = &[$(Self::$word),*];

            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$word => $text,)*
                }
            }
        }

        impl From<$name> for $ours {
            fn from(word: $name) -> Self {
                match word {
                    $($name::$word => Self::$word,)*
                }
            }
        }

        impl FromStr for $name {
            type Err = ();

            fn from_str(text: &str) -> Result<Self, ()> {
                match text {
                    $($text => Ok(Self::$word),)*
                    _ => Err(()),
                }
            }
        }
    )*};
}

words! {
    StatusWord: TicketStatus { Open = "OPEN", Pending = "PENDING", Closed = "CLOSED" }
    PriorityWord: Priority { Low = "LOW", Medium = "MEDIUM", High = "HIGH" }
    DirectionWord: Direction { Inbound = "INBOUND", Outbound = "OUTBOUND" }
    RecipientWord: RecipientStatus {
        Pending = "PENDING", Sent = "SENT", Failed = "FAILED", Skipped = "SKIPPED", Cancelled = "CANCELLED",
    }
    RoleWord: Role { Admin = "ADMIN", Agent = "AGENT" }
}

impl From<TicketStatus> for StatusWord {
    fn from(status: TicketStatus) -> Self {
        match status {
            TicketStatus::Open => Self::Open,
            TicketStatus::Pending => Self::Pending,
            TicketStatus::Closed => Self::Closed,
        }
    }
}

impl From<Priority> for PriorityWord {
    fn from(priority: Priority) -> Self {
        match priority {
            Priority::Low => Self::Low,
            Priority::Medium => Self::Medium,
            Priority::High => Self::High,
        }
    }
}

impl From<Direction> for DirectionWord {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::Inbound => Self::Inbound,
            Direction::Outbound => Self::Outbound,
        }
    }
}

/// This dialect knows no owner.
impl From<Role> for RoleWord {
    fn from(role: Role) -> Self {
        match role {
            Role::Owner | Role::Admin => Self::Admin,
            Role::Agent => Self::Agent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_are_administrators_here() {
        assert_eq!(
            [Role::Owner, Role::Admin, Role::Agent].map(RoleWord::from),
            [RoleWord::Admin, RoleWord::Admin, RoleWord::Agent]
        );
    }

    #[test]
    fn words_read_and_write_alike() {
        for word in [StatusWord::Open, StatusWord::Pending, StatusWord::Closed] {
            let text = serde_json::to_value(word).unwrap();
            assert_eq!(text.as_str().unwrap().parse(), Ok(word));
            assert_eq!(StatusWord::from(TicketStatus::from(word)), word);
        }
        assert!("open".parse::<StatusWord>().is_err());
        assert_eq!(StatusWord::ALLOWED, "one of OPEN PENDING CLOSED");
    }
}
