//! Fetching a file that a contact sent. WAHA serves it under the address that it takes itself to have, which need not be
//! the one at which the engine reaches it; and the key goes nowhere else.

use super::answer::{self, Effect};
use super::api::Api;
use crate::inbound::FILES;
use patchbay_plugin_sdk::{Failure, Outcome, Response, Step, TransportError};

pub fn download(api: &Api, url: &str) -> Result<Step, Failure> {
    let path = url.find(FILES).and_then(|start| url.get(start..));
    match path.filter(|path| !path.contains("..")) {
        Some(path) => Ok(api.get(path).save_body().into()),
        None => Err(Failure::rejected("the file is not one that WAHA serves")),
    }
}

/// Files are kept for a limited time: one that is gone stays gone.
pub fn saved(response: Result<Response, TransportError>) -> Result<Step, Failure> {
    let saved = answer::success(Effect::Reads, response)?.saved;
    let media = saved.ok_or_else(|| Failure::temporary("the file was not kept"))?;
    Ok(Outcome::Media(media).into())
}
