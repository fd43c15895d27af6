//! Puts the engine together and takes it apart again: what is started in which
//! order, and what is waited for before the process ends.

mod connecting;
mod serving;
mod start;

use std::{sync::Arc, time::Duration};

use actix::Arbiter;
use chrono::{DateTime, Utc};
use metrics_exporter_prometheus::PrometheusHandle;
use patchbay_plugin_host::Plugins;
use patchbay_store::Store;
pub use serving::run;
use tokio_util::sync::CancellationToken;

use crate::{
    auth::Auth,
    bus::Bus,
    campaign::Campaigns,
    channels::Channels,
    config::Config,
    conversation::Conversations,
    ingress::Ingress,
    installation::Installation,
    keyring::Keyring,
    media::DiskMedia,
    membership::{Membership, Sight},
    realtime::{Hub, Rooms},
    session::Sessions,
    socketio,
};

/// Everything a request needs; shared by all HTTP workers.
pub struct App {
    pub config: Config,
    pub store: Store,
    pub bus: Bus,
    pub plugins: Plugins,
    pub installation: Installation,
    pub channels: Channels,
    pub conversations: Conversations,
    pub sessions: Sessions,
    pub campaigns: Campaigns,
    pub ingress: Ingress,
    pub keyring: Keyring,
    pub auth: Auth,
    pub media: DiskMedia,
    pub realtime: Hub,
    pub rooms: Rooms,
    pub sockets: socketio::Sessions,
    /// Whether what this node writes arrives.
    pub sight: Sight,
    pub clock: fn() -> DateTime<Utc>,
    pub started_at: DateTime<Utc>,
    pub metrics: PrometheusHandle,
}

/// A running engine without its HTTP server.
pub struct Engine {
    pub app: Arc<App>,
    stop: CancellationToken,
    background: tokio_util::task::TaskTracker,
    membership: Membership,
    arbiters: Vec<Arbiter>,
}

impl Engine {
    /// Stops taking work, waits for what is under way, and hands the partitions over.
    pub async fn stop(self, grace: Duration) {
        let Self { app, stop, background, membership, arbiters } = self;
        stop.cancel();
        background.close();
        let quiet = async {
            background.wait().await;
            while app.sessions.under_way() != (0, 0) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        if tokio::time::timeout(grace, quiet).await.is_err() {
            let (webhooks, sends) = app.sessions.under_way();
            tracing::warn!(webhooks, sends, "stopped with work under way; it is taken up again at the next start");
        }
        membership.leave().await;
        for arbiter in arbiters {
            arbiter.stop();
        }
    }
}
