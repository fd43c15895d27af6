//! Promise 10: a connector that crashes, computes or allocates for ever, answers
//! without end or asks for what it was not granted costs itself the call, and
//! the other channels no more than its share of the CPU.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    on_every_size,
    support::{
        api::Person,
        engine::{Engine, Settings, guests},
        mock,
        platform::{Answer, Platform},
        size::Size,
        wait::until,
    },
};

on_every_size! {
    async fn a_misdeed_while_reading_is_a_dead_letter(size: Size) {
        let (engine, person) = start(size).await;
        let bad = person.channel("MISBEHAVING", json!({})).await;
        let good = person.channel("MOCK", json!({})).await;
        let misdeeds = [
            ("trap", "the connector crashed"),
            ("spin", "the connector computed for more than 1s"),
            ("allocate", "the connector wanted more than 268435456 bytes of memory"),
            ("flood", "the connector answered with more than 8388608 bytes"),
        ];
        for (misdeed, _) in misdeeds {
            mock::post(&engine, &bad, &json!({"parse": misdeed})).await;
            mock::post(&engine, &good, &mock::text("+4915112345678", misdeed, "hello")).await;
        }
        // Behind all of them, on the same channel.
        mock::post(&engine, &bad, &json!({"id": "1", "from": "ana", "text": "I am fine"})).await;
        stored(&engine, 5).await;
        let reasons = engine.database.texts("select reason from dead_letters order by id").await;
        let payloads = engine.database.texts("select payload from dead_letters order by id").await;
        assert_eq!((reasons.len(), payloads.len()), (misdeeds.len(), misdeeds.len()));
        for ((reason, payload), (misdeed, expected)) in reasons.iter().zip(&payloads).zip(misdeeds) {
            assert!(reason.contains(expected), "{misdeed}: {reason}");
            let payload: Value = serde_json::from_str(payload).unwrap();
            assert_eq!(payload["webhook"]["body"]["text"], json!({"parse": misdeed}).to_string());
        }
        counted(&engine, "parse").await;
        engine.finish().await;
    }
}

on_every_size! {
    async fn a_misdeed_while_accepting_is_an_error_and_nothing_is_kept(size: Size) {
        let (engine, person) = start(size).await;
        let bad = person.channel("MISBEHAVING", json!({})).await;
        for misdeed in ["trap", "spin", "allocate", "flood"] {
            let status = mock::call(&engine, &bad, &json!({"accept": misdeed})).await;
            // What it was asked to make is more than a connector may keep, but its answer is a short one.
            assert_eq!(status, if misdeed == "flood" { 200 } else { 500 }, "{misdeed}");
        }
        mock::post(&engine, &bad, &json!({"id": "1", "from": "ana", "text": "I am fine"})).await;
        stored(&engine, 1).await;
        assert_eq!(engine.database.count("select count(*) from dead_letters").await, 0);
        engine.finish().await;
    }
}

on_every_size! {
    async fn a_misdeed_while_sending_settles_its_message(size: Size) {
        let (engine, person) = start(size).await;
        let platform = Platform::start(|call| match call.path.as_str() {
            "/redirect" => Answer::Bytes(
                307,
                vec![("location".into(), "http://169.254.169.254/latest/meta-data/".into())],
                Vec::new(),
            ),
            _ => Answer::Json(200, json!({})),
        }).await;
        let bad = person.channel("MISBEHAVING", json!({"apiBaseUrl": platform.address})).await;
        mock::post(&engine, &bad, &json!({"id": "1", "from": "ana", "text": "hello"})).await;
        let ticket = person.ticket(&bad).await;
        let address = &platform.address;
        let misdeeds = [
            ("trap".to_owned(), "FAILED", "the connector crashed"),
            ("spin".to_owned(), "FAILED", "the connector computed for more than 1s"),
            ("allocate".to_owned(), "FAILED", "the connector wanted more than 268435456 bytes of memory"),
            ("post https://example.com/".to_owned(), "FAILED", "does not declare \"example.com\""),
            ("post http://169.254.169.254/".to_owned(), "FAILED", "does not declare \"169.254.169.254\""),
            (format!("post {address}/redirect"), "FAILED", "does not declare \"169.254.169.254\""),
            // Something was sent before it failed: nobody but a person can tell what became of it.
            (format!("post {address}/ then trap"), "UNKNOWN", "the connector crashed"),
            (format!("post {address}/ then spin"), "UNKNOWN", "the connector computed for more than 1s"),
            (format!("post {address}/again then again"), "UNKNOWN", "more than 32 requests for one command"),
            ("I am fine".to_owned(), "SENT", ""),
        ];
        for (text, _, _) in &misdeeds {
            person.answer(&ticket, text).await;
        }
        engine.drained().await;
        let settled = engine.database.texts(
            "select state || ' ' || coalesce(failure->>'message', '') from messages where direction = 'OUTBOUND' \
             order by sequence",
        ).await;
        assert_eq!(settled.len(), misdeeds.len());
        for (settled, (text, state, reason)) in settled.iter().zip(&misdeeds) {
            assert!(settled.starts_with(state) && settled.contains(reason), "{text}: {settled}");
        }
        let paths: Vec<String> = platform.calls().into_iter().map(|call| call.path).collect();
        assert_eq!(paths[..3], ["/redirect", "/", "/"]);
        assert_eq!(paths[3..], ["/again"; 32]);
        let asked = "select count(*) from manual_actions where kind = 'OUTCOME_UNKNOWN' and status = 'PENDING'";
        assert_eq!(engine.database.count(asked).await, 3);
        engine.finish().await;
    }
}

