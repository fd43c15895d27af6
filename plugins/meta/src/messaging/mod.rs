//! Messenger and Instagram: two products with one way of sending and of telling what happened. A connector is
//! [`Messaging`] of what it says of itself in [`Platform`].
//!
//! - [`inbound`]: webhooks into events
//! - [`outbound`]: commands into requests, answers into outcomes
//! - [`RULES`]: what the codes mean

mod connector;
pub mod inbound;
pub mod outbound;
mod rules;
mod schema;
mod wire;

use crate::Graph;
pub use connector::{Messaging, Platform};
pub use rules::RULES;
pub use schema::{REPLY_WINDOW_MS, long_text, schema};

/// What a page is subscribed to. A subscription replaces the one before, so that Messenger and Instagram on one page
/// ask for the same; a page refuses the fields of an Instagram login.
pub const PAGE_FIELDS: &str = "messages,message_echoes,message_edits,message_reactions,message_deliveries,\
    message_reads,messaging_postbacks,messaging_referrals,messaging_optins,messaging_account_linking,standby";

/// What differs between the products.
#[derive(Debug)]
pub struct Product {
    /// What the envelope of its webhooks calls it.
    pub object: &'static str,
    pub name: &'static str,
    /// How long a text may be.
    pub longest_text: Length,
    /// How many images go in one message.
    pub images: usize,
    /// In bytes.
    pub largest_image: u64,
    /// The types of images it takes; any, where there are none.
    pub image_types: &'static [&'static str],
    /// The same for files that are no pictures, films or sounds.
    pub document_types: &'static [&'static str],
    /// The fields of a profile.
    pub profile_fields: &'static str,
    /// Files are uploaded first; else the platform fetches them from us.
    pub takes_uploads: bool,
    pub reacts: bool,
    /// A heart is a message of its own.
    pub has_heart: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    Characters(usize),
    Bytes(usize),
}

impl Length {
    pub(crate) fn holds(self, text: &str) -> bool {
        match self {
            Self::Characters(most) => text.chars().count() <= most,
            Self::Bytes(most) => text.len() <= most,
        }
    }
}

/// How a channel's account answers: the settings that both products have.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manner {
    pub api_version: Option<String>,
    /// What becomes of a text that is too long for one message.
    #[serde(default)]
    pub long_text: LongText,
    /// People answer here, who may do so for seven days.
    #[serde(default = "on")]
    pub human_agent: bool,
}

const fn on() -> bool {
    true
}

/// One channel's account, and how it answers.
#[derive(Clone, Debug)]
pub struct Account {
    pub product: &'static Product,
    pub graph: Graph,
    /// The object that sends: a page's id, an account's, or `me`.
    pub node: String,
    /// What to subscribe that object to.
    pub subscribed_fields: &'static str,
    /// A message inside the window says so; not where the sender is an Instagram login.
    pub says_response: bool,
    pub manner: Manner,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LongText {
    #[default]
    Split,
    Refuse,
}
