//! The promises, tried on the real binary: a process of its own per test, a
//! database and queues of its own, and a platform that answers over real HTTP.
//!
//! To add a test: a module here, and `on_every_size!` around the test.

#[cfg(test)]
mod support;

#[cfg(test)]
mod analytics;
#[cfg(test)]
mod audit_walk;
#[cfg(test)]
mod audits;
#[cfg(test)]
mod business;
#[cfg(test)]
mod business_contacts;
#[cfg(test)]
mod business_sending;
#[cfg(test)]
mod campaign_pace;
#[cfg(test)]
mod campaign_progress;
#[cfg(test)]
mod campaign_templates;
#[cfg(test)]
mod campaign_wishes;
#[cfg(test)]
mod campaigns;
#[cfg(test)]
mod check;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod customers;
#[cfg(test)]
mod dead_letters;
#[cfg(test)]
mod dialects;
#[cfg(test)]
mod four_dialects;
#[cfg(test)]
mod guarantees;
#[cfg(test)]
mod inbound;
#[cfg(test)]
mod inbox;
#[cfg(test)]
mod inbox_contacts;
#[cfg(test)]
mod inbox_later;
#[cfg(test)]
mod installing;
#[cfg(test)]
mod javascript;
#[cfg(test)]
mod linkedin;
#[cfg(test)]
mod load;
#[cfg(test)]
mod macros;
#[cfg(test)]
mod media;
#[cfg(test)]
mod messaging;
#[cfg(test)]
mod misbehave;
#[cfg(test)]
mod nodes;
#[cfg(test)]
mod notifications;
#[cfg(test)]
mod operations;
#[cfg(test)]
mod outage;
#[cfg(test)]
mod pace;
#[cfg(test)]
mod panic;
#[cfg(test)]
mod parking;
#[cfg(test)]
mod proof;
#[cfg(test)]
mod realtime;
#[cfg(test)]
mod reauth;
#[cfg(test)]
mod receipts;
#[cfg(test)]
mod rest;
#[cfg(test)]
mod routes;
#[cfg(test)]
mod schemathesis;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod sendgrid;
#[cfg(test)]
mod sending;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod sockets;
#[cfg(test)]
mod sockets_protocol;
#[cfg(test)]
mod specs;
#[cfg(test)]
mod tenants;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod twilio;
#[cfg(test)]
mod twitter;
#[cfg(test)]
mod upkeep;
#[cfg(test)]
mod waha;
