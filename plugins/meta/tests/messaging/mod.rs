//! What holds for Messenger and for Instagram: the tests of both include this folder.

mod accept;
mod commands;
mod lost;
mod robust;
pub mod support;
