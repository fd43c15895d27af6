//! The business dialect: settings that the platform accepts, templates and their way, messages, and who may see them.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    on_each_database,
    support::{
        api::Person,
        business::{Cloud, tell},
        engine::Engine,
        inbox::text,
        size::Size,
        wait::until,
        whatsapp,
    },
};

const CONTACT: &str = "4915112345678";

fn template(name: &str) -> Value {
    json!({"name": name, "category": "UTILITY", "language": "en", "components": [
        {"type": "HEADER", "text": "Welcome!"}, {"type": "BODY", "text": "Hello {{1}}"},
    ]})
}

/// An organisation with an administrator and an agent, another one, and the platform.
struct Desk {
    engine: Engine,
    admin: Person,
    agent: Person,
    stranger: Person,
    cloud: Cloud,
}

impl Desk {
    async fn open(size: Size) -> Self {
        let engine = Engine::start(size).await;
        let (admin, stranger) = (Person::sign_up(&engine).await, Person::sign_up(&engine).await);
        let (agent, cloud) = (admin.colleague("Bea", "AGENT").await, Cloud::start().await);
        Self { engine, admin, agent, stranger, cloud }
    }

    /// A contact writes.
    async fn say(&self, id: &str, seconds: i64, body: &str) {
        let webhook = whatsapp::webhook(&[whatsapp::text(CONTACT, id, seconds, body)], &[]);
        let webhook: Value = serde_json::from_slice(&webhook).unwrap();
        assert_eq!(tell(&self.engine, whatsapp::APP_SECRET, &webhook).await.0, 200);
    }
}

/// The template to the contact.
fn welcome() -> Value {
    json!({"to": format!("+{CONTACT}"), "type": "template", "templateName": "Welcome Message",
        "templateComponents": [{"type": "body", "parameters": [{"type": "text", "text": "Ann"}]}]})
}

on_each_database! {
    async fn templates_go_to_the_platform_and_its_verdict_comes_back(size: Size) {
        let desk = Desk::open(size).await;
        let token = set_up(&desk).await;
        shake_hands(&desk, &token).await;
        found_again(&desk).await;
        let made = make(&desk).await;
        approve(&desk, &made).await;
        change_and_list(&desk, &made).await;
        desk.engine.finish().await;
    }
}

on_each_database! {
    async fn settings_that_come_back_as_they_were_shown_switch_nothing_off(size: Size) {
        let desk = Desk::open(size).await;
        desk.admin.business_ok(Method::PATCH, "/settings", desk.cloud.settings()).await;
        // The platform refuses its credentials by now.
        desk.engine.database.run("update channels set status = 'NEEDS_REAUTH'").await;
        let shown = desk.admin.business_get("/settings").await;
        let (number, webhook) = (&shown["whatsappConfig"], &shown["webhookConfig"]);
        assert_eq!((&number["isValid"], &webhook["enabled"]), (&json!(false), &json!(true)), "{shown}");
        let corrected = json!({"whatsappConfig": {"accessToken": "another"}, "webhookConfig": webhook});
        let kept = desk.admin.business_ok(Method::PATCH, "/settings", corrected).await;
        assert_eq!(kept["whatsappConfig"]["isValid"], true, "{kept}");
        let off = json!({"webhookConfig": {"enabled": false}});
        let off = desk.admin.business_ok(Method::PATCH, "/settings", off).await;
        assert_eq!(off["webhookConfig"]["enabled"], false, "{off}");
        desk.engine.finish().await;
    }
}

