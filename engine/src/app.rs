//! Puts the engine together and takes it apart again: what is started in which
//! order, and what is waited for before the process ends.

use std::{
    net::{IpAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use actix::{Arbiter, ArbiterHandle};
use actix_web::{App as WebApp, HttpServer, web};
use anyhow::Context;
use chrono::{DateTime, Utc};
use metrics_exporter_prometheus::PrometheusHandle;
use patchbay_domain::{NodeId, connection::Patience, conversation::Policy};
use patchbay_plugin_host::{Egress, EgressConfig, MediaStore, PluginHost, Plugins};
use patchbay_store::{Store, StoreError, StoreOptions, jobs::Partitions};
use tokio::{net::TcpSocket, signal::unix::SignalKind};
use tokio_util::sync::CancellationToken;

use crate::{
    api,
    auth::Auth,
    bus::{Bus, BusConfig, relay::Relay},
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
    occupancy::Occupancy,
    pool::Pool,
    realtime::Hub,
    session::{
        self, Sessions,
        intake::Intake,
        tenure::{Keeper, Tenure},
    },
    supervision::RestartPolicy,
};

/// Connections that wait until a worker takes them.
const BACKLOG: u32 = 1024;
const CONNECT_PAUSE: Duration = Duration::from_secs(1);

/// A connection is given up whose other side takes nothing for so long: what waits to be sent there is memory of ours.
#[cfg(target_os = "linux")]
const UNTAKEN: Duration = Duration::from_mins(5);

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
    pub clock: fn() -> DateTime<Utc>,
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

/// Serves until the process is told to stop.
pub async fn run(config: Config, metrics: PrometheusHandle) -> anyhow::Result<()> {
    let grace = config.server.shutdown_grace;
    let (bind, port, workers) = (config.server.bind, config.server.port, config.server.workers);
    let _occupancy = Occupancy::take(&config.storage)?;
    let listener = listen(bind, port).with_context(|| taken(bind, port))?;
    let engine = Engine::start(config, metrics).await?;
    let app = web::Data::from(Arc::clone(&engine.app));
    let server = HttpServer::new(move || {
        let app = app.clone();
        WebApp::new().wrap(api::outer(&app)).configure(|routes| api::routes(routes, app.clone()))
    })
    .workers(workers)
    .shutdown_timeout(grace.as_secs())
    // Ours to handle: actix would end the runtime while work is under way.
    .disable_signals()
    .listen(listener)
    .with_context(|| taken(bind, port))?;
    for address in server.addrs() {
        tracing::info!(%address, "serving");
    }
    let server = server.run();
    let handle = server.handle();
    let mut signals = Signals::listen()?;
    let realtime = engine.app.realtime.clone();
    tokio::spawn(async move {
        let signal = signals.next().await;
        tracing::info!(signal, "stopping: no new calls, then what is under way is finished");
        // Sockets do not end by themselves.
        realtime.stop();
        handle.stop(true).await;
    });
    server.await.context("the HTTP server failed")?;
    engine.stop(grace).await;
    Ok(())
}

/// Before anything is begun: an engine that cannot serve must not take work either.
fn listen(bind: IpAddr, port: u16) -> std::io::Result<TcpListener> {
    let socket = if bind.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    #[cfg(target_os = "linux")]
    socket2::SockRef::from(&socket).set_tcp_user_timeout(Some(UNTAKEN))?;
    socket.bind((bind, port).into())?;
    socket.listen(BACKLOG)?.into_std()
}

fn taken(bind: IpAddr, port: u16) -> String {
    format!("{bind}:{port} cannot be listened on; choose another with PORT")
}

/// What asks the process to stop.
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> anyhow::Result<Self> {
        let listen = |kind| tokio::signal::unix::signal(kind).context("signals cannot be listened for");
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

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
        let channels = Channels::new(store.clone(), plugins.clone(), keyring.clone(), public_url.clone());
        let conversations = Conversations::new(
            handles.clone(),
            restart,
            conversation::Settings {
                policy: Policy { reopen_window: chrono::Duration::from_std(config.tickets.reopen_window)? },
                idle_after: config.conversations.idle_after,
                mailbox: config.conversations.mailbox,
                partitions,
                committers: if store.is_embedded() { 1 } else { 2 },
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
        background.spawn(plugins.clone().watch(stop.clone()));
        let realtime = Hub::new(store.clone(), &config.realtime);
        background.spawn(realtime.clone().run(stop.clone()));
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
            clock,
            metrics,
        });
        Ok(Self { app, stop, background, membership, arbiters })
    }

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

/// Waits for a database that is away, as an engine that runs does; what waiting does not mend ends the start.
async fn connect(config: &Config) -> anyhow::Result<Store> {
    loop {
        match open(config).await {
            Err(error) if error.is_retryable() => {
                tracing::warn!(%error, "the database does not answer; the start waits for it");
                tokio::time::sleep(CONNECT_PAUSE).await;
            }
            opened => return Ok(opened?),
        }
    }
}

async fn open(config: &Config) -> Result<Store, StoreError> {
    let options = StoreOptions { max_connections: config.storage.max_connections, ..StoreOptions::default() };
    let store = Store::connect(config.storage.database_url.expose(), options).await?;
    store.migrate().await?;
    Ok(store)
}

async fn load_plugins(config: &Config) -> anyhow::Result<Plugins> {
    let host = PluginHost::new(config.plugins.host())?;
    let loaded = Plugins::load(host, &config.plugins.dir).await;
    loaded.context("set PATCHBAY_PLUGINS_DIR to the folder with the connectors")
}

async fn connect_bus(config: &Config, store: &Store, node: NodeId, partitions: Partitions) -> anyhow::Result<Bus> {
    let bus = BusConfig {
        amqp_url: config.bus.amqp_url.as_ref().map(|url| url.expose().to_owned()),
        queue_prefix: config.bus.queue_prefix.clone(),
        partitions,
        publish_timeout: config.bus.publish_timeout,
    };
    Ok(Bus::connect(bus, store.clone(), node).await?)
}
