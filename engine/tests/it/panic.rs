//! Promise 10 for the engine's own actors: one that panics is started again with
//! a growing pause, its work is done, and operators see it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    on_every_size,
    support::{
        api::Person,
        engine::{Engine, Settings},
        mock,
        platform::{Answer, Platform},
        size::Size,
        wait::until,
    },
};

on_every_size! {
    async fn each_kind_of_actor_is_started_again_and_its_work_is_done(size: Size) {
        let points =
            ["ingress::accept", "session::pump", "session::wake", "conversation::perform", "campaign::go"];
        let engine = start(size, &points.map(|point| format!("{point}=1*panic")).join(";")).await;
        let platform = Platform::start(|_| Answer::Json(200, json!({}))).await;
        let person = Person::sign_up(&engine).await;
        let channel = person.channel("MOCK", mock::config(&platform.address)).await;
        mock::post(&engine, &channel, &mock::text("+4915112345678", "1", "hello")).await;
        let ticket = person.ticket(&channel).await;
        person.answer(&ticket, "hi").await;
        until("the answer to be sent", Duration::from_secs(30), || async {
            (engine.database.count("select count(*) from messages where state = 'SENT'").await == 1).then_some(())
        }).await;
        assert_eq!(platform.calls().len(), 1);
        assert_eq!(engine.database.count("select count(*) from messages where direction = 'INBOUND'").await, 1);
        assert_eq!(engine.database.count("select count(*) from dead_letters").await, 0);
        for (kind, expected) in [("ingress", 1), ("session", 2), ("conversation", 1)] {
            assert_eq!(restarts(&engine, kind).await, expected, "{kind}");
        }
        let campaign = json!({"channelId": channel, "name": "Spring", "messageTemplate": "news"});
        let campaign = person.post("/campaigns", campaign).await["id"].as_str().unwrap().to_owned();
        let list = json!({"recipients": ["+4915112345678", "+4915187654321"]});
        person.post(&format!("/campaigns/{campaign}/recipients"), list).await;
        person.post(&format!("/campaigns/{campaign}/start"), json!({})).await;
        person.waiting(&format!("/campaigns/{campaign}"), |campaign| campaign["status"] == "COMPLETED").await;
        assert_eq!(platform.calls().iter().filter(|call| call.json()["text"] == "news").count(), 2);
        assert_eq!(pauses(&engine, "campaign").len(), 1, "the campaign's actor was not started again");
        engine.finish().await;
    }
}

on_every_size! {
    async fn what_kills_a_session_is_not_blamed_on_what_lies_before_it(size: Size) {
        let points = ["session::pump=3*panic", "inbound::read=panic", "session::route=panic", "conversation::commit=panic"];
        let engine = start(size, &points.join(";")).await;
        let person = Person::sign_up(&engine).await;
        let channel = person.channel("MOCK", json!({})).await;
        let contact = |number: usize| format!("+49151{number:08}");
        // Each time it begins with what lies before it, and dies of something else.
        for number in 0..20 {
            mock::post(&engine, &channel, &mock::text(&contact(number), &format!("m{number}"), "hello")).await;
        }
        messages(&engine, 20).await;
        assert_eq!(engine.database.count("select count(*) from dead_letters").await, 0);
        assert_eq!(pauses(&engine, "session").len(), 3);
        // Three that are themselves the end of what reads, routes and commits them, among others that are not.
        for number in 0..10 {
            for poison in ["unreadable", "unroutable", "uncommittable"] {
                let text = if number == 5 { poison } else { "hello" };
                let id = format!("{}{number}", &poison[2..6]);
                mock::post(&engine, &channel, &mock::text(&contact(number), &id, text)).await;
            }
        }
        messages(&engine, 20 + 27).await;
        until("the dead letters", Duration::from_mins(1), || async {
            (engine.database.count("select count(*) from dead_letters").await == 3).then_some(())
        }).await;
        let mut reasons = engine.database.texts("select reason from dead_letters").await;
        reasons.sort();
        assert_eq!(reasons, [
            "the change could not be stored: the engine failed on it",
            "the engine failed on it",
            "the session failed on this webhook again and again",
        ]);
        engine.finish().await;
    }
}

