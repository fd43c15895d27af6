//! Tests without WebAssembly: recorded webhooks in, scripted answers, snapshots out. Only on native targets.
//!
//! - [`with_secrets`]: the channel's secrets while a closure runs
//! - [`channel`], [`webhook`], [`answer`]: what the engine would hand over
//! - [`Fixture`]: a recorded payload from a file
//! - [`run`]: a command from `perform` to its outcome
//! - [`snapshot`]: any value of the contract as JSON, for `insta`
//! - [`robust`]: webhooks that no platform sends
#![expect(clippy::panic, clippy::expect_used, reason = "a test that is set up wrongly has to fail")]

mod command;
mod coverage;
mod fixture;
pub(crate) mod host;
pub mod robust;
mod snapshot;
mod values;

pub use command::{Run, run};
pub use fixture::Fixture;
pub use host::with_secrets;
pub use snapshot::{Snapshot, snapshot};
pub use values::{NOW, answer, channel, outgoing, webhook};
