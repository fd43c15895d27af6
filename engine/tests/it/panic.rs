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
        let points = ["ingress::accept", "session::pump", "session::wake", "conversation::perform"];
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
        engine.finish().await;
    }
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
        let log = engine.log();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let pauses: Vec<u64> = lines
            .filter(|line| line["actor.kind"] == "conversation")
            .filter_map(|line| line["delay_ms"].as_u64())
            .collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1600]);
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

/// How often actors of a kind were started again, as operators see it.
async fn restarts(engine: &Engine, kind: &str) -> u64 {
    let actors: Value = engine.http.get(engine.url("/ops/actors")).send().await.unwrap().json().await.unwrap();
    let actors = actors.as_array().unwrap().iter();
    actors.filter(|actor| actor["kind"] == kind).map(|actor| actor["restarts"].as_u64().unwrap()).sum()
}
