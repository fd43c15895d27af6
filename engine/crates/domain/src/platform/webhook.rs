//! A webhook as it arrived, and what to answer.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    pub name: String,
    pub value: String,
}

/// A webhook exactly as it arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    pub method: String,
    pub url: String,
    pub headers: Vec<Header>,
    #[serde(with = "crate::bytes")]
    pub body: Vec<u8>,
    pub received_at: DateTime<Utc>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<Header>,
    pub body: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acceptance {
    /// Answer, and keep nothing.
    Answer(Reply),
    /// Store it durably, then answer.
    Keep(Reply),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    Unauthentic(String),
    Malformed(String),
}
