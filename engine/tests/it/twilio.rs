//! Twilio, by SMS and on WhatsApp, against an account that behaves like one: statuses in any order, answers that are
//! lost, STOP, and 24 hours that are over.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::{
    on_each_database,
    support::{
        api::Person,
        engine::Engine,
        platform::Answer,
        size::Size,
        twilio::{self, Twilio},
        wait::until,
    },
};

const PATIENCE: Duration = Duration::from_mins(1);

on_each_database! {
    async fn statuses_in_any_order_end_with_the_furthest(size: Size) {
        let (engine, twilio, person, channel) = start(size, "TWILIO_SMS").await;
        let hello = twilio::sms("SM1", "hello");
        for _ in 0..2 {
            twilio::tell(&engine, &channel, &hello).await;
        }
        let ticket = person.ticket(&channel).await;
        let message = person.answer(&ticket, "good day").await;
        person.told_of(&ticket, &message, "SENT").await;
        // To the very address that the send named.
        let callback = twilio.account.accepted()[0]["StatusCallback"].clone();
        for word in ["delivered", "sending", "sent", "queued"] {
            assert_eq!(twilio::call(&engine, &callback, &twilio::status(&twilio::sid(1), word)).await, 200);
        }
        let forged = engine.http.post(&callback).form(&twilio::status(&twilio::sid(1), "read"));
        assert_eq!(forged.send().await.unwrap().status(), 401);
        person.told_of(&ticket, &message, "DELIVERED").await;
        engine.drained().await;
        assert_eq!(engine.database.texts("select state from messages where direction = 'OUTBOUND'").await, ["DELIVERED"]);
        assert_eq!(engine.database.count("select count(*) from messages where direction = 'INBOUND'").await, 1);
        engine.finish().await;
    }
}

on_each_database! {
    async fn a_status_tells_what_became_of_a_lost_answer(size: Size) {
        let (engine, twilio, person, channel) = start(size, "TWILIO_SMS").await;
        twilio::tell(&engine, &channel, &twilio::sms("SM1", "hello")).await;
        let ticket = person.ticket(&channel).await;
        let account = twilio.account.clone();
        twilio.platform.behave(move |call| match account.answer(call) {
            Answer::Json(201, _) => Answer::Cut,
            answer => answer,
        });
        let message = person.answer(&ticket, "lost").await;
        until("the outcome to be unknown", PATIENCE, || async {
            let states = engine.database.texts("select state from messages where direction = 'OUTBOUND'").await;
            (states == ["UNKNOWN"]).then_some(())
        })
        .await;
        let callback = twilio.account.accepted()[0]["StatusCallback"].clone();
        assert_eq!(twilio::call(&engine, &callback, &twilio::status(&twilio::sid(1), "delivered")).await, 200);
        person.told_of(&ticket, &message, "DELIVERED").await;
        engine.drained().await;
        assert_eq!(twilio.account.accepted().len(), 1, "it was silently repeated");
        let known = "select external_id from messages where direction = 'OUTBOUND'";
        assert_eq!(engine.database.texts(known).await, [twilio::sid(1)]);
        engine.finish().await;
    }
}

on_each_database! {
    async fn who_says_stop_is_written_to_no_more_until_start(size: Size) {
        let (engine, twilio, person, channel) = start(size, "TWILIO_SMS").await;
        let mut stop = twilio::sms("SM1", "STOP");
        stop.push(("OptOutType", "STOP".to_owned()));
        twilio::tell(&engine, &channel, &stop).await;
        let ticket = person.ticket(&channel).await;
        until("the consent to be withdrawn", PATIENCE, || async {
            let path = format!("/tickets/{ticket}/send-options");
            let told = person.get(&path).await;
            told.to_string().contains("OPTED_OUT").then_some(())
        })
        .await;
        let path = format!("/tickets/{ticket}/messages");
        let (refused, answer) = person.call(Method::POST, &path, json!({"content": "but"})).await;
        assert_eq!((refused, &answer["code"]), (422, &json!("OPTED_OUT")), "{answer}");
        let mut start = twilio::sms("SM2", "START");
        start.push(("OptOutType", "START".to_owned()));
        twilio::tell(&engine, &channel, &start).await;
        until("the consent to be given", PATIENCE, || async {
            (person.call(Method::POST, &path, json!({"content": "welcome back"})).await.0 == 201).then_some(())
        })
        .await;
        // Twilio delivers the first once more: it says nothing new.
        twilio::tell(&engine, &channel, &stop).await;
        engine.drained().await;
        let (status, answer) = person.call(Method::POST, &path, json!({"content": "still here"})).await;
        assert_eq!(status, 201, "{answer}");
        engine.drained().await;
        let bodies: Vec<String> = twilio.account.accepted().iter().map(|fields| fields["Body"].clone()).collect();
        assert_eq!(bodies, ["welcome back", "still here"]);
        engine.finish().await;
    }
}

on_each_database! {
    async fn the_platforms_window_is_its_own_and_a_refusal_is_not_repeated(size: Size) {
        let (engine, twilio, person, channel) = start(size, "TWILIO_WHATSAPP").await;
        twilio::tell(&engine, &channel, &twilio::whatsapp("SM1", "hello")).await;
        let ticket = person.ticket(&channel).await;
        let address = format!("whatsapp:{}", twilio::ANA);
        twilio.account.refuses(&address, Some(63_016));
        let late = person.answer(&ticket, "too late").await;
        person.told_of(&ticket, &late, "FAILED").await;
        // A refusal may also come afterwards.
        twilio.account.refuses(&address, None);
        let next = person.answer(&ticket, "next").await;
        person.told_of(&ticket, &next, "SENT").await;
        twilio::tell(&engine, &channel, &twilio::undelivered(&twilio::sid(1), 63_016)).await;
        person.told_of(&ticket, &next, "FAILED").await;
        engine.drained().await;
        assert_eq!(engine.database.count("select max(number) from attempts").await, 1);
        assert_eq!(person.get(&format!("/channels/{channel}")).await["status"], "ACTIVE");
        engine.finish().await;
    }
}

