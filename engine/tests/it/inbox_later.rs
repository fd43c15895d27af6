//! The inbox dialect: messages for later, decisions that people make, and the addresses that Twilio's numbers share.

use std::time::Duration;

use chrono::Utc;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    inbox::{NUMBER, twilio as answers, twilio_config},
    on_each_database,
    support::{
        api::Person,
        engine::Engine,
        inbox::text,
        mock,
        platform::{Answer, Platform},
        twilio,
        wait::until,
    },
};

const CONTACT: &str = "+4915112345678";

async fn written(engine: &Engine, admin: &Person, callback: &str) -> String {
    let config = if callback.is_empty() { json!({}) } else { mock::config(callback) };
    let channel = admin.channel("MOCK", config).await;
    mock::post(engine, &channel, &mock::text(CONTACT, "1", "hello")).await;
    text(&admin.conversations("", |found| found.len() == 1).await[0], "id")
}

fn later(message: &str, seconds: i64) -> Value {
    let at = Utc::now() + chrono::Duration::seconds(seconds);
    json!({"channel": "SMS", "message": message, "scheduledAt": at})
}

on_each_database! {
    async fn a_scheduled_message_outlives_a_restart_and_goes_once_and_on_time(size: Size) {
        let engine = Engine::start(size).await;
        let platform = Platform::start(|_| Answer::Json(200, json!({}))).await;
        let admin = Person::sign_up(&engine).await;
        let conversation = written(&engine, &admin, &platform.address).await;
        let due = Utc::now() + chrono::Duration::seconds(8);
        let path = format!("/conversations/{conversation}/messages/schedule");
        let body = json!({"channel": "SMS", "message": "later", "scheduledAt": due});
        let scheduled = admin.inbox_post(&path, body).await;
        assert_eq!(scheduled["status"], "scheduled");
        assert_eq!(scheduled["scheduledAt"], due.to_rfc3339_opts(chrono::SecondsFormat::Millis, true));
        engine.stop().await;
        engine.restart().await;
        assert!(platform.calls().is_empty(), "nothing goes before its time");
        until("the message to be sent", Duration::from_secs(30), || async {
            (!platform.calls().is_empty()).then_some(())
        }).await;
        let late = (Utc::now() - due).num_milliseconds();
        assert!((0..2_000).contains(&late), "{late} ms late");
        engine.drained().await;
        assert_eq!(platform.calls().len(), 1);
        let messages = admin.messages(&conversation, |all| all.last().is_some_and(|last| last["status"] == "sent")).await;
        assert_eq!(messages.last().unwrap()["message"], "later");
        let refused = admin.inbox_refused(Method::DELETE, &format!("/scheduled-messages/{}", text(&scheduled, "id")), json!({})).await;
        assert_eq!(refused, (409, "ALREADY_SENT".to_owned()));
        engine.finish().await;
    }
}

on_each_database! {
    async fn a_scheduled_message_can_be_cancelled_and_nobody_is_disturbed(size: Size) {
        let engine = Engine::start(size).await;
        let (admin, stranger) = (Person::sign_up(&engine).await, Person::sign_up(&engine).await);
        let conversation = written(&engine, &admin, "").await;
        let path = format!("/conversations/{conversation}/messages/schedule");
        let scheduled = admin.inbox_post(&path, later("never", 3_600)).await;
        let cancel = format!("/scheduled-messages/{}", text(&scheduled, "id"));
        assert_eq!(stranger.inbox_refused(Method::DELETE, &cancel, json!({})).await.0, 404);
        for _ in 0..2 {
            assert!(admin.inbox_delete(&cancel).await["message"].is_string());
        }
        let all = admin.messages(&conversation, |all| all.len() == 2).await;
        assert_eq!(all[1]["status"], "failed");
        for body in [json!({"channel": "SMS", "message": "m"}), later("too late", -600), later("too far", 400 * 86_400)] {
            assert_eq!(admin.inbox_refused(Method::POST, &path, body).await, (400, "VALIDATION_ERROR".to_owned()));
        }

        // Whoever asks to be left alone is, by what was scheduled before and what would be after.
        let before = admin.inbox_post(&path, later("before", 2)).await;
        admin.inbox_patch(&format!("/conversations/{conversation}/contact"), json!({"dnd": true})).await;
        let refused = admin.inbox_refused(Method::POST, &path, later("after", 3_600)).await;
        assert_eq!(refused, (422, "DO_NOT_DISTURB".to_owned()));
        let id = text(&before, "id");
        admin.messages(&conversation, |all| all.iter().any(|one| one["id"] == id && one["status"] == "failed")).await;
        let own = json!({"channel": "SMS", "message": "an agent's own"});
        admin.inbox_post(&format!("/conversations/{conversation}/messages"), own).await;
        admin.messages(&conversation, |all| all.last().is_some_and(|last| last["status"] == "sent")).await;
        engine.finish().await;
    }
}

on_each_database! {
    async fn two_who_send_a_failed_message_again_at_once_send_it_once(size: Size) {
        let engine = Engine::start(size).await;
        let platform = Platform::start(|_| Answer::Json(400, json!({"error": "no"}))).await;
        let admin = Person::sign_up(&engine).await;
        let conversation = written(&engine, &admin, &platform.address).await;
        let body = json!({"channel": "SMS", "message": "once"});
        admin.inbox_post(&format!("/conversations/{conversation}/messages"), body).await;
        let pending = "/api/v1/conversations/manual-actions?status=pending";
        let asked = admin.waiting_at(pending, |told| told["data"].as_array().unwrap().len() == 1).await;
        platform.behave(|_| Answer::Json(200, json!({})));
        let path = format!("/conversations/manual-actions/{}/complete", asked["data"][0]["id"].as_str().unwrap());
        let resend = || admin.inbox(Method::POST, &path, json!({"resolution": "resend"}));
        let answers = futures_util::future::join_all((0..8).map(|_| resend())).await;
        assert!(answers.iter().any(|(status, _)| *status == 200), "{answers:?}");
        assert!(answers.iter().all(|(status, _)| [200, 409].contains(status)), "{answers:?}");
        engine.drained().await;
        assert_eq!(platform.calls().len(), 2, "it failed, and was sent again once");
        engine.finish().await;
    }
}

