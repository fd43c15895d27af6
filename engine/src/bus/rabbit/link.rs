//! A connection to the broker that is made anew when it is lost.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use lapin::{Channel, Connect, Connection, ConnectionProperties, uri::AMQPUri};

use crate::bus::{BusStatus, backoff::Backoff};

/// To connect and log in.
const PATIENCE: Duration = Duration::from_secs(10);

pub struct Link {
    uri: AMQPUri,
    name: &'static str,
    current: Mutex<Option<Arc<Connection>>>,
    /// Held while connecting: of many who need a connection, one makes it.
    connecting: tokio::sync::Mutex<Backoff>,
}

impl Link {
    pub fn new(uri: AMQPUri, name: &'static str) -> Self {
        Self { uri, name, current: Mutex::default(), connecting: tokio::sync::Mutex::default() }
    }

    /// A channel on the connection, as soon as there is one.
    pub async fn channel(&self) -> Channel {
        let mut failures = Backoff::default();
        loop {
            match self.connection().await.create_channel().await {
                Ok(channel) => return channel,
                Err(error) => {
                    tracing::warn!(connection = self.name, %error, "the broker gave no channel; trying again");
                    tokio::time::sleep(failures.pause()).await;
                }
            }
        }
    }

    pub fn status(&self) -> BusStatus {
        match self.connected() {
            None => BusStatus::Disconnected,
            Some(connection) if connection.status().blocked() => BusStatus::Blocked,
            Some(_) => BusStatus::Connected,
        }
    }

    /// One attempt.
    pub async fn connect(&self) -> Result<Arc<Connection>, String> {
        let properties = ConnectionProperties::default().with_connection_name(self.name.into());
        let connection = tokio::time::timeout(PATIENCE, self.uri.clone().connect(properties))
            .await
            .map_err(|_| format!("it did not answer within {PATIENCE:?}"))?
            .map_err(|error| error.to_string())?;
        let connection = Arc::new(connection);
        *self.current() = Some(Arc::clone(&connection));
        Ok(connection)
    }

    async fn connection(&self) -> Arc<Connection> {
        let mut backoff = self.connecting.lock().await;
        loop {
            if let Some(connection) = self.connected() {
                backoff.reset();
                return connection;
            }
            match self.connect().await {
                Ok(_) => {
                    tracing::info!(connection = self.name, "connected to the broker again");
                    metrics::counter!("patchbay_bus_reconnects_total", "connection" => self.name).increment(1);
                }
                Err(error) => {
                    tracing::warn!(connection = self.name, %error, "the broker cannot be reached; trying again");
                    tokio::time::sleep(backoff.pause()).await;
                }
            }
        }
    }

    fn connected(&self) -> Option<Arc<Connection>> {
        self.current().clone().filter(|connection| connection.status().connected())
    }

    fn current(&self) -> MutexGuard<'_, Option<Arc<Connection>>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
