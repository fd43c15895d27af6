//! What can go wrong on the bus.

use std::time::Duration;

#[derive(Clone, Debug, thiserror::Error)]
pub enum BusError {
    /// The broker or the database is away or overloaded; it can be published again.
    #[error("the bus did not make it durable within {0:?}; publish it again")]
    Unavailable(Duration),
    /// The process is shutting down.
    #[error("the bus is closed")]
    Closed,
    /// The delivery had been taken back before it was acknowledged, because the connection or the lease
    /// was lost: it comes again, and must be recognised.
    #[error("the delivery was taken back before it was acknowledged; it comes again")]
    TakenBack,
    #[error("AMQP_URL cannot be read as an amqp:// or amqps:// address: {0}")]
    Address(String),
    #[error("the broker named by AMQP_URL cannot be used: {0}")]
    Broker(String),
    /// Larger than the broker takes; it can never be published.
    #[error("{0} bytes are more than a broker takes in one message")]
    TooLarge(usize),
    #[error("the database refused a publication: {0}")]
    Refused(String),
}
