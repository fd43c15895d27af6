//! The connector for WAHA against a server that behaves like one: a session
//! that hangs, messages that nobody was told of, webhooks before the answer.

use std::{sync::Arc, time::Duration};

use reqwest::Method;
use serde_json::json;
use tokio::sync::Notify;

use crate::{
    on_each_database,
    support::{
        api::Person,
        engine::{Engine, Settings},
        platform::Answer,
        size::Size,
        waha::{self, Waha},
        wait::until,
    },
};

const PATIENCE: Duration = Duration::from_mins(1);

on_each_database! {
    async fn a_session_that_hangs_is_restarted_and_what_it_missed_is_fetched(size: Size) {
        let (engine, waha, person, channel) = start(size).await;
        let then = waha::now() - 60;
        let first = waha::message("A1", then, "1");
        // A session may tell both: it is one message.
        waha::tell(&engine, &channel, "message", &first).await;
        waha::tell(&engine, &channel, "message.any", &first).await;
        stored(&engine, 1).await;

        engine.kill();
        waha.phone.is("STARTING");
        waha.phone.restarts_into("WORKING");
        let missed = [waha::message("A2", then + 1, "2"), waha::message("A3", then + 2, "3")];
        waha.phone.keep([first.clone()].into_iter().chain(missed.clone()));
        engine.restart().await;
        until("the session to begin anew", PATIENCE, || async {
            (waha.count("POST", "/api/sessions/default/restart") == 1).then_some(())
        })
        .await;
        stored(&engine, 3).await;
        // WAHA delivers late after all.
        for message in missed.iter().chain([&first]) {
            waha::tell(&engine, &channel, "message", message).await;
        }
        waha::tell(&engine, &channel, "message", &waha::message("A4", then + 3, "4")).await;
        stored(&engine, 4).await;
        engine.drained().await;
        let texts = engine.database.texts("select text from messages order by sequence").await;
        assert_eq!(texts, ["1", "2", "3", "4"]);
        assert_eq!(engine.database.count("select count(*) from dead_letters").await, 0);
        assert_eq!(person.get(&format!("/channels/{channel}")).await["status"], "ACTIVE");
        engine.finish().await;
    }
}

on_each_database! {
    async fn webhooks_that_come_before_the_answer_find_their_message(size: Size) {
        let (engine, waha, person, channel) = start(size).await;
        waha::tell(&engine, &channel, "message", &waha::message("A1", waha::now(), "hello")).await;
        let ticket = person.ticket(&channel).await;
        let (phone, release) = (waha.phone.clone(), Arc::new(Notify::new()));
        let held = Arc::clone(&release);
        waha.platform.behave(move |call| match call.path.as_str() {
            "/api/sendText" => Answer::Held(Arc::clone(&held), Box::new(phone.answer(call))),
            _ => phone.answer(call),
        });
        let message = person.answer(&ticket, "good day").await;
        until("the send", PATIENCE, || async { (waha.count("POST", "/api/sendText") == 1).then_some(()) }).await;
        let id = format!("true_{}_3EB00001", waha::ANA);
        waha::tell(&engine, &channel, "message.any", &waha::echo(&id, "good day")).await;
        waha::tell(&engine, &channel, "message.ack", &waha::read(&id)).await;
        waha::tell(&engine, &channel, "message", &waha::message("A2", waha::now(), "later")).await;
        stored(&engine, 2).await;
        release.notify_one();

        person.waiting(&format!("/tickets/{ticket}/messages"), |messages| {
            let is_read = |found: &serde_json::Value| found["id"] == message.as_str() && found["status"] == "READ";
            messages.as_array().unwrap().iter().any(is_read)
        })
        .await;
        engine.drained().await;
        let sent = "select count(*) from messages where direction = 'OUTBOUND'";
        assert_eq!(engine.database.count(sent).await, 1, "the echo is the message itself");
        engine.finish().await;
    }
}

on_each_database! {
    async fn a_phone_that_is_unpaired_keeps_the_queue_until_it_is_paired_again(size: Size) {
        let (engine, waha, person, channel) = start(size).await;
        waha::tell(&engine, &channel, "message", &waha::message("A1", waha::now(), "hello")).await;
        let ticket = person.ticket(&channel).await;
        waha.phone.is("SCAN_QR_CODE");
        waha::tell(&engine, &channel, "session.status", &json!({"status": "SCAN_QR_CODE"})).await;
        state(&engine, "awaiting_qr").await;
        person.answer(&ticket, "good day").await;
        let path = format!("/channels/{channel}");
        until("the channel to ask for a person", PATIENCE, || async {
            (person.get(&path).await["status"] == "NEEDS_REAUTH").then_some(())
        })
        .await;
        waha.phone.is("WORKING");
        waha::tell(&engine, &channel, "session.status", &json!({"status": "WORKING"})).await;
        until("the message to be sent", PATIENCE, || async {
            let sent = "select count(*) from messages where direction = 'OUTBOUND' and state = 'SENT'";
            (engine.database.count(sent).await == 1).then_some(())
        })
        .await;
        assert_eq!(person.get(&path).await["status"], "ACTIVE");
        engine.finish().await;
    }
}

