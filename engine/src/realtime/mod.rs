//! What clients see happen, as it happens. The event log of an organisation is
//! the only source: a cursor is a place in it, and whoever comes back with one
//! goes on behind it, by socket or by asking again and again.
//!
//! - [`log`] reads the log from a cursor, with what the events name
//! - [`hub`] follows the log, once per organisation with connected clients
//! - [`subscription`] is one client's way through it: first out of the log, then live
//! - [`rooms`] tells clients in passing who types and who is there, `presence` knows the latter, and nodes tell each
//!   other by [`signals`]
//!
//! What the events look like is each dialect's own affair.

pub mod hub;
pub mod log;
mod presence;
pub mod rooms;
pub mod signals;
pub mod subscription;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use patchbay_domain::{ConversationId, event::Change, people::Caller};
use patchbay_store::{StoreError, campaigns::Counted, listing::Shown, messages::MessageView};

pub use hub::Hub;
pub use rooms::Rooms;
pub use signals::Switchboard;
pub use subscription::Subscription;

/// An event and what it names, as it was when it was read.
#[derive(Clone, Debug)]
pub struct Happening {
    pub sequence: i64,
    pub at: DateTime<Utc>,
    pub change: Change,
    pub message: Option<MessageView>,
    pub conversation: Option<Arc<Shown>>,
    pub campaign: Option<Arc<Counted>>,
}

impl Happening {
    /// Whether it concerns this caller; the organisation is the caller's own.
    pub fn is_for(&self, caller: &Caller) -> bool {
        match self.change {
            Change::NotificationCreated { user_id: Some(user_id), .. } => user_id == caller.user_id,
            _ => true,
        }
    }
}

/// The conversation that a change is about.
pub fn conversation_of(change: &Change) -> Option<ConversationId> {
    match change {
        Change::MessageCreated { conversation_id, .. }
        | Change::MessageState { conversation_id, .. }
        | Change::MessageUpdated { conversation_id, .. }
        | Change::ConversationCreated { conversation_id }
        | Change::ConversationUpdated { conversation_id }
        | Change::TicketUpdated { conversation_id, .. } => Some(*conversation_id),
        Change::ChannelUpdated { .. }
        | Change::CampaignUpdated { .. }
        | Change::ManualActionUpdated { .. }
        | Change::NotificationCreated { .. } => None,
    }
}

/// Why nothing more comes.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// What lies between the cursor and the oldest event that is kept is gone.
    #[error("events after this cursor are not kept any more; read everything anew and go on from {newest}")]
    CursorTooOld { newest: i64 },
    #[error("the client takes events more slowly than they happen")]
    TooSlow,
    #[error("this node stops")]
    Stopping,
    #[error(transparent)]
    Store(#[from] StoreError),
}
