//! What a manifest must say to be believed. To add a rule, add a line to `check`.

use patchbay_domain::platform::{Manifest, OAuth2, OAuth2Details, RateLimit, SendingDetails, Variant};

use serde_json::Value;

use crate::egress::policy::HostPattern;

const SECOND_MS: u64 = 1_000;
const MINUTE_MS: u64 = 60 * SECOND_MS;
const DAY_MS: u64 = 24 * 60 * 60 * SECOND_MS;
const YEAR_MS: u64 = 366 * DAY_MS;
const LONGEST_LIMIT_MS: u64 = 31 * DAY_MS;
const MOST_PERMITS: u32 = 1_000_000;
const MOST_LIMITS: usize = 16;
const MOST_ENTRIES: usize = 100;
const LONGEST_TEXT: usize = 255;
const SCHEMA_BYTES: usize = 256 << 10;

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
    check_sizes(manifest)?;
    limits.iter().try_for_each(check_limit)?;
    check_window(*reply_window_ms)?;
    check_sending(config_schema, channel_types)?;
    require(address_field.as_deref() != Some(""), || "address-field is empty; leave it out for none".to_owned())?;
    require(*poll_every_ms != Some(0), || "poll-every-ms is 0; leave it out for no polling".to_owned())?;
    require(poll_every_ms.is_none_or(|every| (SECOND_MS..=DAY_MS).contains(&every)), || {
        "poll-every-ms is not between a second and a day".to_owned()
    })?;
    oauth2.as_ref().map_or(Ok(()), check_oauth2)
}

fn check_window(window: Option<u64>) -> Result<(), String> {
    require(window != Some(0), || "reply-window-ms is 0; leave it out for no window".to_owned())?;
    require(window.is_none_or(|window| window <= YEAR_MS), || {
        "reply-window-ms is longer than a year; leave it out for no window".to_owned()
    })
}

fn check_sending(schema: &Value, channel_types: &[String]) -> Result<(), String> {
    let keyword = SendingDetails::SCHEMA_KEYWORD;
    let SendingDetails { retry_once, no_advertising, variants } =
        SendingDetails::of(schema).map_err(|error| format!("config-schema says under \"{keyword}\": {error}"))?;
    let longest = retry_once.len().max(no_advertising.len()).max(variants.len());
    require(longest <= MOST_ENTRIES, || {
        format!("config-schema has more than {MOST_ENTRIES} entries under \"{keyword}\"")
    })?;
    for Variant { channel_type, settings: _, limits, reply_window_ms } in variants {
        if let Some(stranger) = channel_type.filter(|named| !channel_types.contains(named)) {
            return Err(format!(
                "config-schema has a variant of {stranger:?}, which is no channel type of this connector"
            ));
        }
        let limits = limits.unwrap_or_default();
        require(limits.len() <= MOST_LIMITS, || format!("a variant has more than {MOST_LIMITS} limits"))?;
        limits.iter().try_for_each(check_limit)?;
        check_window(reply_window_ms)?;
    }
    Ok(())
}

fn check_channel_type(channel_type: &str) -> Result<(), String> {
    let allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    require(!channel_type.is_empty() && channel_type.bytes().all(allowed), || {
        format!("channel type {channel_type:?} may have only capital letters, digits and underscores")
    })
}

fn check_limit(limit: &RateLimit) -> Result<(), String> {
    let RateLimit { scope: _, permits, per_ms, burst } = limit;
    require(*permits > 0 && *per_ms > 0 && *burst != Some(0), || "a limit permits nothing".to_owned())?;
    require(*per_ms <= LONGEST_LIMIT_MS, || "a limit is counted over more than 31 days".to_owned())?;
    require(*permits <= MOST_PERMITS, || format!("a limit permits more than {MOST_PERMITS} at once"))?;
    // How long a burst that was used up takes to come back.
    let recovery = u128::from(*per_ms) * u128::from(burst.unwrap_or(1)) / u128::from(*permits);
    require(recovery <= u128::from(LONGEST_LIMIT_MS), || "the burst of a limit takes more than 31 days".to_owned())
}

/// Nothing of a manifest grows without a bound: it is shown, searched and kept for every channel.
fn check_sizes(manifest: &Manifest) -> Result<(), String> {
    let Manifest { id, name, version, channel_types, config_schema, hosts, capabilities, limits, .. } = manifest;
    for (what, text) in [("id", id), ("name", name), ("version", version)] {
        require(text.len() <= LONGEST_TEXT, || format!("{what} is longer than {LONGEST_TEXT} bytes"))?;
    }
    for (what, texts) in [("channel-types", channel_types), ("hosts", hosts), ("capabilities", capabilities)] {
        require(texts.len() <= MOST_ENTRIES, || format!("{what} has more than {MOST_ENTRIES} entries"))?;
        require(texts.iter().all(|text| text.len() <= LONGEST_TEXT), || {
            format!("{what} has an entry longer than {LONGEST_TEXT} bytes")
        })?;
    }
    require(limits.len() <= MOST_LIMITS, || format!("there are more than {MOST_LIMITS} limits"))?;
    require(config_schema.to_string().len() <= SCHEMA_BYTES, || {
        format!("config-schema is larger than {SCHEMA_BYTES} bytes")
    })
}

