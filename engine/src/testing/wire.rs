//! A wire to a server that a test can cut and mend.

use std::{net::SocketAddr, sync::Arc};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_util::task::AbortOnDropHandle;

pub struct Wire {
    address: SocketAddr,
    cut: Arc<watch::Sender<bool>>,
    _carrier: AbortOnDropHandle<()>,
}

impl Wire {
    /// Leads to the server that the URL names.
    pub async fn to(url: &str, default_port: u16) -> Self {
        let url: url::Url = url.parse().unwrap();
        let server = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(default_port));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let cut = Arc::new(watch::Sender::new(false));
        let carrier = tokio::spawn({
            let cut = Arc::clone(&cut);
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    tokio::spawn(carry(client, server.clone(), cut.subscribe()));
                }
            }
        });
        Self { address, cut, _carrier: AbortOnDropHandle::new(carrier) }
    }

    /// The URL, by way of this wire.
    pub fn lead(&self, url: &str) -> String {
        let mut url: url::Url = url.parse().unwrap();
        url.set_ip_host(self.address.ip()).unwrap();
        url.set_port(Some(self.address.port())).unwrap();
        url.into()
    }

    /// Ends every connection, and refuses new ones until mended.
    pub fn cut(&self) {
        self.cut.send_replace(true);
    }

    pub fn mend(&self) {
        self.cut.send_replace(false);
    }
}

async fn carry(mut client: TcpStream, server: String, mut cut: watch::Receiver<bool>) {
    if *cut.borrow_and_update() {
        return;
    }
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    tokio::select! {
        // However it ends, both sides are closed.
        _ = copy_bidirectional(&mut client, &mut server) => {}
        _ = cut.changed() => {}
    }
}
