//! The forms that texts in the configuration may have: each function gives the
//! value, or nothing when the text has another form.

use std::{net::IpAddr, path::Path};

use ipnet::IpNet;
use patchbay_plugin_host::egress::{address::AllowRule, policy::HostPattern};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use tracing_subscriber::filter::{LevelFilter, Targets};
use url::Url;

use super::Secret;
use crate::telemetry::COMPILERS;

/// A bare word is a level here, never a module: a misspelt level must not silence the log. It is none for what compiles
/// connectors.
pub(super) fn levels(text: &str) -> Option<Targets> {
    let mut parts = text.split(',').map(str::trim);
    let has_level = |part: &str| part.contains('=') || part.parse::<LevelFilter>().is_ok();
    let filter: Targets = parts.all(has_level).then(|| text.parse().ok()).flatten()?;
    let named: Vec<String> = filter.iter().map(|(name, _)| name.to_owned()).collect();
    let unnamed = COMPILERS.into_iter().filter(|name| !named.iter().any(|known| known == name));
    Some(unnamed.fold(filter, |filter, name| filter.with_target(name, LevelFilter::OFF)))
}

pub(super) fn filled(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

pub(super) fn base(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let plain =
        url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    (matches!(url.scheme(), "http" | "https") && url.has_host() && plain)
        .then(|| url.as_str().trim_end_matches('/').to_owned())
}

pub(super) fn origin(text: &str) -> Option<String> {
    if text == "*" {
        return Some(text.to_owned());
    }
    let origin = Url::parse(text).ok()?.origin();
    (origin.is_tuple() && origin.ascii_serialization() == text).then(|| text.to_owned())
}

pub(super) fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// For every connector, or after its id for one.
pub(super) fn allowed(text: &str) -> Option<String> {
    let rule = match text.split_once('=') {
        Some((id, rule)) => is_connector(id).then_some(rule)?,
        None => text,
    };
    AllowRule::parse(rule).map(|_| text.to_owned())
}

pub(super) fn granted(text: &str) -> Option<String> {
    let (id, host) = text.split_once('=')?;
    (is_connector(id) && HostPattern::parse(host).is_ok()).then(|| text.to_owned())
}

fn is_connector(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !id.is_empty() && id.bytes().all(plain)
}

pub(super) fn database(text: &str) -> Option<Secret> {
    let postgres = || matches!(Url::parse(text), Ok(url) if matches!(url.scheme(), "postgres" | "postgresql"));
    let sqlite = text.strip_prefix("sqlite:").is_some_and(|path| !path.is_empty());
    (sqlite || postgres()).then(|| Secret::new(text))
}

/// In a database address these letters have a meaning of their own.
const ADDRESS: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#');

pub(super) fn default_database(data_dir: &Path) -> Secret {
    let path = data_dir.join("patchbay.db").display().to_string();
    Secret::new(format!("sqlite:{}", utf8_percent_encode(&path, ADDRESS)))
}

pub(super) fn broker(text: &str) -> Option<Secret> {
    matches!(Url::parse(text), Ok(url) if matches!(url.scheme(), "amqp" | "amqps") && url.has_host())
        .then(|| Secret::new(text))
}

pub(super) fn prefix(text: &str) -> Option<String> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
    ((1..=100).contains(&text.len()) && text.chars().all(plain)).then(|| text.to_owned())
}
