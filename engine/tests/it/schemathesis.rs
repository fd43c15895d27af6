//! The engine tried by its own OpenAPI documents: schemathesis makes requests of what they allow and of what they do not.
//! No answer is a fault of ours, has a status or a kind of content that is not described, or violates its schema.

use std::{fmt::Write as _, process::Stdio, time::Duration};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{process::Command, time::timeout};

use crate::{
    on_each_database,
    support::{
        api::Person,
        engine::{Engine, Settings, plugins},
        mock,
        platform::{Answer, Platform},
        size::Size,
        waha::Waha,
    },
};

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";
const EXAMPLES: &str = "4";
const LIMIT: Duration = Duration::from_mins(5);
const ACTIONS: &str = "/api/v1/conversations/manual-actions";
const TOMORROW: chrono::Duration = chrono::Duration::days(1);

/// Where `cargo xtask test` installed it; nowhere, where only the embedded size is tried and it could not be had.
fn program() -> Option<String> {
    let program = std::env::var("PATCHBAY_TEST_SCHEMATHESIS").ok();
    let may_lack = Size::Postgres.is_left_out();
    assert!(program.is_some() || may_lack, "schemathesis is not installed; run the tests with `cargo xtask test`");
    program
}

/// What the paths name, so that requests reach further than to what is not there.
struct Place {
    organisation: String,
    ids: Vec<(&'static str, String)>,
}

impl Place {
    async fn of(engine: &Engine, person: &Person, platform: &Platform, waha: &Waha) -> Self {
        let channel = person.channel("MOCK", mock::config(&platform.address)).await;
        let spare = person.channel("MOCK", json!({})).await;
        mock::post(engine, &channel, &mock::text("+4915112345678", "1", "hello")).await;
        mock::post(engine, &channel, &json!({"messageId": "2"})).await;
        let ticket = person.ticket(&channel).await;
        let agent = person.colleague("Bea", "AGENT").await;
        let letters = person.waiting_at("/ops/dead-letters", |told| told["total"] == 1).await;
        let messages = person.get(&format!("/tickets/{ticket}/messages")).await;
        let customers = person.get("/customers").await;
        let canned = json!({"name": "greeting", "content": "hello"});
        let canned = person.call_at(reqwest::Method::POST, &person.macros(""), canned).await.1;
        let session = person.channel("WAHA", waha.config()).await;
        let team = person.call_at(reqwest::Method::POST, "/api/teams", json!({"name": "sales"})).await.1;
        let notices = person.get("/notifications").await;
        let planned = json!({"channelId": spare, "name": "Spring", "messageTemplate": "Hi"});
        let planned = person.post("/campaigns", planned).await;
        let card = json!({"phoneNumber": "+4915112345679"});
        let card = person.business_ok(reqwest::Method::POST, "/contacts", card).await["contact"]["id"].clone();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let conversations = person.conversations("", |found| !found.is_empty()).await;
        let asked = person.waiting_at(ACTIONS, |told| !told["data"][0]["id"].is_null()).await;
        let later = json!({"channel": "SMS", "message": "later", "scheduledAt": chrono::Utc::now() + TOMORROW});
        let conversation = text(&conversations[0]["id"]);
        let later = person.inbox_post(&format!("/conversations/{conversation}/messages/schedule"), later).await;
        // The last that fits counts.
        let ids = vec![
            ("/orgs/macros/{organisation}/{id}", text(&canned["id"])),
            ("/users/{id}", agent.id.clone()),
            ("/sessions/{id}", session),
            ("/teams/{id}", text(&team["data"]["id"])),
            ("/audit-logs/user/{id}", agent.id),
            ("/channels/{id}", spare),
            ("/webhook/{id}", channel),
            ("/tickets/{id}", ticket),
            ("/campaigns/{id}", text(&planned["id"])),
            ("/notifications/{id}", text(&notices[0]["id"])),
            ("/customers/{id}", text(&customers[0]["id"])),
            ("/dead-letters/{id}", text(&letters["deadLetters"][0]["id"])),
            ("/conversations/{id}", conversation),
            ("/conversations/manual-actions/{id}", text(&asked["data"][0]["id"])),
            ("/scheduled-messages/{id}", text(&later["id"])),
            // Without its connectors nothing else could be tried.
            ("/plugins/{id}", "nobody".to_owned()),
            ("/api/contacts/{id}", text(&card)),
            ("/api/messages/{id}", text(&messages[0]["id"])),
            ("{message}", text(&messages[0]["id"])),
        ];
        Self { organisation: person.organisation.clone(), ids }
    }

