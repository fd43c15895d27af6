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
    /// Counts the cuts; odd while it is cut.
    cuts: Arc<watch::Sender<u64>>,
    _carrier: AbortOnDropHandle<()>,
}

impl Wire {
    /// Leads to the server that the URL names.
    pub async fn to(url: &str, default_port: u16) -> Self {
        let url: url::Url = url.parse().unwrap();
        let server = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(default_port));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let cuts = Arc::new(watch::Sender::new(0));
        let carrier = tokio::spawn({
            let cuts = Arc::clone(&cuts);
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    if *cuts.borrow() % 2 == 0 {
                        tokio::spawn(carry(client, server.clone(), cuts.subscribe()));
                    }
                }
            }
        });
        Self { address, cuts, _carrier: AbortOnDropHandle::new(carrier) }
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
        self.cuts.send_modify(|cuts| *cuts += 1 - *cuts % 2);
    }

    pub fn mend(&self) {
        self.cuts.send_modify(|cuts| *cuts += *cuts % 2);
    }
}

async fn carry(mut client: TcpStream, server: String, mut cuts: watch::Receiver<u64>) {
    cuts.mark_unchanged();
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    tokio::select! {
        // However it ends, both sides are closed.
        _ = copy_bidirectional(&mut client, &mut server) => {}
        _ = cuts.changed() => {}
    }
}
