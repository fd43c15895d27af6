//! Promise 11 over HTTP: nobody sees what belongs to another organisation, and
//! nobody at all sees a secret.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    inbound::post,
    on_each_database,
    support::{
        api::Person,
        engine::{Engine, Settings},
        platform::{Answer, Platform},
        wait::until,
        whatsapp,
    },
};

/// Every route there is: one that is added is tried as well.
const ROUTES: &str = include_str!("../../src/api/snapshots/patchbay__api__tests__the_route_table.snap");
const CONTACT: &str = "4915112345678";
const WORDS: [&str; 3] = ["the neighbours must not read this", CONTACT, "Contact 4915112345678"];

/// What one organisation has, by the names that stand in paths before an id.
struct Estate {
    person: Person,
    channel: String,
    ticket: String,
    customer: String,
    message: String,
    user: String,
    canned: String,
    campaign: String,
    notification: String,
}

on_each_database! {
    async fn another_organisation_is_not_there(size: Size) {
        let engine = Engine::start(size).await;
        let (owner, stranger) = (estate(&engine).await, estate(&engine).await);
        let before = seen_by(&owner).await;
        let mut tried = 0;
        for route in ROUTES.lines().filter(|line| line.contains(" /orgs/") && line.ends_with("(caller)")) {
            let mut words = route.split_whitespace();
            let method: Method = words.next().unwrap().to_uppercase().parse().unwrap();
            let path = words.next().unwrap();
            for (path, body) in attempts(path, &method, &owner, &stranger) {
                let url = engine.url(&path);
                let call = engine.http.request(method.clone(), url).bearer_auth(&stranger.person.token).json(&body);
                let answer = call.send().await.unwrap();
                let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
                assert_eq!(status, 404, "{method} {path} {body}: {text}");
                tried += 1;
                for word in WORDS {
                    assert!(!text.contains(word), "{method} {path}: {text}");
                }
            }
        }
        assert!(tried > 40, "only {tried} calls were tried");
        // A filter by what is not one's own finds nothing.
        for filter in [format!("channelId={}", owner.channel), format!("customerId={}", owner.customer)] {
            assert_eq!(stranger.person.get(&format!("/tickets?{filter}")).await, json!([]));
        }
        assert_eq!(seen_by(&owner).await, before, "something was changed");
        engine.finish().await;
    }
}

/// The calls with which a stranger tries a route: the owner's organisation in the path, and where ids are named, the
/// owner's ids in the stranger's own organisation.
fn attempts(path: &str, method: &Method, owner: &Estate, stranger: &Estate) -> Vec<(String, Value)> {
    let section = path.split("/{id}").next().unwrap().rsplit('/').next().unwrap();
    let owned = |estate: &Estate| match section {
        "channels" => estate.channel.clone(),
        "tickets" => estate.ticket.clone(),
        "customers" => estate.customer.clone(),
        "campaigns" => estate.campaign.clone(),
        "notifications" => estate.notification.clone(),
        "{organisation}" => estate.canned.clone(),
        _ => estate.user.clone(),
    };
    let fill = |organisation: &Estate, id: &Estate| {
        let path = path.replace("{organisation}", &organisation.person.organisation).replace("{id}", &owned(id));
        path.replace("{message}", &id.message)
    };
    let (own, foreign) = (body(path, method, stranger), body(path, method, owner));
    let mut attempts = Vec::new();
    if path.contains("{organisation}") {
        attempts.push((fill(owner, owner), own.clone()));
        attempts.push((fill(owner, stranger), own.clone()));
    }
    if path.contains("{id}") {
        attempts.push((fill(stranger, owner), own.clone()));
    }
    // The path is one's own, what the body names is not.
    if own != foreign {
        attempts.push((fill(stranger, stranger), foreign));
    }
    attempts
}

/// A body that would be accepted, with ids of this estate.
fn body(path: &str, method: &Method, estate: &Estate) -> Value {
    let place = path.rsplit_once("/{id}").map_or(path, |(_, rest)| rest);
    match (method.as_str(), place) {
        ("POST", "/assign") => json!({"assigneeId": estate.user}),
        ("POST", "/messages") => json!({"macroId": estate.canned}),
        ("POST", "/orgs/macros/{organisation}") => json!({"name": "n", "content": "c"}),
        ("POST", "/orgs/{organisation}/tickets") => {
            json!({"channelId": estate.channel, "customerId": estate.customer, "subject": "s"})
        }
        ("POST", "/orgs/{organisation}/campaigns") => {
            json!({"channelId": estate.channel, "name": "n", "messageTemplate": "t"})
        }
        ("POST", "/recipients") => json!({"recipients": [CONTACT]}),
        ("POST", "/orgs/{organisation}/channels") => json!({"type": "MOCK", "name": "n", "config": {}}),
        ("POST", place) if place.ends_with("/invites") => json!({"email": "eve@example.com", "role": "AGENT"}),
        ("PUT" | "PATCH", _) => json!({"name": "changed", "subject": "changed"}),
        _ => json!({}),
    }
}

