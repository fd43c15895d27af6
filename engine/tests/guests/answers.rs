//! What the platforms of the guests answer, as the engine's tests make it up.

use patchbay_plugin_sdk::{Failure, Outcome, Response, TransportError};
use serde::Deserialize;
use serde::de::DeserializeOwned;

#[derive(Deserialize)]
struct Accepted {
    id: String,
}

pub fn success(response: Result<Response, TransportError>) -> Result<Response, Failure> {
    let response = response?;
    if response.is_success() { Ok(response) } else { Err(Failure::from_status(&response)) }
}

pub fn read<T: DeserializeOwned>(response: &Response) -> Result<T, Failure> {
    response.json().map_err(Failure::unknown)
}

pub fn sent(response: &Response) -> Result<Outcome, Failure> {
    Ok(Outcome::Sent(vec![read::<Accepted>(response)?.id]))
}
