//! Every change by a person is in the audit log: each route that writes is called once by somebody who may, and what
//! the log then tells is compared with the table (`audited.txt`).
//!
//! A route that is added is missing in the table, and the test says with which line. A route that leaves nothing in
//! the log has to be among the [`EXCEPTIONS`], with the reason; a call that is refused shows nothing and fails.

use std::fmt::Write;

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    inbound::post,
    on_each_database,
    support::{
        api::Person,
        business::Cloud,
        engine::Engine,
        house::{House, Route, house, routes},
        mock,
        platform::{Answer, Platform},
        sendgrid::{self, SendGrid},
        whatsapp,
    },
};

const TABLE: &str = include_str!("audited.txt");

/// What changes nothing that others would ask about.
const EXCEPTIONS: [(&str, &str); 12] = [
    ("POST /auth/login", "a login"),
    ("POST /auth/refresh", "a login that goes on"),
    ("POST /api/auth/login", "a login"),
    ("POST /api/auth/refresh", "a login that goes on"),
    ("POST /api/auth/logout", "a login that ends"),
    ("POST /api/media", "a file is nobody's until a message has it, and that is told of"),
    ("POST /api/media/upload", "a file is nobody's until a message has it, and that is told of"),
    ("POST /api/templates/sync", "asks the platform; nothing changes but what the platform says"),
    ("POST /api/sessions/{id}/contacts/{contact}/read", "a mark of reading"),
    (
        "POST /orgs/{organisation}/channels/{id}/test-connection",
        "asks the platform; a channel that works again is told of",
    ),
    ("PATCH /orgs/{organisation}/notifications/mark-all-read", "a mark of reading"),
    ("PATCH /orgs/{organisation}/notifications/{id}/read", "a mark of reading"),
];

const PASSWORD: &str = "correct horse battery";
const NEW_PASSWORD: &str = "SecurePass123";

/// What the house lacks for a writer who wants every call to succeed.
struct Walk {
    house: House,
    /// Kept as long as they are called.
    _cloud: Cloud,
    _refusing: Platform,
    mail: SendGrid,
    letter: String,
    macro_id: String,
    template: String,
    /// Over, with a recipient who was not reached.
    failed_campaign: String,
    invite: Value,
    refresh_token: String,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

async fn walk(engine: &Engine) -> Walk {
    let house = house(engine).await;
    let admin = &house.admin;
    let cloud = Cloud::start().await;
    admin.business_ok(Method::PATCH, "/settings", cloud.settings()).await;
    let template = json!({
        "name": "known", "category": "UTILITY", "language": "en", "components": [{"type": "BODY", "text": "Hello"}],
    });
    let template = admin.business_ok(Method::POST, "/templates", template).await["template"].clone();
    let made = admin.call_at(Method::POST, &admin.macros(""), json!({"name": "mine", "content": "Hi"})).await.1;
    // Another letter than the one that waits for a decision.
    mock::post(engine, &house.channel, &json!({"messageId": "4"})).await;
    let letters = admin.waiting_at("/ops/dead-letters", |told| told["total"] == 2).await;
    let mut letters = letters["deadLetters"].as_array().unwrap().iter().map(|letter| text(&letter["id"]));
    let mail = SendGrid::start().await;
    admin.channel("EMAIL", mail.config()).await;
    // The window in which their WhatsApp may be answered.
    let listed = admin.get("/channels").await;
    let number = listed.as_array().unwrap().iter().find(|channel| channel["type"] == "WHATSAPP").unwrap();
    let hello = whatsapp::text("4915112345678", "wamid.1", chrono::Utc::now().timestamp(), "hello");
    post(engine, number["id"].as_str().unwrap(), &whatsapp::webhook(&[hello], &[])).await;
    admin.ticket(number["id"].as_str().unwrap()).await;
    let refusing = Platform::start(|_| Answer::Json(400, json!({"error": "refused by the test"}))).await;
    let channel = admin.channel("MOCK", mock::config(&refusing.address)).await;
    let campaign = json!({"channelId": channel, "name": "over", "messageTemplate": "Hi"});
    let campaign = text(&admin.post("/campaigns", campaign).await["id"]);
    admin.post(&format!("/campaigns/{campaign}/recipients"), json!({"recipients": ["+4915200000009"]})).await;
    admin.post(&format!("/campaigns/{campaign}/start"), json!({})).await;
    admin.waiting(&format!("/campaigns/{campaign}"), |found| found["status"] == "COMPLETED").await;
    let invite = json!({"email": "new@example.com", "role": "AGENT"});
    let me = admin.call_at(Method::GET, "/auth/me", Value::Null).await.1;
    let log_in = json!({"email": me["email"], "password": PASSWORD});
    Walk {
        macro_id: text(&made["id"]),
        template: text(&template["id"]),
        letter: letters.find(|letter| *letter != house.letter).unwrap(),
        mail,
        failed_campaign: campaign,
        invite: admin.post("/users/invites", invite).await,
        refresh_token: text(&admin.call_at(Method::POST, "/auth/login", log_in).await.1["refreshToken"]),
        _refusing: refusing,
        _cloud: cloud,
        house,
    }
}

impl Walk {
    fn path(&self, method: &Method, path: &str) -> String {
        let House { admin, leaving, .. } = &self.house;
        match path {
            "/orgs/macros/{organisation}/{id}" => admin.macros(&format!("/{}", self.macro_id)),
            "/ops/dead-letters/{id}/replay" => format!("/ops/dead-letters/{}/replay", self.letter),
            "/api/templates/{id}" => format!("/api/templates/{}", self.template),
            // Somebody who is still there.
            "/orgs/{organisation}/users/{id}/deactivate" => {
                format!("/orgs/{}/users/{}/deactivate", admin.organisation, leaving[1].id)
            }
            "/orgs/{organisation}/campaigns/{id}/retry" => {
                format!("/orgs/{}/campaigns/{}/retry", admin.organisation, self.failed_campaign)
            }
            path => self.house.path(method, path),
        }
    }

