//! Whom a message is for.

use crate::address::Address;
use patchbay_plugin_sdk::{Failure, Participant};

/// A chat, and how sure it is that there is one.
pub struct Recipient {
    pub chat: Address,
    /// Made of a telephone number, so that WhatsApp may know it under another address or not at all.
    pub guessed: bool,
}

/// The chat of the thread, else the contact's own, else that of a telephone number.
pub fn recipient(to: &Participant, thread: &str) -> Result<Recipient, Failure> {
    let known = [thread, &to.id].into_iter().chain(to.aliases.iter().map(String::as_str));
    let known = known.filter(|id| id.contains('@')).find_map(Address::parse);
    let number = || [to.phone.as_deref(), Some(thread), Some(to.id.as_str())].into_iter().flatten();
    let guessed = known.is_none();
    match known.or_else(|| number().find_map(Address::of_phone)) {
        Some(chat) => Ok(Recipient { chat, guessed }),
        None => Err(Failure::rejected("the contact has neither a WhatsApp address nor a telephone number")),
    }
}

/// The chat of a message that exists.
pub fn chat(thread: &str) -> Result<Address, Failure> {
    Address::parse(thread).ok_or_else(|| Failure::rejected("the conversation has no WhatsApp address"))
}
