//! Fetching a file that a contact sent. Its address at the API asks for the account's credentials and redirects to
//! where the file is; the engine takes the credentials no further than the API.

use super::answer::{self, Effect};
use super::{API, Api};
use patchbay_plugin_sdk::{Failure, Outcome, Request, Response, Step, TransportError};

pub fn download(api: &Api<'_>, url: &str) -> Result<Step, Failure> {
    let base = api.base(API)?;
    // Where the channel names another server for the API, the file is there as well.
    let url = below(url, API).map_or_else(|| url.to_owned(), |path| format!("{base}{path}"));
    let request = Request::get(&url).save_body();
    if below(&url, &base).is_some() {
        return Ok(api.authorised(request).into());
    }
    if !url.starts_with("https://") {
        return Err(Failure::rejected("this is not a file's address at Twilio"));
    }
    Ok(request.into())
}

/// The path of an address at this server.
fn below<'a>(url: &'a str, base: &str) -> Option<&'a str> {
    url.strip_prefix(base).filter(|path| path.starts_with('/'))
}

pub fn saved(response: Result<Response, TransportError>) -> Result<Step, Failure> {
    let saved = answer::success(Effect::Repeatable, response)?.saved;
    let media = saved.ok_or_else(|| Failure::temporary("the file was not kept"))?;
    Ok(Outcome::Media(media).into())
}
