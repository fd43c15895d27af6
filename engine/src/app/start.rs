//! Starts the parts, each after what it needs.

use std::sync::Arc;

use actix::{Arbiter, ArbiterHandle};
use chrono::{DateTime, Utc};
use metrics_exporter_prometheus::PrometheusHandle;
use patchbay_domain::{NodeId, connection::Patience, conversation::Policy};
use patchbay_plugin_host::{Egress, EgressConfig, MediaStore};
use patchbay_store::jobs::Partitions;
use tokio_util::sync::CancellationToken;

use super::{
    App, Engine,
    connecting::{connect, connect_bus, load_plugins},
};
use crate::{
    auth::Auth,
    bus::relay::Relay,
    campaign::{self, Campaigns},
    channels::Channels,
    config::Config,
    conversation::{self, Conversations},
    egress::{
        Gate,
        renewal::{self, Renewal},
        sender::{self, Sender},
    },
    forgetting::Forgetting,
    housekeeping,
    ingress::{self, Ingress},
    installation::Installation,
    keyring::Keyring,
    media::DiskMedia,
    membership::Membership,
    pool::Pool,
    realtime::{Hub, Rooms, Switchboard},
    service::default_channel,
    session::{
        self, Sessions,
        intake::Intake,
        tenure::{Keeper, Tenure},
    },
    socketio,
    supervision::RestartPolicy,
};

