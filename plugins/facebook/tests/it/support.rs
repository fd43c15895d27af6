//! What the tests that Messenger and Instagram share have to know, and what they give.

pub use crate::messaging::support::*;
pub use crate::recorded::OWN;
pub use patchbay_plugin_facebook::Facebook as Tested;

pub const OBJECT: &str = "page";
pub const CONTACT: &str = "1254459154682919";
/// What the platform takes as a message.
pub const SCHEMA: &str = include_str!("../schema/message.json");
