//! Promises 6 and 9: what was answered is committed, what is repeated happens
//! once, and the log of events has no gaps, whoever writes and whatever dies.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{
    on_each_database,
    support::{
        api::Person,
        engine::{Engine, Settings},
        mock,
        platform::{Answer, Platform},
        size::Size,
        wait::until,
    },
};

on_each_database! {
    async fn a_repeated_write_happens_once_and_gets_the_first_answer(size: Size) {
        let Desk { engine, platform, person, ticket } = Desk::start(size, None).await;
        let path = format!("/tickets/{ticket}/messages");
        let body = json!({"content": "hi"});
        let first = write(&person, &path, "a key", &body).await;
        assert_eq!((first.status, first.replayed), (201, false));
        for _ in 0..3 {
            let again = write(&person, &path, "a key", &body).await;
            assert_eq!((again.status, again.replayed), (201, true));
            assert_eq!(again.body, first.body);
        }
        let other = write(&person, &path, "a key", &json!({"content": "something else"})).await;
        assert_eq!((other.status, &other.body["code"]), (422, &json!("IDEMPOTENCY_MISMATCH")));
        let elsewhere = write(&person, "/tickets", "a key", &body).await;
        assert_eq!(elsewhere.status, 422, "{}", elsewhere.body);
        // The key of another person is another key.
        let stranger = Person::sign_up(&engine).await;
        let theirs = write(&stranger, &path.replace(&ticket, "nothing"), "a key", &body).await;
        assert_eq!((theirs.status, theirs.replayed), (404, false));
        let new = write(&person, &path, "another key", &body).await;
        assert_eq!((new.status, new.replayed), (201, false));
        assert_ne!(new.body["id"], first.body["id"]);
        engine.drained().await;
        assert_eq!(engine.database.count("select count(*) from messages where direction = 'OUTBOUND'").await, 2);
        assert_eq!(platform.calls().len(), 2);
        engine.finish().await;
    }
}

on_each_database! {
    async fn a_write_that_is_under_way_is_not_begun_again(size: Size) {
        // The second request to a conversation takes its time: the first is the contact's message.
        let Desk { engine, platform, person, ticket } =
            Desk::start(size, Some("conversation::perform=1*off->1*sleep(3000)")).await;
        let path = format!("/tickets/{ticket}/messages");
        let body = json!({"content": "hi"});
        let answers = join_all((0..6).map(|_| write(&person, &path, "a key", &body))).await;
        let statuses = |wanted| answers.iter().filter(|answer| answer.status == wanted).count();
        assert_eq!((statuses(201), statuses(409)), (1, 5), "{:?}", answers.iter().map(|a| a.status).collect::<Vec<_>>());
        assert!(answers.iter().all(|answer| answer.status == 201 || answer.body["code"] == "IDEMPOTENCY_IN_FLIGHT"));
        let again = write(&person, &path, "a key", &body).await;
        assert_eq!((again.status, again.replayed), (201, true));
        engine.drained().await;
        assert_eq!(platform.calls().len(), 1);
        engine.finish().await;
    }
}

on_each_database! {
    async fn a_write_whose_answer_was_lost_by_a_kill_is_found_by_its_key(size: Size) {
        // It is committed, and never answered.
        let Desk { engine, platform, person, ticket } = Desk::start(size, Some("messages::answer=1*sleep(600000)")).await;
        let path = format!("/tickets/{ticket}/messages");
        let body = json!({"content": "hi"});
        let lost = async {
            until("it to be committed", Duration::from_secs(20), || async {
                let query = "select count(*) from messages where direction = 'OUTBOUND'";
                (engine.database.count(query).await == 1).then_some(())
            }).await;
            engine.kill();
        };
        let call = person.request(reqwest::Method::POST, &path).header("Idempotency-Key", "a key").json(&body).send();
        let (answer, ()) = tokio::join!(call, lost);
        assert!(answer.is_err(), "it was answered");
        engine.restart().await;
        let found = until("the repeated write to be answered", Duration::from_mins(1), || async {
            let answer = write(&person, &path, "a key", &body).await;
            assert!([201, 409].contains(&answer.status), "{}", answer.body);
            (answer.status == 201).then_some(answer)
        }).await;
        engine.drained().await;
        let messages = person.get(&path).await;
        let ids: Vec<&Value> = messages.as_array().unwrap().iter().map(|message| &message["id"]).collect();
        assert_eq!(ids.len(), 2, "beside the contact's message there is more than one: {messages}");
        assert_eq!(ids[1], &found.body["id"]);
        assert_eq!(platform.calls().len(), 1);
        let again = write(&person, &path, "a key", &body).await;
        assert_eq!((again.replayed, &again.body["id"]), (true, &found.body["id"]));
        // It may show what is shown only once.
        let kept = engine.database.texts("select answer from idempotency_keys").await;
        assert!(!kept.is_empty() && kept.iter().all(|answer| !answer.contains("content")), "{kept:?}");
        engine.finish().await;
    }
}

