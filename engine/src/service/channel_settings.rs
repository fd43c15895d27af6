//! A channel's configuration: checked against its connector's schema, its
//! secrets taken out of what is stored in clear and masked in what is shown.
//!
//! Which fields are secret the schema says (`writeOnly`). What every connector
//! takes besides, [`COMMON`], is checked here.

use std::collections::BTreeMap;

use patchbay_domain::{
    attempt::UnknownPolicy,
    platform::{Manifest, READ_RECEIPTS, RETENTION, RateLimit},
};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    FieldProblem, ServiceError,
    fields::{NO_NUL, is_storable},
};

/// What stands for a secret in an answer, and for "as it was" when it comes back.
pub const MASK: &str = "********";
/// Only guards the handshake: those who set a webhook up have to see it.
pub const VERIFY_TOKEN: &str = "webhookVerifyToken";
/// Fields of every channel.
const COMMON: [&str; 5] = ["apiBaseUrl", "limits", "onUnknownOutcome", RETENTION, READ_RECEIPTS];
/// A hundred years.
const LONGEST_RETENTION_DAYS: u64 = 36_500;

pub type Settings = Map<String, Value>;

/// A configuration, split into what may be seen and what may not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Split {
    pub public: Settings,
    pub secrets: BTreeMap<String, String>,
}

impl Split {
    /// Whether requests to the platform would be the same: what webhooks are checked by is no part of them.
    pub fn is_same_to_platform(&self, other: &Self) -> bool {
        let sent = |split: &Self| {
            let mut secrets = split.secrets.clone();
            secrets.retain(|name, _| name != VERIFY_TOKEN);
            secrets
        };
        self.public == other.public && sent(self) == sent(other)
    }
}

/// Lays a change over what there is: a field that is not mentioned stays, null removes, a mask keeps the secret.
pub fn merge(manifest: &Manifest, stored: Split, change: Settings) -> Settings {
    let secret = secret_fields(manifest);
    let Split { public, secrets } = stored;
    let mut whole = public;
    whole.extend(secrets.into_iter().map(|(name, value)| (name, Value::String(value))));
    for (name, value) in change {
        let unchanged = matches!(value.as_str(), Some("" | MASK)) && secret.contains(&name.as_str());
        match value {
            _ if unchanged => {}
            Value::Null => drop(whole.remove(&name)),
            value => drop(whole.insert(name, value)),
        }
    }
    whole
}

/// Checks a whole configuration and takes its secrets out.
pub fn split(manifest: &Manifest, whole: Settings) -> Result<Split, ServiceError> {
    let whole = Value::Object(whole);
    let mut problems = problems(manifest, &whole)?;
    if !is_storable(&whole) {
        problems.push(problem("", NO_NUL));
    }
    let secret = secret_fields(manifest);
    let mut split = Split::default();
    let Value::Object(whole) = whole else { return Ok(split) };
    for (name, value) in whole {
        match value {
            Value::String(value) if secret.contains(&name.as_str()) => drop(split.secrets.insert(name, value)),
            _ if secret.contains(&name.as_str()) => {
                let problem = problem(&name, "must be a text");
                if !problems.iter().any(|known| known.field == problem.field) {
                    problems.push(problem);
                }
            }
            value => drop(split.public.insert(name, value)),
        }
    }
    if problems.is_empty() { Ok(split) } else { Err(ServiceError::Invalid(problems)) }
}

/// What may be shown: secrets as a mask, the verify token in clear to administrators.
pub fn show(split: &Split, administrator: bool) -> Settings {
    let mut shown = split.public.clone();
    for (name, value) in &split.secrets {
        let value = if administrator && name == VERIFY_TOKEN { value.as_str() } else { MASK };
        shown.insert(name.clone(), Value::from(value));
    }
    shown
}

/// The value of the connector's address field.
pub fn address(manifest: &Manifest, public: &Settings) -> Option<String> {
    match public.get(manifest.address_field.as_deref()?)? {
        Value::String(address) => Some(address.clone()),
        Value::Number(address) => Some(address.to_string()),
        _ => None,
    }
}

