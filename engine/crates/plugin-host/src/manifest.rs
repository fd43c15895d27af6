//! What a manifest must say to be believed. To add a rule, add a line to `check`.

use patchbay_domain::platform::{Manifest, OAuth2, RateLimit};

use crate::egress::policy::HostPattern;

pub fn check(manifest: &Manifest) -> Result<(), String> {
    let Manifest {
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
    let identifier = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    require(!id.is_empty() && id.bytes().all(identifier), || {
        format!("id {id:?} may have only lower-case letters, digits and dashes")
    })?;
    require(!name.trim().is_empty(), || "name is empty".to_owned())?;
    semver::Version::parse(version)
        .map_err(|error| format!("version {version:?} is not a semantic version: {error}"))?;
    require(!channel_types.is_empty(), || "channel-types is empty".to_owned())?;
    channel_types.iter().try_for_each(|channel_type| check_channel_type(channel_type))?;
    jsonschema::validator_for(config_schema).map_err(|error| format!("config-schema is not a JSON Schema: {error}"))?;
    hosts.iter().try_for_each(|host| HostPattern::parse(host).map(|_| ()))?;
    require(capabilities.iter().all(|capability| !capability.is_empty()), || "a capability is empty".to_owned())?;
    limits.iter().try_for_each(check_limit)?;
    require(*reply_window_ms != Some(0), || "reply-window-ms is 0; leave it out for no window".to_owned())?;
    require(address_field.as_deref() != Some(""), || "address-field is empty; leave it out for none".to_owned())?;
    require(*poll_every_ms != Some(0), || "poll-every-ms is 0; leave it out for no polling".to_owned())?;
    oauth2.as_ref().map_or(Ok(()), check_oauth2)
}

fn check_channel_type(channel_type: &str) -> Result<(), String> {
    let allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    require(!channel_type.is_empty() && channel_type.bytes().all(allowed), || {
        format!("channel type {channel_type:?} may have only capital letters, digits and underscores")
    })
}

fn check_limit(limit: &RateLimit) -> Result<(), String> {
    let RateLimit { scope: _, permits, per_ms, burst } = limit;
    require(*permits > 0 && *per_ms > 0 && *burst != Some(0), || "a limit permits nothing".to_owned())
}

fn check_oauth2(oauth2: &OAuth2) -> Result<(), String> {
    let OAuth2 { token_url, client_id_field, client_secret, access_token, refresh_token } = oauth2;
    let secure = url::Url::parse(token_url).is_ok_and(|url| url.scheme() == "https");
    require(secure, || format!("oauth2 token-url {token_url:?} is not an https address"))?;
    let fields = [client_id_field, client_secret, access_token, refresh_token];
    require(fields.iter().all(|field| !field.is_empty()), || "oauth2 leaves a field's name empty".to_owned())
}

fn require(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}

#[cfg(test)]
mod tests {
    use patchbay_domain::platform::LimitScope;
    use serde_json::json;

    use super::*;

    fn manifest() -> Manifest {
        Manifest {
            id: "mock-2".into(),
            name: "Mock".into(),
            version: "1.2.3-beta.1".into(),
            channel_types: vec!["MOCK".into()],
            config_schema: json!({"type": "object"}),
            hosts: vec!["api.example.com".into(), "*.example.com".into(), "{config.callbackUrl}".into()],
            capabilities: vec!["text".into()],
            limits: vec![RateLimit { scope: LimitScope::Channel, permits: 1, per_ms: 1000, burst: None }],
            reply_window_ms: Some(1),
            address_field: Some("phoneNumberId".into()),
            poll_every_ms: None,
            oauth2: None,
        }
    }

    #[test]
    fn a_good_manifest_passes() {
        assert_eq!(check(&manifest()), Ok(()));
    }

    #[test]
    fn what_is_wrong_is_named() {
        type Change = fn(&mut Manifest);
        let limit = |permits, per_ms, burst| RateLimit { scope: LimitScope::Recipient, permits, per_ms, burst };
        let wrong: [(Change, &str); 12] = [
            (|manifest| manifest.id = "Mock".into(), "id"),
            (|manifest| manifest.id = String::new(), "id"),
            (|manifest| manifest.name = " ".into(), "name"),
            (|manifest| manifest.version = "1.2".into(), "version"),
            (|manifest| manifest.channel_types.clear(), "channel-types"),
            (|manifest| manifest.channel_types.push("mock".into()), "channel type"),
            (|manifest| manifest.config_schema = json!({"type": 7}), "config-schema"),
            (|manifest| manifest.hosts.push("*".into()), "host"),
            (|manifest| manifest.hosts.push("https://example.com/".into()), "host"),
            (|manifest| manifest.hosts.push("{secret.token}".into()), "host"),
            (|manifest| manifest.reply_window_ms = Some(0), "reply-window-ms"),
            (|manifest| manifest.poll_every_ms = Some(0), "poll-every-ms"),
        ];
        for (change, named) in wrong {
            let mut changed = manifest();
            change(&mut changed);
            let error = check(&changed).unwrap_err();
            assert!(error.contains(named), "{error}");
        }
        for nothing in [limit(0, 1, None), limit(1, 0, None), limit(1, 1, Some(0))] {
            let error = check(&Manifest { limits: vec![nothing], ..manifest() }).unwrap_err();
            assert!(error.contains("permits nothing"), "{error}");
        }
    }
}
