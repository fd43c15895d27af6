//! The way out of one message: paced by the [`limiter`], recorded before the
//! request leaves, sent by the connector's [`command`], settled by the [`sender`].
//! The token that it takes is kept fresh by [`renewal`].

mod caution;
pub mod command;
pub mod departure;
pub mod limiter;
pub mod renewal;
pub mod sender;

use patchbay_plugin_host::Egress;

use renewal::Renewal;

/// The way out for every command of every channel.
#[derive(Clone)]
pub struct Gate {
    pub egress: Egress,
    pub renewal: Renewal,
}