pub fn secret_fields(manifest: &Manifest) -> Vec<&str> {
    let fields = manifest.config_schema.get("properties").and_then(Value::as_object);
    let is_secret = |schema: &Value| schema.get("writeOnly").and_then(Value::as_bool) == Some(true);
    fields.into_iter().flatten().filter(|(_, schema)| is_secret(schema)).map(|(name, _)| name.as_str()).collect()
}

fn problems(manifest: &Manifest, whole: &Value) -> Result<Vec<FieldProblem>, ServiceError> {
    let schema = &manifest.config_schema;
    let declared = |name: &str| schema.get("properties").is_some_and(|fields| fields.get(name).is_some());
    let mut own = whole.clone();
    let mut problems = Vec::new();
    for name in COMMON {
        let Some(value) = whole.get(name) else { continue };
        problems.extend(common_problem(name, value));
        if let (Some(own), false) = (own.as_object_mut(), declared(name)) {
            own.remove(name);
        }
    }
    let validator = jsonschema::validator_for(schema)
        .map_err(|error| ServiceError::Internal(format!("connector {}: its schema: {error}", manifest.id)))?;
    for error in validator.iter_errors(&own) {
        let field = error.instance_path().to_string();
        let (field, sentence) = match error.kind() {
            jsonschema::error::ValidationErrorKind::Required { property } => {
                (format!("{field}/{}", property.as_str().unwrap_or_default()), "is required".to_owned())
            }
            // Its value may be a secret.
            _ => (field, error.masked().to_string()),
        };
        problems.push(problem(field.trim_start_matches('/'), &sentence));
    }
    Ok(problems)
}

fn common_problem(name: &str, value: &Value) -> Option<FieldProblem> {
    let (valid, sentence) = match name {
        "apiBaseUrl" => (
            value.as_str().and_then(|url| url::Url::parse(url).ok()).is_some_and(|url| {
                let anonymous = url.username().is_empty() && url.password().is_none();
                matches!(url.scheme(), "http" | "https") && url.has_host() && anonymous
            }),
            "must be an address that begins with https://",
        ),
        "limits" => (
            Vec::<RateLimit>::deserialize(value).is_ok_and(|limits| {
                limits.iter().all(|limit| limit.permits > 0 && limit.per_ms > 0 && limit.burst != Some(0))
            }),
            "must be a list of {scope: \"channel\" or \"recipient\", permits, perMs, burst?} with amounts above zero",
        ),
        RETENTION => (
            value.as_u64().is_some_and(|days| (1..=LONGEST_RETENTION_DAYS).contains(&days)),
            "must be a whole number of days, at least one",
        ),
        READ_RECEIPTS => (value.is_boolean(), "must be true or false"),
        _ => (UnknownPolicy::deserialize(value).is_ok(), "must be \"hold\" or \"resend\""),
    };
    (!valid).then(|| problem(name, sentence))
}

