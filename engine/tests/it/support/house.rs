//! One organisation with something behind every path, for the tests that walk all routes.

use chrono::{Duration, Utc};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    api::Person,
    engine::Engine,
    mock,
    waha::{self, Waha},
};

/// The route table: a line for each, such as `post    /auth/signup (public)`.
const ROUTES: &str = include_str!("../../../src/api/snapshots/patchbay__api__tests__the_route_table.snap");
const CONTACT: &str = "+4915112345678";

pub struct Route {
    pub method: Method,
    pub path: &'static str,
    /// Who may call it.
    pub access: &'static str,
}

/// Every route there is, in the order in which they are mounted.
pub fn routes() -> impl Iterator<Item = Route> {
    ROUTES.lines().filter_map(|line| {
        let (route, access) = line.strip_suffix(')')?.rsplit_once(" (")?;
        let (method, path) = route.split_once(' ')?;
        Some(Route { method: method.to_uppercase().parse().unwrap(), path: path.trim(), access })
    })
}

pub struct House {
    pub admin: Person,
    pub agent: Person,
    pub stranger: Person,
    /// For what ends with the call.
    pub spare_agent: String,
    pub spare_channel: String,
    pub channel: String,
    pub ticket: String,
    pub message: String,
    pub customer: String,
    pub notification: String,
    pub letter: String,
    /// Written by the agent.
    pub canned: String,
    pub campaign: String,
    pub conversation: String,
    pub spare_conversation: String,
    /// A message for later.
    pub scheduled: String,
    /// Something for a person to decide.
    pub action: String,
    /// For those who log out.
    pub leaving: [Person; 3],
    /// Given to the agent.
    pub session: String,
    pub spare_session: String,
    /// Who wrote there.
    pub chatting: String,
    pub assignment: String,
    pub team: String,
    pub spare_team: String,
    /// The server of the sessions.
    pub waha: Waha,
    pub contact: String,
    pub spare_contact: String,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

pub async fn house(engine: &Engine) -> House {
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
    let waha = Waha::start().await;
    let (session, spare_session) =
        (admin.channel("WAHA", waha.config()).await, admin.channel("WAHA", waha.config()).await);
    waha::tell(engine, &session, "message", &waha::message("A1", waha::now(), "hello")).await;
    let chats = admin.waiting_at(&format!("/api/sessions/{session}/chats"), |told| told["data"][0].is_object()).await;
    let made = async |path: &str, body: Value| {
        let (status, told) = admin.call_at(Method::POST, &format!("/api{path}"), body).await;
        assert_eq!(status, 201, "{path}: {told}");
        text(&told["data"]["id"])
    };
    let assign = format!("/sessions/{session}/assign");
    let assignment = made(&assign, json!({"assigned_to_user_id": agent.id})).await;
    let (team, spare_team) =
        (made("/teams", json!({"name": "sales"})).await, made("/teams", json!({"name": "spare"})).await);
    let leaving =
        [Person::sign_up(engine).await, admin.colleague("Dan", "AGENT").await, admin.colleague("Eva", "ADMIN").await];
    let contact = async |number: &str| {
        let card = json!({"phoneNumber": number});
        text(&admin.business_ok(Method::POST, "/contacts", card).await["contact"]["id"])
    };
    let (contact, spare_contact) = (contact("+4915200000001").await, contact("+4915200000002").await);
    House {
        chatting: text(&chats["data"][0]["contact_id"]),
        session,
        spare_session,
        assignment,
        team,
        spare_team,
        waha,
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
        contact,
        spare_contact,
        leaving,
        admin,
        agent,
        stranger,
        spare_channel,
        channel,
        ticket,
    }
}

impl House {
    pub fn path(&self, method: &Method, path: &str) -> String {
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
            "conversations" if *method == Method::DELETE && path == "/api/v1/conversations/{id}" => {
                &self.spare_conversation
            }
            "messages" => &self.message,
            "contacts" if *method == Method::DELETE => &self.spare_contact,
            "contacts" => &self.contact,
            "templates" => "01900000-0000-7000-8000-000000000000",
            "conversations" => &self.conversation,
            "manual-actions" => &self.action,
            "scheduled-messages" => &self.scheduled,
            "{organisation}" => &self.canned,
            "plugins" => "nobody",
            "users" if path.ends_with("/deactivate") || path.starts_with("/api/users") => &self.spare_agent,
            "sessions" if *method == Method::DELETE && path.ends_with("/{id}") => &self.spare_session,
            "sessions" => &self.session,
            "teams" if *method == Method::DELETE && path.ends_with("/{id}") => &self.spare_team,
            "teams" => &self.team,
            "user" | "users" => &self.agent.id,
            _ => "",
        };
        let path = path.replace("{organisation}", &self.admin.organisation).replace("{id}", id);
        let path = path.replace("{message}", &self.message).replace("{file}", "ops.json");
        let path = path.replace("{contact}", &self.chatting).replace("{assignment}", &self.assignment);
        path.replace("{tag}", "vip").replace("{user}", &self.agent.id)
    }

    /// What would be accepted.
    pub fn body(&self, method: &Method, path: &str, caller: &str) -> Value {
        match (method.as_str(), path) {
            ("POST", "/api/auth/login") => json!({"username": caller, "password": "wrong"}),
            ("POST", "/api/auth/refresh") => json!({"refresh_token": "nothing"}),
            ("POST", "/api/auth/change-password") => {
                json!({"current_password": "wrong", "new_password": "SecurePass123"})
            }
            ("POST", "/api/users") => {
                json!({"username": format!("{caller}-made"), "password": "SecurePass123", "role": "team_member"})
            }
            ("POST", "/api/users/{id}/reset-password") => json!({"new_password": "SecurePass123"}),
            ("POST", "/api/teams") => json!({"name": "made"}),
            ("POST", "/api/teams/{id}/members") => json!({"userId": self.agent.id}),
            ("POST", "/api/sessions") => json!({"session_name": "made", "config": self.waha.config()}),
            ("POST", "/api/sessions/{id}/pairing-code") => json!({"phone_number": CONTACT}),
            ("POST", "/api/sessions/{id}/assign") => json!({"assigned_to_team_id": self.team}),
            ("POST", "/api/sessions/{id}/messages") => json!({"phone_number": CONTACT, "message": "hi"}),
            ("POST", "/api/messages") => json!({"conversationId": self.conversation, "type": "text", "text": "hi"}),
            ("POST", "/api/contacts") => {
                json!({"phoneNumber": if caller == "agent" { "+4915200000003" } else { "+4915200000004" }})
            }
            ("POST", path) if path.starts_with("/api/contacts/import") => json!({"contacts": []}),
            ("POST", "/api/templates") => json!({
                "name": "welcome", "category": "UTILITY", "language": "en",
                "components": [{"type": "BODY", "text": "Hello"}],
            }),
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
            ("POST", path) if path.ends_with("/messages/email") => {
                json!({"to": "ana@example.com", "subject": "s", "body": "b"})
            }
            ("POST", path) if path.contains("/messages/") && path.starts_with("/api/v1") => json!({
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
