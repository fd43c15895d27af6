//! What a platform says of being called too fast: nobody fails by it, the channel is slower afterwards, and the
//! operator sees it.

use std::time::Duration;

use serde_json::json;

use crate::{
    on_every_size,
    support::{
        api::Person,
        engine::Engine,
        mock,
        platform::{Answer, Platform},
    },
};

const CONTACTS: usize = 24;
/// Before the platform has enough.
const FAST: usize = 4;
const INTERVAL: Duration = Duration::from_millis(50);
const ASKED: Duration = Duration::from_secs(2);

on_every_size! {
    async fn a_platform_that_is_called_too_fast_is_called_more_slowly(size: Size) {
        let engine = Engine::start(size).await;
        let mut calls = 0;
        let platform = Platform::start(move |_| {
            calls += 1;
            if calls == FAST {
                let wait = ASKED.as_secs().to_string();
                Answer::Bytes(429, vec![("retry-after".into(), wait)], vec![])
            } else {
                Answer::Json(200, json!({}))
            }
        }).await;
        let person = Person::sign_up(&engine).await;
        let mut config = mock::config(&platform.address);
        config["limits"] = json!([{"scope": "channel", "permits": 20, "perMs": 1000, "burst": 1}]);
        let channel = person.channel("MOCK", config).await;
        for contact in 0..CONTACTS {
            mock::post(&engine, &channel, &mock::text(&format!("+4915{contact:08}"), &contact.to_string(), "hello")).await;
        }
        let tickets = person.waiting("/tickets", |tickets| tickets.as_array().unwrap().len() == CONTACTS).await;
        for ticket in tickets.as_array().unwrap() {
            person.answer(ticket["id"].as_str().unwrap(), "hi").await;
        }
        engine.drained().await;
        let sent = "select count(*) from messages where state in ('SENT', 'DELIVERED')";
        assert_eq!(engine.database.count(sent).await, i64::try_from(CONTACTS).unwrap(), "nobody fails by a limit");
        let calls = platform.calls();
        assert_eq!(calls.len(), CONTACTS + 1, "only what was refused is sent again");
        // What was on its way already may still arrive.
        let refused = calls[FAST - 1].at;
        let pause = calls.iter().position(|call| call.at >= refused + ASKED / 2).unwrap();
        assert!(pause <= FAST + 2, "{} calls went on", pause - FAST);
        assert!(calls[pause].at - refused >= ASKED, "{:?}", calls[pause].at - refused);
        let after = calls.last().unwrap().at - calls[pause].at;
        let intervals = u32::try_from(calls.len() - 1 - pause).unwrap();
        assert!(after / intervals >= INTERVAL * 3 / 2, "{intervals} calls within {after:?} are as fast as before");

        let metrics = engine.metrics().await;
        let told = |of: &str| metrics.lines().any(|line| line.starts_with(of) && !line.ends_with(" 0"));
        assert!(told("patchbay_platform_pauses_total{channel_type=\"MOCK\"}"), "{metrics}");
        assert!(told("patchbay_limiter_wait_seconds_count{scope=\"channel\"}"), "{metrics}");
        engine.finish().await;
    }
}
