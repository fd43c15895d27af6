//! The HTTP server around the engine, from the first listening to the signal that ends it.

use std::{
    net::{IpAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use actix_web::{App as WebApp, HttpServer, web};
use anyhow::Context;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::{net::TcpSocket, signal::unix::SignalKind};

use super::Engine;
use crate::{api, config::Config, occupancy::Occupancy};

/// Connections that wait until a worker takes them.
const BACKLOG: u32 = 1024;

/// A connection is given up whose other side takes nothing for so long: what waits to be sent there is memory of ours.
#[cfg(target_os = "linux")]
const UNTAKEN: Duration = Duration::from_mins(5);

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
