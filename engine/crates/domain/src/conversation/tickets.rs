//! The cases in a conversation: who opens one, what reopens it, and who is told.

use chrono::{DateTime, Utc};

use super::{Draft, Policy, RuleError, TicketUpdate};
use crate::{
    MessageId, TicketId, UserId,
    event::Change,
    notice::Notice,
    ticket::{Priority, Ticket, TicketStatus},
};

impl Draft {
    /// A person opens a case.
    pub fn open_ticket(
        &mut self,
        id: TicketId,
        subject: String,
        priority: Priority,
        assignee_id: Option<UserId>,
        now: DateTime<Utc>,
    ) -> Result<(), RuleError> {
        if let Some(open) = self.open_ticket_id() {
            return Err(RuleError::TicketOpen(open));
        }
        let ticket = Ticket { assignee_id, ..Ticket::open(id, subject, priority, now) };
        self.tell_assignee(&ticket, None);
        self.set_ticket(ticket);
        Ok(())
    }

    /// A person changes a case. Only the latest can change: reopening an older one would make two.
    pub fn update_ticket(&mut self, id: TicketId, update: TicketUpdate, now: DateTime<Utc>) -> Result<(), RuleError> {
        let mut ticket = match &self.conversation.ticket {
            Some(ticket) if ticket.id == id => ticket.clone(),
            _ => return Err(RuleError::TicketSuperseded),
        };
        let TicketUpdate { subject, status, priority, assignee_id } = update;
        if let Some(subject) = subject {
            ticket.subject = subject;
        }
        if let Some(priority) = priority {
            ticket.priority = priority;
        }
        if let Some(assignee_id) = assignee_id {
            ticket.assignee_id = assignee_id;
        }
        if let Some(status) = status {
            ticket.set_status(status, now);
        }
        ticket.updated_at = now;
        self.tell_assignee(&ticket, self.conversation.ticket.as_ref().and_then(|before| before.assignee_id));
        self.set_ticket(ticket);
        Ok(())
    }

    fn tell_assignee(&mut self, ticket: &Ticket, before: Option<UserId>) {
        let assigned = ticket.assignee_id.filter(|now| Some(*now) != before);
        self.effects.notices.extend(assigned.map(|to| Notice::assigned(ticket, to)));
    }

    pub(super) fn open_ticket_id(&self) -> Option<TicketId> {
        self.conversation.ticket.as_ref().filter(|ticket| !ticket.is_closed()).map(|ticket| ticket.id)
    }

    pub(super) fn ticket_for_inbound(
        &mut self,
        message: MessageId,
        name: &str,
        policy: Policy,
        now: DateTime<Utc>,
    ) -> TicketId {
        let ticket = match self.conversation.ticket.clone() {
            Some(mut ticket) if ticket.takes_message(now, policy.reopen_window) => {
                if ticket.is_closed() {
                    ticket.set_status(TicketStatus::Open, now);
                }
                ticket.touched(now);
                ticket
            }
            // One id for both: the ticket that this message opened.
            _ => Ticket::open(message.uuid().into(), format!("Message from {name}"), Priority::Medium, now),
        };
        let id = ticket.id;
        self.set_ticket(ticket);
        id
    }

    pub(super) fn ticket_for_outbound(
        &mut self,
        asked: Option<TicketId>,
        by_person: bool,
        now: DateTime<Utc>,
    ) -> Option<TicketId> {
        let mut ticket = self.conversation.ticket.clone()?;
        if ticket.is_closed() {
            if asked != Some(ticket.id) {
                return asked;
            }
            ticket.set_status(TicketStatus::Open, now);
        }
        ticket.touched(now);
        if by_person {
            ticket.answered(now);
        }
        let id = ticket.id;
        self.set_ticket(ticket);
        Some(id)
    }

    fn set_ticket(&mut self, ticket: Ticket) {
        let before = self.conversation.ticket.as_ref();
        if before == Some(&ticket) {
            return;
        }
        let change = Change::TicketUpdated { conversation_id: self.conversation.id, ticket_id: ticket.id };
        if before.is_none_or(|before| ticket.differs(before)) && !self.effects.changes.contains(&change) {
            self.effects.changes.push(change);
        }
        self.effects.tickets.retain(|known| known.id != ticket.id);
        self.effects.tickets.push(ticket.clone());
        self.conversation.ticket = Some(ticket);
    }
}
