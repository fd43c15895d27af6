//! What every connector to Meta's Graph API shares; nothing of one product belongs here.
//!
//! A connector for one more product takes [`webhook::accept`] as it is, reads payloads with [`json`], builds requests
//! with [`Graph`], and hands answers to [`GraphError`] together with the codes that only its product knows
//! ([`Rule`]). What another Graph product would need too goes here, the rest stays in the connector.
//!
//! - [`webhook`]: the handshake and the signature
//! - [`json`]: tolerant reading
//! - [`graph`]: requests
//! - [`error`], [`rules`], [`usage`]: what a refusal means, and when to come back

pub mod error;
pub mod graph;
pub mod json;
pub mod rules;
pub mod usage;
pub mod webhook;

pub use error::GraphError;
pub use graph::Graph;
pub use rules::Rule;
