//! A channel to check with: what a fixture of kind `channel` says, and for the rest the least that the schema takes.

use std::collections::BTreeMap;

use patchbay_domain::platform::{Manifest, Participant};
use serde_json::{Map, Value, json};

use super::fixture::Fixture;

#[derive(Clone, Debug)]
pub struct Settings {
    pub channel_type: String,
    /// The public settings.
    pub config: Map<String, Value>,
    /// Every secret that the schema names, with a value.
    pub secrets: BTreeMap<String, String>,
    /// Whom messages are sent to.
    pub contact: Participant,
}

impl Settings {
    pub fn of(manifest: &Manifest, fixtures: &[Fixture]) -> Result<Self, String> {
        let given = fixtures.iter().find(|fixture| fixture.kind() == "channel");
        let schema = &manifest.config_schema;
        let required: Vec<&str> = strings(schema.get("required"));
        let mut config = Map::new();
        let mut secrets = BTreeMap::new();
        for (name, property) in properties(schema) {
            if is_secret(property) {
                secrets.insert(name.clone(), example(name, property).as_str().unwrap_or(name).to_owned());
            } else if required.contains(&name.as_str()) {
                config.insert(name.clone(), example(name, property));
            }
        }
        let object = |field| given.and_then(|fixture| fixture.object(field)).cloned().unwrap_or_default();
        config.extend(object("config"));
        for (name, value) in object("secrets") {
            secrets.insert(name, value.as_str().unwrap_or_default().to_owned());
        }
        check(schema, &config, &secrets)?;
        let types = &manifest.channel_types;
        let channel_type = given.and_then(|fixture| fixture.text("channel_type")).or(types.first().map(String::as_str));
        let contact = given.and_then(|fixture| fixture.value.get("contact"));
        Ok(Self {
            channel_type: channel_type.unwrap_or_default().to_owned(),
            config,
            secrets,
            contact: contact.map_or_else(|| Ok(somebody()), participant)?,
        })
    }
}

/// Known by whatever a platform may ask for.
fn somebody() -> Participant {
    Participant {
        id: "16505551234".to_owned(),
        name: Some("Ada".to_owned()),
        phone: Some("+16505551234".to_owned()),
        email: Some("ada@example.com".to_owned()),
        ..Participant::default()
    }
}

fn participant(value: &Value) -> Result<Participant, String> {
    serde_json::from_value(value.clone()).map_err(|error| format!("the channel's contact cannot be read: {error}"))
}

pub fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema.get("properties").and_then(Value::as_object).into_iter().flatten()
}

pub fn is_secret(property: &Value) -> bool {
    property.get("writeOnly").and_then(Value::as_bool).unwrap_or(false)
}

fn strings(list: Option<&Value>) -> Vec<&str> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// A value that the property is likely to take.
fn example(name: &str, property: &Value) -> Value {
    let first = |field: &str| property.get(field).and_then(Value::as_array).and_then(|values| values.first()).cloned();
    let stated = ["const", "default"].into_iter().find_map(|field| property.get(field).cloned());
    if let Some(value) = stated.or_else(|| first("examples")).or_else(|| first("enum")) {
        return value;
    }
    match property.get("type").and_then(Value::as_str) {
        Some("integer" | "number") => property.get("minimum").cloned().unwrap_or(json!(1)),
        Some("boolean") => json!(false),
        Some("array") => json!([]),
        Some("object") => json!({}),
        _ if is_address(property) => json!("https://api.example.com"),
        _ => json!(format!("check-{name}")),
    }
}

fn is_address(property: &Value) -> bool {
    let says =
        |field: &str, text: &str| property.get(field).and_then(Value::as_str).is_some_and(|value| value.contains(text));
    says("format", "uri") || says("pattern", "http")
}

fn check(schema: &Value, config: &Map<String, Value>, secrets: &BTreeMap<String, String>) -> Result<(), String> {
    let mut all = config.clone();
    all.extend(secrets.iter().map(|(name, value)| (name.clone(), json!(value))));
    let all = Value::Object(all);
    let validator = jsonschema::validator_for(schema).map_err(|error| error.to_string())?;
    match validator.iter_errors(&all).next() {
        None => Ok(()),
        Some(error) => Err(format!(
            "{}: {error}; give settings in a fixture of kind \"channel\": {{\"kind\": \"channel\", \"config\": {{…}}, \
             \"secrets\": {{…}}}}",
            error.instance_path()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::check::declared::tests::manifest;

    fn settings(schema: Value, given: Option<Value>) -> Result<Settings, String> {
        let fixtures: Vec<Fixture> =
            given.into_iter().map(|value| Fixture { name: "channel".to_owned(), value }).collect();
        Settings::of(&Manifest { config_schema: schema, ..manifest() }, &fixtures)
    }

    #[test]
    fn what_is_required_gets_the_least_value_and_every_secret_has_one() {
        let schema = json!({
            "properties": {
                "page": {"type": "string"},
                "server": {"type": "string", "pattern": "^https?://"},
                "tries": {"type": "integer", "minimum": 3},
                "left": {"type": "string"},
                "token": {"type": "string", "writeOnly": true},
            },
            "required": ["page", "server", "tries"],
        });
        let made = settings(schema, None).unwrap();
        let config = json!({"page": "check-page", "server": "https://api.example.com", "tries": 3});
        assert_eq!(Value::Object(made.config), config);
        assert_eq!(made.secrets["token"], "check-token");
        assert_eq!(made.channel_type, "TEST");
    }

    #[test]
    fn what_cannot_be_guessed_is_asked_for_and_taken_from_a_fixture() {
        let schema = json!({"properties": {"page": {"type": "string", "pattern": "^[0-9]+$"}}, "required": ["page"]});
        let error = settings(schema.clone(), None).unwrap_err();
        assert!(error.contains("/page") && error.contains("kind \"channel\""), "{error}");
        let given = json!({"kind": "channel", "config": {"page": "7"}, "contact": {"id": "ada"}});
        let made = settings(schema, Some(given)).unwrap();
        assert_eq!((made.config["page"].as_str(), made.contact.id.as_str()), (Some("7"), "ada"));
    }
}