    fn body(&self, method: &Method, path: &str) -> Value {
        let admin = &self.house.admin;
        match (method.as_str(), path) {
            ("POST", "/ops/dead-letters/replay") => json!({"ids": [self.letter]}),
            ("POST", "/ops/dead-letters/{id}/replay") => json!({}),
            ("PATCH", "/api/v1/conversations/{id}") => json!({"isStarred": true}),
            ("POST", "/api/v1/conversations/{id}/messages/email") => {
                json!({"to": sendgrid::ANA, "subject": "s", "body": "b"})
            }
            ("PATCH", "/api/v1/conversations/{id}/contact") => json!({"dnd": true}),
            ("PATCH", "/api/conversations/{id}") => json!({"status": "RESOLVED"}),
            ("PATCH", "/api/settings") => json!({"webhookConfig": {"verifyToken": "another verify token"}}),
            ("PATCH", "/api/templates/{id}") => json!({"name": "another"}),
            ("POST", "/api/contacts/import") => json!({"contacts": [{"phoneNumber": "+4915200000005"}]}),
            ("POST", "/api/contacts/import/csv") => json!({"contacts": [{"phoneNumber": "+4915200000006"}]}),
            ("POST", "/api/auth/change-password") => {
                json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD})
            }
            ("POST", "/api/auth/register") => json!({
                "tenantName": "Other", "tenantSlug": "other", "email": "ida@example.com", "name": "Ida",
                "password": NEW_PASSWORD,
            }),
            ("POST", "/auth/signup") => {
                json!({"orgName": "New", "name": "Gil", "email": "gil@example.com", "password": PASSWORD})
            }
            ("POST", "/auth/accept-invite") => {
                json!({"token": self.invite["token"], "name": "Hal", "password": PASSWORD})
            }
            ("POST", "/orgs/{organisation}/tickets/{id}/assign") => json!({"assigneeId": admin.id}),
            _ => self.house.body(method, path, "admin"),
        }
    }

    /// The phone is the session's again, which was logged out on the way.
    async fn pair(&self) {
        let House { admin, session, waha, .. } = &self.house;
        waha.phone.is("WORKING");
        for path in [format!("/api/sessions/{session}/status"), format!("/api/sessions/{session}")] {
            admin.waiting_at(&path, |told| told["data"]["status"] == "CONNECTED").await;
        }
    }

    /// What must not be told.
    fn secrets(&self) -> Vec<String> {
        let mut secrets = vec![PASSWORD.to_owned(), NEW_PASSWORD.to_owned(), "another verify token".to_owned()];
        secrets.push(text(&self.invite["token"]));
        secrets.push(self.refresh_token.clone());
        secrets.push(self.house.admin.token.clone());
        for config in [whatsapp::config(""), self.house.waha.config(), self.mail.config()] {
            let of = |name: &str| config.get(name).and_then(Value::as_str).map(str::to_owned);
            let names = ["accessToken", "appSecret", "webhookVerifyToken", "apiKey", "hmacKey", "inboundToken"];
            secrets.extend(names.into_iter().filter_map(of));
        }
        secrets
    }
}