/// Answers the webhook's token.
async fn set_up(desk: &Desk) -> String {
    // Nothing is kept that the platform refuses, and no refusal of its is one of the caller's token.
    assert_eq!(desk.admin.business_get("/settings").await["settings"]["waba"], Value::Null);
    let mut refused = desk.cloud.settings();
    refused["whatsappConfig"]["accessToken"] = json!("a refused token");
    let (status, answer) = desk.admin.business(Method::PATCH, "/settings", refused).await;
    assert_eq!((status, &answer["code"]), (400, &json!("VALIDATION_ERROR")), "{answer}");
    assert_eq!(desk.admin.business_get("/settings").await["settings"]["waba"], Value::Null);
    assert_eq!(desk.admin.business(Method::POST, "/templates", template("welcome")).await.0, 422);

    let set = desk.admin.business_ok(Method::PATCH, "/settings", desk.cloud.settings()).await["settings"].clone();
    assert_eq!((&set["waba"]["accessToken"], &set["waba"]["isValid"]), (&json!("********"), &json!(true)), "{set}");
    assert_eq!((&set["waba"]["phoneNumber"], &set["waba"]["displayName"]), (&json!("+1555"), &json!("Acme")));
    let token = text(&set["webhook"], "verifyToken");
    // The whole comes back as it was shown.
    let again = json!({"waba": set["waba"], "webhookVerifyToken": token});
    let kept = desk.admin.business_ok(Method::PATCH, "/settings", again).await;
    assert_eq!(kept["settings"]["waba"], set["waba"]);
    let seen = desk.agent.business_get("/settings").await["settings"].clone();
    assert_eq!((&seen["webhook"]["verifyToken"], &seen["waba"]["isValid"]), (&json!("********"), &json!(true)));
    assert_eq!(desk.agent.business(Method::PATCH, "/settings", desk.cloud.settings()).await.0, 403);
    assert_eq!(desk.stranger.business_get("/settings").await["settings"]["waba"], Value::Null);
    token
}

