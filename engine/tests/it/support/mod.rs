//! What the tests stand on.

pub mod api;
pub mod business;
pub mod database;
pub mod engine;
pub mod expiring;
pub mod house;
pub mod inbox;
pub mod linkedin;
pub mod load;
pub mod messaging;
pub mod mock;
pub mod node;
pub mod outage;
pub mod platform;
pub mod polling;
pub mod port;
pub mod prism;
pub mod queues;
pub mod sendgrid;
pub mod size;
pub mod socket;
pub mod twilio;
pub mod twitter;
pub mod waha;
pub mod wait;
pub mod whatsapp;
