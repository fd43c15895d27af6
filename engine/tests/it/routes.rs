//! Who may do what: every route there is, tried with no token, an expired one, another organisation's, an agent's and
//! an administrator's.
//!
//! A route that is added is missing in the table (`routes.txt`), and the test says with which line. What follows from
//! the kind of a route is checked whatever the table says.

use chrono::{Duration, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    on_every_size,
    support::{api::Person, engine::Engine, mock},
};

const ROUTES: &str = include_str!("../../src/api/snapshots/patchbay__api__tests__the_route_table.snap");
const CONTACT: &str = "+4915112345678";
const TABLE: &str = include_str!("routes.txt");

/// One organisation with something behind every path.
struct House {
    admin: Person,
    agent: Person,
    stranger: Person,
    /// For what ends with the call.
    spare_agent: String,
    spare_channel: String,
    channel: String,
    ticket: String,
    message: String,
    customer: String,
    notification: String,
    letter: String,
    /// Written by the agent.
    canned: String,
    campaign: String,
    conversation: String,
    spare_conversation: String,
    /// A message for later.
    scheduled: String,
    /// Something for a person to decide.
    action: String,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

async fn house(engine: &Engine) -> House {
    let (admin, stranger) = (Person::sign_up(engine).await, Person::sign_up(engine).await);
    let (agent, spare) = (admin.colleague("Bea", "AGENT").await, admin.colleague("Cem", "AGENT").await);
    let (channel, spare_channel) = (admin.channel("MOCK", json!({})).await, admin.channel("MOCK", json!({})).await);
    mock::post(engine, &channel, &mock::text(CONTACT, "1", "hello")).await;
    mock::post(engine, &channel, &json!({"messageId": "2"})).await;
    let ticket = admin.ticket(&channel).await;
    admin.post(&format!("/tickets/{ticket}/assign"), json!({"assigneeId": agent.id})).await;
    let letters = admin.waiting_at("/ops/dead-letters", |told| told["total"] == 1).await;
    let canned = json!({"name": "hello", "content": "Hi"});
    // The newest is the one that only the agent has: of the ticket that was assigned.
    let notification = text(&agent.get("/notifications").await[0]["id"]);
    mock::post(engine, &spare_channel, &mock::text(CONTACT, "3", "hello")).await;
    let conversations = admin.conversations("sort=oldest", |found| found.len() == 2).await;
    // On a channel that does not send: the campaign stays as it is told to be.
    admin.call(Method::PUT, &format!("/channels/{spare_channel}"), json!({"isActive": false})).await;
    let campaign = json!({"channelId": spare_channel, "name": "c", "messageTemplate": "Hi"});
    let later = json!({"channel": "SMS", "message": "hi", "scheduledAt": Utc::now() + Duration::days(1)});
    let path = format!("/conversations/{}/messages/schedule", text(&conversations[0]["id"]));
    let scheduled = admin.inbox_post(&path, later).await;
    House {
        conversation: text(&conversations[0]["id"]),
        spare_conversation: text(&conversations[1]["id"]),
        scheduled: text(&scheduled["id"]),
        action: text(&admin.inbox_get("/conversations/manual-actions").await[0]["id"]),
        message: text(&admin.get(&format!("/tickets/{ticket}/messages")).await[0]["id"]),
        customer: text(&admin.get("/customers").await[0]["id"]),
        notification,
        letter: text(&letters["deadLetters"][0]["id"]),
        canned: text(&agent.call_at(Method::POST, &agent.macros(""), canned).await.1["id"]),
        campaign: text(&admin.post("/campaigns", campaign).await["id"]),
        spare_agent: spare.id,
        admin,
        agent,
        stranger,
        spare_channel,
        channel,
        ticket,
    }
}

impl House {
    fn path(&self, method: &Method, path: &str) -> String {
        let before = path.split("/{id}").next().unwrap().rsplit('/').next().unwrap();
        let id = match before {
            "channels" if *method == Method::DELETE => &self.spare_channel,
            "channels" | "webhook" => &self.channel,
            "tickets" => &self.ticket,
            // A file is only reached with a signature.
            "customers" | "media" => &self.customer,
            "notifications" => &self.notification,
            "campaigns" => &self.campaign,
            "dead-letters" => &self.letter,
            "conversations" if *method == Method::DELETE && path.ends_with("/{id}") => &self.spare_conversation,
            "conversations" => &self.conversation,
            "manual-actions" => &self.action,
            "scheduled-messages" => &self.scheduled,
            "{organisation}" => &self.canned,
            "plugins" => "nobody",
            "users" if path.ends_with("/deactivate") => &self.spare_agent,
            "user" | "users" => &self.agent.id,
            _ => "",
        };
        let path = path.replace("{organisation}", &self.admin.organisation).replace("{id}", id);
        let path = path.replace("{message}", &self.message).replace("{file}", "ops.json");
        path.replace("{tag}", "vip").replace("{user}", &self.agent.id)
    }

