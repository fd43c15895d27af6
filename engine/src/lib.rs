//! Patchbay, a message engine for helpdesks. The modules in the order in which
//! a message passes them:
//!
//! - [`ingress`] takes webhooks: authentic, durable, then answered
//! - [`bus`] carries them, and wakes those who send; [`membership`] says which node works what
//! - [`session`] works one channel: reads its webhooks, paces what goes out
//! - [`conversation`] applies the rules and commits
//! - [`campaign`] writes to many people, a little ahead of the platform's pace
//! - [`egress`] sends one message and settles what became of it
//! - [`realtime`] tells connected clients what happens; [`socketio`] is a protocol that some of them speak
//! - [`service`] is what every REST dialect calls; [`auth`] says who calls
//! - [`api`] translates
//!
//! Beneath them: [`app`] puts all of it together, [`supervision`] keeps actors
//! alive, [`channels`] knows every channel, [`keyring`] keeps their secrets,
//! [`installation`] changes connectors while they serve, [`occupancy`] keeps a second engine out.

pub mod api;
pub mod app;
pub mod auth;
pub mod batch;
pub mod bus;
pub mod campaign;
pub mod channels;
pub mod config;
pub mod conversation;
pub mod egress;
pub mod forgetting;
pub mod housekeeping;
pub mod ingress;
pub mod installation;
pub mod keyring;
pub mod media;
pub mod membership;
pub mod occupancy;
pub mod pool;
pub mod realtime;
mod recent;
pub mod retry;
pub mod service;
pub mod session;
pub mod socketio;
pub mod supervision;
pub mod telemetry;
#[cfg(test)]
mod testing;
