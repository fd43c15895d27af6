//! The sessions dialect with a WAHA server that behaves like one: pairing a phone, and what an agent reaches.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    api::Person,
    engine::{Engine, Settings},
    inbox::text,
    size::Size,
    waha::{self, Waha},
    wait::until,
};

const ROUTES: &str = include_str!("../../src/api/snapshots/patchbay__api__tests__the_route_table.snap");
const PATIENCE: Duration = Duration::from_secs(30);
const SHARED: &str = "/api/webhooks/waha";

async fn start() -> (Engine, Waha, Person) {
    let waha = Waha::start().await;
    let settings = Settings { file: waha.hosting(), ..Settings::default() };
    let engine = Engine::start_with(Size::Embedded, settings).await;
    let owner = Person::sign_up(&engine).await;
    (engine, waha, owner)
}

impl Person {
    /// The status and the body of an answer of this dialect, for a path such as `/sessions`.
    async fn asks(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        self.call_at(method, &format!("/api{path}"), body).await
    }

    async fn makes(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.asks(Method::POST, path, body).await;
        assert_eq!((status, &answer["success"]), (201, &json!(true)), "{path}: {answer}");
        answer["data"].clone()
    }

    async fn sees(&self, path: &str) -> Value {
        let (status, answer) = self.asks(Method::GET, path, Value::Null).await;
        assert_eq!((status, &answer["success"]), (200, &json!(true)), "{path}: {answer}");
        answer["data"].clone()
    }
}