/// Alone on the machine, because it measures.
pub mod load {
    use super::*;

    const MESSAGES: usize = 20;
    /// Beside one or two that spin, a channel has its share of the machine: it takes a few times as long. Waiting for one
    /// of them to be stopped would take much longer.
    pub fn bearable(alone: Duration) -> Duration {
        10 * alone + Duration::from_millis(100)
    }

    on_every_size! {
        async fn one_that_spins_for_ever_does_not_hold_the_others_up(size: Size) {
            let (engine, person) = start(size).await;
            let bad = person.channel("MISBEHAVING", json!({})).await;
            let good = person.channel("MOCK", json!({})).await;
            let alone = upper_quartile(&engine, &good, "alone").await;
            // One spins while it reads, one while it accepts, without a pause, as long as the others are measured.
            for _ in 0..60 {
                mock::post(&engine, &bad, &json!({"parse": "spin"})).await;
            }
            let (http, url) = (engine.http.clone(), engine.url(&format!("/webhook/{bad}")));
            let accepting = tokio::spawn(async move {
                loop {
                    let answer = http.post(&url).json(&json!({"accept": "spin"})).send().await.unwrap();
                    assert_eq!(answer.status(), 500);
                }
            });
            until("it to spin", Duration::from_secs(20), || async { (spun(&engine).await > 0).then_some(()) }).await;
            let beside = upper_quartile(&engine, &good, "beside").await;
            assert!((1..60).contains(&spun(&engine).await), "it did not spin all the time");
            assert!(!accepting.is_finished());
            accepting.abort();
            println!("three of four of {MESSAGES}: {alone:?} alone, {beside:?} beside one that spins");
            assert!(beside < bearable(alone), "{alone:?} alone, {beside:?} beside one that spins");
            // What it still has before it is left to it.
            engine.discard().await;
        }
    }

    /// The time that three of four take, from a call of the platform to the committed message. Of the last quarter, one
    /// or another waits for a disk that stalls; a channel that is held up has all of them wait.
    pub async fn upper_quartile(engine: &Engine, channel: &str, name: &str) -> Duration {
        let mut taken = Vec::with_capacity(MESSAGES);
        let before = engine.database.count("select count(*) from messages").await;
        for number in 1..=MESSAGES {
            let started = Instant::now();
            mock::post(engine, channel, &mock::text("+4915112345678", &format!("{name}{number}"), "hello")).await;
            stored(engine, before + i64::try_from(number).unwrap()).await;
            taken.push(started.elapsed());
        }
        taken.sort();
        taken[MESSAGES * 3 / 4 - 1]
    }

    async fn spun(engine: &Engine) -> i64 {
        engine.database.count("select count(*) from dead_letters where reason like '%computed for more than%'").await
    }
}

pub async fn start(size: Size) -> (Engine, Person) {
    // Room enough to build an answer of a hundred megabytes.
    let file = "plugins.memory_bytes = \"256MiB\"\n".to_owned();
    let engine = Engine::start_with(size, Settings { file, plugins: Some(guests()), ..Settings::default() }).await;
    let person = Person::sign_up(&engine).await;
    (engine, person)
}

async fn stored(engine: &Engine, count: i64) {
    until("the messages to be stored", Duration::from_mins(1), || async {
        (engine.database.count("select count(*) from messages").await == count).then_some(())
    })
    .await;
}

/// Each kind of failure shows in the metrics.
async fn counted(engine: &Engine, call: &str) {
    let metrics = engine.metrics().await;
    for reason in ["trap", "deadline", "memory", "output"] {
        let line = metrics.lines().find(|line| {
            line.starts_with("patchbay_connector_failures_total")
                && line.contains(&format!("call=\"{call}\""))
                && line.contains(&format!("reason=\"{reason}\""))
        });
        assert!(line.is_some_and(|line| line.ends_with(" 1")), "{reason}: {metrics}");
    }
}