fn problem(field: &str, sentence: &str) -> FieldProblem {
    let field = if field.is_empty() { "config".to_owned() } else { format!("config.{}", field.replace('/', ".")) };
    FieldProblem { field, problem: sentence.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn manifest() -> Manifest {
        Manifest {
            id: "whatsapp".into(),
            name: "WhatsApp".into(),
            version: "0.1.0".into(),
            channel_types: vec!["WHATSAPP".into()],
            config_schema: json!({
                "type": "object",
                "required": ["phoneNumberId", "accessToken"],
                "additionalProperties": false,
                "properties": {
                    "phoneNumberId": {"type": "string", "minLength": 1},
                    "accessToken": {"type": "string", "minLength": 1, "writeOnly": true},
                    "webhookVerifyToken": {"type": "string", "minLength": 4, "writeOnly": true},
                },
            }),
            hosts: vec![],
            capabilities: vec![],
            limits: vec![],
            reply_window_ms: None,
            address_field: Some("phoneNumberId".into()),
            poll_every_ms: None,
            oauth2: None,
        }
    }

    fn object(value: Value) -> Settings {
        let Value::Object(settings) = value else { panic!("not an object") };
        settings
    }

    fn stored() -> Split {
        split(
            &manifest(),
            object(json!({"phoneNumberId": "1", "accessToken": "t0ken", "webhookVerifyToken": "verify"})),
        )
        .unwrap()
    }

    fn told(settings: Value) -> Vec<String> {
        match split(&manifest(), object(settings)) {
            Err(ServiceError::Invalid(problems)) => problems.iter().map(ToString::to_string).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn secrets_are_taken_out_and_masked() {
        let stored = stored();
        assert_eq!(Value::Object(stored.public.clone()), json!({"phoneNumberId": "1"}));
        assert_eq!(stored.secrets["accessToken"], "t0ken");
        let (agent, admin) = (show(&stored, false), show(&stored, true));
        assert_eq!((agent["accessToken"].as_str(), agent["webhookVerifyToken"].as_str()), (Some(MASK), Some(MASK)));
        assert_eq!((admin["accessToken"].as_str(), admin["webhookVerifyToken"].as_str()), (Some(MASK), Some("verify")));
        assert_eq!(address(&manifest(), &stored.public).as_deref(), Some("1"));
    }

    #[test]
    fn what_is_shown_can_be_sent_back_unchanged() {
        for shown in [show(&stored(), false), show(&stored(), true)] {
            assert_eq!(split(&manifest(), merge(&manifest(), stored(), shown)).unwrap(), stored());
        }
        let emptied = object(json!({"accessToken": ""}));
        assert_eq!(split(&manifest(), merge(&manifest(), stored(), emptied)).unwrap(), stored());
    }

    #[test]
    fn a_change_replaces_what_it_names_and_null_removes() {
        let change = object(json!({"accessToken": "new", "webhookVerifyToken": null}));
        let changed = split(&manifest(), merge(&manifest(), stored(), change)).unwrap();
        assert_eq!(changed.secrets, BTreeMap::from([("accessToken".to_owned(), "new".to_owned())]));
    }

    #[test]
    fn a_mask_is_never_stored_as_a_secret() {
        let fresh = merge(&manifest(), Split::default(), object(json!({"phoneNumberId": "1", "accessToken": MASK})));
        assert!(split(&manifest(), fresh).is_err());
    }

    #[test]
    fn every_problem_is_told_and_no_secret_with_it() {
        assert_eq!(
            told(json!({"accessToken": 5})),
            ["config.phoneNumberId: is required", "config.accessToken: value is not of type \"string\"",]
        );
        let told = told(json!({"phoneNumberId": "1", "accessToken": "a", "webhookVerifyToken": "abc"}));
        assert!(told.len() == 1 && !told[0].contains("abc"), "{told:?}");
    }

    #[test]
    fn every_connector_takes_the_common_fields_and_checks_them() {
        let with = |name: &str, value: Value| {
            let mut settings = object(json!({"phoneNumberId": "1", "accessToken": "a"}));
            settings.insert(name.to_owned(), value);
            split(&manifest(), settings).is_ok()
        };
        assert!(with("apiBaseUrl", json!("http://127.0.0.1:4000/graph")));
        assert!(!with("apiBaseUrl", json!("ftp://x")));
        assert!(with("onUnknownOutcome", json!("resend")));
        assert!(!with("onUnknownOutcome", json!("ignore")));
        assert!(with("limits", json!([{"scope": "channel", "permits": 80, "perMs": 1000}])));
        assert!(!with("limits", json!([{"scope": "channel", "permits": 0, "perMs": 1000}])));
        assert!(with("retentionDays", json!(2)));
        for wrong in [json!(0), json!(-1), json!(1.5), json!("2"), json!(36_501)] {
            assert!(!with("retentionDays", wrong.clone()), "{wrong}");
        }
        assert!(with("readReceipts", json!(false)) && !with("readReceipts", json!("no")));
        assert!(!with("unheardOf", json!(1)));
    }
}