/// The status of a login, and its tokens.
async fn log_in(engine: &Engine, username: &str, password: &str) -> (u16, Value) {
    let body = json!({"username": username, "password": password});
    let answer = engine.http.post(engine.url("/api/auth/login")).json(&body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn status_of(engine: &Engine, token: &Value, path: &str) -> u16 {
    let call = engine.http.get(engine.url(path)).bearer_auth(token.as_str().unwrap());
    call.send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_is_paired_and_written_with() {
    let (engine, waha, owner) = start().await;
    let session = owner.makes("/sessions", json!({"session_name": "sales-team-01"})).await;
    assert_eq!((&session["status"], &session["session_name"]), (&json!("DISCONNECTED"), &json!("sales-team-01")));
    let path = format!("/sessions/{}", text(&session, "id"));
    let (status, told) = owner.asks(Method::POST, "/sessions", json!({"session_name": "sales-team-01"})).await;
    assert_eq!((status, &told["error"]), (409, &json!("Conflict")), "{told}");
    let neighbour = Person::sign_up(&engine).await;
    let (status, told) = neighbour.asks(Method::POST, "/sessions", json!({"session_name": "sales-team-01"})).await;
    assert_eq!(status, 409, "the server is shared: {told}");

    let message = json!({"phone_number": "+4915112345678", "message": "hello"});
    let (status, told) = owner.asks(Method::POST, &format!("{path}/messages"), message.clone()).await;
    assert_eq!((status, &told["code"]), (422, &json!("CHANNEL_UNAUTHORIZED")), "{told}");

    let qr = engine.http.get(engine.url(&format!("/api{path}/qr"))).bearer_auth(&owner.token).send().await.unwrap();
    assert_eq!((qr.status().as_u16(), qr.headers()["content-type"].to_str().unwrap()), (200, "image/png"));
    assert_eq!(qr.bytes().await.unwrap(), waha::PNG);
    assert_eq!(waha.count("POST", "/api/sessions"), 1, "it is made where it is not known");
    assert_eq!(owner.sees(&path).await["status"], "CONNECTING");
    let (status, told) =
        owner.asks(Method::POST, &format!("{path}/pairing-code"), json!({"phone_number": "+1234567890"})).await;
    assert_eq!((status, &told["data"]), (200, &json!({"code": "ABCD-EFGH", "phone_number": "+1234567890"})), "{told}");

    waha.phone.of("sales-team-01", "WORKING");
    let working = json!({"status": "WORKING"});
    assert_eq!(waha::post(&engine, SHARED, "sales-team-01", "session.status", &working).await, 200);
    assert_eq!(waha::post(&engine, SHARED, "nobody's", "session.status", &working).await, 404);
    until("the session to be connected", PATIENCE, || async {
        (owner.sees(&path).await["status"] == "CONNECTED").then_some(())
    })
    .await;
    assert_eq!(owner.sees(&format!("{path}/status")).await["state"], "CONNECTED");
    let (status, told) = owner.asks(Method::GET, &format!("{path}/qr"), Value::Null).await;
    assert_eq!((status, &told["error"]), (409, &json!("Conflict")), "{told}");

    let written = waha::message("A1", waha::now(), "where is my order?");
    assert_eq!(waha::post(&engine, SHARED, "sales-team-01", "message", &written).await, 200);
    let chats = until("a chat", PATIENCE, || async {
        Some(owner.sees(&format!("{path}/chats")).await).filter(|chats| !chats.as_array().unwrap().is_empty())
    })
    .await;
    let (chat, shown) = (&chats[0], chats[0]["phone_number"].clone());
    assert_eq!(
        (&shown, &chat["unread_count"], &chat["is_group"]),
        (&json!("+4915112345678"), &json!(1), &json!(false))
    );
    let chat = format!("{path}/contacts/{}", text(chat, "contact_id"));
    let sent = owner.makes(&format!("{path}/messages"), json!({"phone_number": shown, "message": "on its way"})).await;
    until("the answer to be sent", PATIENCE, || async {
        let messages = owner.sees(&format!("{chat}/messages")).await;
        (messages[0]["id"] == sent["message_id"] && messages[0]["ack"] == "SERVER").then_some(())
    })
    .await;
    let messages = owner.sees(&format!("{chat}/messages")).await;
    assert_eq!((&messages[0]["from_me"], &messages[1]["body"]), (&json!(true), &json!("where is my order?")));
    assert!(messages[0]["waha_message_id"].is_string(), "{messages}");
    let found = owner.sees(&format!("{path}/search?q=MY+ORDER")).await;
    assert_eq!((found.as_array().unwrap().len(), &found[0]["id"]), (1, &messages[1]["id"]));
    assert_eq!(
        owner.asks(Method::POST, &format!("{chat}/read"), json!({})).await.1["data"],
        json!({"marked_count": 1})
    );
    assert_eq!(owner.sees(&format!("{path}/chats")).await[0]["unread_count"], 0);
    assert_eq!(
        owner.asks(Method::POST, &format!("{chat}/read"), json!({})).await.1["data"],
        json!({"marked_count": 0})
    );
    engine.drained().await;
    assert_eq!(waha.count("POST", "/api/sendSeen"), 1, "WhatsApp is told once");

    let (status, _) = owner.asks(Method::DELETE, &path, Value::Null).await;
    assert_eq!((status, waha.count("POST", "/api/sessions/sales-team-01/logout")), (200, 1));
    assert_eq!(owner.asks(Method::GET, &path, Value::Null).await.0, 404);
    let (status, _) = neighbour.asks(Method::POST, "/sessions", json!({"session_name": "sales-team-01"})).await;
    assert_eq!(status, 409, "a phone may still be paired there");
    engine.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_reaches_what_is_given_to_them_or_their_team() {
    let (engine, waha, owner) = start().await;
    let member = |name: &str, role: &str| json!({"username": name, "password": "SecurePass123", "role": role});
    let random = uuid::Uuid::new_v4().simple().to_string();
    let (bea, cem) = (format!("bea-{}", &random[..12]), format!("cem-{}", &random[..12]));
    let bea_id = text(&owner.makes("/users", member(&bea, "team_member")).await, "id");
    let cem_id = text(&owner.makes("/users", member(&cem, "admin")).await, "id");
    let (_, login) = log_in(&engine, &bea, "SecurePass123").await;
    let agent = owner.as_somebody_with(&text(&login["data"], "access_token"));
    let (_, login) = log_in(&engine, &cem, "SecurePass123").await;
    let admin = owner.as_somebody_with(&text(&login["data"], "access_token"));

    let session = text(&owner.makes("/sessions", json!({"session_name": "mine"})).await, "id");
    let assigned = format!("/sessions/{session}/assign");
    waha.phone.of("mine", "WORKING");
    let written = waha::message("A1", waha::now(), "hello");
    assert_eq!(waha::post(&engine, SHARED, "mine", "session.status", &json!({"status": "WORKING"})).await, 200);
    assert_eq!(waha::post(&engine, SHARED, "mine", "message", &written).await, 200);
    let chats = until("a chat", PATIENCE, || async {
        Some(owner.sees(&format!("/sessions/{session}/chats")).await).filter(|chats| chats[0].is_object())
    })
    .await;
    let contact = text(&chats[0], "contact_id");

    // Every route of a session there is: one that is added is tried as well.
    let routes: Vec<(Method, String)> = ROUTES
        .lines()
        .filter(|line| line.contains(" /api/sessions/{id}"))
        .map(|line| {
            let mut words = line.split_whitespace();
            let method = words.next().unwrap().to_uppercase().parse().unwrap();
            let path = words.next().unwrap().trim_start_matches("/api").replace("{id}", &session);
            (method, path.replace("{contact}", &contact).replace("{assignment}", &session) + "?q=hello")
        })
        .collect();
    assert!(routes.len() > 15, "{routes:?}");
    let bodies = json!({"phone_number": "+4915112345678", "message": "hi", "assigned_to_user_id": bea_id});
    for somebody in [&agent, &admin] {
        assert_eq!(somebody.sees("/sessions").await, json!([]));
        for (method, path) in &routes {
            let (status, told) = somebody.asks(method.clone(), path, bodies.clone()).await;
            assert_eq!((status, &told["error"]), (403, &json!("Forbidden")), "{method} {path}: {told}");
        }
    }
    // For another organisation it is not there.
    let stranger = Person::sign_up(&engine).await;
    for (method, path) in &routes {
        let (status, told) = stranger.asks(method.clone(), path, bodies.clone()).await;
        assert_eq!((status, &told["error"]), (404, &json!("Not Found")), "{method} {path}: {told}");
    }
    assert_eq!(engine.database.count("select count(*) from messages where direction = 'OUTBOUND'").await, 0);

    let given = owner.makes(&assigned, json!({"assigned_to_user_id": bea_id})).await;
    assert_eq!(owner.asks(Method::POST, &assigned, json!({"assigned_to_user_id": bea_id})).await.0, 409);
    let unknown = json!({"assigned_to_team_id": session});
    assert_eq!(owner.asks(Method::POST, &assigned, unknown).await.0, 404);
    let messages = format!("/contacts/{contact}/messages");
    for read in ["", "/chats", "/search?q=hello", messages.as_str()] {
        assert_eq!(agent.asks(Method::GET, &format!("/sessions/{session}{read}"), Value::Null).await.0, 200, "{read}");
    }
    for change in ["stop", "restart", "logout"] {
        assert_eq!(agent.asks(Method::POST, &format!("/sessions/{session}/{change}"), json!({})).await.0, 403);
    }
    let assignment = format!("/sessions/{session}/assignments/{}", text(&given, "id"));
    assert_eq!(owner.asks(Method::DELETE, &assignment, Value::Null).await.0, 200);
    assert_eq!(agent.sees("/sessions").await, json!([]));

    let team = text(&owner.makes("/teams", json!({"name": "sales"})).await, "id");
    owner.makes(&assigned, json!({"assigned_to_team_id": team})).await;
    assert_eq!(agent.asks(Method::GET, &format!("/sessions/{session}"), Value::Null).await.0, 403);
    owner.makes(&format!("/teams/{team}/members"), json!({"userId": bea_id})).await;
    assert_eq!(agent.sees(&format!("/sessions/{session}/chats")).await[0]["contact_id"], contact.as_str());
    assert_eq!(owner.asks(Method::DELETE, &format!("/teams/{team}"), Value::Null).await.0, 200);
    assert_eq!(agent.asks(Method::GET, &format!("/sessions/{session}/chats"), Value::Null).await.0, 403);

    // An administrator has what they made, and those whom they made.
    let own = text(&admin.makes("/sessions", json!({"session_name": "theirs"})).await, "id");
    assert_eq!(admin.sees("/sessions").await.as_array().unwrap().len(), 1);
    assert_eq!(owner.sees("/sessions").await.as_array().unwrap().len(), 2);
    assert_eq!(admin.asks(Method::GET, &format!("/sessions/{own}"), Value::Null).await.0, 200);
    assert_eq!(admin.sees("/users").await, json!([]));
    assert_eq!(admin.asks(Method::GET, &format!("/users/{bea_id}"), Value::Null).await.0, 403);
    assert_eq!(admin.asks(Method::POST, "/users", member("nobody-else", "admin")).await.0, 403);
    assert_eq!(owner.asks(Method::GET, &format!("/users/{cem_id}"), Value::Null).await.0, 200);

    a_new_password_ends_logins(&engine, &owner, (&bea, &bea_id)).await;
    engine.finish().await;
}

async fn a_new_password_ends_logins(engine: &Engine, owner: &Person, (username, id): (&str, &str)) {
    let (_, login) = log_in(engine, username, "SecurePass123").await;
    let token = login["data"]["access_token"].clone();
    let lifetime = login["data"]["expires_at"].as_i64().unwrap() - i64::try_from(waha::now()).unwrap();
    assert!((12 * 3600 - 60..=12 * 3600).contains(&lifetime), "{lifetime}");
    assert_eq!(status_of(engine, &token, "/api/auth/me").await, 200);
    let reset = format!("/users/{id}/reset-password");
    assert_eq!(owner.asks(Method::POST, &reset, json!({"new_password": "weak"})).await.0, 400);
    let (status, told) = owner.asks(Method::POST, &reset, json!({"new_password": "AnotherPass456"})).await;
    assert_eq!((status, told), (200, json!({"success": true, "message": "Password reset successfully"})));
    until("the login to end", PATIENCE, || async {
        (status_of(engine, &token, "/api/auth/me").await == 401).then_some(())
    })
    .await;
    let refresh = json!({"refresh_token": login["data"]["refresh_token"]});
    let answer = engine.http.post(engine.url("/api/auth/refresh")).json(&refresh).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    let (status, told) = log_in(engine, username, "SecurePass123").await;
    assert_eq!((status, &told["error"]), (401, &json!("Authentication Failed")), "{told}");
    assert_eq!(log_in(engine, username, "AnotherPass456").await.0, 200);
    assert_eq!(owner.asks(Method::DELETE, &format!("/users/{id}"), Value::Null).await.0, 200);
    let (status, told) = log_in(engine, username, "AnotherPass456").await;
    assert_eq!((status, &told["error"]), (403, &json!("Account Deactivated")), "{told}");
    assert_eq!(owner.asks(Method::POST, &format!("/users/{id}/reactivate"), json!({})).await.0, 200);
    assert_eq!(log_in(engine, username, "AnotherPass456").await.0, 200);
}
