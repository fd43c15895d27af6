//! Promises 1 to 5: durable before answered, once, in order, forward only.

use serde_json::{Value, json};

use crate::{
    on_every_size,
    support::{
        api::Person,
        engine::Engine,
        platform::{Answer, Platform},
        wait::until,
        whatsapp,
    },
};

use std::time::Duration;

on_every_size! {
    async fn a_status_that_overtakes_its_message_is_applied(size: Size) {
        let engine = Engine::start(size).await;
        let platform = Platform::start(|_| {
            Answer::Json(200, json!({"messaging_product": "whatsapp", "contacts": [{"input": "491", "wa_id": "491"}],
                "messages": [{"id": "wamid.out"}]}))
        }).await;
        let person = Person::sign_up(&engine).await;
        let channel = person.channel("WHATSAPP", whatsapp::config(&platform.address)).await;
        let now = chrono::Utc::now().timestamp();
        post(&engine, &channel, &whatsapp::webhook(&[whatsapp::text("491", "wamid.in", now, "hello")], &[])).await;
        let ticket = person.ticket(&channel).await;
        for state in ["read", "delivered", "sent"] {
            post(&engine, &channel, &whatsapp::webhook(&[], &[whatsapp::status("wamid.out", "491", now, state)])).await;
        }
        until("the statuses to wait", Duration::from_secs(10), || async {
            (engine.database.count("select count(*) from pending_statuses").await == 3).then_some(())
        }).await;
        person.post(&format!("/tickets/{ticket}/messages"), json!({"content": "hi"})).await;
        until("the message to be read", Duration::from_secs(10), || async {
            (engine.database.count("select count(*) from messages where state = 'READ'").await == 1).then_some(())
        }).await;
        assert_eq!(engine.database.count("select count(*) from pending_statuses").await, 0);
        engine.finish().await;
    }
}

on_every_size! {
    async fn bad_input_is_told_so_and_blocks_nothing(size: Size) {
        let engine = Engine::start(size).await;
        let person = Person::sign_up(&engine).await;
        let whatsapp = person.channel("WHATSAPP", whatsapp::config("http://127.0.0.1:9")).await;
        let mock = person.channel("MOCK", json!({})).await;
        let body = whatsapp::webhook(&[whatsapp::text("491", "a", 1_700_000_000, "x")], &[]);

        assert_eq!(send(&engine, &whatsapp, &body, "sha256=00").await, 401);
        assert_eq!(send(&engine, "0195b1c0-0000-7000-8000-000000000000", &body, "sha256=00").await, 404);
        assert_eq!(send(&engine, "no-id", &body, "sha256=00").await, 404);
        assert_eq!(send(&engine, &mock, b"{", "").await, 400);
        assert_eq!(send(&engine, &mock, &vec![b' '; 17 << 20], "").await, 413);

        // Authentic, and about nothing the engine knows.
        let nothing = json!({"object": "whatsapp_business_account", "entry": []}).to_string();
        post(&engine, &whatsapp, nothing.as_bytes()).await;

        // Authentic, and not to be read: kept with its bytes, and the next one passes.
        let unreadable = json!({"senderPhone": "+4915112345678", "messageId": "m0"}).to_string();
        assert_eq!(send(&engine, &mock, unreadable.as_bytes(), "").await, 200);
        let readable = json!({"senderPhone": "+4915112345678", "senderName": "Ana", "message": "hi", "messageId": "m1"});
        assert_eq!(send(&engine, &mock, readable.to_string().as_bytes(), "").await, 200);
        until("the readable one", Duration::from_secs(10), || async {
            (engine.database.count("select count(*) from messages").await == 1).then_some(())
        }).await;
        let letters = engine.database.texts("select payload from dead_letters").await;
        assert_eq!(letters.len(), 1);
        let letter: Value = serde_json::from_str(&letters[0]).unwrap();
        assert_eq!(letter["webhook"]["body"]["text"], unreadable);
        let metrics = engine.metrics().await;
        assert!(metrics.contains("patchbay_events_total{kind=\"none\"} 1")
            || metrics.contains("patchbay_events_total{kind=\"ignored\"} 1"), "{metrics}");
        engine.finish().await;
    }
}

async fn send(engine: &Engine, channel: &str, body: &[u8], signature: &str) -> u16 {
    let call = engine.http.post(engine.url(&format!("/webhook/{channel}")));
    let call = call.header("X-Hub-Signature-256", signature).header("content-type", "application/json");
    call.body(body.to_vec()).send().await.unwrap().status().as_u16()
}

pub async fn post(engine: &Engine, channel: &str, body: &[u8]) {
    let signature = whatsapp::signature(whatsapp::APP_SECRET, body);
    assert_eq!(send(engine, channel, body, &signature).await, 200);
}
