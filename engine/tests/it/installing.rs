//! Connectors that operators install while the engine runs.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Notify;

use crate::{
    on_each_database,
    support::{
        api::Person,
        engine::{Engine, Settings, guests, plugins},
        platform::{Answer, Call, Platform},
        size::Size,
        wait::until,
        whatsapp::signature,
    },
};

const KEY: &str = "a key of a test";

on_each_database! {
    async fn a_connector_is_granted_upgraded_rolled_back_and_switched_off(size: Size) {
        let (engine, _folder) = start(size).await;
        let (status, waiting) = upload(&engine, version("0.1.0")).await;
        assert_eq!((status, waiting["state"].as_str()), (202, Some("WAITING")), "{waiting}");
        assert_eq!(waiting["asks"], json!(["api.careless.example"]));
        let person = Person::sign_up(&engine).await;
        let settings = json!({"type": "CARELESS", "name": "too early", "config": {}});
        assert_eq!(person.call(Method::POST, "/channels", settings).await.0, 400);

        let (status, refused) = change(&engine, "grant", json!({"hosts": ["api.telegram.org"]})).await;
        assert_eq!(status, 409, "{refused}");
        let (status, serving) = change(&engine, "grant", json!({"hosts": ["api.careless.example"]})).await;
        assert_eq!((status, serving["state"].as_str()), (200, Some("SERVING")), "{serving}");
        let platform = Platform::start(accept()).await;
        let (ticket, channel) = written(&engine, &person, &platform).await;
        assert_eq!(answered_by(&engine, &person, &ticket).await, "0.1.0");

        let (status, upgraded) = upload(&engine, version("0.2.0")).await;
        assert_eq!((status, &upgraded["release"]["version"]), (201, &json!("0.2.0")), "{upgraded}");
        assert_eq!(upgraded["previous"]["version"], "0.1.0");
        assert_eq!(answered_by(&engine, &person, &ticket).await, "0.2.0");

        let (status, asking) = upload(&engine, replaced(&version("0.3.0"), "api.careless", "api.carefree")).await;
        assert_eq!((status, &asking["release"]["version"]), (202, &json!("0.2.0")), "{asking}");
        assert_eq!((&asking["waiting"]["version"], &asking["asks"]), (&json!("0.3.0"), &json!(["api.carefree.example"])));
        assert_eq!(answered_by(&engine, &person, &ticket).await, "0.2.0");

        let (_, rolled) = change(&engine, "roll-back", json!({})).await;
        assert_eq!((&rolled["release"]["version"], &rolled["previous"]["version"]), (&json!("0.1.0"), &json!("0.2.0")));
        assert_eq!(answered_by(&engine, &person, &ticket).await, "0.1.0");

        let (_, granted) = change(&engine, "grant", json!({"hosts": ["api.carefree.example"]})).await;
        assert_eq!((&granted["release"]["version"], granted.get("waiting")), (&json!("0.3.0"), None));

        let (_, disabled) = change(&engine, "disable", json!({})).await;
        assert_eq!(disabled["state"], "DISABLED");
        assert_ne!(post(&engine, &channel, "while-disabled").await, 200);
        let (_, enabled) = change(&engine, "enable", json!({})).await;
        assert_eq!((&enabled["state"], &enabled["release"]["version"]), (&json!("SERVING"), &json!("0.3.0")));
        assert_eq!(answered_by(&engine, &person, &ticket).await, "0.3.0");
        engine.finish().await;
    }
}

