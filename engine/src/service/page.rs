//! Parts of long lists: pages for people, cursors for those who read all of it.

use chrono::{DateTime, Utc};
use patchbay_domain::{ContactId, DeadLetterId, ManualActionId, RecipientId, TemplateId};
use patchbay_store::{
    address_book::ContactCursor, audit::AuditCursor, campaigns::CampaignCursor, customers::CustomerCursor,
    listing::ConversationCursor, messages::MessageCursor, tickets::TicketCursor,
};

/// The longest part of a list that is given at once.
pub const LONGEST: u32 = 1_000;

/// What part of a list is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<C> {
    /// All of it, up to [`LONGEST`].
    All,
    /// The page of this number, from one.
    Page { number: u32, limit: u32 },
    /// So many, after so many.
    From { offset: u32, limit: u32 },
    /// What follows a known place.
    After { cursor: C, limit: u32 },
}

impl<C> Part<C> {
    /// The place it follows, where it was named.
    pub fn after(self) -> Option<C> {
        match self {
            Self::After { cursor, .. } => Some(cursor),
            Self::All | Self::Page { .. } | Self::From { .. } => None,
        }
    }

    pub fn limit(&self) -> u32 {
        match self {
            Self::All => LONGEST,
            Self::Page { limit, .. } | Self::From { limit, .. } | Self::After { limit, .. } => *limit,
        }
    }

    /// How many come before it, when it is not after a cursor.
    pub fn offset(&self) -> u32 {
        match self {
            Self::Page { number, limit } => number.saturating_sub(1).saturating_mul(*limit),
            Self::From { offset, .. } => *offset,
            Self::All | Self::After { .. } => 0,
        }
    }
}

/// A part of a list.
#[derive(Debug)]
pub struct Listed<T> {
    pub items: Vec<T>,
    /// How many there are in all.
    pub total: u64,
    /// What to ask for next; absent at the end.
    pub next: Option<String>,
}

impl<T> Listed<T> {
    /// What follows begins after the `place` of the last one, where the part is full.
    pub fn of<C: Cursor>(items: Vec<T>, total: u64, limit: u32, place: impl FnOnce(&T) -> C) -> Self {
        let full = u32::try_from(items.len()).is_ok_and(|count| count >= limit);
        let next = items.last().filter(|_| full).map(|last| place(last).write());
        Self { items, total, next }
    }
}

/// A place in a list, as text that clients hand back unread.
pub trait Cursor: Sized {
    fn write(&self) -> String;
    fn read(text: &str) -> Option<Self>;
}

/// For lists that have no places, because they are short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoCursor {}

impl Cursor for NoCursor {
    fn write(&self) -> String {
        match *self {}
    }

    fn read(_: &str) -> Option<Self> {
        None
    }
}

impl Cursor for TicketCursor {
    fn write(&self) -> String {
        write(self.updated_at, self.id)
    }

    fn read(text: &str) -> Option<Self> {
        let (updated_at, id) = read(text)?;
        Some(Self { updated_at, id: id.parse().ok()? })
    }
}

impl Cursor for AuditCursor {
    fn write(&self) -> String {
        write(self.created_at, self.id)
    }

    fn read(text: &str) -> Option<Self> {
        let (created_at, id) = read(text)?;
        Some(Self { created_at, id: id.parse().ok()? })
    }
}

impl Cursor for CustomerCursor {
    fn write(&self) -> String {
        write_quiet(self.last_message_at, self.id)
    }

    fn read(text: &str) -> Option<Self> {
        let (last_message_at, id) = read_quiet(text)?;
        Some(Self { last_message_at, id: id.parse().ok()? })
    }
}

impl Cursor for ConversationCursor {
    fn write(&self) -> String {
        write_quiet(self.last_message_at, self.id)
    }

    fn read(text: &str) -> Option<Self> {
        let (last_message_at, id) = read_quiet(text)?;
        Some(Self { last_message_at, id: id.parse().ok()? })
    }
}

/// In place of a moment: they never wrote.
const SILENT: &str = "silent";

