//! What a connector answers. JSON, times and file identifiers are checked here; [`Broken`] says what is wrong.

mod content;
mod events;
mod steps;

use chrono::{DateTime, Utc};
pub use content::content;
pub use events::events;
use patchbay_domain::{
    MediaId,
    platform::{Acceptance, Header, LimitScope, Manifest, OAuth2, OAuth2Details, RateLimit, Rejection, Reply},
};
use serde_json::Value;
pub use steps::step;

use crate::bindings::patchbay::connector::types as wit;

/// Where an answer breaks the contract.
pub type Broken = String;

/// 10000-01-01: what is later is no time in milliseconds.
const END_OF_TIME: i64 = 253_402_300_800_000;

pub fn manifest(manifest: wit::Manifest) -> Result<Manifest, Broken> {
    let wit::Manifest {
        id,
        name,
        version,
        channel_types,
        config_schema,
        hosts,
        capabilities,
        limits,
        reply_window_ms,
        address_field,
        poll_every_ms,
        oauth2,
    } = manifest;
    let config_schema = json("config-schema", &config_schema)?;
    let oauth2 = oauth2.map(|asked| self::oauth2(asked, &config_schema)).transpose()?;
    Ok(Manifest {
        id,
        name,
        version,
        channel_types,
        config_schema,
        hosts,
        capabilities,
        limits: limits.into_iter().map(rate_limit).collect(),
        reply_window_ms,
        address_field,
        poll_every_ms,
        oauth2,
    })
}

/// What the record has no field for stands in the schema: a record that grows breaks what was built before.
fn oauth2(oauth2: wit::Oauth2, schema: &Value) -> Result<OAuth2, Broken> {
    let wit::Oauth2 { token_url, client_id_field, client_secret, access_token, refresh_token } = oauth2;
    let details = match schema.get(OAuth2::SCHEMA_KEYWORD) {
        Some(details) => serde_json::from_value(details.clone())
            .map_err(|error| format!("config-schema says under \"{}\": {error}", OAuth2::SCHEMA_KEYWORD))?,
        None => OAuth2Details::default(),
    };
    Ok(OAuth2 { token_url, client_id_field, client_secret, access_token, refresh_token, details })
}

fn rate_limit(limit: wit::RateLimit) -> RateLimit {
    let wit::RateLimit { scope: of, permits, per_ms, burst } = limit;
    RateLimit { scope: scope(of), permits, per_ms, burst }
}

fn scope(scope: wit::LimitScope) -> LimitScope {
    match scope {
        wit::LimitScope::Channel => LimitScope::Channel,
        wit::LimitScope::Recipient => LimitScope::Recipient,
    }
}

pub fn acceptance(acceptance: wit::Acceptance) -> Acceptance {
    match acceptance {
        wit::Acceptance::Answer(answer) => Acceptance::Answer(reply(answer)),
        wit::Acceptance::Keep(answer) => Acceptance::Keep(reply(answer)),
    }
}

pub fn rejection(rejection: wit::Rejection) -> Rejection {
    match rejection {
        wit::Rejection::Unauthentic(reason) => Rejection::Unauthentic(reason),
        wit::Rejection::Malformed(reason) => Rejection::Malformed(reason),
    }
}

fn reply(reply: wit::Reply) -> Reply {
    let wit::Reply { status, headers, body } = reply;
    Reply { status, headers: headers.into_iter().map(header).collect(), body }
}

fn header(header: wit::Header) -> Header {
    let wit::Header { name, value } = header;
    Header { name, value }
}

fn time(milliseconds: u64) -> Result<DateTime<Utc>, Broken> {
    i64::try_from(milliseconds)
        .ok()
        .filter(|milliseconds| *milliseconds < END_OF_TIME)
        .and_then(DateTime::from_timestamp_millis)
        .ok_or_else(|| format!("{milliseconds} is no time in milliseconds"))
}

fn json(field: &str, text: &str) -> Result<Value, Broken> {
    serde_json::from_str(text).map_err(|error| format!("{field} is not JSON: {error}"))
}

fn media_id(id: &str) -> Result<MediaId, Broken> {
    id.parse().map_err(|_| "a media-id is not one that the engine gave".to_owned())
}
