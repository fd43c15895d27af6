//! What the tests that Messenger and Instagram share have to know, and what they give.

pub use crate::messaging::support::*;
pub use crate::recorded::OWN;
pub use patchbay_plugin_instagram::Instagram as Tested;

pub const OBJECT: &str = "instagram";
pub const CONTACT: &str = "6525124850842116";
/// What the platform takes as a message.
pub const SCHEMA: &str = include_str!("../schema/message.json");