on_each_database! {
    async fn a_call_in_flight_ends_on_the_version_that_it_began_with(size: Size) {
        let (engine, _folder) = start(size).await;
        upload(&engine, version("0.1.0")).await;
        change(&engine, "grant", json!({"hosts": ["api.careless.example"]})).await;
        let (person, platform) = (Person::sign_up(&engine).await, Platform::start(accept()).await);
        let (ticket, _) = written(&engine, &person, &platform).await;
        let release = Arc::new(Notify::new());
        platform.behave({
            let release = Arc::clone(&release);
            move |_| Answer::Held(Arc::clone(&release), Box::new(Answer::Json(200, json!({"id": "held"}))))
        });
        person.answer(&ticket, "in flight").await;
        until("the request", Duration::from_secs(10), || async { platform.calls().first().map(|_| ()) }).await;
        let (status, upgraded) = upload(&engine, version("0.2.0")).await;
        assert_eq!((status, &upgraded["release"]["version"]), (201, &json!("0.2.0")), "{upgraded}");
        platform.behave(accept());
        release.notify_one();
        engine.drained().await;
        assert_eq!(sent(&engine).await, ["0.1.0:held"]);
        assert_eq!(answered_by(&engine, &person, &ticket).await, "0.2.0");
        engine.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_installed_is_refused_and_changes_nothing() {
    let (engine, folder) = start(Size::Embedded).await;
    let (status, nonsense) = upload(&engine, b"nonsense".to_vec()).await;
    assert_eq!((status, &nonsense["code"]), (422, &json!("CONNECTOR_REFUSED")));
    assert!(nonsense["message"].as_str().unwrap().contains("not WebAssembly"), "{nonsense}");
    let page = engine.http.post(engine.url("/ops/plugins")).header("origin", "https://evil.example");
    assert_eq!(page.body(version("0.1.0")).send().await.unwrap().status(), 403);
    let elsewhere = engine.http.post(engine.url("/ops/plugins")).header("x-forwarded-for", "203.0.113.9");
    assert_eq!(elsewhere.body(version("0.1.0")).send().await.unwrap().status(), 403);

    upload(&engine, version("0.1.0")).await;
    change(&engine, "grant", json!({"hosts": ["api.careless.example"]})).await;
    // Another connector that claims the same channel type.
    let (status, conflict) = upload(&engine, replaced(&version("0.1.0"), "id=careless", "id=carefree")).await;
    assert_eq!(status, 409, "{conflict}");
    assert!(conflict["message"].as_str().unwrap().contains("careless serves \"CARELESS\""), "{conflict}");
    for (action, status) in [("roll-back", 409), ("enable", 409), ("disable", 200), ("disable", 409)] {
        assert_eq!(change(&engine, action, json!({})).await.0, status, "{action}");
    }
    assert_eq!(engine.http.post(engine.url("/ops/plugins/none/disable")).send().await.unwrap().status(), 404);

    let listed: Value = engine.http.get(engine.url("/ops/plugins")).send().await.unwrap().json().await.unwrap();
    let states: Vec<_> =
        listed.as_array().unwrap().iter().map(|one| (one["id"].clone(), one["state"].clone())).collect();
    assert_eq!(states, [(json!("careless"), json!("DISABLED")), (json!("mock"), json!("SERVING"))]);
    // What was granted and switched off is known after a restart.
    engine.stop().await;
    engine.restart().await;
    let (_, enabled) = change(&engine, "enable", json!({})).await;
    assert_eq!(enabled["state"], "SERVING");
    assert!(folder.path().join("careless.wasm").is_file());
    engine.finish().await;
}

/// An engine with the mock connector alone, and its folder.
async fn start(size: Size) -> (Engine, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(plugins().join("mock.wasm"), folder.path().join("mock.wasm")).unwrap();
    let settings = Settings { plugins: Some(folder.path().to_owned()), ..Settings::default() };
    (Engine::start_with(size, settings).await, folder)
}

/// The careless connector, calling itself another version.
fn version(version: &str) -> Vec<u8> {
    let component = std::fs::read(guests().join("careless.wasm")).unwrap();
    replaced(&component, "version=0.1.0", &format!("version={version}"))
}

/// The component with another text of the same length in its data.
fn replaced(component: &[u8], text: &str, other: &str) -> Vec<u8> {
    assert_eq!(text.len(), other.len());
    let mut replaced = component.to_vec();
    let places: Vec<usize> = component
        .windows(text.len())
        .enumerate()
        .filter(|(_, bytes)| *bytes == text.as_bytes())
        .map(|(at, _)| at)
        .collect();
    assert!(!places.is_empty(), "{text:?} is not in the component");
    for at in places {
        replaced[at..at + text.len()].copy_from_slice(other.as_bytes());
    }
    replaced
}

async fn upload(engine: &Engine, component: Vec<u8>) -> (u16, Value) {
    let answer = engine.http.post(engine.url("/ops/plugins")).body(component).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn change(engine: &Engine, action: &str, body: Value) -> (u16, Value) {
    let call = engine.http.post(engine.url(&format!("/ops/plugins/careless/{action}"))).json(&body);
    let answer = call.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn accept() -> impl FnMut(&Call) -> Answer + Send + 'static {
    let mut number = 0;
    move |_| {
        number += 1;
        Answer::Json(200, json!({"id": number.to_string()}))
    }
}

/// A channel in which somebody has written: the ticket, and the channel.
async fn written(engine: &Engine, person: &Person, platform: &Platform) -> (String, String) {
    let config = json!({"signingKey": KEY, "token": "a token", "apiBaseUrl": platform.address, "limits": []});
    let channel = person.channel("CARELESS", config).await;
    assert_eq!(post(engine, &channel, "first").await, 200);
    (person.ticket(&channel).await, channel)
}

async fn post(engine: &Engine, channel: &str, id: &str) -> u16 {
    let body = json!({"id": id, "from": "ana", "text": "hello", "type": "text"}).to_string();
    let signature = signature(KEY, body.as_bytes());
    let call = engine.http.post(engine.url(&format!("/webhook/{channel}"))).body(body);
    let call = call.header("X-Careless-Signature", signature.trim_start_matches("sha256="));
    call.send().await.unwrap().status().as_u16()
}

async fn sent(engine: &Engine) -> Vec<String> {
    let query = "select external_id from messages where direction = 'OUTBOUND' order by sequence";
    engine.database.texts(query).await
}

/// Answers the ticket, and says which version took what the platform said.
async fn answered_by(engine: &Engine, person: &Person, ticket: &str) -> String {
    person.answer(ticket, "hello").await;
    engine.drained().await;
    let last = sent(engine).await.pop().unwrap();
    last.split_once(':').unwrap().0.to_owned()
}
