//! The mock connector against webhooks and answers, natively.

mod fixtures;
mod inbound;
mod manifest;
mod outbound;
mod recorded;
mod robust;
