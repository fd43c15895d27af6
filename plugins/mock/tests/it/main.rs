//! The mock connector against webhooks and answers, natively.

mod inbound;
mod manifest;
mod outbound;
mod robust;