impl Engine {
    #[expect(clippy::too_many_lines, reason = "the one place that puts the parts together, in order")]
    pub async fn start(config: Config, metrics: PrometheusHandle) -> anyhow::Result<Self> {
        let clock: fn() -> DateTime<Utc> = Utc::now;
        let node = NodeId::at(clock());
        let stop = CancellationToken::new();
        let background = tokio_util::task::TaskTracker::new();
        let partitions = Partitions(config.bus.partitions);

        let store = connect(&config).await?;
        let plugins = load_plugins(&config).await?;
        let bus = connect_bus(&config, &store, node, partitions).await?;
        let keyring = Keyring::new(&config.secrets.master_key);
        let files = DiskMedia::new(&config, store.clone(), clock);
        let media: Arc<dyn MediaStore> = Arc::new(files.clone());
        let egress = Egress::new(EgressConfig {
            allow_private: config.egress.allow.clone(),
            grants: config.egress.grants.clone(),
            default_timeout: config.egress.timeout,
            max_response_bytes: config.egress.response_bytes,
            max_saved_bytes: config.egress.saved_bytes,
            ..EgressConfig::default()
        })?;

        let pool = Pool::current();
        let arbiters: Vec<Arbiter> = (0..config.server.workers).map(|_| Arbiter::new()).collect();
        let handles: Vec<ArbiterHandle> = arbiters.iter().map(Arbiter::handle).collect();
        let restart = RestartPolicy {
            first_delay: config.sessions.first_restart_delay,
            longest_delay: config.sessions.longest_restart_delay,
            budget: config.sessions.restart_budget,
            rest: config.sessions.restart_rest,
        };
        let membership = Membership::start(store.clone(), node, partitions, clock, stop.clone()).await?;
        let tenure = Tenure::new(partitions);
        let public_url = config.server.public_url.clone();
        let channels =
            Channels::new(store.clone(), plugins.clone(), keyring.clone(), public_url.clone(), config.waha.clone());
        let conversations = Conversations::new(
            handles.clone(),
            restart,
            conversation::Settings {
                policy: Policy { reopen_window: chrono::Duration::from_std(config.tickets.reopen_window)? },
                idle_after: config.conversations.idle_after,
                mailbox: config.conversations.mailbox,
                partitions,
            },
            &store,
            channels.clone(),
            bus.clone(),
            clock,
        );
        let renewal = Renewal::new(renewal::Tools {
            store: store.clone(),
            channels: channels.clone(),
            keyring: keyring.clone(),
            egress: egress.clone(),
            media: Arc::clone(&media),
            pool: pool.clone(),
            clock,
        });
        let egress = Gate { egress, renewal };
        let sender = Sender::new(sender::Tools {
            store: store.clone(),
            egress: egress.clone(),
            media: Arc::clone(&media),
            keyring: keyring.clone(),
            public_url,
            node,
            sight: membership.sight(),
            clock,
        });
        let sessions = Sessions::new(
            handles.clone(),
            restart,
            session::Settings {
                idle_after: config.sessions.idle_after,
                mailbox: config.sessions.mailbox,
                concurrency: config.sessions.concurrency,
                patience: Patience {
                    starting: chrono::Duration::from_std(config.sessions.starting)?,
                    pairing: chrono::Duration::from_std(config.sessions.pairing)?,
                    longest: chrono::Duration::from_std(config.sessions.longest_recovery)?,
                    ask_every: chrono::Duration::from_std(config.sessions.ask_every)?,
                },
            },
            session::Tools {
                store: store.clone(),
                channels: channels.clone(),
                conversations: conversations.clone(),
                sender,
                tenure: tenure.clone(),
                egress,
                media: Arc::clone(&media),
                bus: bus.clone(),
                plugins: plugins.clone(),
                pool: pool.clone(),
                clock,
            },
        );
        let campaigns = Campaigns::new(
            handles.clone(),
            restart,
            campaign::Tools {
                store: store.clone(),
                channels: channels.clone(),
                conversations: conversations.clone(),
                tenure: tenure.clone(),
                pool: pool.clone(),
                mailbox: config.sessions.mailbox,
                clock,
            },
        );
        let ingress = Ingress::new(
            handles,
            restart,
            config.server.workers,
            ingress::Tools { pool, channels: channels.clone(), plugins: plugins.clone(), bus: bus.clone(), clock },
        );
        let auth = Auth::new(&config.auth, store.clone(), config.server.workers)?;

        background.spawn(conversations.registry().clone().supervise(stop.clone()));
        background.spawn(sessions.registry().clone().supervise(stop.clone()));
        background.spawn(campaigns.registry().clone().supervise(stop.clone()));
        background.spawn(campaigns.clone().run(stop.clone()));
        background.spawn(ingress.registry().clone().supervise(stop.clone()));
        background.spawn(channels.clone().refresh(clock, stop.clone()));
        background.spawn(housekeeping::run(store.clone(), config.retention.clone(), clock, stop.clone()));
        let forgetting = Forgetting { store: store.clone(), plugins: plugins.clone(), media: files.clone(), clock };
        background.spawn(forgetting.run(config.retention.content_every, stop.clone()));
        background.spawn(Relay::new(bus.clone(), store.clone(), membership.owned(), clock).run(stop.clone()));
        background.spawn(
            Intake {
                bus: bus.clone(),
                sessions: sessions.clone(),
                partitions,
                prefetch: config.bus.prefetch,
                owned: membership.owned(),
                stop: stop.clone(),
            }
            .run(),
        );
        background.spawn(
            Keeper {
                store: store.clone(),
                node,
                queue_prefix: config.bus.queue_prefix.clone(),
                owned: membership.owned(),
                tenure,
                sessions: sessions.clone(),
                clock,
            }
            .run(stop.clone()),
        );
        background.spawn(sessions.clone().fetch_wanted_files(stop.clone()));
        background.spawn(sessions.clone().tell_receipts(stop.clone()));
        background.spawn(plugins.clone().watch(stop.clone()));
        let realtime = Hub::new(store.clone(), &config.realtime);
        background.spawn(realtime.clone().run(stop.clone()));
        let (saying, switchboard) = Switchboard::open(&store, node).await?;
        let rooms = Rooms::new(saying);
        if let Some(switchboard) = switchboard {
            background.spawn(switchboard.run(rooms.clone(), stop.clone()));
        }
        let app = Arc::new(App {
            config,
            store,
            bus,
            installation: Installation::new(plugins.clone()),
            plugins,
            channels,
            conversations,
            sessions,
            campaigns,
            ingress,
            keyring,
            auth,
            media: files,
            realtime,
            rooms,
            sockets: socketio::Sessions::default(),
            sight: membership.sight(),
            clock,
            started_at: clock(),
            metrics,
        });
        background.spawn(default_channel::keep_webhook_tokens(Arc::clone(&app), stop.clone()));
        Ok(Self { app, stop, background, membership, arbiters })
    }
}
