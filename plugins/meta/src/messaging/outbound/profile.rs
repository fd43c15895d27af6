//! Who a contact is: webhooks carry only an identifier.

use super::answer;
use crate::Effect;
use crate::json::Text;
use patchbay_plugin_sdk::{Failure, FailureKind, Outcome, Participant, Response, Step, TransportError};
use serde::Deserialize;

#[derive(Deserialize)]
struct Person<'a> {
    #[serde(default, borrow)]
    name: Text<'a>,
    #[serde(default, borrow)]
    first_name: Text<'a>,
    #[serde(default, borrow)]
    last_name: Text<'a>,
    #[serde(default, borrow)]
    username: Text<'a>,
    #[serde(default, borrow, rename = "profile_pic")]
    picture: Text<'a>,
}

/// The codes of a token that is no good, each perhaps with a subcode behind it. Whoever has not agreed to be known, and a
/// page that may not ask, get those of missing permissions: they say nothing of sending.
const TOKENS: [&str; 4] = ["0", "102", "190", "401"];

pub fn read(id: &str, response: Result<Response, TransportError>) -> Result<Step, Failure> {
    let response = answer::success(Effect::Repeatable, response).map_err(not_told)?;
    let profile: Person<'_> = response.json().map_err(|error| Effect::Repeatable.unreadable(&error))?;
    let parts: Vec<&str> = [&profile.first_name, &profile.last_name].into_iter().filter_map(Text::get).collect();
    let name = profile.name.owned().or_else(|| Some(parts.join(" ")).filter(|name| !name.is_empty()));
    let person = Participant {
        name,
        username: profile.username.owned(),
        avatar_url: profile.picture.owned(),
        ..Participant::new(id)
    };
    Ok(Outcome::Profile(person).into())
}

fn not_told(failure: Failure) -> Failure {
    let token = failure.code.as_deref().is_some_and(|code| TOKENS.contains(&code.split('-').next().unwrap_or(code)));
    let of_person = matches!(failure.kind, FailureKind::Unauthorized) && !token;
    if of_person { Failure { kind: FailureKind::Rejected, ..failure } } else { failure }
}
