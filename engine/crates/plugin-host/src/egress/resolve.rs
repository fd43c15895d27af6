//! From a name to the addresses that may be connected to. The connection goes to an address that was checked
//! here, so a name that answers differently the second time gains nothing.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::{
    address::{AllowRules, is_public},
    policy::Refusal,
};

/// Finds the addresses of a name.
#[async_trait]
pub trait Lookup: Send + Sync {
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The operating system's.
pub struct SystemLookup;

#[async_trait]
impl Lookup for SystemLookup {
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// Lets through what is public or allowed; without TLS, only what is allowed.
#[derive(Clone)]
pub struct Guard {
    pub rules: AllowRules,
    pub lookup: Arc<dyn Lookup>,
    pub plain: bool,
}

impl Guard {
    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, Box<dyn std::error::Error + Send + Sync>> {
        let mut addresses = self.lookup.lookup(host).await?;
        if addresses.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address").into());
        }
        let allowed = |address: &IpAddr| self.rules.names(host) || self.rules.contain(*address);
        let private = addresses.iter().any(|address| !is_public(*address));
        addresses.retain(|address| allowed(address) || (!self.plain && is_public(*address)));
        match (addresses.is_empty(), private) {
            (false, _) => Ok(addresses),
            (true, true) => Err(Refusal::Private(host.to_owned()).into()),
            (true, false) => Err(Refusal::Plain(host.to_owned()).into()),
        }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let addresses = guard.addresses(&name.as_str().to_ascii_lowercase()).await?;
            // The port comes from the URL.
            let addresses = addresses.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}