/// Which database and which bus there are makes no difference.
#[tokio::test(flavor = "multi_thread")]
async fn the_webhook_is_registered_once_and_again_when_its_settings_change() {
    let file = "sessions.starting = \"1s\"".to_owned();
    let engine = Engine::start_with(Size::Embedded, Settings { file, ..Settings::default() }).await;
    let (person, waha) = (Person::sign_up(&engine).await, Waha::start().await);
    // What passes is tried again.
    waha.phone.refuses_configuration([503, 500]);
    let channel = person.channel("WAHA", waha.config()).await;
    let path = format!("/channels/{channel}");
    let registered = |key: &'static str| {
        let waha = &waha;
        until("the webhook to be registered", PATIENCE, move || async move {
            let [webhook] = waha.phone.webhooks().try_into().ok()?;
            (webhook["hmac"]["key"] == key).then_some(webhook)
        })
    };
    let webhook = registered(waha::HMAC_KEY).await;
    assert_eq!(webhook["url"], person.get(&path).await["webhookUrl"]);
    let told = || waha.count("PUT", "/api/sessions/default");
    assert_eq!(told(), 3);
    waha::tell(&engine, &channel, "message.any", &waha::message("A1", waha::now(), "hello")).await;
    stored(&engine, 1).await;
    let asked = "select count(*) from manual_actions where kind = 'WEBHOOK_UNREGISTERED' and status = 'PENDING'";
    assert_eq!(engine.database.count("select count(*) from manual_actions").await, 0);

    // It is done, whoever begins anew.
    engine.stop().await;
    let looks = waha.count("GET", "/api/sessions/default");
    engine.restart().await;
    until("a look at the session", PATIENCE, || async {
        (waha.count("GET", "/api/sessions/default") > looks).then_some(())
    })
    .await;
    let changed = |key: &str| person.call(Method::PUT, &path, json!({"config": {"hmacKey": key}}));
    assert_eq!(changed("another key to sign with").await.0, 200);
    registered("another key to sign with").await;
    assert_eq!(told(), 4);

    // What does not pass asks a person, once, and stops nothing.
    waha.phone.refuses_configuration([400]);
    assert_eq!(changed("a third key to sign with").await.0, 200);
    until("a person to be asked", PATIENCE, || async { (engine.database.count(asked).await == 1).then_some(()) }).await;
    assert_eq!(person.get(&path).await["status"], "ACTIVE");
    let told_of = "select count(*) from notifications where kind = 'WEBHOOK_UNREGISTERED'";
    assert_eq!((told(), engine.database.count(told_of).await), (5, 1));
    person.post(&format!("{path}/test-connection"), json!({})).await;
    registered("a third key to sign with").await;
    until("the question to be closed", PATIENCE, || async { (engine.database.count(asked).await == 0).then_some(()) })
        .await;
    let everything = engine.database.everything().await + &engine.log();
    assert!(!everything.contains("key to sign with"), "the key is where nobody needs it");
    engine.finish().await;
}

async fn start(size: Size) -> (Engine, Waha, Person, String) {
    let file = "sessions.starting = \"1s\"\nsessions.pairing = \"1s\"".to_owned();
    let engine = Engine::start_with(size, Settings { file, ..Settings::default() }).await;
    let (person, waha) = (Person::sign_up(&engine).await, Waha::start().await);
    let channel = person.channel("WAHA", waha.config()).await;
    state(&engine, "connected").await;
    (engine, waha, person, channel)
}

async fn state(engine: &Engine, wanted: &str) {
    until("the state of the session to be known", PATIENCE, || async {
        let states = engine.database.texts("select session_state from channels where session_state is not null").await;
        (states == [wanted]).then_some(())
    })
    .await;
}

async fn stored(engine: &Engine, count: i64) {
    until("messages to be stored", PATIENCE, || async {
        let stored = engine.database.count("select count(*) from messages where direction = 'INBOUND'").await;
        (stored == count).then_some(())
    })
    .await;
}
