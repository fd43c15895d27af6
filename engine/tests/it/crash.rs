//! Promise by promise under `kill -9`: inbound nothing lost and nothing twice,
//! outbound attempts in flight end as unknown and follow the channel's policy.

use std::{collections::HashMap, time::Duration};

use serde_json::{Value, json};

use crate::{
    inbound::post,
    on_every_size,
    support::{
        api::Person,
        engine::Engine,
        load::{Load, settled, stored},
        platform::{Answer, Platform},
        wait::until,
        whatsapp,
    },
};

on_every_size! {
    async fn what_was_accepted_before_a_kill_is_stored_once_and_in_order(size: Size) {
        let engine = Engine::start(size).await;
        let person = Person::sign_up(&engine).await;
        let channel = person.channel("WHATSAPP", whatsapp::config("http://127.0.0.1:9")).await;
        let load = Load { calls: 1_500, contacts: 100, seed: 11, senders: 8 };
        let kills = async {
            for stored in [100, 600] {
                until("some of it to be stored", Duration::from_secs(90), || async {
                    let query = "select count(*) from messages";
                    (engine.database.count(query).await > stored).then_some(())
                }).await;
                engine.kill();
                engine.restart().await;
            }
        };
        // The load goes on while the engine is away: a platform sends again what was not accepted.
        let (sent, ()) = tokio::join!(load.send(&engine, &channel), kills);
        settled(&engine, &sent).await;
        assert_eq!(stored(&engine).await, sent.expected());
        engine.finish().await;
    }
}

on_every_size! {
    async fn an_attempt_cut_off_by_a_kill_is_unknown_and_is_not_repeated(size: Size) {
        let (engine, platform, person, channel) = start(size, "hold").await;
        platform.behave(|_| Answer::Never);
        write_to(&engine, &person, &channel, 5).await;
        until("all requests to have left", Duration::from_secs(20), || async {
            (platform.calls().len() == 5).then_some(())
        }).await;
        engine.kill();
        platform.behave(whatsapp::accept());
        engine.restart().await;
        until("all attempts to end as unknown", Duration::from_mins(1), || async {
            (engine.database.count("select count(*) from messages where state = 'UNKNOWN'").await == 5).then_some(())
        }).await;
        assert_eq!(platform.calls().len(), 5, "an attempt was silently repeated");
        let actions = "select count(*) from manual_actions where kind = 'OUTCOME_UNKNOWN' and status = 'PENDING'";
        assert_eq!(engine.database.count(actions).await, 5);
        engine.finish().await;
    }
}

on_every_size! {
    async fn an_attempt_cut_off_by_a_kill_is_repeated_where_the_channel_says_so(size: Size) {
        let (engine, platform, person, channel) = start(size, "resend").await;
        platform.behave(|_| Answer::Never);
        write_to(&engine, &person, &channel, 3).await;
        until("all requests to have left", Duration::from_secs(20), || async {
            (platform.calls().len() == 3).then_some(())
        }).await;
        engine.kill();
        platform.behave(whatsapp::accept());
        engine.restart().await;
        until("all messages to be sent", Duration::from_mins(1), || async {
            (engine.database.count("select count(*) from messages where state = 'SENT'").await == 3).then_some(())
        }).await;
        assert_eq!(platform.calls().len(), 6);
        engine.finish().await;
    }
}

on_every_size! {
    async fn a_kill_under_outbound_load_loses_nothing_and_keeps_the_order(size: Size) {
        let (engine, platform, person, channel) = start(size, "hold").await;
        let contacts = 10;
        write_to(&engine, &person, &channel, contacts).await;
        let tickets = tickets(&person, contacts).await;
        let person = &person;
        let writing = async {
            for number in 1..=20 {
                futures_util::future::join_all(tickets.iter().map(|ticket| send(person, ticket, number))).await;
            }
        };
        let kill = async {
            until("some of it to be sent", Duration::from_mins(1), || async {
                (platform.calls().len() > 60).then_some(())
            }).await;
            engine.kill();
            engine.restart().await;
        };
        tokio::join!(writing, kill);
        until("all of it to be settled", Duration::from_mins(2), || async {
            let open = "select count(*) from messages where state in ('QUEUED', 'SENDING', 'SCHEDULED')";
            (engine.database.count(open).await == 0).then_some(())
        }).await;
        let lost = "select count(*) from messages where direction = 'OUTBOUND' and state not in ('SENT', 'UNKNOWN')";
        assert_eq!(engine.database.count(lost).await, 0);
        // What the platform saw of each contact came in the order of commits, each at most once.
        let mut seen: HashMap<String, Vec<usize>> = HashMap::new();
        for call in platform.calls() {
            let body = call.json();
            let number = body["text"]["body"].as_str().unwrap().rsplit(' ').next().unwrap().parse().unwrap();
            seen.entry(body["to"].as_str().unwrap().to_owned()).or_default().push(number);
        }
        assert_eq!(seen.len(), contacts);
        for (contact, numbers) in seen {
            assert!(numbers.is_sorted_by(|a, b| a < b), "{contact} got {numbers:?}");
        }
        let sent = engine.database.count("select count(*) from messages where direction = 'OUTBOUND'").await;
        assert_eq!(sent, i64::try_from(contacts).unwrap() * 21);
        engine.finish().await;
    }
}

async fn start(size: crate::support::size::Size, policy: &str) -> (Engine, Platform, Person, String) {
    let engine = Engine::start(size).await;
    let platform = Platform::start(whatsapp::accept()).await;
    let person = Person::sign_up(&engine).await;
    let mut config = whatsapp::config(&platform.address);
    config["onUnknownOutcome"] = policy.into();
    config["limits"] = json!([]);
    let channel = person.channel("WHATSAPP", config).await;
    (engine, platform, person, channel)
}

/// So many contacts write, and each is answered once.
async fn write_to(engine: &Engine, person: &Person, channel: &str, contacts: usize) {
    let now = chrono::Utc::now().timestamp();
    for contact in 0..contacts {
        let (from, id) = (format!("4915{contact:08}"), format!("wamid.in.{contact}"));
        post(engine, channel, &whatsapp::webhook(&[whatsapp::text(&from, &id, now, "hello")], &[])).await;
    }
    for ticket in tickets(person, contacts).await {
        send(person, &ticket, 0).await;
    }
}

async fn tickets(person: &Person, count: usize) -> Vec<String> {
    until("the tickets", Duration::from_secs(20), || async {
        let tickets = person.get("/tickets").await;
        let ids: Vec<String> =
            tickets.as_array()?.iter().filter_map(|ticket| ticket["id"].as_str().map(str::to_owned)).collect();
        (ids.len() == count).then_some(ids)
    })
    .await
}

/// Repeated under one key until it is answered, as a careful client does.
async fn send(person: &Person, ticket: &str, number: usize) {
    let path = format!("/tickets/{ticket}/messages");
    let key = format!("{ticket}-{number}-{}", uuid::Uuid::new_v4());
    let body: Value = json!({"content": format!("answer {number}")});
    until("an answer to be taken", Duration::from_mins(2), || {
        let call = person.request(reqwest::Method::POST, &path).header("Idempotency-Key", &key).json(&body).send();
        async move { call.await.ok().filter(|answer| answer.status().is_success()).map(drop) }
    })
    .await;
}
