//! What each section of the configuration holds and which values are allowed.
//!
//! To add a key: a field, a line in `read` with its range, and the key with a
//! sentence and its unit in `config.default.toml`; a test finds a missing one.

mod auth;
mod bus;
mod connectors;
mod server;
mod storage;
mod upkeep;
mod work;

use std::{ops::RangeInclusive, time::Duration};

pub use auth::{AccessLifetime, Auth, Secrets};
pub use bus::Bus;
pub use connectors::{Egress, Plugins, Waha};
pub use server::{Realtime, Server};
pub use storage::Storage;
pub use upkeep::{Log, Retention};
pub use work::{Conversations, Sessions, Tickets};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
const YEAR: Duration = Duration::from_hours(366 * 24);
const MIB: usize = 1 << 20;
const SIZES: RangeInclusive<usize> = 1024..=1024 * MIB;
