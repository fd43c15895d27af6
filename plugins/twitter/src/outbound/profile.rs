//! Who somebody is. Webhooks of ordinary messages tell it; those of encrypted ones and of typing do not.

use super::answer::Effect;
use super::api::Api;
use super::recipient;
use crate::inbound::person::described;
use crate::wire::{at, text};
use patchbay_plugin_sdk::{Failure, FailureKind, Outcome, Response, Step, TransportError};

pub fn ask(api: &Api<'_>, id: &str) -> Result<Step, Failure> {
    let id = recipient::person(id).ok_or_else(|| Failure::rejected("this is no person's identifier on X"))?;
    let request = api.request("GET", &format!("/2/users/{id}")).idempotent();
    Ok(api.authorised(request.query("user.fields", "name,profile_image_url,username"))?.into())
}

pub fn told(api: &Api<'_>, id: &str, response: Result<Response, TransportError>) -> Result<Step, Failure> {
    let is_token = response.as_ref().is_ok_and(|response| response.status == 401);
    let answer = Effect::Repeatable.json(response, api.now()).map_err(|failure| match failure.kind {
        // Whoever may not be looked at can be written to.
        FailureKind::Unauthorized if !is_token => Failure { kind: FailureKind::Rejected, ..failure },
        _ => failure,
    })?;
    let person = at(&answer, &["data"]);
    match text(person, &["username"]).or(text(person, &["name"])) {
        Some(_) => Ok(Outcome::Profile(described(id, person)).into()),
        None => Err(Failure::rejected("X does not tell who this is")),
    }
}
