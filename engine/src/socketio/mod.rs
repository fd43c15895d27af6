//! The protocol of Socket.IO: Engine.IO 4 beneath, Socket.IO 5 above it. What is said over it is the affair of who uses it.
//!
//! - [`frame`] is Engine.IO's packets, and how several go in one body
//! - [`packet`] is Socket.IO's packets
//! - [`session`] is one client, whichever way it is reached: by requests, by WebSocket, or first one and then the other
//! - [`sessions`] knows all of them, by their identifier and by their user
//!
//! Why it is not a library, and what follows: decision 15.

pub mod frame;
pub mod packet;
pub mod session;
pub mod sessions;

pub use frame::Frame;
pub use packet::Packet;
pub use session::{Line, Session};
pub use sessions::Sessions;

/// What a client may send at once, in bytes.
pub const LONGEST: usize = 64 * 1024;