fn check_oauth2(oauth2: &OAuth2) -> Result<(), String> {
    let OAuth2 { token_url, client_id_field, client_secret, access_token, refresh_token, details } = oauth2;
    let OAuth2Details { client_authentication: _, lifetime_ms } = details;
    let secure = url::Url::parse(token_url).is_ok_and(|url| url.scheme() == "https");
    require(secure, || format!("oauth2 token-url {token_url:?} is not an https address"))?;
    let fields = [client_id_field, client_secret, access_token, refresh_token];
    require(fields.iter().all(|field| !field.is_empty()), || "oauth2 leaves a field's name empty".to_owned())?;
    require(lifetime_ms.is_none_or(|lifetime| (MINUTE_MS..=YEAR_MS).contains(&lifetime)), || {
        "oauth2 says that a token lives for less than a minute or more than a year".to_owned()
    })
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
    fn tokens_are_renewed_over_tls_and_live_for_a_sensible_time() {
        let oauth2 = |token_url: &str, lifetime_ms| OAuth2 {
            token_url: token_url.into(),
            client_id_field: "clientId".into(),
            client_secret: "clientSecret".into(),
            access_token: "accessToken".into(),
            refresh_token: "refreshToken".into(),
            details: OAuth2Details { lifetime_ms, ..OAuth2Details::default() },
        };
        let check = |oauth2| check(&Manifest { oauth2: Some(oauth2), ..manifest() });
        assert_eq!(check(oauth2("https://api.example.com/token", Some(7_200_000))), Ok(()));
        assert!(check(oauth2("http://api.example.com/token", None)).unwrap_err().contains("https"));
        for absurd in [0, 59_999, YEAR_MS + 1] {
            assert!(check(oauth2("https://api.example.com/token", Some(absurd))).unwrap_err().contains("lives"));
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        type Change = fn(&mut Manifest);
        let limit = |permits, per_ms, burst| RateLimit { scope: LimitScope::Recipient, permits, per_ms, burst };
        let wrong: [(Change, &str); 25] = [
            (|manifest| manifest.id = "Mock".into(), "id"),
            (|manifest| manifest.id = String::new(), "id"),
            (|manifest| manifest.name = " ".into(), "name"),
            (|manifest| manifest.version = "1.2".into(), "version"),
            (|manifest| manifest.channel_types.clear(), "channel-types"),
            (|manifest| manifest.channel_types.push("mock".into()), "channel type"),
            (|manifest| manifest.config_schema = json!({"type": 7}), "config-schema"),
            (|manifest| manifest.config_schema = json!({"sending": {"retryTwice": []}}), "sending"),
            (|manifest| manifest.config_schema = json!({"sending": {"variants": [{"channelType": "X"}]}}), "\"X\""),
            (|manifest| manifest.config_schema = json!({"sending": {"variants": [{"replyWindowMs": 0}]}}), "window"),
            (
                |manifest| {
                    let nothing = json!({"scope": "channel", "permits": 0, "perMs": 1});
                    manifest.config_schema = json!({"sending": {"variants": [{"limits": [nothing]}]}});
                },
                "permits nothing",
            ),
            (|manifest| manifest.hosts.push("*".into()), "host"),
            (|manifest| manifest.hosts.push("https://example.com/".into()), "host"),
            (|manifest| manifest.hosts.push("{secret.token}".into()), "host"),
            (|manifest| manifest.reply_window_ms = Some(0), "reply-window-ms"),
            (|manifest| manifest.poll_every_ms = Some(0), "poll-every-ms"),
            (|manifest| manifest.poll_every_ms = Some(999), "poll-every-ms"),
            (|manifest| manifest.poll_every_ms = Some(DAY_MS + 1), "poll-every-ms"),
            (|manifest| manifest.reply_window_ms = Some(YEAR_MS + 1), "reply-window-ms"),
            (|manifest| manifest.id = "a".repeat(256), "id"),
            (|manifest| manifest.name = "a".repeat(256), "name"),
            (|manifest| manifest.hosts = vec!["a.example.com".into(); 101], "hosts"),
            (|manifest| manifest.capabilities.push("a".repeat(256)), "capabilities"),
            (|manifest| manifest.limits = vec![manifest.limits[0]; 17], "limits"),
            (|manifest| manifest.config_schema = json!({"title": "a".repeat(256 << 10)}), "config-schema"),
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
        for absurd in [
            limit(1, LONGEST_LIMIT_MS + 1, None),
            limit(1_000_001, 1_000, None),
            limit(1, DAY_MS, Some(32)),
            limit(u32::MAX, u64::MAX, Some(u32::MAX)),
        ] {
            let error = check(&Manifest { limits: vec![absurd], ..manifest() }).unwrap_err();
            assert!(error.contains("limit"), "{error}");
        }
        let daily = limit(100_000, DAY_MS, Some(100_000));
        assert_eq!(check(&Manifest { limits: vec![daily], ..manifest() }), Ok(()));
    }
}