/// The platform asks whether the address is ours.
async fn asked(desk: &Desk, token: &str) -> (u16, String) {
    let query = [("hub.mode", "subscribe"), ("hub.challenge", "4711"), ("hub.verify_token", token)];
    let answer = desk.engine.http.get(desk.engine.url("/api/webhook")).query(&query).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// A channel that was saved before its token was kept is found once the engine has started.
async fn found_again(desk: &Desk) {
    const TOKEN: &str = "another token of a test";
    desk.engine.stop().await;
    desk.engine.database.run("update channels set webhook_token = null").await;
    desk.engine.launch();
    desk.engine.ready().await;
    let shaken = until("the handshake", Duration::from_secs(30), || async {
        let (status, told) = asked(desk, TOKEN).await;
        (status == 200).then_some(told)
    });
    assert_eq!(shaken.await, "4711");
    assert_eq!(asked(desk, "wrong").await.0, 403);
}

async fn shake_hands(desk: &Desk, token: &str) {
    // The handshake finds its channel by the token alone.
    let ask = async |token: &str| asked(desk, token).await;
    assert_eq!(ask("wrong").await.0, 403);
    assert_eq!(ask(token).await, (200, "4711".to_owned()));
    let verified = desk.admin.business_get("/settings").await["settings"]["webhook"]["verifiedAt"].clone();
    assert!(verified.is_string());
    let other = json!({"webhookVerifyToken": "another token of a test"});
    let changed = desk.admin.business_ok(Method::PATCH, "/settings", other).await;
    assert_eq!(changed["settings"]["webhook"]["verifiedAt"], Value::Null);
    assert_eq!((ask(token).await.0, ask("another token of a test").await.0), (403, 200));
}

/// Answers the template.
async fn make(desk: &Desk) -> Value {
    // A template is the platform's first.
    assert_eq!(desk.agent.business(Method::POST, "/templates", template("welcome")).await.0, 403);
    assert_eq!(desk.admin.business(Method::POST, "/templates", template("refused")).await.0, 400);
    let made =
        desk.admin.business_ok(Method::POST, "/templates", template("Welcome Message")).await["template"].clone();
    assert_eq!((&made["metaName"], &made["status"]), (&json!("welcome_message"), &json!("PENDING")), "{made}");
    assert_eq!(desk.cloud.listed()[0]["components"][0]["format"], "TEXT");
    let path = format!("/templates/{}", text(&made, "id"));
    for (person, method, status) in [
        (&desk.stranger, Method::GET, 404),
        (&desk.stranger, Method::PATCH, 404),
        (&desk.stranger, Method::DELETE, 404),
        (&desk.agent, Method::GET, 200),
        (&desk.agent, Method::PATCH, 403),
        (&desk.agent, Method::DELETE, 403),
    ] {
        assert_eq!(person.business(method.clone(), &path, json!({"name": "mine"})).await.0, status, "{method}");
    }
    let use_it = welcome();
    let (status, answer) = desk.agent.business(Method::POST, "/messages", use_it.clone()).await;
    assert_eq!((status, &answer["code"]), (422, &json!("TEMPLATE_NOT_APPROVED")), "{answer}");
    made
}

async fn approve(desk: &Desk, made: &Value) {
    let path = format!("/templates/{}", text(made, "id"));
    // Its verdict comes to the address that all numbers share, signed by the app; to the account, not to a number.
    let verdict = |event: &str| {
        json!({
            "object": "whatsapp_business_account",
            "entry": [{"id": "419561257915477", "changes": [{"field": "message_template_status_update", "value": {
                "event": event, "message_template_id": 70, "message_template_name": "welcome_message",
                "message_template_language": "en", "reason": "NONE",
            }}]}],
        })
    };
    assert_eq!(tell(&desk.engine, "a forged secret", &verdict("APPROVED")).await.0, 401);
    assert_eq!(tell(&desk.engine, whatsapp::APP_SECRET, &verdict("APPROVED")).await, (200, "OK".to_owned()));
    desk.admin.waiting_at(&format!("/api{path}"), |told| told["template"]["status"] == "APPROVED").await;
    let nobodys = json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": []}]});
    assert_eq!(tell(&desk.engine, "x", &nobodys).await, (200, "OK".to_owned()));
    assert_eq!(tell(&desk.engine, "x", &json!({"object": "user"})).await.0, 400);
    // Nobody knows yet who says it: so many accounts are not even looked up.
    let entry = |number: u32| json!({"id": number.to_string(), "changes": [{"field": "messages", "value": {}}]});
    let crowd = json!({"object": "whatsapp_business_account", "entry": (0..=1_000).map(entry).collect::<Vec<_>>()});
    assert_eq!(tell(&desk.engine, "x", &crowd).await.0, 400);

    let to = format!("+{CONTACT}");
    let sent = desk.agent.business_ok(Method::POST, "/messages", welcome()).await;
    assert_eq!((&sent["type"], &sent["text"]), (&json!("TEMPLATE"), &json!("Hello Ann")), "{sent}");
    assert_eq!(sent["templateParams"][0]["type"], "body");
    let sent_path = format!("/api/messages/{}", text(&sent, "id"));
    let told = desk.agent.waiting_at(&sent_path, |told| told["status"] == "SENT").await;
    assert_eq!((&told["conversation"]["contactPhone"], &told["to"]), (&json!(to), &json!(to)));
    assert_eq!(desk.stranger.call_at(Method::GET, &sent_path, Value::Null).await.0, 404);
}

async fn change_and_list(desk: &Desk, made: &Value) {
    let path = format!("/templates/{}", text(made, "id"));
    // What changes is looked at again; what the platform does not list any more is disabled.
    let components = json!([{"type": "BODY", "text": "Hi {{1}}"}]);
    let changed = desk.admin.business_ok(Method::PATCH, &path, json!({"components": components})).await;
    assert_eq!(changed["template"]["status"], "PENDING");
    assert_eq!((&desk.cloud.listed()[0]["components"], desk.cloud.listed().len()), (&components, 1));
    let (status, answer) = desk.admin.business(Method::PATCH, &path, json!({"language": "de"})).await;
    assert_eq!(status, 400, "{answer}");
    let mut listed = desk.cloud.listed();
    listed.push(json!({"id": "90", "name": "news", "language": "pt_BR", "category": "MARKETING",
        "status": "PAUSED", "components": []}));
    desk.cloud.list(&listed);
    assert_eq!(desk.agent.business_ok(Method::POST, "/templates/sync", json!({})).await["synced"], 2);
    let list = desk.agent.business_get("/templates?status=DISABLED").await;
    assert_eq!((&list["templates"][0]["name"], &list["pagination"]["total"]), (&json!("news"), &json!(1)), "{list}");
    desk.cloud.list(&listed[1..]);
    let list = desk.agent.business_get("/templates?sync=true&search=welcome").await;
    assert_eq!(list["templates"][0]["status"], "DISABLED", "{list}");
    assert_eq!(list["templates"][0]["id"], made["id"]);

    desk.cloud.list(&listed);
    desk.admin.business_ok(Method::DELETE, &path, Value::Null).await;
    assert_eq!(desk.cloud.listed().len(), 1, "it is gone at the platform as well");
    assert_eq!(desk.admin.business(Method::GET, &path, Value::Null).await.0, 404);
}

on_each_database! {
    async fn what_is_written_is_read_marked_and_counted(size: Size) {
        let desk = Desk::open(size).await;
        desk.admin.business_ok(Method::PATCH, "/settings", desk.cloud.settings()).await;
        let now = chrono::Utc::now().timestamp();
        let (conversation, card) = written(&desk, now).await;
        answered(&desk, &conversation, now).await;
        marked(&desk, &conversation, now).await;
        added_up(&desk).await;
        let path = format!("/conversations/{}", text(&conversation, "id"));
        taken_out(&desk, &card, &path).await;
        desk.agent.business_ok(Method::DELETE, &path, Value::Null).await;
        assert_eq!(desk.agent.business_get(&path).await["status"], "ARCHIVED");
        desk.engine.finish().await;
    }
}

/// Answers the conversation and the contact.
async fn written(desk: &Desk, now: i64) -> (Value, Value) {
    // The contact was known before they wrote.
    let card = json!({"phoneNumber": format!("+{CONTACT}"), "name": "Ann Example", "tags": ["vip"]});
    let card = desk.admin.business_ok(Method::POST, "/contacts", card).await["contact"].clone();
    desk.say("wamid.1", now, "hello").await;
    let list = "/api/conversations?status=OPEN&search=example";
    // A conversation is made before what is written in it.
    let listed = desk.agent.waiting_at(list, |told| told["conversations"][0]["unreadCount"] == 1).await;
    let conversation = listed["conversations"][0].clone();
    assert_eq!(conversation["contactId"], card["id"], "the same number is the same person");
    assert_eq!((&conversation["contactName"], &listed["pagination"]["total"]), (&json!("Ann Example"), &json!(1)));
    let path = format!("/conversations/{}", text(&conversation, "id"));

    // Opening it reads it.
    let unread = desk.agent.business_get("/messages?status=DELIVERED").await;
    assert_eq!((&unread["messages"][0]["text"], &unread["pagination"]["total"]), (&json!("hello"), &json!(1)));
    let opened = desk.agent.business_get(&path).await;
    assert_eq!((&opened["unreadCount"], &opened["messages"][0]["status"]), (&json!(0), &json!("READ")), "{opened}");
    assert_eq!(desk.agent.business_get("/messages?status=DELIVERED").await["pagination"]["total"], 0);
    assert_eq!(desk.agent.business_get("/messages?direction=INBOUND&status=READ").await["pagination"]["total"], 1);
    (conversation, card)
}

async fn answered(desk: &Desk, conversation: &Value, now: i64) {
    // It is answered in the thread that is there, by either form of the body.
    let answer = json!({"to": conversation["contactPhone"], "type": "text", "content": {"text": "hi"},
        "phoneNumberId": whatsapp::PHONE_NUMBER_ID});
    let sent = desk.agent.business_ok(Method::POST, "/messages", answer).await;
    assert_eq!((&sent["conversationId"], &sent["direction"]), (&conversation["id"], &json!("OUTBOUND")));
    let picture = json!({"to": CONTACT, "type": "image", "mediaUrl": "https://example.org/a.png", "caption": "c"});
    let picture = desk.agent.business_ok(Method::POST, "/messages", picture).await;
    assert_eq!((&picture["type"], &picture["caption"]), (&json!("IMAGE"), &json!("c")), "{picture}");
    let path_of = |message: &Value| format!("/api/messages/{}", text(message, "id"));
    desk.agent.waiting_at(&path_of(&picture), |told| told["status"] == "SENT").await;
    let link = desk.cloud.platform.calls().iter().rev().find(|call| call.path.ends_with("/messages")).unwrap().json();
    assert_eq!((&link["image"]["link"], &link["image"]["caption"]), (&json!("https://example.org/a.png"), &json!("c")));
    let external = text(&desk.agent.waiting_at(&path_of(&sent), |told| told["status"] == "SENT").await, "whatsappId");
    let status = whatsapp::webhook(&[], &[whatsapp::status(&external, CONTACT, now + 1, "read")]);
    let status: Value = serde_json::from_slice(&status).unwrap();
    assert_eq!(tell(&desk.engine, whatsapp::APP_SECRET, &status).await.0, 200);
    desk.agent.waiting_at(&path_of(&sent), |told| told["status"] == "READ").await;
    let unknown = json!({"to": "+4915100000000", "type": "text", "content": {"text": "hi"}});
    let (refused, answer) = desk.agent.business(Method::POST, "/messages", unknown).await;
    assert_eq!((refused, &answer["code"]), (422, &json!("OUTSIDE_WINDOW")), "{answer}");
}

async fn marked(desk: &Desk, conversation: &Value, now: i64) {
    let path = format!("/conversations/{}", text(conversation, "id"));
    // Marks, and the contact's name.
    let marks =
        json!({"status": "RESOLVED", "assignedTo": desk.agent.id, "tags": ["support"], "contactName": "Ann E."});
    let marked = desk.agent.business_ok(Method::PATCH, &path, marks).await;
    assert_eq!((&marked["status"], &marked["assignedAgent"]["name"]), (&json!("RESOLVED"), &json!("Bea")));
    assert_eq!((&marked["contactName"], &marked["tags"]), (&json!("Ann E."), &json!(["support"])));
    assert_eq!(desk.agent.business_get("/conversations?status=CLOSED").await["pagination"]["total"], 1);
    for (person, method, status) in [
        (&desk.stranger, Method::GET, 404),
        (&desk.stranger, Method::PATCH, 404),
        (&desk.stranger, Method::DELETE, 404),
    ] {
        assert_eq!(person.business(method.clone(), &path, json!({})).await.0, status, "{method}");
    }
    let foreign = json!({"assignedTo": desk.stranger.id});
    assert_eq!(desk.agent.business(Method::PATCH, &path, foreign).await.0, 400);
    // Whoever writes opens it again.
    desk.say("wamid.2", now + 2, "one more thing").await;
    desk.agent.waiting_at("/api/conversations?status=OPEN", |told| told["pagination"]["total"] == 1).await;
    assert_eq!(desk.agent.business_get(&path).await["contactName"], "Ann E.", "what people call them stays");
}

async fn added_up(desk: &Desk) {
    let overview = desk.agent.business_get("/analytics/overview?days=7").await;
    assert_eq!(overview["overview"]["totalMessages"], 4, "{overview}");
    assert_eq!(overview["overview"]["deliveryRate"], 50.0, "{overview}");
    assert_eq!(overview["messagesByStatus"], json!({"sent": 1, "delivered": 0, "read": 1, "failed": 0}));
    assert_eq!(overview["messagesByType"], json!({"image": 1, "text": 3}));
    assert_eq!(overview["conversationsByStatus"], json!({"open": 1}), "{overview}");
    let days = overview["dailyActivity"].as_array().unwrap();
    assert_eq!(days.len(), 7);
    let count = |name: &str| days.iter().map(|day| day[name].as_u64().unwrap()).sum::<u64>();
    assert_eq!((count("sent"), count("received")), (2, 2), "{days:?}");
    let hours = desk.agent.business_get("/analytics/messages").await["hourlyActivity"].clone();
    let hours = hours.as_array().unwrap();
    assert_eq!((hours.len(), hours.iter().map(|hour| hour["count"].as_u64().unwrap()).sum::<u64>()), (24, 4));
    assert_eq!(desk.stranger.business_get("/analytics/overview").await["overview"]["totalMessages"], 0);
}

async fn taken_out(desk: &Desk, card: &Value, path: &str) {
    // A contact who is deleted comes back with the next message, and what was written stays.
    let card = format!("/contacts/{}", text(card, "id"));
    assert_eq!(desk.stranger.business(Method::DELETE, &card, Value::Null).await.0, 404);
    desk.agent.business_ok(Method::DELETE, &card, Value::Null).await;
    assert_eq!(desk.agent.business(Method::GET, &card, Value::Null).await.0, 404);
    assert_eq!(desk.agent.business_get(path).await["messages"].as_array().unwrap().len(), 4);
    desk.say("wamid.3", chrono::Utc::now().timestamp() + 2, "me again").await;
    let back = desk.agent.waiting_at(&format!("/api{card}"), |told| told["success"] == true).await;
    assert_eq!((&back["contact"]["tags"], &back["contact"]["totalMessages"]), (&json!([]), &json!(5)), "{back}");
}
