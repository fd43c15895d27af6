//! Promises 7 and 8, and what becomes of a message on its way out: tried again,
//! held, refused, paced, kept for later.

use std::{sync::Arc, time::Duration};

use chrono::Utc;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::{
    inbound::post,
    on_every_size,
    support::{
        api::Person,
        engine::{Engine, Settings, guests},
        mock,
        platform::{Answer, Call, Platform},
        port::free_port,
        size::Size,
        wait::until,
        whatsapp,
    },
};

on_every_size! {
    async fn a_channel_whose_platform_is_out_of_reach_rests(size: Size) {
        let engine = Engine::start(size).await;
        let person = Person::sign_up(&engine).await;
        let address = format!("http://127.0.0.1:{}", free_port());
        let channel = person.channel("MOCK", mock::config(&address)).await;
        for number in 0..5 {
            let contact = format!("49151000000{number}");
            mock::post(&engine, &channel, &mock::text(&contact, &contact, "hello")).await;
        }
        let path = format!("/tickets?channelId={channel}");
        let tickets = person.waiting(&path, |found| found.as_array().unwrap().len() == 5).await;
        for ticket in tickets.as_array().unwrap() {
            person.answer(ticket["id"].as_str().unwrap(), "hi").await;
        }
        until("the channel to rest", Duration::from_secs(30), || async {
            (engine.database.count("select count(*) from channel_pauses").await == 1).then_some(())
        }).await;
        until("all to have been tried", Duration::from_secs(30), || async {
            let tried = "select count(*) from messages where state = 'QUEUED' and failure->>'code' = 'OUT_OF_REACH'";
            (engine.database.count(tried).await == 5).then_some(())
        }).await;
        let counted = "select count(*) from messages where direction = 'OUTBOUND' and paced < attempts - 1";
        assert_eq!(engine.database.count(counted).await, 0, "attempts that reached nobody count");
        assert_eq!(engine.database.count("select count(*) from manual_actions").await, 0);
        engine.discard().await;
    }
}

on_every_size! {
    async fn a_temporary_failure_is_tried_again_and_nothing_overtakes_it(size: Size) {
        let (engine, platform, person, channel) = start(size, json!({"limits": []})).await;
        let (ana, ben) = (written(&engine, &person, &channel, "491").await, written(&engine, &person, &channel, "492").await);
        platform.behave(|call| {
            let again = call.json()["text"]["body"] == "first";
            if again { whatsapp::refused(503, 2) } else { whatsapp::accepted(call) }
        });
        for text in ["first", "second", "third"] {
            person.answer(&ana, text).await;
        }
        person.answer(&ben, "other").await;
        until("two attempts and the other conversation's message", Duration::from_secs(30), || async {
            let texts = texts(&platform.calls());
            let firsts = texts.iter().filter(|text| *text == "first").count();
            (firsts >= 2 && texts.contains(&"other".to_owned())).then_some(())
        }).await;
        platform.behave(whatsapp::accept());
        engine.drained().await;

        let calls = platform.calls();
        let of_ana: Vec<&Call> = calls.iter().filter(|call| call.json()["to"] == "+491").collect();
        let firsts = of_ana.iter().take_while(|call| call.json()["text"]["body"] == "first").count();
        assert!(firsts >= 3, "{:?}", texts(&calls));
        assert_eq!(texts(&calls).iter().filter(|text| *text != "first").count(), 3);
        let behind: Vec<Value> = of_ana[firsts..].iter().map(|call| call.json()["text"]["body"].clone()).collect();
        assert_eq!(behind, ["second", "third"]);
        // Not at once, and later every time: three quarters of a doubled second at least.
        let pauses: Vec<Duration> = of_ana[..firsts].windows(2).map(|two| two[1].at - two[0].at).collect();
        for (number, pause) in pauses.iter().enumerate() {
            assert!(*pause >= Duration::from_millis(750 << number), "{pauses:?}");
        }
        let attempts = engine.database.count("select max(number) from attempts").await;
        assert_eq!(attempts, i64::try_from(firsts).unwrap());
        assert_eq!(states(&engine).await, ["SENT"; 4]);
        engine.finish().await;
    }
}

