//! Whether a webhook is Twilio's: an HMAC over the address that Twilio called and the parameters that it sent.
//!
//! The address is the public one. Which port Twilio signed depends on the server's software, so an address is tried as
//! it is, with the port of its scheme and without any; and each of them with its query escaped anew, as old versions
//! of Twilio's own library did.

use crate::settings::AUTH_TOKEN;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use patchbay_plugin_sdk::encoding::{decode_form, encode_component, from_hex};
use patchbay_plugin_sdk::host::{self, Algorithm};
use patchbay_plugin_sdk::{Acceptance, Rejection, Reply, Webhook};
use std::collections::{BTreeMap, BTreeSet};

const SIGNATURE: &str = "X-Twilio-Signature";

pub fn accept(webhook: &Webhook) -> Result<Acceptance, Rejection> {
    if !host::configured(AUTH_TOKEN) {
        return Err(Rejection::unauthentic("the channel has no authToken, so no webhook can be checked; set it"));
    }
    let Some(header) = webhook.header(SIGNATURE) else {
        return Err(Rejection::unauthentic("the header X-Twilio-Signature is missing"));
    };
    let claimed = STANDARD.decode(header.trim()).ok();
    let parameters = claimed.as_ref().and_then(|_| parameters(webhook));
    match (claimed, parameters) {
        (Some(claimed), Some(parameters)) if is_signed(&webhook.url, &parameters, &claimed) => {
            // Other text would go to the contact as an answer.
            Ok(Acceptance::Keep(Reply::new(200, "text/xml", "<Response/>")))
        }
        _ => Err(Rejection::unauthentic(
            "X-Twilio-Signature is not the webhook's signature under the channel's authToken, as Twilio makes it over \
             the public address",
        )),
    }
}

/// What is signed after the address. Nothing, where the address carries the body's digest or the parameters
/// themselves; no answer, where the body is not what the address says.
fn parameters(webhook: &Webhook) -> Option<String> {
    if let Some(claimed) = webhook.query("bodySHA256") {
        let digest = host::digest(Algorithm::Sha256, &webhook.body);
        return from_hex(&claimed).is_some_and(|claimed| host::equal(&claimed, &digest)).then(String::new);
    }
    if webhook.method.eq_ignore_ascii_case("GET") {
        return webhook.body.is_empty().then(String::new);
    }
    // A repeated parameter counts once with each of its values.
    let mut sorted: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, value) in webhook.form().ok()? {
        sorted.entry(name).or_default().insert(value);
    }
    let mut signed = String::with_capacity(webhook.body.len());
    for (name, values) in &sorted {
        for value in values {
            signed.push_str(name);
            signed.push_str(value);
        }
    }
    Some(signed)
}

fn is_signed(url: &str, parameters: &str, claimed: &[u8]) -> bool {
    let ports = port_variants(url);
    let escaped: Vec<String> = ports.iter().filter_map(|url| with_query_escaped_anew(url)).collect();
    ports.iter().chain(&escaped).any(|url| {
        let expected = host::hmac(Algorithm::Sha1, &[AUTH_TOKEN], format!("{url}{parameters}").as_bytes());
        expected.is_ok_and(|expected| host::equal(&expected, claimed))
    })
}

/// The address as it is, with the port of its scheme, and without a port.
fn port_variants(url: &str) -> Vec<String> {
    let mut variants = vec![url.to_owned()];
    let Some((scheme, rest)) = url.split_once("://") else { return variants };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let host = host_of(authority);
    let port = if scheme.eq_ignore_ascii_case("https") { 443 } else { 80 };
    for variant in [format!("{scheme}://{host}:{port}{path}"), format!("{scheme}://{host}{path}")] {
        if !variants.contains(&variant) {
            variants.push(variant);
        }
    }
    variants
}

/// The authority without its port; the colons of an IPv6 address stand in brackets.
fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

fn with_query_escaped_anew(url: &str) -> Option<String> {
    let (address, query) = url.split_once('?')?;
    let pairs = decode_form(query).into_iter().map(|(name, value)| format!("{}={}", escape(&name), escape(&value)));
    let anew = format!("{address}?{}", pairs.collect::<Vec<_>>().join("&"));
    (anew != url).then_some(anew)
}

/// As JavaScript escapes.
fn escape(text: &str) -> String {
    let kept = [("%21", "!"), ("%27", "'"), ("%28", "("), ("%29", ")"), ("%2A", "*")];
    kept.iter().fold(encode_component(text), |text, (escaped, plain)| text.replace(escaped, plain))
}
