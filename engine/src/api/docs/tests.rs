use std::collections::BTreeSet;

use actix_web::{
    App,
    http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    test::{TestRequest, call_service, init_service, read_body},
};
use serde_json::Value;

use super::*;
use crate::api;

/// What is mounted without a description, on purpose.
const UNDESCRIBED: [&str; 4] = ["/api/docs", "/api/media", "/media", "/socket.io"];

fn documents() -> Vec<(&'static str, Value)> {
    dialects().iter().map(|dialect| (dialect.name, dialect.document())).collect()
}

#[test]
fn each_document_is_valid() {
    let schema: Value = serde_json::from_str(include_str!("../../../tests/specs/openapi-3.1.json")).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    for (name, document) in documents() {
        let errors: Vec<_> =
            schema.iter_errors(&document).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
        for (schema, content) in document["components"]["schemas"].as_object().unwrap() {
            assert!(jsonschema::meta::is_valid(content), "{name}: {schema} is no JSON schema: {content}");
        }
    }
}

#[test]
fn whatever_is_referred_to_is_there() {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(object) => {
                found.extend(object.get("$ref").and_then(Value::as_str).map(str::to_owned));
                object.values().for_each(|value| references(value, found));
            }
            Value::Array(array) => array.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    for (name, document) in documents() {
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        for reference in found {
            assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{name}: {reference}");
        }
    }
}

#[test]
fn no_two_types_have_the_same_name() {
    for dialect in dialects() {
        let names = dialect.ambiguous_names();
        assert!(names.is_empty(), "{}: give one of each `#[schemars(rename = …)]`: {names:?}", dialect.name);
    }
}

#[test]
fn each_route_is_in_a_document_and_nothing_else_is() {
    let mut mounted = BTreeSet::new();
    for (prefix, _, endpoints) in api::table() {
        if !UNDESCRIBED.contains(&prefix) {
            let route = |endpoint: &Endpoint| format!("{} {prefix}{}", endpoint.method, endpoint.path);
            mounted.extend(endpoints.iter().map(route));
        }
    }
    let mut described = BTreeSet::new();
    for (_, document) in documents() {
        for (path, methods) in document["paths"].as_object().unwrap() {
            described
                .extend(methods.as_object().unwrap().keys().map(|method| format!("{} {path}", method.to_uppercase())));
        }
    }
    assert_eq!(mounted, described);
}

#[test]
fn each_route_says_what_it_answers() {
    for dialect in dialects() {
        for (scope, endpoints) in dialect.scopes {
            for described in endpoints {
                let answered = described.answers.iter().any(|(status, _)| *status < 300);
                assert!(answered, "{}: {scope}{}", dialect.name, described.endpoint.path);
            }
        }
    }
}

#[test]
fn a_route_is_described_as_its_document_says() {
    let document = documents().swap_remove(0).1;
    let route = &document["paths"]["/orgs/{organisation}/tickets"]["post"];
    assert_eq!((&route["tags"][0], &route["description"]), (&"tickets".into(), &"For administrators.".into()));
    let statuses: Vec<_> = route["responses"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(statuses, ["201", "400", "401", "403", "404", "409", "413", "422", "429", "500", "503"]);
    let body = &document["components"]["schemas"]["OpenTicket"];
    assert_eq!(body["required"], serde_json::json!(["channelId", "subject"]));
    let status = document["paths"]["/orgs/{organisation}/tickets"]["get"]["parameters"].as_array().unwrap();
    let status = status.iter().find(|parameter| parameter["name"] == "status").unwrap();
    assert_eq!(status["schema"], serde_json::json!({"$ref": "#/components/schemas/StatusWord"}));
}

#[actix_web::test]
async fn the_page_and_what_it_asks_for_are_served() {
    let scope = endpoints().into_iter().map(Endpoint::machine).collect();
    let app = init_service(App::new().service(api::endpoint::mount(web::scope("/api/docs"), scope))).await;
    let ask = async |path: &str| {
        let answer = call_service(&app, TestRequest::get().uri(path).to_request()).await;
        let header = |name| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (kind, policy) = (header(CONTENT_TYPE), header(CONTENT_SECURITY_POLICY));
        (answer.status().as_u16(), kind.unwrap_or_default(), policy, read_body(answer).await)
    };
    let (status, kind, policy, page) = ask("/api/docs").await;
    assert_eq!((status, kind.as_str(), policy.as_deref()), (200, "text/html; charset=utf-8", Some(POLICY)));
    let page = String::from_utf8(page.to_vec()).unwrap();
    for part in page.split('"').filter(|part| part.contains('.') && !part.contains(['<', '>'])) {
        assert_eq!(ask(&format!("/api/docs/{part}")).await.0, 200, "{part}");
    }
    let script = String::from_utf8(ask("/api/docs/swagger-initializer.js").await.3.to_vec()).unwrap();
    for name in ["helpdesk.json", "inbox.json", "business.json", "sessions.json", "ops.json"] {
        assert!(script.contains(name), "{script}");
        assert_eq!(ask(&format!("/api/docs/{name}")).await.1, "application/json");
    }
    assert!(script.contains("StandaloneLayout"), "the list of documents is part of it: {script}");
    assert_eq!(ask("/api/docs/nothing.json").await.0, 404);
}
