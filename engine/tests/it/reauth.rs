//! Credentials that a platform refuses stop a channel wherever that shows, its queue is kept, a person is asked once,
//! and what is put right lets it go on.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    on_every_size,
    support::{
        api::Person,
        engine::{Engine, Settings},
        expiring::{self, Server},
        platform::Answer,
        waha::{self, Waha},
        wait::until,
    },
};

const PATIENCE: Duration = Duration::from_mins(1);
const ASKED: &str = "select count(*) from manual_actions where kind = 'CHANNEL_UNAUTHORIZED' and status = 'PENDING'";
const TOLD: &str = "select count(*) from notifications where kind = 'CHANNEL_UNAUTHORIZED'";

on_every_size! {
    async fn wherever_they_are_refused_the_channel_stops_and_a_test_brings_it_back(size: Size) {
        let engine = expiring::engine(size, Settings::default()).await;
        let (server, person) = (Server::start().await, Person::sign_up(&engine).await);
        // Nothing that could be renewed: the platform's word is final.
        let channel = person.channel("EXPIRING", server.config_without_renewal()).await;
        server.platform.behave(|_| Answer::Json(200, json!({"id": "sent", "name": "Ana"})));
        expiring::write(&engine, &channel, "first").await;
        let ticket = person.ticket(&channel).await;
        for (round, place) in ["a test", "a file", "a profile", "a send"].into_iter().enumerate() {
            server.platform.behave(|_| Answer::Json(401, json!({})));
            match place {
                "a test" => drop(test(&person, &channel).await),
                "a file" => expiring::write_file(&engine, &channel, place).await,
                "a profile" => expiring::write_unknown(&engine, &channel, place).await,
                _ => drop(person.answer(&ticket, "good day").await),
            }
            stopped(&person, &channel, place).await;
            assert_eq!(engine.database.count(ASKED).await, 1, "{place}");
            assert_eq!(engine.database.count(TOLD).await, i64::try_from(round).unwrap() + 1, "{place}");
            assert_eq!(test(&person, &channel).await, "FAIL", "{place}");
            server.platform.behave(|_| Answer::Json(200, json!({"id": "sent", "name": "Ana"})));
            assert_eq!(test(&person, &channel).await, "PASS", "{place}");
            assert_eq!(status(&person, &channel).await, "ACTIVE", "{place}");
            assert_eq!(engine.database.count(ASKED).await, 0, "{place}");
        }
        engine.drained().await;
        let sent = engine.database.texts("select state from messages where direction = 'OUTBOUND'").await;
        assert_eq!(sent, ["SENT"], "the queue was kept");
        assert_eq!(server.renewals(), 0);
        engine.finish().await;
    }
}

on_every_size! {
    async fn what_a_person_switched_off_stays_off(size: Size) {
        let engine = expiring::engine(size, Settings::default()).await;
        let (server, person) = (Server::start().await, Person::sign_up(&engine).await);
        let channel = person.channel("EXPIRING", server.config_without_renewal()).await;
        let path = format!("/channels/{channel}");
        assert_eq!(person.call(Method::PUT, &path, json!({"isActive": false})).await.0, 200);
        assert_eq!(test(&person, &channel).await, "FAIL");
        assert_eq!(status(&person, &channel).await, "DISABLED");
        assert_eq!(engine.database.count(ASKED).await, 0);
        engine.finish().await;
    }
}

on_every_size! {
    async fn a_session_that_was_connected_all_the_time_brings_its_channel_back(size: Size) {
        let file = "sessions.starting = \"1s\"\nsessions.pairing = \"1s\"\nsessions.ask_every = \"1s\"".to_owned();
        let engine = Engine::start_with(size, Settings { file, ..Settings::default() }).await;
        let (person, waha) = (Person::sign_up(&engine).await, Waha::start().await);
        let channel = person.channel("WAHA", waha.config()).await;
        connected(&engine).await;
        for way in ["told", "tested"] {
            // Found by the engine itself, which asks how the session is.
            waha.platform.behave(|_| Answer::Json(401, json!({"message": "Unauthorized", "statusCode": 401})));
            stopped(&person, &channel, way).await;
            connected(&engine).await;
            waha.platform.behave(waha.phone.usual());
            if way == "told" {
                waha::tell(&engine, &channel, "session.status", &json!({"status": "WORKING"})).await;
            } else {
                assert_eq!(test(&person, &channel).await, "PASS");
            }
            until("the channel to work again", PATIENCE, || async {
                (status(&person, &channel).await == "ACTIVE").then_some(())
            })
            .await;
            assert_eq!(engine.database.count(ASKED).await, 0, "{way}");
        }
        engine.finish().await;
    }
}

async fn connected(engine: &Engine) {
    until("the session to be known as connected", PATIENCE, || async {
        let states = engine.database.texts("select session_state from channels where session_state is not null").await;
        (states == ["connected"]).then_some(())
    })
    .await;
}

async fn stopped(person: &Person, channel: &str, place: &str) {
    until(&format!("the channel to stop by {place}"), PATIENCE, || async {
        (status(person, channel).await == "NEEDS_REAUTH").then_some(())
    })
    .await;
}

async fn status(person: &Person, channel: &str) -> String {
    person.get(&format!("/channels/{channel}")).await["status"].as_str().unwrap().to_owned()
}

async fn test(person: &Person, channel: &str) -> String {
    let test: Value = person.post(&format!("/channels/{channel}/test-connection"), json!({})).await;
    test["tests"][0]["status"].as_str().unwrap().to_owned()
}
