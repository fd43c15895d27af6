//! Types and rules of Patchbay, free of IO: what a message, a conversation and a
//! ticket are and how they may change. Time and ids are arguments.

mod bytes;
mod ids;
pub mod platform;

pub use ids::*;
