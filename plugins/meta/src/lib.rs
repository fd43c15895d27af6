//! What every connector to Meta's Graph API shares; nothing of one product belongs here.
//!
//! A connector for one more product takes [`webhook::accept`] as it is, reads payloads with [`json`], builds requests
//! with [`Graph`], and hands refusals to [`Effect`] together with the codes that only its product knows ([`Rule`]).
//! What another Graph product would need too goes here, the rest stays in the connector.
//!
//! - [`webhook`] checks the handshake and the signature
//! - [`json`] reads tolerantly
//! - [`graph`] builds requests
//! - [`messaging`] is what Messenger and Instagram share: reading conversations, and sending
//! - [`error`] and [`rules`] say what a refusal means
//! - [`usage`] says when to come back

pub mod error;
pub mod graph;
pub mod json;
pub mod messaging;
pub mod rules;
pub mod usage;
pub mod webhook;

pub use error::{Effect, GraphError};
pub use graph::Graph;
pub use rules::Rule;
