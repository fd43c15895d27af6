//! Tickets: cases within a conversation. At most one of them is not closed.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use crate::{TicketId, UserId};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TicketStatus {
    Open,
    Pending,
    Closed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Priority {
    Low,
    Medium,
    High,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    pub id: TicketId,
    pub subject: String,
    pub status: TicketStatus,
    pub priority: Priority,
    pub assignee_id: Option<UserId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub closed_at: Option<DateTime<Utc>>,
    /// The first answer by a person.
    pub first_response_at: Option<DateTime<Utc>>,
}

impl Ticket {
    #[must_use]
    pub fn open(id: TicketId, subject: String, priority: Priority, now: DateTime<Utc>) -> Self {
        Self {
            id,
            subject,
            status: TicketStatus::Open,
            priority,
            assignee_id: None,
            created_at: now,
            updated_at: now,
            closed_at: None,
            first_response_at: None,
        }
    }

    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.status == TicketStatus::Closed
    }

    /// Whether a message that arrives now belongs to this case, open or closed so recently that it reopens.
    #[must_use]
    pub fn takes_message(&self, now: DateTime<Utc>, reopen_window: Duration) -> bool {
        match self.closed_at {
            Some(closed_at) if self.is_closed() => now - closed_at < reopen_window,
            _ => true,
        }
    }

    pub fn set_status(&mut self, status: TicketStatus, now: DateTime<Utc>) {
        if self.status == status {
            return;
        }
        self.closed_at = (status == TicketStatus::Closed).then_some(now);
        self.status = status;
        self.updated_at = now;
    }

    pub fn answered(&mut self, now: DateTime<Utc>) {
        self.first_response_at.get_or_insert(now);
        self.updated_at = now;
    }

    /// A message of it came or went. Of a burst the first counts: lists tell moments apart by the second, and each move
    /// of a ticket in its lists costs as much as the message itself.
    pub fn touched(&mut self, now: DateTime<Utc>) {
        if now - self.updated_at >= Duration::seconds(1) {
            self.updated_at = now;
        }
    }

    /// Whether it says something else, beside when it was last touched.
    #[must_use]
    pub fn differs(&self, before: &Self) -> bool {
        *self != Self { updated_at: self.updated_at, ..before.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + Duration::minutes(minutes)
    }

    #[test]
    fn a_closed_ticket_takes_messages_only_within_the_window() {
        let mut ticket = Ticket::open(TicketId::at(at(0)), "s".into(), Priority::Medium, at(0));
        assert!(ticket.takes_message(at(10_000), Duration::hours(1)));
        ticket.set_status(TicketStatus::Closed, at(10));
        assert!(ticket.takes_message(at(69), Duration::hours(1)));
        assert!(!ticket.takes_message(at(70), Duration::hours(1)));
        ticket.set_status(TicketStatus::Pending, at(71));
        assert_eq!((ticket.closed_at, ticket.updated_at), (None, at(71)));
    }

    #[test]
    fn the_first_answer_is_kept() {
        let mut ticket = Ticket::open(TicketId::at(at(0)), "s".into(), Priority::Low, at(0));
        ticket.answered(at(3));
        ticket.answered(at(5));
        assert_eq!((ticket.first_response_at, ticket.updated_at), (Some(at(3)), at(5)));
    }

    #[test]
    fn of_a_burst_of_messages_the_first_touches() {
        let before = Ticket::open(TicketId::at(at(0)), "s".into(), Priority::Low, at(0));
        let mut ticket = before.clone();
        ticket.touched(at(0) + Duration::milliseconds(999));
        assert_eq!(ticket, before);
        ticket.touched(at(0) + Duration::seconds(1));
        assert_eq!(ticket.updated_at, at(0) + Duration::seconds(1));
        assert!(!ticket.differs(&before));
        ticket.set_status(TicketStatus::Pending, at(1));
        assert!(ticket.differs(&before));
    }
}
