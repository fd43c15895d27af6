//! Fetching a file that somebody sent. X's own servers ask for the account's signature, and it goes nowhere else.

use super::answer::Effect;
use super::api::Api;
use patchbay_plugin_sdk::encoding::encode_component;
use patchbay_plugin_sdk::{Failure, Outcome, Request, Response, Step, TransportError};

/// In the address of a picture, before the message, the file and its name.
const PICTURES: &str = "/1.1/ton/data/dm/";
/// In the request's state: it was asked without a signature.
const UNSIGNED: &[u8] = b"unsigned";

pub fn download(api: &Api<'_>, url: &str) -> Result<Step, Failure> {
    if !api.keeps(url) {
        return Err(Failure::rejected("the file is not one that X keeps"));
    }
    if !url.contains(PICTURES) {
        // Whether films need a signature is not documented.
        return Ok(Request::get(url).save_body().state(UNSIGNED).into());
    }
    signed(api, url)
}

/// A picture by OAuth 1.0a from where it is; without that, by the call that takes OAuth 2.
fn signed(api: &Api<'_>, url: &str) -> Result<Step, Failure> {
    if api.has_oauth1() {
        return Ok(api.signed(Request::get(url).save_body())?.into());
    }
    let parts = url.split_once(PICTURES).map(|(_, path)| path.split(['?', '#']).next().unwrap_or(path));
    let parts: Vec<String> = parts.into_iter().flat_map(|path| path.split('/')).map(encode_component).collect();
    let [message, file, name] = parts.as_slice() else {
        return Err(Failure::unsupported("X gives this file only with OAuth 1.0a, which the channel does not have"));
    };
    let path = format!("/2/dm_conversations/media/{message}/{file}/{name}");
    Ok(api.authorised(api.request("GET", &path).idempotent().save_body())?.into())
}

pub fn saved(
    api: &Api<'_>,
    url: &str,
    state: &[u8],
    response: Result<Response, TransportError>,
) -> Result<Step, Failure> {
    let refused = response.as_ref().is_ok_and(|response| matches!(response.status, 401 | 403 | 404));
    if refused && state == UNSIGNED && api.has_oauth1() {
        return signed(api, url);
    }
    let response = response.and_then(|response| {
        // A file that is not given away says nothing of the account's credentials.
        let kept_back = state == UNSIGNED && matches!(response.status, 401 | 403);
        if kept_back { Err(TransportError::Refused("X does not give the file away".to_owned())) } else { Ok(response) }
    });
    let saved = Effect::Repeatable.success(response, api.now())?.saved;
    let media = saved.ok_or_else(|| Failure::temporary("the file was not kept"))?;
    Ok(Outcome::Media(media).into())
}