impl Cursor for MessageCursor {
    fn write(&self) -> String {
        write(self.platform_at, self.sequence)
    }

    fn read(text: &str) -> Option<Self> {
        let (platform_at, sequence) = read(text)?;
        Some(Self { platform_at, sequence: sequence.parse().ok()? })
    }
}

impl Cursor for ContactCursor {
    fn write(&self) -> String {
        write(self.created_at, self.id)
    }

    fn read(text: &str) -> Option<Self> {
        let (created_at, id) = read(text)?;
        Some(Self { created_at, id: id.parse().ok()? })
    }
}

impl Cursor for (DateTime<Utc>, TemplateId) {
    fn write(&self) -> String {
        write(self.0, self.1)
    }

    fn read(text: &str) -> Option<Self> {
        let (updated_at, id) = read(text)?;
        Some((updated_at, id.parse().ok()?))
    }
}

impl Cursor for CampaignCursor {
    fn write(&self) -> String {
        write(self.created_at, self.id)
    }

    fn read(text: &str) -> Option<Self> {
        let (created_at, id) = read(text)?;
        Some(Self { created_at, id: id.parse().ok()? })
    }
}

/// Where what orders a list is a word of its own: an identifier, or the place of an event.
macro_rules! as_it_is {
    ($($cursor:ty),*) => {$(
        impl Cursor for $cursor {
            fn write(&self) -> String {
                self.to_string()
            }

            fn read(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )*};
}

as_it_is!(ContactId, DeadLetterId, ManualActionId, RecipientId, i64);

fn write(at: DateTime<Utc>, rest: impl std::fmt::Display) -> String {
    format!("{}.{rest}", at.timestamp_micros())
}

/// Of somebody who may never have written.
fn write_quiet(at: Option<DateTime<Utc>>, rest: impl std::fmt::Display) -> String {
    at.map_or_else(|| format!("{SILENT}.{rest}"), |at| write(at, &rest))
}

fn read_quiet(text: &str) -> Option<(Option<DateTime<Utc>>, &str)> {
    match text.split_once('.')? {
        (SILENT, rest) => Some((None, rest)),
        _ => read(text).map(|(at, rest)| (Some(at), rest)),
    }
}

/// PostgreSQL knows no moment before it: asked about one, it answers with an error.
const EARLIEST_MICROS: i64 = -210_866_803_200_000_000;

fn read(text: &str) -> Option<(DateTime<Utc>, &str)> {
    let (micros, rest) = text.split_once('.')?;
    let micros = micros.parse::<i64>().ok().filter(|micros| *micros >= EARLIEST_MICROS)?;
    Some((DateTime::from_timestamp_micros(micros)?, rest))
}

#[cfg(test)]
mod tests {
    use patchbay_domain::{IdentityId, TicketId};

    use super::*;

    #[test]
    fn cursors_read_back() {
        let at = DateTime::from_timestamp_micros(1_700_000_000_123_456).unwrap();
        let ticket = TicketCursor { updated_at: at, id: TicketId::at(at) };
        assert_eq!(TicketCursor::read(&ticket.write()), Some(ticket));
        for last_message_at in [Some(at), None] {
            let customer = CustomerCursor { last_message_at, id: IdentityId::at(at) };
            assert_eq!(CustomerCursor::read(&customer.write()), Some(customer));
        }
        let message = MessageCursor { platform_at: at, sequence: 42 };
        assert_eq!(MessageCursor::read(&message.write()), Some(message));
        for wrong in ["", ".", "x.1", "1.x", "99999999999999999999.1", "-300000000000000000.1"] {
            assert_eq!(MessageCursor::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn pages_follow_each_other() {
        let page = |number| Part::<NoCursor>::Page { number, limit: 20 };
        assert_eq!((page(1).offset(), page(3).offset(), page(3).limit()), (0, 40, 20));
        assert_eq!(page(u32::MAX).offset(), u32::MAX);
        assert_eq!(Part::<NoCursor>::All.limit(), LONGEST);
    }
}
