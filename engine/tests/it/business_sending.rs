//! What the business dialect sends beside words, files and templates, and how much of it in a minute.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    on_each_database,
    support::{
        api::Person,
        business::{Cloud, tell},
        engine::{Engine, Settings},
        inbox::text,
        mock,
        size::Size,
        whatsapp,
    },
};

const CONTACT: &str = "4915112345678";
/// Messages that may be sent at once in the second test.
const TOKENS: usize = 3;

/// A number that somebody wrote to.
async fn written_to(engine: &Engine) -> (Person, Cloud) {
    let (person, cloud) = (Person::sign_up(engine).await, Cloud::start().await);
    person.business_ok(Method::PATCH, "/settings", cloud.settings()).await;
    let now = chrono::Utc::now().timestamp();
    let webhook = whatsapp::webhook(&[whatsapp::text(CONTACT, "wamid.1", now, "hello")], &[]);
    let webhook: Value = serde_json::from_slice(&webhook).unwrap();
    assert_eq!(tell(engine, whatsapp::APP_SECRET, &webhook).await.0, 200);
    person.waiting_at("/api/messages", |told| told["pagination"]["total"] == 1).await;
    (person, cloud)
}

on_each_database! {
    async fn places_people_and_choices_are_sent(size: Size) {
        let engine = Engine::start(size).await;
        let (person, cloud) = written_to(&engine).await;
        let send = async |body: Value| {
            let sent = person.business_ok(Method::POST, "/messages", body).await;
            let path = format!("/api/messages/{}", text(&sent, "id"));
            person.waiting_at(&path, |told| told["status"] == "SENT").await;
            let calls = cloud.platform.calls();
            let last = calls.iter().rev().find(|call| call.path.ends_with("/messages")).unwrap().json();
            (sent, last)
        };

        let place = json!({"latitude": 52.52, "longitude": 13.4, "name": "Office", "address": "Mitte"});
        let (sent, call) = send(json!({"to": CONTACT, "type": "location", "content": place})).await;
        assert_eq!((&sent["type"], &sent["content"]["location"]), (&json!("LOCATION"), &place), "{sent}");
        assert_eq!((&call["type"], &call["location"]), (&json!("location"), &place), "{call}");

        let card = json!({"name": "Bea Example", "phoneNumber": "+4915187654321", "email": null});
        let (sent, call) = send(json!({"to": CONTACT, "type": "contact", "contacts": [card]})).await;
        assert_eq!((&sent["type"], &sent["content"]["contacts"]), (&json!("CONTACT"), &json!([card])), "{sent}");
        assert_eq!(call["contacts"][0]["name"]["formatted_name"], "Bea Example", "{call}");
        assert_eq!(call["contacts"][0]["phones"][0]["phone"], "+4915187654321", "{call}");

        // In the platform's own form, which it is given.
        let buttons = json!([{"type": "reply", "reply": {"id": "yes", "title": "Yes"}},
            {"type": "reply", "reply": {"id": "no", "title": "No"}}]);
        let asked = json!({"type": "button", "body": {"text": "Sure?"}, "action": {"buttons": buttons}});
        let (sent, call) = send(json!({"to": CONTACT, "type": "interactive", "interactive": asked})).await;
        assert_eq!((&sent["type"], &sent["text"]), (&json!("INTERACTIVE"), &json!("Sure?")), "{sent}");
        assert_eq!(call["interactive"], asked, "{call}");

        // What was shown can be sent again.
        let again = json!({"to": CONTACT, "type": "interactive", "content": sent["content"]});
        assert_eq!(send(again).await.1["interactive"], asked);
        engine.finish().await;
    }
}

on_each_database! {
    async fn who_has_no_number_is_answered_by_what_is_shown_in_its_place(size: Size) {
        let engine = Engine::start(size).await;
        let (person, cloud) = written_to(&engine).await;
        let channel = person.channel("MOCK", json!({})).await;
        for (number, shown) in ["978123456789012", "-1001234567890", "somebody"].iter().enumerate() {
            mock::post(&engine, &channel, &mock::text(shown, &format!("m{number}"), "hello")).await;
            let is_there = |told: &Value| told["messages"][0]["conversation"]["contactPhone"] == *shown;
            let known = person.waiting_at("/api/messages?direction=INBOUND", is_there).await;
            let body = json!({"to": shown, "type": "text", "text": "hi"});
            let sent = person.business_ok(Method::POST, "/messages", body).await;
            assert_eq!(sent["conversationId"], known["messages"][0]["conversationId"], "{shown}");
        }
        engine.drained().await;
        assert!(cloud.platform.calls().iter().all(|call| !call.path.ends_with("/messages")), "it went to a number");
        engine.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_sends_so_many_messages_a_minute() {
    let file = format!("auth.sends_per_minute = {TOKENS}");
    let engine = Engine::start_with(Size::Embedded, Settings { file, ..Settings::default() }).await;
    let ((person, _), (other, _other_cloud)) = (written_to(&engine).await, elsewhere(&engine).await);
    let colleague = person.colleague("Bea", "AGENT").await;
    let hi = json!({"to": CONTACT, "type": "text", "text": "hi"});
    // What is not sent costs nothing.
    assert_eq!(person.business(Method::POST, "/messages", json!({"to": CONTACT, "type": "text"})).await.0, 400);
    for _ in 0..TOKENS {
        person.business_ok(Method::POST, "/messages", hi.clone()).await;
    }
    for one in [&person, &colleague] {
        let (status, told) = one.business(Method::POST, "/messages", hi.clone()).await;
        assert_eq!((status, &told["remainingTokens"]), (429, &json!(0)), "{told}");
        assert!((1..=60).contains(&told["retryAfter"].as_u64().unwrap()), "{told}");
    }
    // One that came too early is not answered so for a day.
    for _ in 0..2 {
        let call = engine.http.post(engine.url("/api/messages")).bearer_auth(&person.token);
        let answer = call.header("Idempotency-Key", "hi").json(&hi).send().await.unwrap();
        assert_eq!(answer.status(), 429);
        assert!(answer.headers().contains_key("retry-after"), "{answer:?}");
        assert!(!answer.headers().contains_key("idempotency-replayed"), "{answer:?}");
    }
    assert_eq!(other.business(Method::POST, "/messages", hi).await.0, 422, "another organisation has its own");
    engine.finish().await;
}

/// An organisation to which nobody wrote.
async fn elsewhere(engine: &Engine) -> (Person, Cloud) {
    let (person, cloud) = (Person::sign_up(engine).await, Cloud::start().await);
    let mut settings = cloud.settings();
    settings["whatsappConfig"]["phoneNumberId"] = json!("999");
    person.business_ok(Method::PATCH, "/settings", settings).await;
    (person, cloud)
}
