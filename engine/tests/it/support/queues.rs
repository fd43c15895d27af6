//! The queues of one installation on the broker.

use lapin::{
    Connection, ConnectionProperties,
    options::{QueueDeclareOptions, QueueDeleteOptions},
    types::FieldTable,
};

#[derive(Clone)]
pub struct Queues {
    pub url: String,
    pub prefix: String,
    pub partitions: u32,
}

impl Queues {
    /// How many deliveries no consumer has acknowledged.
    pub async fn waiting(&self) -> u32 {
        let (connection, mut waiting) = (self.connect().await, 0);
        let channel = connection.create_channel().await.unwrap();
        for name in self.names() {
            let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::durable() };
            let queue = channel.queue_declare(name.into(), passive, FieldTable::default()).await.unwrap();
            waiting += queue.message_count();
        }
        connection.close(200, "counted".into()).await.unwrap();
        waiting
    }

    pub async fn delete(&self) {
        let connection = self.connect().await;
        let channel = connection.create_channel().await.unwrap();
        for name in self.names() {
            channel.queue_delete(name.into(), QueueDeleteOptions::default()).await.unwrap();
        }
        connection.close(200, "cleared".into()).await.unwrap();
    }

    async fn connect(&self) -> Connection {
        Connection::connect(&self.url, ConnectionProperties::default()).await.unwrap()
    }

    fn names(&self) -> Vec<String> {
        let of = |direction| (0..self.partitions).map(move |number| format!("{}.{direction}.{number}", self.prefix));
        of("inbound").chain(of("outbound")).collect()
    }
}
