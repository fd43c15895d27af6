//! One dialect's OpenAPI document, written from the descriptions of its routes.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use schemars::{Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::api::{
    description::{Content, Described, SchemaOf},
    endpoint::Access,
};

/// What is told of a dialect.
pub struct Dialect {
    pub name: &'static str,
    pub title: &'static str,
    /// How it writes an error down.
    pub problem: SchemaOf,
    /// Each scope and what is below it.
    pub scopes: Vec<(&'static str, Vec<Described>)>,
}

/// Types as they are sent and as they are taken: the same type may differ.
struct Types {
    sent: SchemaGenerator,
    taken: SchemaGenerator,
}

impl Types {
    fn new() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.meta_schema = None;
            })
        };
        Self { sent: settings().for_serialize().into_generator(), taken: settings().for_deserialize().into_generator() }
    }

    /// Every named type that was met. Types of one name would hide each other; a test sees to it that there are none.
    fn named(mut self) -> Map<String, Value> {
        let mut named = self.taken.take_definitions(true);
        named.extend(self.sent.take_definitions(true));
        named
    }
}

impl Dialect {
    pub fn document(&self) -> Value {
        let mut types = Types::new();
        let (paths, responses) = self.write(&mut types);
        json!({
            "openapi": "3.1.0",
            "info": {"title": self.title, "version": env!("CARGO_PKG_VERSION")},
            "servers": [{"url": "/"}],
            "paths": paths,
            "components": {
                "schemas": types.named(),
                "responses": responses,
                "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            },
        })
    }

    /// The operations of each path, and what they refuse in the same words.
    fn write(&self, types: &mut Types) -> (BTreeMap<String, Map<String, Value>>, Map<String, Value>) {
        let problem = value((self.problem)(&mut types.sent));
        let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
        let mut responses = Map::new();
        for (scope, endpoints) in &self.scopes {
            for described in endpoints {
                for status in described.refusals() {
                    let content = json!({"application/json": {"schema": problem}});
                    responses.insert(name_of(status), json!({"description": reason(status), "content": content}));
                }
                let path = paths.entry(format!("{scope}{}", described.endpoint.path)).or_default();
                let method = described.endpoint.method.as_str().to_lowercase();
                path.insert(method, operation(types, scope, described));
            }
        }
        (paths, responses)
    }

    /// Names that stand for more than one type.
    #[cfg(test)]
    pub fn ambiguous_names(&self) -> Vec<String> {
        let mut types = Types::new();
        self.write(&mut types);
        let (sent, taken) = (types.sent.definitions(), types.taken.definitions());
        let differs = |name: &str| sent.get(name).zip(taken.get(name)).is_some_and(|(sent, taken)| sent != taken);
        // Where a name is taken already, its generator appends a number.
        let numbered = |name: &str| name.ends_with(|end: char| end.is_ascii_digit());
        sent.keys().chain(taken.keys()).filter(|name| differs(name) || numbered(name)).cloned().collect()
    }
}

fn operation(types: &mut Types, scope: &str, described: &Described) -> Value {
    let part = if described.part.is_empty() { scope.trim_start_matches('/') } else { described.part };
    let security = match described.endpoint.access {
        Access::Caller | Access::Socket => json!([{"token": []}]),
        Access::Operator => json!([{"token": []}, {}]),
        Access::Public | Access::Machine => json!([]),
    };
    let mut operation = Map::new();
    let mut tell = |name: &str, value: Value| operation.insert(name.to_owned(), value);
    tell("summary", described.summary.into());
    tell("tags", json!([part]));
    tell("parameters", parameters(types, described).into());
    tell("responses", responses(types, described).into());
    tell("security", security);
    if let Some(whom) = described.only_for {
        tell("description", whom.into());
    }
    if let Some(takes) = described.takes {
        let content = content(&mut types.taken, takes);
        tell("requestBody", json!({"required": described.needs_body, "content": content}));
    }
    operation.into()
}

fn parameters(types: &mut Types, described: &Described) -> Vec<Value> {
    let mut parameters = Vec::new();
    for name in described.endpoint.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
        let other = described.named.filter(|(parameter, _)| *parameter == name);
        let schema = value(other.map_or(described.id, |(_, schema)| schema)(&mut types.taken));
        parameters.push(json!({"name": name, "in": "path", "required": true, "schema": schema}));
    }
    for query in &described.queries {
        let query = value(query(&mut types.taken));
        let required = query.get("required").and_then(Value::as_array);
        for (name, schema) in query.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let required = required.is_some_and(|required| required.iter().any(|known| known == name));
            let schema = without_null(schema.clone());
            parameters.push(json!({"name": name, "in": "query", "required": required, "schema": schema}));
        }
    }
    if described.takes_key() {
        let schema = json!({"type": "string", "maxLength": 255});
        let description = "The same key and body are answered as the first time.";
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": false, "schema": schema, "description": description,
        }));
    }
    parameters
}

fn responses(types: &mut Types, described: &Described) -> Map<String, Value> {
    let mut responses = Map::new();
    for (status, answer) in &described.answers {
        let content = content(&mut types.sent, *answer);
        let response = json!({"description": reason(*status), "headers": headers(described), "content": content});
        responses.insert(status.to_string(), response);
    }
    for status in described.refusals() {
        let refusal = json!({"$ref": format!("#/components/responses/{}", name_of(status))});
        // Where a route answers something of its own, that is it.
        responses.entry(status.to_string()).or_insert(refusal);
    }
    responses
}

fn headers(described: &Described) -> Value {
    if !described.has_pages {
        return json!({});
    }
    json!({
        "X-Total-Count": {"schema": {"type": "integer"}, "description": "How many there are in all"},
        "X-Next-Cursor": {"schema": {"type": "string"}, "description": "The `cursor` of what follows"},
        "Link": {"schema": {"type": "string"}, "description": "Where other parts of the list are"},
    })
}

fn content(types: &mut SchemaGenerator, content: Content) -> Value {
    match content {
        Content::Json(schema) => json!({"application/json": {"schema": value(schema(types))}}),
        Content::Text => json!({"text/plain": {"schema": {"type": "string"}}}),
        Content::Bytes => json!({"*/*": {"schema": {}}}),
    }
}

fn value(schema: Schema) -> Value {
    schema.into()
}

/// What may be left out of a query is not null in it.
fn without_null(mut schema: Value) -> Value {
    let other = |choices: &Value, null: Value| choices.as_array()?.iter().find(|choice| **choice != null).cloned();
    if let Some(kind) = schema.get_mut("type")
        && let Some(only) = other(kind, "null".into())
    {
        *kind = only;
    }
    schema.get("anyOf").and_then(|choices| other(choices, json!({"type": "null"}))).unwrap_or(schema)
}

fn reason(status: u16) -> &'static str {
    StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Error")
}

fn name_of(status: u16) -> String {
    reason(status).split(' ').collect()
}