on_every_size! {
    async fn a_rate_limit_holds_over_a_kill(size: Size) {
        const CONTACTS: usize = 24;
        const BURST: usize = 10;
        let limits = json!([{"scope": "channel", "permits": 1, "perMs": 1000, "burst": BURST}]);
        let (engine, platform, person, channel) = start(size, json!({"limits": limits})).await;
        for contact in 0..CONTACTS {
            let ticket = written(&engine, &person, &channel, &format!("4915{contact:08}")).await;
            person.answer(&ticket, "hi").await;
        }
        until("the burst and two more", Duration::from_mins(1), || async {
            (platform.calls().len() >= BURST + 2).then_some(())
        }).await;
        engine.kill();
        engine.restart().await;
        until("all of it to be settled", Duration::from_mins(2), || async {
            let open = "select count(*) from messages where state in ('QUEUED', 'SENDING')";
            (engine.database.count(open).await == 0).then_some(())
        }).await;
        let calls = platform.calls();
        assert_within(&calls, BURST, 1.0);
        let mut reached: Vec<String> = calls.iter().map(|call| call.json()["to"].to_string()).collect();
        reached.sort();
        reached.dedup();
        assert_eq!(reached.len(), calls.len(), "a message was sent twice");
        assert!(states(&engine).await.iter().all(|state| state == "SENT" || state == "UNKNOWN"));
        engine.finish().await;
    }
}

on_every_size! {
    async fn a_lost_answer_is_unknown_and_asks_a_person(size: Size) {
        let (engine, platform, person, channel) = start(size, json!({"limits": []})).await;
        let ticket = written(&engine, &person, &channel, "491").await;
        platform.behave(|call| {
            if call.json()["text"]["body"] == "lost" { Answer::Cut } else { whatsapp::accepted(call) }
        });
        person.answer(&ticket, "lost").await;
        person.answer(&ticket, "next").await;
        engine.drained().await;
        assert_eq!(states(&engine).await, ["UNKNOWN", "SENT"]);
        assert_eq!(texts(&platform.calls()), ["lost", "next"], "it was silently repeated");
        let asked = "select count(*) from manual_actions where kind = 'OUTCOME_UNKNOWN' and status = 'PENDING' \
             and message_id is not null";
        assert_eq!(engine.database.count(asked).await, 1);
        let recorded = "select count(*) from attempts where outcome = 'UNKNOWN' and ended_at is not null";
        assert_eq!(engine.database.count(recorded).await, 1);
        engine.finish().await;
    }
}

on_every_size! {
    async fn a_lost_answer_is_asked_for_again_where_the_channel_says_so(size: Size) {
        let (engine, platform, person, channel) =
            start(size, json!({"limits": [], "onUnknownOutcome": "resend"})).await;
        let ticket = written(&engine, &person, &channel, "491").await;
        let mut lost = false;
        platform.behave(move |call| {
            if std::mem::replace(&mut lost, true) { whatsapp::accepted(call) } else { Answer::Cut }
        });
        person.answer(&ticket, "lost").await;
        engine.drained().await;
        assert_eq!(states(&engine).await, ["SENT"]);
        assert_eq!(texts(&platform.calls()), ["lost", "lost"]);
        assert_eq!(engine.database.count("select count(*) from manual_actions").await, 0);
        engine.finish().await;
    }
}