    /// What would be accepted.
    fn body(&self, method: &Method, path: &str, caller: &str) -> Value {
        match (method.as_str(), path) {
            ("POST", path) if path.ends_with("/users/invites") => {
                json!({"email": format!("{caller}{}@example.com", path.len()), "role": "AGENT"})
            }
            ("POST", "/orgs/macros/{organisation}") => json!({"name": caller, "content": "c"}),
            ("POST", "/orgs/{organisation}/channels") => json!({"type": "MOCK", "name": "n", "config": {}}),
            ("POST", "/orgs/{organisation}/tickets") => json!({"channelId": self.channel, "subject": "s"}),
            ("POST", "/orgs/{organisation}/campaigns") => {
                json!({"channelId": self.channel, "name": "c", "messageTemplate": "Hi"})
            }
            ("POST", path) if path.ends_with("/recipients") => json!({"recipients": ["+4915112345678"]}),
            ("POST", path) if path.ends_with("/assign") => json!({"assigneeId": self.agent.id}),
            ("POST", path) if path.ends_with("/messages") => {
                json!({"content": "hi", "channel": "SMS", "message": "hi"})
            }
            ("POST", path) if path.contains("/messages/") => json!({
                "channel": "SMS", "message": "hi", "to": CONTACT, "subject": "s", "body": "b",
                "scheduledAt": Utc::now(),
            }),
            ("POST", path) if path.ends_with("/contact/emails") => json!({"email": "ana@example.com"}),
            ("POST", path) if path.ends_with("/contact/phones") => json!({"phone": CONTACT}),
            ("POST", path) if path.ends_with("/contact/tags") => json!({"tag": "vip"}),
            ("POST", path) if path.ends_with("/contact/followers") => json!({"userId": self.agent.id}),
            ("POST", "/ops/dead-letters/replay") => json!({"from": "2020-01-01", "dryRun": true}),
            ("POST", path) if path.ends_with("/replay") => json!({"dryRun": true}),
            ("PATCH" | "PUT", _) => json!({"name": "changed", "subject": "changed"}),
            _ => json!({}),
        }
    }
}

/// A refusal has the shape of the path's dialect.
fn refused(path: &str, status: u16, body: &str) {
    let told: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{path}: {body} is no JSON"));
    let of = |names: &[&str]| path.split('/').nth(1).is_some_and(|first| names.contains(&first));
    // Files are no dialect's own, and are refused as the helpdesk does it.
    if of(&["api", "ws"]) && path != "/api/media" {
        assert_eq!(told["success"], false, "{path}: {told}");
        assert!(told["message"].is_string() && told["error"]["code"].is_string(), "{path}: {told}");
    } else if of(&["api", "auth", "media", "orgs", "webhook"]) {
        assert_eq!(told["statusCode"], status, "{path}: {told}");
        assert!(told["error"].is_string(), "{path}: {told}");
    }
}

/// The same claims, of an hour that is over.
fn expired(token: &str) -> String {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
    let claims = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let mut claims: Value = serde_json::from_slice(&claims).unwrap();
    for name in ["iat", "exp"] {
        claims[name] = (claims[name].as_i64().unwrap() - 3_600).into();
    }
    let key = EncodingKey::from_secret(Engine::JWT_SECRET.as_bytes());
    encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap()
}

on_every_size! {
    async fn every_route_is_for_those_it_is_for(size: Size) {
        let engine = Engine::start(size).await;
        let house = house(&engine).await;
        let over = expired(&house.admin.token);
        let callers = [
            ("none", None),
            ("expired", Some(over.as_str())),
            ("stranger", Some(house.stranger.token.as_str())),
            ("agent", Some(house.agent.token.as_str())),
            ("admin", Some(house.admin.token.as_str())),
        ];
        let names: Vec<_> = callers.iter().map(|(name, _)| *name).collect();
        let mut told = format!("{:<79} {}\n", "", names.join(" "));
        for route in ROUTES.lines().filter(|line| line.ends_with(')')) {
            let mut words = route.split_whitespace();
            let method: Method = words.next().unwrap().to_uppercase().parse().unwrap();
            let path = words.next().unwrap();
            let (mut statuses, mut columns) = (Vec::new(), Vec::new());
            for (caller, token) in callers {
                let body = house.body(&method, path, caller);
                let mut call = engine.http.request(method.clone(), engine.url(&house.path(&method, path)));
                if let Some(token) = token {
                    call = call.bearer_auth(token);
                }
                let answer = call.json(&body).send().await.unwrap();
                let status = answer.status().as_u16();
                if status >= 400 {
                    refused(path, status, &answer.text().await.unwrap());
                }
                columns.push(format!("{status:>width$}", width = caller.len()));
                statuses.push(status);
            }
            let line = format!("{:<6} {path:<72} {}", method.as_str(), columns.join(" "));
            // Whatever the table says.
            if route.ends_with("(caller)") || route.ends_with("(socket)") {
                assert_eq!(statuses[..2], [401, 401], "{line}");
                assert!(!path.contains("{organisation}") || statuses[2] == 404, "{line}");
                assert_ne!(statuses[4], 401, "{line}");
            }
            told.push_str(line.trim_end());
            told.push('\n');
        }
        assert_eq!(told, TABLE, "the table says otherwise; what was found is\n{told}");
        engine.finish().await;
    }
}