    /// As its configuration has it.
    fn settings(&self) -> String {
        let mut settings = format!("[parameters]\n\"path.organisation\" = \"{}\"\n", self.organisation);
        for (path, id) in &self.ids {
            let name = if *path == "{message}" { "message" } else { "id" };
            let path = path.replace('{', "\\\\{").replace('}', "\\\\}");
            writeln!(
                settings,
                "\n[[operations]]\ninclude-path-regex = \"{path}\"\nparameters = {{ \"path.{name}\" = \"{id}\" }}"
            )
            .unwrap();
        }
        settings
    }
}

/// As it is served, without the keys under which a write is not begun again: one key for all would hide what writes do.
async fn described(engine: &Engine, document: &str) -> Value {
    let url = engine.url(&format!("/api/docs/{document}.json"));
    let mut document: Value = engine.http.get(url).send().await.unwrap().json().await.unwrap();
    for methods in document["paths"].as_object_mut().unwrap().values_mut() {
        for operation in methods.as_object_mut().unwrap().values_mut() {
            let parameters = operation["parameters"].as_array_mut().unwrap();
            parameters.retain(|parameter| parameter["name"] != "Idempotency-Key");
        }
    }
    document
}

async fn tried(engine: &Engine, document: &str, token: &str, settings: &str, program: &str) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("schemathesis.toml");
    std::fs::write(&file, settings).unwrap();
    let description = folder.path().join("document.json");
    std::fs::write(&description, described(engine, document).await.to_string()).unwrap();
    let run = Command::new(program)
        .current_dir(folder.path())
        .arg("--config-file")
        .arg(&file)
        .arg("run")
        .arg(&description)
        .args(["--url", &engine.address])
        // What follows is asked with this login.
        .args(["--exclude-path", "/api/auth/logout"])
        .args(["--checks", CHECKS, "--max-examples", EXAMPLES, "--phases", "examples,coverage,fuzzing"])
        .args(["--generation-deterministic", "--suppress-health-check", "all"])
        .args(["--workers", "1", "--request-timeout", "30", "--warnings", "off", "--continue-on-failure", "--no-color"])
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = timeout(LIMIT, run).await.expect("schemathesis takes too long").unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{document}: {told}");
}

on_each_database! {
    async fn no_answer_is_otherwise_than_described(size: Size) {
        let Some(program) = program() else { return };
        // Their own: what installs connectors is tried as well.
        let folder = TempDir::new().unwrap();
        for file in std::fs::read_dir(plugins()).unwrap() {
            let file = file.unwrap().path();
            std::fs::copy(&file, folder.path().join(file.file_name().unwrap())).unwrap();
        }
        // No platform is there to be waited for.
        let file = "egress.timeout = \"1s\"".to_owned();
        let settings = Settings { plugins: Some(folder.path().to_owned()), file, ..Settings::default() };
        let engine = Engine::start_with(size, settings).await;
        let platform = Platform::start(|_| Answer::Json(200, json!({}))).await;
        let person = Person::sign_up(&engine).await;
        let waha = Waha::start().await;
        let settings = Place::of(&engine, &person, &platform, &waha).await.settings();
        for document in ["helpdesk", "inbox", "business", "sessions", "ops"] {
            // Who one is, is told in the dialect in which one logged in.
            let business = if document == "business" { Some(person.business_token().await) } else { None };
            tried(&engine, document, business.as_ref().unwrap_or(&person.token), &settings, &program).await;
        }
        engine.discard().await;
    }
}