on_every_size! {
    async fn refused_credentials_stop_the_channel_until_they_are_mended(size: Size) {
        let (engine, platform, person, channel) = start(size, json!({"limits": []})).await;
        let ticket = written(&engine, &person, &channel, "491").await;
        let path = format!("/channels/{channel}");
        let right = |token: &'static str| move |call: &Call| {
            let right = call.header("authorization") == Some(&format!("Bearer {token}"));
            if right { whatsapp::accepted(call) } else { whatsapp::refused(401, 190) }
        };
        let all_written = Arc::new(Notify::new());
        platform.behave({
            let all_written = Arc::clone(&all_written);
            move |_| Answer::Held(Arc::clone(&all_written), Box::new(whatsapp::refused(401, 190)))
        });
        for text in ["first", "second", "third"] {
            person.answer(&ticket, text).await;
        }
        all_written.notify_one();
        reauth(&engine).await;
        platform.behave(right("another token"));
        assert_eq!(states(&engine).await, ["QUEUED"; 3], "the queue is kept");
        assert_eq!(person.get(&path).await["status"], "NEEDS_REAUTH");
        let asked = "select count(*) from manual_actions where kind = 'CHANNEL_UNAUTHORIZED' and status = 'PENDING'";
        assert_eq!(engine.database.count(asked).await, 1);
        let told = "select count(*) from notifications where kind = 'CHANNEL_UNAUTHORIZED'";
        assert_eq!(engine.database.count(told).await, 1);
        refused(&person, &ticket, "CHANNEL_UNAUTHORIZED").await;
        let tested = person.post(&format!("{path}/test-connection"), json!({})).await;
        assert_eq!(person.get(&path).await["status"], "NEEDS_REAUTH", "{tested}");
        // One was tried and the connection tested; nothing else was sent meanwhile.
        assert_eq!(texts(&platform.calls()), ["first"]);

        // New settings deserve a new try.
        let (status, answer) = person.call(Method::PUT, &path, json!({"config": {"accessToken": "another token"}})).await;
        assert_eq!(status, 200, "{answer}");
        engine.drained().await;
        assert_eq!(states(&engine).await, ["SENT"; 3]);
        assert_eq!(texts(&platform.calls()), ["first", "first", "second", "third"]);

        // The platform changes its mind, and the test of the connection finds out.
        platform.behave(right("a third token"));
        person.answer(&ticket, "fourth").await;
        reauth(&engine).await;
        platform.behave(right("another token"));
        person.post(&format!("{path}/test-connection"), json!({})).await;
        engine.drained().await;
        assert_eq!(states(&engine).await, ["SENT"; 4]);
        assert_eq!(person.get(&path).await["status"], "ACTIVE");
        engine.finish().await;
    }
}

on_every_size! {
    async fn a_scheduled_message_is_sent_when_it_is_due(size: Size) {
        let (engine, platform, person, channel) = start(size, json!({"limits": []})).await;
        let ticket = written(&engine, &person, &channel, "491").await;
        let message = person.answer(&ticket, "later").await;
        engine.drained().await;
        let wait = Duration::from_secs(4);
        let due = std::time::Instant::now() + wait;
        engine.database.schedule(message.parse().unwrap(), Utc::now() + wait).await;
        until("it to be sent", Duration::from_secs(30), || async {
            (platform.calls().len() == 2).then_some(())
        }).await;
        let sent = platform.calls()[1].at;
        assert!(sent >= due, "{:?} too early", due - sent);
        assert!(sent < due + Duration::from_secs(3), "{:?} too late", sent - due);
        engine.finish().await;
    }
}