async fn messages(engine: &Engine, count: i64) {
    until("the messages to be stored", Duration::from_mins(1), || async {
        let query = "select count(*) from messages where direction = 'INBOUND'";
        (engine.database.count(query).await == count).then_some(())
    })
    .await;
}

on_every_size! {
    async fn one_that_dies_again_and_again_is_started_after_growing_pauses(size: Size) {
        let engine = start(size, "conversation::perform=5*panic").await;
        let person = Person::sign_up(&engine).await;
        let channel = person.channel("MOCK", json!({})).await;
        mock::post(&engine, &channel, &mock::text("+4915112345678", "1", "hello")).await;
        until("the message to be stored", Duration::from_secs(30), || async {
            (engine.database.count("select count(*) from messages").await == 1).then_some(())
        }).await;
        assert_eq!(restarts(&engine, "conversation").await, 5);
        assert_eq!(pauses(&engine, "conversation"), [100, 200, 400, 800, 1600]);
        engine.finish().await;
    }
}

on_every_size! {
    async fn an_input_that_kills_its_actor_is_a_dead_letter_and_blocks_nothing(size: Size) {
        // With it, the message that says "panic" kills the conversation that receives it, whenever it does.
        let engine = start(size, "conversation::receive=panic").await;
        let person = Person::sign_up(&engine).await;
        let channel = person.channel("MOCK", json!({})).await;
        let poison = mock::text("+4915112345678", "poison", "panic");
        mock::post(&engine, &channel, &mock::text("+4915112345678", "before", "hello")).await;
        mock::post(&engine, &channel, &poison).await;
        mock::post(&engine, &channel, &mock::text("+4915112345678", "behind", "hello")).await;
        mock::post(&engine, &channel, &mock::text("+4915187654321", "beside", "hello")).await;
        until("the other conversation", Duration::from_secs(10), || async {
            let query = "select count(*) from messages where external_id = 'beside'";
            (engine.database.count(query).await == 1).then_some(())
        }).await;
        assert_eq!(engine.database.count("select count(*) from dead_letters").await, 0, "it was held up");
        until("what came behind it", Duration::from_mins(1), || async {
            let query = "select count(*) from messages where external_id = 'behind'";
            (engine.database.count(query).await == 1).then_some(())
        }).await;
        assert_eq!(engine.database.count("select count(*) from messages").await, 3);
        let reasons = engine.database.texts("select reason from dead_letters").await;
        assert_eq!(reasons, ["the conversation fails on this input"]);
        let payload = engine.database.texts("select payload from dead_letters").await;
        let payload: Value = serde_json::from_str(&payload[0]).unwrap();
        assert_eq!(payload["webhook"]["body"]["text"], poison.to_string());
        engine.finish().await;
    }
}

async fn start(size: Size, failpoints: &str) -> Engine {
    let failpoints = Some(failpoints.to_owned());
    Engine::start_with(size, Settings { failpoints, ..Settings::default() }).await
}

/// Before actors of a kind were started again, as the log says.
fn pauses(engine: &Engine, kind: &str) -> Vec<u64> {
    let log = engine.log();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["actor.kind"] == kind).filter_map(|line| line["delay_ms"].as_u64()).collect()
}

/// How often actors of a kind were started again, as operators see it.
async fn restarts(engine: &Engine, kind: &str) -> u64 {
    let actors: Value = engine.http.get(engine.url("/ops/actors")).send().await.unwrap().json().await.unwrap();
    let actors = actors.as_array().unwrap().iter();
    actors.filter(|actor| actor["kind"] == kind).map(|actor| actor["restarts"].as_u64().unwrap()).sum()
}
