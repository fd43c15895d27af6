//! Rules about the manifest, beyond those without which a connector is not loaded.

use patchbay_domain::platform::Manifest;
use serde_json::Value;

use super::{
    judge::Verdict,
    report::Tally,
    rules,
    settings::{is_secret, properties},
};

/// What the contract names; the set is open, so another word is a question rather than a mistake.
const KNOWN: [&str; 22] = [
    "text",
    "media",
    "location",
    "contacts",
    "reactions",
    "interactive",
    "templates",
    "email",
    "edits",
    "deletes",
    "delivery-status",
    "read-receipts",
    "typing",
    "profiles",
    "sessions",
    "catch-up",
    "webhook-registration",
    "qr",
    "pairing-code",
    "media-download",
    "echoes",
    "public",
];

/// Words in the names of settings that should not be shown.
const SECRETIVE: [&str; 4] = ["secret", "token", "password", "apikey"];

pub fn try_rules(manifest: &Manifest) -> Vec<Tally> {
    vec![
        Tally::one(&rules::REFERENCES, "the manifest", references(manifest)),
        Tally::one(&rules::SECRETS_MARKED, "the schema", secrets_marked(&manifest.config_schema)),
        Tally::one(&rules::SCHEMA_CLOSED, "the schema", schema_closed(&manifest.config_schema)),
        Tally::one(&rules::CAPABILITIES, "the manifest", capabilities(manifest)),
    ]
}

fn references(manifest: &Manifest) -> Verdict {
    let known = |field: &str| properties(&manifest.config_schema).find(|(name, _)| *name == field);
    let configured = manifest.hosts.iter().filter_map(|host| host.strip_prefix("{config.")?.strip_suffix('}'));
    let oauth2 = manifest.oauth2.as_ref();
    let public =
        configured.chain(manifest.address_field.as_deref()).chain(oauth2.map(|oauth2| oauth2.client_id_field.as_str()));
    let secret =
        oauth2.into_iter().flat_map(|oauth2| [&oauth2.client_secret, &oauth2.access_token, &oauth2.refresh_token]);
    for field in public {
        match known(field) {
            None => return Err(format!("it refers to {field:?}, which its schema does not name")),
            Some((_, property)) if is_secret(property) => {
                return Err(format!("it refers to {field:?}, which is secret"));
            }
            Some(_) => {}
        }
    }
    for field in secret {
        if !known(field).is_some_and(|(_, property)| is_secret(property)) {
            return Err(format!("oauth2 refers to {field:?}, which is no secret of its schema"));
        }
    }
    Ok(())
}

fn secrets_marked(schema: &Value) -> Verdict {
    let looks_secret = |name: &str| {
        let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        SECRETIVE.iter().any(|word| name.ends_with(word))
    };
    let shown = |(name, property): &(&String, &Value)| looks_secret(name) && !is_secret(property);
    match properties(schema).find(shown) {
        Some((name, _)) => Err(format!("{name:?} looks like a secret and is not writeOnly")),
        None => Ok(()),
    }
}

fn schema_closed(schema: &Value) -> Verdict {
    if schema.get("additionalProperties") != Some(&Value::Bool(false)) {
        return Err("additionalProperties is not false, so that a setting with a typing error is taken".to_owned());
    }
    match ["apiBaseUrl", "limits", "onUnknownOutcome"]
        .iter()
        .find(|common| properties(schema).all(|(name, _)| name != *common))
    {
        Some(missing) => Err(format!("it has no {missing:?}, which every channel may set")),
        None => Ok(()),
    }
}

fn capabilities(manifest: &Manifest) -> Verdict {
    match manifest.capabilities.iter().find(|capability| !KNOWN.contains(&capability.as_str())) {
        Some(unknown) => Err(format!("the engine does not know {unknown:?}; it knows {}", KNOWN.join(", "))),
        None => Ok(()),
    }
}

#[cfg(test)]
pub mod tests {
    use patchbay_domain::platform::{OAuth2, OAuth2Details};
    use serde_json::json;

    use super::*;

    pub fn manifest() -> Manifest {
        Manifest {
            id: "test".into(),
            name: "Test".into(),
            version: "1.0.0".into(),
            channel_types: vec!["TEST".into()],
            config_schema: json!({
                "type": "object",
                "properties": {
                    "apiBaseUrl": {},
                    "limits": {},
                    "onUnknownOutcome": {},
                    "page": {},
                    "accessToken": {"writeOnly": true},
                },
                "additionalProperties": false,
            }),
            hosts: vec!["api.example.com".into(), "{config.apiBaseUrl}".into()],
            capabilities: vec!["text".into()],
            limits: Vec::new(),
            reply_window_ms: None,
            address_field: Some("page".into()),
            poll_every_ms: None,
            oauth2: None,
        }
    }

    #[test]
    fn what_a_manifest_refers_to_is_in_the_schema() {
        assert_eq!(references(&manifest()), Ok(()));
        let wrong = |change: fn(&mut Manifest)| {
            let mut manifest = manifest();
            change(&mut manifest);
            references(&manifest).unwrap_err()
        };
        assert!(wrong(|manifest| manifest.address_field = Some("site".into())).contains("site"));
        assert!(wrong(|manifest| manifest.address_field = Some("accessToken".into())).contains("secret"));
        assert!(wrong(|manifest| manifest.hosts.push("{config.server}".into())).contains("server"));
        let oauth2 = |manifest: &mut Manifest| {
            manifest.oauth2 = Some(OAuth2 {
                token_url: "https://example.com".into(),
                client_id_field: "page".into(),
                client_secret: "page".into(),
                access_token: "accessToken".into(),
                refresh_token: "accessToken".into(),
                details: OAuth2Details::default(),
            });
        };
        assert!(wrong(oauth2).contains("no secret"));
    }

    #[test]
    fn a_schema_hides_secrets_and_takes_nothing_else() {
        assert_eq!(secrets_marked(&manifest().config_schema), Ok(()));
        assert!(secrets_marked(&json!({"properties": {"api_key": {}}})).unwrap_err().contains("api_key"));
        assert_eq!(schema_closed(&manifest().config_schema), Ok(()));
        assert!(schema_closed(&json!({})).unwrap_err().contains("additionalProperties"));
        assert!(schema_closed(&json!({"additionalProperties": false})).unwrap_err().contains("apiBaseUrl"));
    }

    #[test]
    fn a_capability_with_a_typing_error_is_noticed() {
        assert_eq!(capabilities(&manifest()), Ok(()));
        let typing = Manifest { capabilities: vec!["txt".into()], ..manifest() };
        assert!(capabilities(&typing).unwrap_err().contains("\"txt\""));
    }
}
