//! Small calls: deleting, and asking who the account is.

use super::answer::Effect;
use super::api::Api;
use super::recipient::person;
use patchbay_plugin_sdk::{Failure, MessageRef, Outcome, Response, Step, TransportError};

/// X takes the message out of the account's view; the other side keeps it.
pub fn delete(api: &Api<'_>, message: &MessageRef) -> Result<Step, Failure> {
    let Some(id) = person(&message.id) else {
        return Err(Failure::rejected("only X itself can delete an encrypted message"));
    };
    Ok(api.authorised(api.request("DELETE", &format!("/2/dm_events/{id}")).idempotent())?.into())
}

pub fn done(api: &Api<'_>, response: Result<Response, TransportError>) -> Result<Step, Failure> {
    Effect::Repeatable.success(response, api.now())?;
    Ok(Outcome::Ok.into())
}

pub fn who_am_i(api: &Api<'_>) -> Result<Step, Failure> {
    Ok(api.authorised(api.request("GET", "/2/users/me").idempotent())?.into())
}

pub fn is_the_account(api: &Api<'_>, response: Result<Response, TransportError>) -> Result<Step, Failure> {
    let account = Effect::Repeatable.id(response, &["data", "id"], api.now())?;
    if account == api.settings().user_id {
        Ok(Outcome::Ok.into())
    } else {
        Err(Failure::unauthorized(format!(
            "the credentials are those of the account {account}; correct userId or them"
        )))
    }
}
