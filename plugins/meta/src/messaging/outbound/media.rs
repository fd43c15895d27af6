//! Fetching a file that a contact sent. It is at a public address that only its recipients know: the token is not shown
//! there.

use super::answer;
use crate::Effect;
use crate::messaging::Account;
use patchbay_plugin_sdk::{Failure, Outcome, Request, Response, Step, TransportError};

/// The engine keeps to the hosts of the manifest; a channel's own server may be one without encryption.
pub fn download(account: &Account, url: &str) -> Result<Step, Failure> {
    if !["https://", "http://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(Failure::rejected(format!("this is not a file's address at {}", account.product.name)));
    }
    Ok(Request::get(url).save_body().into())
}

pub fn saved(response: Result<Response, TransportError>) -> Result<Step, Failure> {
    // It was asked for without the token: a refusal says nothing of that.
    if let Some(status) =
        response.as_ref().ok().map(|response| response.status).filter(|status| [401, 403].contains(status))
    {
        return Err(Failure::rejected("the file's address is not good any more").code(status));
    }
    let saved = answer::success(Effect::Repeatable, response)?.saved;
    let media = saved.ok_or_else(|| Failure::temporary("the file was not kept"))?;
    Ok(Outcome::Media(media).into())
}