/// What a person's organisation has in its log that was not there before, the oldest first.
async fn news(person: &Person, known: &mut Vec<Value>) -> Vec<Value> {
    let listed = person.get("/audit-logs?limit=100").await;
    let mut new: Vec<Value> =
        listed.as_array().unwrap().iter().filter(|entry| !known.contains(&entry["id"])).cloned().collect();
    known.extend(new.iter().map(|entry| entry["id"].clone()));
    new.reverse();
    new
}

/// Whoever is in another organisation now, which they have made.
fn newcomer(admin: &Person, answer: &Value) -> Option<Person> {
    let made = [&answer["user"]["orgId"], &answer["tenant"]["id"]].into_iter().find_map(Value::as_str)?;
    let token = [&answer["accessToken"], &answer["token"]].into_iter().find_map(Value::as_str)?;
    let mut newcomer = admin.as_somebody_with(token);
    made.clone_into(&mut newcomer.organisation);
    Some(newcomer).filter(|newcomer| newcomer.organisation != admin.organisation)
}

/// The names of what differs, but for how the session is: that may change at any moment, whoever asks.
fn fields(value: &Value) -> String {
    match value.as_object() {
        Some(fields) => {
            fields.keys().map(String::as_str).filter(|name| *name != "session").collect::<Vec<_>>().join(",")
        }
        None => "-".to_owned(),
    }
}

fn reason(method: &Method, path: &str) -> Option<&'static str> {
    let route = format!("{method} {path}");
    EXCEPTIONS.iter().find(|(known, _)| *known == route).map(|(_, reason)| *reason)
}

on_each_database! {
    async fn every_change_by_a_person_is_audited(size: Size) {
        let engine = Engine::start(size).await;
        let walk = walk(&engine).await;
        let admin = &walk.house.admin;
        let mut known = Vec::new();
        let mut all = news(admin, &mut known).await;
        let (mut told, mut silent) = (String::new(), Vec::new());
        // A machine has no name: platforms prove what they say by signatures, operators by where they are.
        let writes = |route: &Route| route.method != Method::GET && route.access != "machine";
        for Route { method, path, access } in routes().filter(writes) {
            let (called, body) = (walk.path(&method, path), walk.body(&method, path));
            if let Some(reason) = reason(&method, path) {
                writeln!(told, "{:<6} {path:<64} - {reason}", method.as_str()).unwrap();
                continue;
            }
            if path == "/api/sessions/{id}/messages" {
                walk.pair().await;
            }
            let (status, answer) = admin.call_at(method.clone(), &called, body).await;
            let mut line = format!("{:<6} {path:<64} {status}", method.as_str());
            let entries = match newcomer(admin, &answer) {
                Some(newcomer) => news(&newcomer, &mut Vec::new()).await,
                None => news(admin, &mut known).await,
            };
            for entry in &entries {
                let metadata = &entry["metadata"];
                let (before, after) = (fields(&metadata["before"]), fields(&metadata["after"]));
                let (action, entity) = (text(&entry["action"]), text(&entry["entity"]));
                write!(line, " {action} {entity} {before} -> {after};").unwrap();
                let who = if access == "public" { &answer["user"]["id"] } else { &json!(admin.id) };
                assert_eq!(&entry["user"]["id"], who, "{line}: {entry}");
                if access != "public" {
                    let from = (metadata["method"].as_str(), metadata["path"].as_str());
                    assert_eq!(from, (Some(method.as_str()), Some(called.as_str())), "{line}");
                }
                assert!(metadata["before"].is_object() || metadata["after"].is_object(), "{line}: {entry}");
            }
            if status >= 300 || entries.is_empty() {
                silent.push(format!("{line} {answer}"));
            }
            all.extend(entries);
            told.push_str(&line);
            told.push('\n');
        }
        let log = Value::from(all).to_string();
        for secret in walk.secrets() {
            assert!(!log.contains(&secret), "{secret} is told");
        }
        assert_eq!(silent, Vec::<String>::new(), "no entry tells of these; what was found is\n{told}");
        assert_eq!(told, TABLE, "the table says otherwise; what was found is\n{told}");
        engine.discard().await;
    }
}