async fn estate(engine: &Engine) -> Estate {
    let person = Person::sign_up(engine).await;
    let channel = person.channel("WHATSAPP", whatsapp::config("http://127.0.0.1:9")).await;
    let now = chrono::Utc::now().timestamp();
    let text = whatsapp::text(CONTACT, "wamid.1", now, WORDS[0]);
    post(engine, &channel, &whatsapp::webhook(&[text], &[])).await;
    let ticket = person.ticket(&channel).await;
    let shown = person.get(&format!("/tickets/{ticket}")).await;
    let customer = shown["customerId"].as_str().unwrap().to_owned();
    let message = shown["messages"][0]["id"].as_str().unwrap().to_owned();
    let users = person.get("/users").await;
    let user = users[0]["id"].as_str().unwrap().to_owned();
    let answer = person.call_at(Method::POST, &person.macros(""), json!({"name": "m", "content": WORDS[0]})).await;
    let canned = answer.1["id"].as_str().unwrap().to_owned();
    let body = json!({"channelId": channel, "name": "n", "messageTemplate": WORDS[0]});
    let campaign = person.post("/campaigns", body).await["id"].as_str().unwrap().to_owned();
    let notification = person.get("/notifications").await[0]["id"].as_str().unwrap().to_owned();
    Estate { person, channel, ticket, customer, message, user, canned, campaign, notification }
}

async fn seen_by(estate: &Estate) -> Vec<Value> {
    let mut seen = Vec::new();
    let (ticket, campaign) = (format!("/tickets/{}", estate.ticket), format!("/campaigns/{}", estate.campaign));
    for path in [
        "",
        "/users",
        "/users/invites/list",
        "/channels",
        "/tickets",
        &ticket,
        "/campaigns",
        &campaign,
        "/notifications",
    ] {
        seen.push(estate.person.get(path).await);
    }
    seen
}

on_each_database! {
    async fn no_secret_is_answered_or_logged(size: Size) {
        // Longer than a word, as real ones are: the platform quotes it in its refusal.
        let token: &str = "EAAGtoken0123456789abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        let settings = Settings { log: Some("debug"), ..Settings::default() };
        let engine = Engine::start_with(size, settings).await;
        let platform = Platform::start(move |_| {
            let message = format!("Malformed access token {token}");
            Answer::Json(401, json!({"error": {"message": message, "type": "OAuthException", "code": 190}}))
        }).await;
        let person = Person::sign_up(&engine).await;
        let mut answers = vec![person.call(Method::GET, "", json!({})).await.1.to_string()];
        let mut config = whatsapp::config(&platform.address);
        config["accessToken"] = token.into();
        let created = person.call(Method::POST, "/channels", json!({"type": "WHATSAPP", "name": "w", "config": config}));
        let (status, created) = created.await;
        assert_eq!(status, 201, "{created}");
        let channel = created["id"].as_str().unwrap().to_owned();
        answers.push(created.to_string());
        let path = format!("/channels/{channel}");
        let bad = json!({"config": {"accessToken": token, "apiVersion": 5, "nobodyKnows": whatsapp::APP_SECRET}});
        let calls = [
            (Method::GET, path.clone(), json!({})),
            (Method::GET, "/channels".to_owned(), json!({})),
            (Method::PUT, path.clone(), json!({"config": {"accessToken": token, "appSecret": whatsapp::APP_SECRET}})),
            (Method::PUT, path.clone(), bad.clone()),
            (Method::POST, "/channels".to_owned(), json!({"type": "WHATSAPP", "name": "w", "config": bad["config"]})),
        ];
        for (method, path, body) in calls {
            answers.push(person.call(method, &path, body).await.1.to_string());
        }
        // In, wrongly signed and rightly; out, refused by the platform with the token in its answer.
        let body = whatsapp::webhook(&[whatsapp::text("491", "a", chrono::Utc::now().timestamp(), "hello")], &[]);
        let forged = engine.http.post(engine.url(&format!("/webhook/{channel}"))).body(body.clone());
        answers.push(forged.header("X-Hub-Signature-256", "sha256=00").send().await.unwrap().text().await.unwrap());
        post(&engine, &channel, &body).await;
        let ticket = person.ticket(&channel).await;
        person.answer(&ticket, "hi").await;
        until("the platform to refuse", Duration::from_secs(20), || async {
            let query = "select count(*) from channels where status = 'NEEDS_REAUTH'";
            (engine.database.count(query).await == 1).then_some(())
        }).await;
        answers.push(person.call(Method::POST, &format!("{path}/test-connection"), json!({})).await.1.to_string());
        for path in ["", "/channels", "/tickets", &path, &format!("/tickets/{ticket}"), "/users"] {
            answers.push(person.get(path).await.to_string());
        }
        for path in ["/ops/metrics", "/ops/actors", "/ops/ready"] {
            answers.push(engine.http.get(engine.url(path)).send().await.unwrap().text().await.unwrap());
        }
        let asked = platform.calls();
        assert!(asked.iter().any(|call| call.header("authorization") == Some(&format!("Bearer {token}"))));

        // The connector is told nothing either: its requests are recorded before credentials are put in.
        let stored = engine.database.texts(
            "select coalesce(code, '') || coalesce(detail, '') from attempts \
             union all select coalesce(status_reason, '') || cast(config as text) from channels \
             union all select detail from manual_actions union all select cast(change as text) from events \
             union all select cast(metadata as text) from audit_logs union all select cast(data as text) || message from notifications",
        ).await;
        let log = engine.log();
        assert!(log.contains("\"DEBUG\""), "the log says less than it was asked for");
        let password = "correct horse battery";
        let (jwt, master) = (Engine::JWT_SECRET, Engine::MASTER_KEY);
        for secret in [token, whatsapp::APP_SECRET, password, jwt, master, &person.token] {
            assert!(!log.contains(secret), "{secret:?} is in the log");
            for text in answers.iter().chain(&stored) {
                assert!(!text.contains(secret), "{secret:?} is in {text}");
            }
        }
        engine.discard().await;
    }
}
