//! Typing, which WhatsApp shows in answer to a message and ends by itself.

use super::{Api, MESSAGING};
use crate::settings::Medium;
use patchbay_plugin_sdk::{Failure, Outcome, Request, Step, TypingSignal};

pub fn show(api: &Api<'_>, signal: &TypingSignal) -> Result<Step, Failure> {
    if api.medium == Medium::Sms {
        return Err(Failure::unsupported("SMS shows no typing"));
    }
    if !signal.on {
        return Ok(Outcome::Ok.into());
    }
    let Some(message) = &signal.last_message else {
        return Err(Failure::rejected("WhatsApp shows typing only in answer to a contact's message"));
    };
    let url = format!("{}/v2/Indicators/Typing.json", api.base(MESSAGING)?);
    let request = Request::post(url).form([("channel", "whatsapp"), ("messageId", message)]);
    Ok(api.authorised(request).idempotent().into())
}
