//! Proof of delivery: what happened to one message; and whether one may be sent.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    inbound::post,
    on_each_database,
    support::{
        api::Person,
        engine::Engine,
        mock,
        platform::{Answer, Platform},
        wait::until,
        whatsapp,
    },
};

fn events(timeline: &Value) -> Vec<&str> {
    timeline["events"].as_array().unwrap().iter().map(|event| event["event"].as_str().unwrap()).collect()
}

fn find<'a>(timeline: &'a Value, event: &str) -> &'a Value {
    let found = timeline["events"].as_array().unwrap().iter().find(|known| known["event"] == event);
    found.unwrap_or_else(|| panic!("no {event} in {timeline}"))
}

on_each_database! {
    async fn what_happened_to_a_message_is_told(size: Size) {
        let engine = Engine::start(size).await;
        let mut asked = 0;
        let platform = Platform::start(move |_| {
            asked += 1;
            if asked == 1 { Answer::Bytes(503, vec![("retry-after".into(), "1".into())], vec![]) } else { Answer::Json(200, json!({})) }
        }).await;
        let person = Person::sign_up(&engine).await;
        let channel = person.channel("MOCK", mock::config(&platform.address)).await;
        let webhook = mock::text("+4915112345678", "1", "hello");
        mock::post(&engine, &channel, &webhook).await;
        let ticket = person.ticket(&channel).await;
        let messages = format!("/tickets/{ticket}/messages");
        let inbound = person.get(&messages).await[0]["id"].as_str().unwrap().to_owned();
        let path = format!("{messages}/{inbound}/timeline");
        let first = person.get(&path).await;
        assert_eq!(events(&first), ["WEBHOOK_RECEIVED", "WEBHOOK_PARSED", "STORED"], "{first}");
        for _ in 0..2 {
            mock::post(&engine, &channel, &webhook).await;
        }
        let wanted = |told: &Value| told["events"].as_array().unwrap().last().unwrap()["times"] == 2;
        let again = person.waiting(&path, wanted).await;
        assert_eq!(events(&again)[3..], ["DUPLICATE_RECOGNISED"]);
        assert_eq!(person.get(&messages).await.as_array().unwrap().len(), 1);

        let sent = person.answer(&ticket, "hi").await;
        engine.drained().await;
        let told = person.get(&format!("{messages}/{sent}/timeline")).await;
        let wanted = ["QUEUED", "ATTEMPT_STARTED", "ATTEMPT_ENDED", "WAITED", "ATTEMPT_STARTED", "ATTEMPT_ENDED", "SENT"];
        let without_first_wait: Vec<_> = {
            let all = events(&told);
            let begins = all.iter().position(|event| *event == "ATTEMPT_STARTED").unwrap();
            [&all[..1], &all[begins..]].concat()
        };
        assert_eq!(without_first_wait, wanted, "{told}");
        assert_eq!((&told["status"], &told["direction"]), (&json!("SENT"), &json!("OUTBOUND")));
        assert_eq!(find(&told, "ATTEMPT_ENDED")["attempt"], 1);
        assert!(find(&told, "ATTEMPT_ENDED")["outcome"].is_string(), "{told}");
        let times: Vec<DateTime<Utc>> = told["events"].as_array().unwrap().iter()
            .map(|event| event["at"].as_str().unwrap().parse().unwrap()).collect();
        assert!(times.is_sorted(), "{told}");

        let other = person.post("/tickets", json!({"channelId": channel, "subject": "another"})).await;
        let elsewhere = format!("/tickets/{}/messages/{sent}/timeline", other["id"].as_str().unwrap());
        assert_eq!(person.call(Method::GET, &elsewhere, json!({})).await.0, 404, "it is not of that ticket");
        let stranger = Person::sign_up(&engine).await;
        assert_eq!(stranger.call(Method::GET, &path, json!({})).await.0, 404);
        engine.finish().await;
    }
}

on_each_database! {
    async fn the_question_is_answered_as_the_send_is(size: Size) {
        let engine = Engine::start(size).await;
        let person = Person::sign_up(&engine).await;
        let channel = person.channel("WHATSAPP", whatsapp::config("http://127.0.0.1:9")).await;
        let now = Utc::now();
        // Whoever wrote two days ago gets no free-form answer; whoever wrote just now does.
        let mut tickets = Vec::new();
        for (contact, id, hours) in [("4915112345678", "wamid.1", 48), ("4915112345679", "wamid.2", 1)] {
            let at = (now - chrono::Duration::hours(hours)).timestamp();
            post(&engine, &channel, &whatsapp::webhook(&[whatsapp::text(contact, id, at, "hello")], &[])).await;
            let customers = format!("/customers?search={contact}");
            let customer = until("the customer", Duration::from_secs(30), || async {
                person.get(&customers).await[0]["id"].as_str().map(str::to_owned)
            }).await;
            let path = format!("/tickets?customerId={customer}");
            let found = person.waiting(&path, |tickets| tickets[0]["id"].is_string()).await;
            tickets.push(found[0]["id"].as_str().unwrap().to_owned());
        }
        let options = |ticket: &str| format!("/tickets/{ticket}/send-options");
        let send = |ticket: &str| format!("/tickets/{ticket}/messages");
        let shut = person.get(&options(&tickets[0])).await;
        let (status, refused) = person.call(Method::POST, &send(&tickets[0]), json!({"content": "hi"})).await;
        assert_eq!((status, &refused["code"]), (422, &json!("OUTSIDE_WINDOW")));
        assert_eq!(shut["canSend"], false);
        assert_eq!(
            (&shut["refusal"]["code"], &shut["refusal"]["message"]),
            (&refused["code"], &refused["message"]),
            "the same words"
        );
        assert_eq!(shut["window"]["open"], false);
        let kind = |told: &Value, kind: &str| {
            told["kinds"].as_array().unwrap().iter().find(|known| known["kind"] == kind).unwrap()["allowed"].clone()
        };
        assert_eq!((kind(&shut, "text"), kind(&shut, "template")), (json!(false), json!(true)));
        let open = person.get(&options(&tickets[1])).await;
        assert_eq!((&open["canSend"], &open["refusal"]), (&json!(true), &json!(null)));
        let closes: DateTime<Utc> = open["window"]["until"].as_str().unwrap().parse().unwrap();
        assert_eq!(closes.timestamp(), (now + chrono::Duration::hours(23)).timestamp());
        assert_eq!((&open["expectedWaitMs"], &open["queued"], &open["templates"]), (&json!(0), &json!(0), &json!([])));
        assert_eq!((&open["channel"]["status"], &open["channel"]["healthy"]), (&json!("ACTIVE"), &json!(true)));

        person.call(Method::PUT, &format!("/channels/{channel}"), json!({"isActive": false})).await;
        let off = person.get(&options(&tickets[1])).await;
        let (status, refused) = person.call(Method::POST, &send(&tickets[1]), json!({"content": "hi"})).await;
        assert_eq!((status, &refused["code"]), (422, &json!("CHANNEL_DISABLED")));
        assert_eq!((&off["refusal"]["code"], &off["channel"]["healthy"]), (&refused["code"], &json!(false)));
        let stranger = Person::sign_up(&engine).await;
        assert_eq!(stranger.call(Method::GET, &options(&tickets[1]), json!({})).await.0, 404);
        engine.finish().await;
    }
}