on_each_database! {
    async fn too_many_requests_delay_and_keep_the_order(size: Size) {
        let (engine, twilio, person, channel) = start(size, "TWILIO_SMS").await;
        twilio::tell(&engine, &channel, &twilio::sms("SM1", "hello")).await;
        let ticket = person.ticket(&channel).await;
        twilio.account.is_busy(2);
        for text in ["1", "2", "3"] {
            person.answer(&ticket, text).await;
        }
        until("all to be sent", PATIENCE, || async {
            let sent = "select count(*) from messages where direction = 'OUTBOUND' and state = 'SENT'";
            (engine.database.count(sent).await == 3).then_some(())
        })
        .await;
        let bodies: Vec<String> = twilio.account.accepted().iter().map(|fields| fields["Body"].clone()).collect();
        assert_eq!(bodies, ["1", "2", "3"]);
        let refused = "select count(*) from attempts where outcome <> 'SENT'";
        assert_eq!(engine.database.count(refused).await, 2);
        engine.finish().await;
    }
}

on_each_database! {
    async fn a_shared_address_finds_channels_that_have_only_a_service(size: Size) {
        let (engine, twilio) = (Engine::start(size).await, Twilio::start().await);
        let (person, stranger) = (Person::sign_up(&engine).await, Person::sign_up(&engine).await);
        let channel = person.channel("TWILIO_SMS", twilio.config_of_service()).await;
        // Somebody else says that the service is theirs, and has not its token.
        let mut theirs = twilio.config_of_service();
        theirs["authToken"] = "another token".into();
        stranger.channel("TWILIO_SMS", theirs).await;
        let address = engine.url("/api/v1/webhooks/twilio/sms");
        let mut hello = twilio::sms("SM1", "hello");
        hello.push(("MessagingServiceSid", twilio::SERVICE.to_owned()));
        assert_eq!(twilio::call_signed(&engine, &address, &hello, "a token of nobody").await, 401);
        assert_eq!(twilio::call(&engine, &address, &hello).await, 200);
        let ticket = person.ticket(&channel).await;
        let message = person.answer(&ticket, "good day").await;
        person.told_of(&ticket, &message, "SENT").await;
        assert_eq!(twilio.account.accepted()[0]["MessagingServiceSid"], twilio::SERVICE);
        // A status names the number that the service chose, and the account.
        let delivered = twilio::status(&twilio::sid(1), "delivered");
        assert_eq!(twilio::call(&engine, &format!("{address}/status"), &delivered).await, 200);
        person.told_of(&ticket, &message, "DELIVERED").await;
        engine.drained().await;
        let stored = engine.database.count("select count(*) from messages where direction = 'INBOUND'").await;
        assert_eq!(stored, 1, "whose token is another gets nothing");
        assert_eq!(stranger.get("/tickets").await, json!([]));
        engine.finish().await;
    }
}

on_each_database! {
    async fn a_status_teaches_what_an_answer_would_have(size: Size) {
        let (engine, _twilio, person, channel) = start(size, "TWILIO_SMS").await;
        twilio::tell(&engine, &channel, &twilio::sms("SM1", "hello")).await;
        let ticket = person.ticket(&channel).await;
        let messages = format!("/tickets/{ticket}/messages");
        let gone = person.answer(&ticket, "good day").await;
        person.told_of(&ticket, &gone, "SENT").await;
        twilio::tell(&engine, &channel, &twilio::failed(&twilio::sid(1), 30_005)).await;
        person.told_of(&ticket, &gone, "FAILED").await;
        let (refused, answer) = person.call(Method::POST, &messages, json!({"content": "again"})).await;
        assert_eq!((refused, &answer["code"]), (422, &json!("NO_SUCH_RECIPIENT")), "{answer}");
        // Who writes can be reached.
        twilio::tell(&engine, &channel, &twilio::sms("SM2", "here I am")).await;
        until("the contact to be reached", PATIENCE, || async {
            (person.call(Method::POST, &messages, json!({"content": "welcome"})).await.0 == 201).then_some(())
        })
        .await;
        engine.drained().await;
        twilio::tell(&engine, &channel, &twilio::failed(&twilio::sid(2), 30_002)).await;
        until("the channel to stop", PATIENCE, || async {
            (person.get(&format!("/channels/{channel}")).await["status"] == "NEEDS_REAUTH").then_some(())
        })
        .await;
        let asked = "select count(*) from manual_actions where kind = 'CHANNEL_UNAUTHORIZED' and status = 'PENDING'";
        assert_eq!(engine.database.count(asked).await, 1);
        engine.finish().await;
    }
}

async fn start(size: Size, kind: &str) -> (Engine, Twilio, Person, String) {
    let engine = Engine::start(size).await;
    let (person, twilio) = (Person::sign_up(&engine).await, Twilio::start().await);
    let channel = person.channel(kind, twilio.config()).await;
    (engine, twilio, person, channel)
}
