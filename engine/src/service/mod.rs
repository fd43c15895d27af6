//! What every dialect calls: one function per thing that can be done, with
//! checked input, on behalf of a [`Principal`](crate::auth::Principal). The
//! organisation is always the principal's own, so nothing of another can be reached.
//!
//! To add a service: a file with plain functions that take `&App` and the
//! principal (or [`Admin`](crate::auth::Admin) where only administrators may), inputs made of the
//! types in [`fields`], errors as [`ServiceError`].

pub mod accounts;
pub mod address_book;
pub mod analytics;
pub mod assignments;
mod audit;
pub mod audits;
pub mod campaign_lists;
mod campaign_plans;
pub mod campaigns;
mod channel_settings;
pub mod channels;
pub mod chats;
mod composing;
pub mod contact_imports;
pub mod contacts;
pub mod conversations;
pub mod customers;
pub mod dead_letters;
pub mod default_channel;
pub mod direct;
mod error;
pub mod fields;
pub mod kinds;
pub mod macros;
pub mod manual_actions;
pub mod media;
pub mod messages;
pub mod notifications;
pub mod organisations;
pub mod overview;
pub mod page;
pub mod presence;
pub mod scheduled;
pub mod search;
pub mod sending;
pub mod sessions;
pub mod staff;
pub mod teams;
pub mod templates;
pub mod tickets;
pub mod users;
mod write;
pub mod writing;

pub use error::{FieldProblem, ServiceError};
pub use write::WriteId;