on_each_database! {
    async fn people_decide_what_the_engine_cannot(size: Size) {
        let engine = Engine::start(size).await;
        let platform = Platform::start(|_| Answer::Cut).await;
        let (admin, stranger) = (Person::sign_up(&engine).await, Person::sign_up(&engine).await);
        let conversation = written(&engine, &admin, &platform.address).await;
        let path = format!("/conversations/{conversation}/messages");
        for message in ["one", "two", "three"] {
            admin.inbox_post(&path, json!({"channel": "SMS", "message": message})).await;
        }
        let pending = "/api/v1/conversations/manual-actions?status=pending";
        let asked = admin.waiting_at(pending, |told| told["data"].as_array().unwrap().len() == 3).await;
        assert_eq!(asked["meta"]["total"], 3);
        let action = &asked["data"][0];
        assert_eq!((&action["status"], &action["conversationId"]), (&json!("pending"), &json!(conversation)));
        assert!(action["action"].is_string() && action["createdAt"].is_string() && action.get("completedAt").is_none());
        platform.behave(|_| Answer::Json(200, json!({})));
        let complete = |number: usize| {
            let id = asked["data"][number]["id"].as_str().unwrap();
            format!("/conversations/manual-actions/{id}/complete")
        };
        let decided = async |person: &Person, number, body: Value| {
            person.inbox(Method::POST, &complete(number), body).await
        };
        assert_eq!(decided(&stranger, 0, json!({"resolution": "drop"})).await.0, 404);
        assert_eq!(decided(&admin, 0, json!({})).await.0, 400);
        let (status, completed) = decided(&admin, 0, json!({"resolution": "resend"})).await;
        assert_eq!((status, &completed["data"]["status"]), (200, &json!("completed")));
        assert_eq!(decided(&admin, 0, json!({"resolution": "resend"})).await.0, 409);
        assert_eq!(decided(&admin, 1, json!({"resolution": "sent"})).await.0, 200);
        assert_eq!(decided(&admin, 2, json!({"resolution": "drop"})).await.0, 200);
        let all = admin.messages(&conversation, |all| all.iter().skip(1).all(|one| one.get("status").is_some())).await;
        let mut states: Vec<_> = all.iter().skip(1).map(|one| text(one, "status")).collect();
        states.sort();
        assert_eq!(states, ["failed", "sent", "sent"]);
        assert_eq!(admin.waiting_at(pending, |_| true).await["data"], json!([]));
        engine.drained().await;
        assert_eq!(platform.calls().len(), 4, "one was sent again");
        engine.finish().await;
    }
}

on_each_database! {
    async fn one_address_serves_all_of_twilios_numbers(size: Size) {
        let engine = Engine::start(size).await;
        let platform = Platform::start(answers).await;
        let admin = Person::sign_up(&engine).await;
        admin.channel("TWILIO_SMS", twilio_config(&platform.address)).await;
        let account = format!("AC{}", "a".repeat(32));
        let post = async |path: &str, form: &[(&str, &str)], signed: bool| {
            let url = engine.url(&format!("/api/v1/webhooks/twilio{path}"));
            let fields = form.iter().copied();
            let signature = if signed { twilio::signature("twilio-token", &url, fields) } else { "bm9uZQ==".to_owned() };
            let call = engine.http.post(&url).header("X-Twilio-Signature", signature).form(form);
            call.send().await.unwrap().status().as_u16()
        };
        let sid = format!("SM{}", "b".repeat(32));
        let inbound = [
            ("MessageSid", sid.as_str()), ("AccountSid", account.as_str()), ("From", CONTACT), ("To", NUMBER), ("Body", "hello"),
            ("NumMedia", "0"), ("SmsStatus", "received"),
        ];
        assert_eq!(post("/sms", &inbound, false).await, 401);
        assert_eq!(post("/sms", &inbound, true).await, 200);
        let elsewhere = [("MessageSid", sid.as_str()), ("From", CONTACT), ("To", "+15550000000"), ("Body", "x"), ("NumMedia", "0")];
        assert_eq!(post("/sms", &elsewhere, true).await, 404);
        let conversation = text(&admin.conversations("channel=SMS", |found| found.len() == 1).await[0], "id");

        let path = format!("/conversations/{conversation}/messages/sms");
        admin.inbox_post(&path, json!({"message": "hi", "to": CONTACT})).await;
        let sent = admin.messages(&conversation, |all| all.len() == 2 && all[1]["status"] == "sent").await;
        let sid = text(&sent[1]["metadata"], "twilioMessageId");
        for (status, shown) in [("delivered", "delivered"), ("read", "read")] {
            let report = [
                ("MessageSid", sid.as_str()), ("MessageStatus", status), ("AccountSid", account.as_str()), ("From", NUMBER),
                ("To", CONTACT),
            ];
            assert_eq!(post("/sms/status", &report, false).await, 401);
            assert_eq!(post("/sms/status", &report, true).await, 200);
            admin.messages(&conversation, |all| all[1]["status"] == shown).await;
        }
        let read = admin.messages(&conversation, |_| true).await;
        assert_eq!(read[1]["metadata"]["twilioStatus"], "read");
        engine.finish().await;
    }
}