on_every_size! {
    async fn what_may_not_be_sent_is_refused_and_says_why(size: Size) {
        let settings = Settings { plugins: Some(guests()), ..Settings::default() };
        let engine = Engine::start_with(size, settings).await;
        let platform = Platform::start(|_| whatsapp::refused(400, 131_026)).await;
        let person = Person::sign_up(&engine).await;
        let channel = person.channel("WHATSAPP", whatsapp::config(&platform.address)).await;

        let day = 24 * 3600;
        let old = whatsapp::text("491", "wamid.old", Utc::now().timestamp() - day - 60, "hello");
        post(&engine, &channel, &whatsapp::webhook(&[old], &[])).await;
        let ticket = person.ticket(&channel).await;
        refused(&person, &ticket, "OUTSIDE_WINDOW").await;

        let new = whatsapp::text("491", "wamid.new", Utc::now().timestamp(), "hello again");
        post(&engine, &channel, &whatsapp::webhook(&[new], &[])).await;
        until("the window to open", Duration::from_secs(20), || async {
            let path = format!("/tickets/{ticket}/messages");
            (person.get(&path).await.as_array().unwrap().len() == 2).then_some(())
        }).await;
        person.answer(&ticket, "to nobody").await;
        until("the platform to say that there is nobody", Duration::from_secs(20), || async {
            (states(&engine).await == ["FAILED"]).then_some(())
        }).await;
        refused(&person, &ticket, "NO_SUCH_RECIPIENT").await;

        let path = format!("/channels/{channel}");
        assert_eq!(person.call(Method::PUT, &path, json!({"isActive": false})).await.0, 200);
        refused(&person, &ticket, "CHANNEL_DISABLED").await;

        let other = person.channel("MISBEHAVING", json!({})).await;
        mock::post(&engine, &other, &json!({"id": "1", "from": "ana", "text": "hello"})).await;
        let ticket = person.ticket(&other).await;
        mock::post(&engine, &other, &json!({"optOut": "ana"})).await;
        until("the wish to be known", Duration::from_secs(20), || async {
            let query = "select count(*) from identities where opted_out_at is not null";
            (engine.database.count(query).await == 1).then_some(())
        }).await;
        refused(&person, &ticket, "OPTED_OUT").await;
        assert_eq!(platform.calls().len(), 1);
        assert_eq!(states(&engine).await, ["FAILED"], "a refused message was stored");
        engine.finish().await;
    }
}

async fn start(size: Size, settings: Value) -> (Engine, Platform, Person, String) {
    let engine = Engine::start(size).await;
    let platform = Platform::start(whatsapp::accept()).await;
    let person = Person::sign_up(&engine).await;
    let mut config = whatsapp::config(&platform.address);
    config.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    let channel = person.channel("WHATSAPP", config).await;
    (engine, platform, person, channel)
}

/// The ticket of a contact who wrote just now.
pub async fn written(engine: &Engine, person: &Person, channel: &str, contact: &str) -> String {
    let text = whatsapp::text(contact, &format!("wamid.in.{contact}"), Utc::now().timestamp(), "hello");
    post(engine, channel, &whatsapp::webhook(&[text], &[])).await;
    until("the contact's ticket", Duration::from_secs(20), || async {
        let tickets = person.get("/tickets").await;
        let own = tickets.as_array().unwrap().iter().find(|ticket| ticket["externalThreadId"] == contact)?;
        own["id"].as_str().map(str::to_owned)
    })
    .await
}

async fn reauth(engine: &Engine) {
    until("the channel to be stopped", Duration::from_secs(30), || async {
        let query = "select count(*) from channels where status = 'NEEDS_REAUTH'";
        (engine.database.count(query).await == 1).then_some(())
    })
    .await;
}

async fn refused(person: &Person, ticket: &str, code: &str) {
    let path = format!("/tickets/{ticket}/messages");
    let (status, answer) = person.call(Method::POST, &path, json!({"content": "hi"})).await;
    assert_eq!((status, &answer["code"]), (422, &json!(code)), "{answer}");
}

/// The states of what was sent, in the order in which it was written.
async fn states(engine: &Engine) -> Vec<String> {
    engine.database.texts("select state from messages where direction = 'OUTBOUND' order by sequence").await
}

/// What the platform was asked to send, in the order in which it came.
fn texts(calls: &[Call]) -> Vec<String> {
    let sends = calls.iter().filter(|call| call.method == "POST");
    sends.map(|call| call.json()["text"]["body"].as_str().unwrap().to_owned()).collect()
}

/// In no window, however long, more calls than the limit permits. What is on its way may arrive a little late, and so
/// closer to the next one: one call more is taken for that.
pub fn assert_within(calls: &[Call], burst: usize, per_second: f64) {
    for (start, first) in calls.iter().enumerate() {
        for (end, last) in calls.iter().enumerate().skip(start) {
            let permitted = (last.at - first.at).as_secs_f64().mul_add(per_second, burst as f64) + 1.0;
            let seen = (end - start + 1) as f64;
            assert!(seen <= permitted, "{seen} calls where {permitted} are permitted");
        }
    }
}
