//! What is known of a person: the other form of their address, their name, their picture. What an engine cannot tell
//! stays out.

use super::answer::{self, Effect};
use super::api::Api;
use crate::address::{Address, Kind};
use crate::wire::text;
use patchbay_plugin_sdk::{Failure, FailureKind, Outcome, Participant, Request, Response, Step, TransportError};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What was found so far, and what is asked next.
#[derive(Default, Serialize, Deserialize)]
struct Found {
    asking: Asking,
    other: Option<String>,
    name: Option<String>,
}

#[derive(Clone, Copy, Default, Serialize, Deserialize)]
enum Asking {
    /// The number of a hidden identifier, or the other way round, so that both are one conversation.
    #[default]
    Other,
    Name,
    Picture,
}

pub fn begin(api: &Api, id: &str) -> Result<Step, Failure> {
    let address = address(id)?;
    let asking = if address.is_person() { Asking::Other } else { Asking::Name };
    ask(api, &address, &Found { asking, ..Found::default() })
}

fn address(id: &str) -> Result<Address, Failure> {
    Address::parse(id).ok_or_else(|| Failure::rejected("the contact has no WhatsApp address"))
}

fn ask(api: &Api, address: &Address, found: &Found) -> Result<Step, Failure> {
    let request = match found.asking {
        Asking::Other => match address.digits() {
            Some(digits) => api.get(&api.of_session(["lids", "pn", digits])),
            None => api.get(&api.of_session(["lids", address.as_str()])),
        },
        Asking::Name => contact(api, "/api/contacts", address),
        Asking::Picture => contact(api, "/api/contacts/profile-picture", address),
    };
    let state = serde_json::to_vec(found).map_err(|error| Failure::rejected(error.to_string()))?;
    Ok(request.state(state).into())
}

fn contact(api: &Api, path: &str, address: &Address) -> Request {
    api.get(path).query("contactId", address.as_str()).query("session", api.session())
}

pub fn resume(api: &Api, id: &str, state: &[u8], response: Result<Response, TransportError>) -> Result<Step, Failure> {
    let mut found: Found = serde_json::from_slice(state)
        .map_err(|error| Failure::temporary(format!("the state of the command cannot be read: {error}")))?;
    let address = address(id)?;
    let answer = told(response)?;
    match found.asking {
        Asking::Other => {
            let field = if address.kind() == Kind::Hidden { "pn" } else { "lid" };
            found.other = text(&answer, field).and_then(Address::parse).map(Address::into_string);
            found.asking = Asking::Name;
        }
        Asking::Name => {
            let name = ["name", "pushname", "shortName"].into_iter().find_map(|field| text(&answer, field));
            found.name = name.map(str::to_owned);
            found.asking = Asking::Picture;
        }
        Asking::Picture => return Ok(Outcome::Profile(profile(&address, found, &answer)).into()),
    }
    ask(api, &address, &found)
}

/// What WAHA says. That it knows nothing, or cannot tell, is no failure.
fn told(response: Result<Response, TransportError>) -> Result<Value, Failure> {
    let cannot = response.as_ref().is_ok_and(|response| matches!(response.status, 200..300 | 500 | 501));
    match answer::json(Effect::Reads, response) {
        Ok(answer) => Ok(answer),
        Err(failure) if cannot || failure.kind == FailureKind::Rejected => Ok(Value::Null),
        Err(failure) => Err(failure),
    }
}

fn profile(address: &Address, found: Found, picture: &Value) -> Participant {
    let other = found.other.as_deref().and_then(Address::parse);
    Participant {
        phone: address.phone().or_else(|| other.as_ref()?.phone()),
        aliases: other.into_iter().map(Address::into_string).collect(),
        name: found.name,
        avatar_url: text(picture, "profilePictureURL").map(str::to_owned),
        ..Participant::new(address.as_str())
    }
}
