//! The way out of one message: paced by the [`limiter`], recorded before the
//! request leaves, sent by the connector's [`command`], settled by the [`sender`].

pub mod command;
pub mod limiter;
pub mod sender;