on_each_database! {
    async fn events_have_no_gap_at_any_moment(size: Size) {
        const GAPS: &str = "select cast(coalesce(sum(gap), 0) as bigint) from (select max(sequence) - count(*) as gap from events \
            group by organisation_id) g";
        let engine = Engine::start(size).await;
        let platform = Platform::start(|_| Answer::Json(200, json!({}))).await;
        let people = [Person::sign_up(&engine).await, Person::sign_up(&engine).await];
        let mut channels = Vec::new();
        for person in &people {
            channels.push(person.channel("MOCK", mock::config(&platform.address)).await);
        }
        let writers = join_all((0..8).map(|writer| {
            let (engine, person, channel) = (&engine, &people[writer % 2], &channels[writer % 2]);
            async move {
                for number in 0..15 {
                    let id = format!("{writer}-{number}");
                    let contact = format!("+49151{writer:08}");
                    until("a webhook to be accepted", Duration::from_mins(1), || async {
                        let url = engine.url(&format!("/webhook/{channel}"));
                        let call = engine.http.post(url).json(&mock::text(&contact, &id, "hello")).send().await;
                        call.ok().filter(|answer| answer.status().is_success()).map(drop)
                    }).await;
                    // A change by a person in between, whatever becomes of it.
                    let renamed = person.request(reqwest::Method::PUT, &format!("/channels/{channel}"));
                    drop(renamed.json(&json!({"name": id})).send().await);
                }
            }
        }));
        let kills = async {
            for stored in [20, 60] {
                until("some of it to be stored", Duration::from_mins(1), || async {
                    assert_eq!(engine.database.count(GAPS).await, 0, "a gap shows");
                    (engine.database.count("select count(*) from messages").await > stored).then_some(())
                }).await;
                engine.kill();
                engine.restart().await;
            }
        };
        tokio::join!(writers, kills);
        until("all of it to be stored", Duration::from_mins(1), || async {
            assert_eq!(engine.database.count(GAPS).await, 0, "a gap shows");
            (engine.database.count("select count(*) from messages").await == 120).then_some(())
        }).await;
        engine.drained().await;
        assert_eq!(engine.database.count(GAPS).await, 0);
        assert_eq!(engine.database.count("select count(*) from events where sequence < 1").await, 0);
        let unequal = "select count(*) from organisations o where event_sequence <> \
            (select coalesce(max(sequence), 0) from events e where e.organisation_id = o.id)";
        assert_eq!(engine.database.count(unequal).await, 0);
        // Every message was announced, once.
        let announced = "select count(*) from messages m where not exists (select 1 from events e \
            where e.organisation_id = m.organisation_id and e.sequence = m.sequence)";
        assert_eq!(engine.database.count(announced).await, 0);
        engine.finish().await;
    }
}

/// An organisation with a ticket.
struct Desk {
    engine: Engine,
    platform: Platform,
    person: Person,
    ticket: String,
}

impl Desk {
    async fn start(size: Size, failpoints: Option<&str>) -> Self {
        let failpoints = failpoints.map(str::to_owned);
        let engine = Engine::start_with(size, Settings { failpoints, ..Settings::default() }).await;
        let platform = Platform::start(|_| Answer::Json(200, json!({}))).await;
        let person = Person::sign_up(&engine).await;
        let channel = person.channel("MOCK", mock::config(&platform.address)).await;
        mock::post(&engine, &channel, &mock::text("+4915112345678", "1", "hello")).await;
        let ticket = person.ticket(&channel).await;
        Self { engine, platform, person, ticket }
    }
}

struct Written {
    status: u16,
    replayed: bool,
    body: Value,
}

async fn write(person: &Person, path: &str, key: &str, body: &Value) -> Written {
    let call = person.request(reqwest::Method::POST, path).header("Idempotency-Key", key).json(body);
    let answer = call.send().await.unwrap();
    let replayed = answer.headers().get("idempotency-replayed").is_some_and(|value| value == "true");
    Written { status: answer.status().as_u16(), replayed, body: answer.json().await.unwrap() }
}
