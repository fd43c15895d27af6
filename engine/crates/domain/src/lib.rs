//! Types and rules of Patchbay, free of IO: what a message, a conversation and a
//! ticket are and how they may change. Time and ids are arguments.

pub mod attempt;
mod bytes;
pub mod calendar;
pub mod campaign;
pub mod connection;
pub mod conversation;
pub mod delivery;
pub mod event;
pub mod folding;
pub mod hierarchy;
mod ids;
pub mod message;
pub mod news;
pub mod notice;
pub mod people;
pub mod platform;
pub mod reach;
pub mod reading;
pub mod registration;
pub mod renewal;
pub mod search;
pub mod sending;
pub mod ticket;
pub mod variables;

pub use ids::*;
