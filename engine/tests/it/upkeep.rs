//! What a channel's session does when nothing arrives: it brings a platform's
//! session up again, fetches what came while nobody listened, and asks once who
//! somebody is.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    on_each_database,
    support::{
        api::Person,
        engine::{Engine, Settings, guests},
        mock,
        platform::{Answer, Call, Platform},
        size::Size,
        wait::until,
    },
};

const PATIENCE: Duration = Duration::from_mins(1);

on_each_database! {
    async fn a_session_that_hangs_after_a_restart_comes_up_again(size: Size) {
        for hanging in ["starting", "awaiting_qr"] {
            let (engine, phone, person) = start(size).await;
            let channel = phone.channel(&person).await;
            phone.is_known_as(&engine, "connected").await;
            engine.stop().await;
            // Its own restart went wrong, and nobody was told.
            phone.is(hanging);
            phone.platform.behave(phone.answers(|call, phone| match call.path.as_str() {
                "/session/restart" => phone.turns("connected"),
                _ => phone.usual(call),
            }));
            engine.restart().await;
            until("the session to begin anew", PATIENCE, || async {
                (phone.count("POST /session/restart") == 1).then_some(())
            }).await;
            phone.is_known_as(&engine, "connected").await;
            assert_eq!(phone.count("POST /session/restart"), 1);
            assert_eq!(person.get(&format!("/channels/{channel}")).await["status"], "ACTIVE");
            engine.finish().await;
        }
    }
}

on_each_database! {
    async fn every_try_to_bring_a_session_up_waits_longer(size: Size) {
        let (engine, phone, person) = start(size).await;
        phone.is("starting");
        phone.channel(&person).await;
        until("three tries", PATIENCE, || async { (phone.count("POST /session/restart") >= 3).then_some(()) }).await;
        let tries: Vec<_> = phone.platform.calls().into_iter().filter(|call| call.path == "/session/restart").collect();
        let pauses: Vec<_> = tries.windows(2).map(|two| two[1].at - two[0].at).collect();
        for (number, pause) in pauses.iter().enumerate().take(2) {
            // One second, doubled with every try before.
            assert!(*pause >= Duration::from_millis(1_900 << number), "{pauses:?}");
        }
        engine.finish().await;
    }
}

on_each_database! {
    async fn a_session_that_is_down_is_started(size: Size) {
        let (engine, phone, person) = start(size).await;
        let channel = phone.channel(&person).await;
        phone.is_known_as(&engine, "connected").await;
        phone.is("stopped");
        mock::post(&engine, &channel, &json!({"state": "stopped"})).await;
        phone.platform.behave(phone.answers(|call, phone| match call.path.as_str() {
            "/session/start" => phone.turns("connected"),
            _ => phone.usual(call),
        }));
        until("the session to be started", PATIENCE, || async {
            (phone.count("POST /session/start") == 1).then_some(())
        }).await;
        phone.is_known_as(&engine, "connected").await;
        engine.finish().await;
    }
}

on_each_database! {
    async fn what_came_while_nobody_listened_is_fetched_once(size: Size) {
        let (engine, phone, person) = start(size).await;
        let channel = phone.channel(&person).await;
        phone.is_known_as(&engine, "connected").await;
        let ana = |number: usize| json!({"id": format!("m{number}"), "from": "491", "text": format!("{number}")});
        mock::post(&engine, &channel, &ana(1)).await;
        stored(&engine, 1).await;

        engine.kill();
        // The first was brought by its webhook; the others never will be.
        phone.keep([ana(1), ana(2), ana(3)]);
        engine.restart().await;
        stored(&engine, 3).await;
        // The platform delivers late after all, and once more after the next start.
        mock::post(&engine, &channel, &ana(3)).await;
        mock::post(&engine, &channel, &ana(4)).await;
        stored(&engine, 4).await;
        engine.stop().await;
        let polls = phone.count("GET /news");
        engine.restart().await;
        until("another look", PATIENCE, || async { (phone.count("GET /news") > polls).then_some(()) }).await;
        engine.drained().await;
        let texts = engine.database.texts("select text from messages order by sequence").await;
        assert_eq!(texts, ["1", "2", "3", "4"]);
        assert_eq!(engine.database.count("select count(*) from dead_letters").await, 0);

        // The phone itself is away, and comes back.
        phone.is("starting");
        mock::post(&engine, &channel, &json!({"state": "starting"})).await;
        phone.is_known_as(&engine, "starting").await;
        phone.keep([ana(5)]);
        phone.is("connected");
        mock::post(&engine, &channel, &json!({"state": "connected"})).await;
        stored(&engine, 5).await;
        engine.finish().await;
    }
}

on_each_database! {
    async fn credentials_that_the_session_refuses_ask_a_person(size: Size) {
        let (engine, phone, person) = start(size).await;
        let channel = phone.channel(&person).await;
        phone.is_known_as(&engine, "connected").await;
        mock::post(&engine, &channel, &json!({"id": "m1", "from": "491", "text": "hello"})).await;
        let ticket = person.ticket(&channel).await;
        let path = format!("/channels/{channel}");
        // From the first send on: a look at the session before it would stop the channel without one.
        let mut is_refused = false;
        phone.platform.behave(phone.answers(move |call, phone| {
            is_refused |= call.path == "/messages";
            if is_refused { Answer::Json(401, json!({})) } else { phone.usual(call) }
        }));
        person.answer(&ticket, "first").await;
        until("the channel to stop", PATIENCE, || async {
            (person.get(&path).await["status"] == "NEEDS_REAUTH").then_some(())
        }).await;
        let waiting = "select count(*) from messages where state = 'QUEUED'";
        until("the queue to be kept", PATIENCE, || async { (engine.database.count(waiting).await == 1).then_some(()) }).await;
        let asked = "select count(*) from manual_actions where kind = 'CHANNEL_UNAUTHORIZED' and status = 'PENDING'";
        assert_eq!(engine.database.count(asked).await, 1);
        assert_eq!(engine.database.count("select count(*) from notifications where kind = 'CHANNEL_UNAUTHORIZED'").await, 1);

        phone.platform.behave(phone.answers(|call, phone| phone.usual(call)));
        person.post(&format!("{path}/test-connection"), json!({})).await;
        engine.drained().await;
        let sent: Vec<Value> =
            phone.calls("POST /messages").iter().map(|call| call.json()["text"].clone()).collect();
        assert_eq!(sent, ["first", "first"]);
        assert_eq!(engine.database.count(asked).await, 0);
        engine.finish().await;
    }
}

on_each_database! {
    async fn a_connected_session_lets_the_queue_go_on(size: Size) {
        let (engine, phone, person) = start(size).await;
        let channel = phone.channel(&person).await;
        phone.is_known_as(&engine, "connected").await;
        mock::post(&engine, &channel, &json!({"id": "m1", "from": "491", "text": "hello"})).await;
        let ticket = person.ticket(&channel).await;
        // The phone was unpaired: nothing can be sent, and somebody has to scan.
        phone.is("awaiting_qr");
        phone.platform.behave(phone.answers(|call, phone| match call.path.as_str() {
            "/messages" => Answer::Json(401, json!({})),
            _ => phone.usual(call),
        }));
        person.answer(&ticket, "first").await;
        phone.is_known_as(&engine, "awaiting_qr").await;
        let path = format!("/channels/{channel}");
        assert_eq!(person.get(&path).await["status"], "NEEDS_REAUTH");
        phone.platform.behave(phone.answers(|call, phone| phone.usual(call)));
        phone.is("connected");
        mock::post(&engine, &channel, &json!({"state": "connected"})).await;
        engine.drained().await;
        assert_eq!(person.get(&path).await["status"], "ACTIVE");
        let sent = "select count(*) from messages where direction = 'OUTBOUND' and state = 'SENT'";
        assert_eq!(engine.database.count(sent).await, 1);
        engine.finish().await;
    }
}

on_each_database! {
    async fn somebody_unknown_is_asked_about_once(size: Size) {
        let (engine, phone, person) = start(size).await;
        let channel = phone.channel(&person).await;
        let called = "select name || ' ' || avatar from identities where avatar is not null";
        for round in ["m1", "m2"] {
            mock::post(&engine, &channel, &json!({"id": round, "from": "491", "text": "hello"})).await;
            until("a name and a picture", PATIENCE, || async {
                (engine.database.texts(called).await == ["Ana https://example.com/491.png"]).then_some(())
            }).await;
            engine.drained().await;
            // What the session has seen is forgotten.
            engine.stop().await;
            engine.restart().await;
        }
        stored(&engine, 2).await;
        assert_eq!(phone.count("GET /people/491"), 1);
        let contact = engine.database.texts("select name from contacts").await;
        assert_eq!(contact, ["Ana"]);
        engine.finish().await;
    }
}

async fn stored(engine: &Engine, count: i64) {
    until("messages to be stored", PATIENCE, || async {
        let stored = engine.database.count("select count(*) from messages where direction = 'INBOUND'").await;
        (stored == count).then_some(())
    })
    .await;
}

/// A phone with its state, and what it kept that nobody fetched.
struct Phone {
    platform: Platform,
    state: State,
}

#[derive(Clone)]
struct State {
    session: Arc<Mutex<String>>,
    kept: Arc<Mutex<Vec<Value>>>,
}

async fn start(size: Size) -> (Engine, Phone, Person) {
    let waits = "sessions.starting = \"1s\"\nsessions.pairing = \"1s\"";
    let settings = Settings { file: waits.into(), plugins: Some(guests()), ..Settings::default() };
    let engine = Engine::start_with(size, settings).await;
    let person = Person::sign_up(&engine).await;
    let state = State { session: Arc::new(Mutex::new("connected".into())), kept: Arc::default() };
    let platform = Platform::start({
        let state = state.clone();
        move |call| state.usual(call)
    })
    .await;
    (engine, Phone { platform, state }, person)
}

impl Phone {
    async fn channel(&self, person: &Person) -> String {
        person.channel("PHONE", json!({"apiBaseUrl": self.platform.address, "token": "secret"})).await
    }

    fn is(&self, session: &str) {
        self.state.turns(session);
    }

    fn keep(&self, messages: impl IntoIterator<Item = Value>) {
        self.state.kept.lock().unwrap().extend(messages);
    }

    fn answers(
        &self,
        mut answer: impl FnMut(&Call, &State) -> Answer + Send + 'static,
    ) -> impl FnMut(&Call) -> Answer + Send + 'static {
        let state = self.state.clone();
        move |call| answer(call, &state)
    }

    fn calls(&self, wanted: &str) -> Vec<Call> {
        let mut calls = self.platform.calls();
        calls.retain(|call| {
            let path = call.path.split('?').next().unwrap_or_default();
            format!("{} {path}", call.method) == wanted
        });
        calls
    }

    fn count(&self, wanted: &str) -> usize {
        self.calls(wanted).len()
    }

    async fn is_known_as(&self, engine: &Engine, session: &str) {
        until("the session", PATIENCE, || async {
            let states = engine.database.texts("select session_state from channels where session_state is not null");
            (states.await == [session]).then_some(())
        })
        .await;
    }
}

impl State {
    fn turns(&self, session: &str) -> Answer {
        session.clone_into(&mut self.session.lock().unwrap());
        self.session()
    }

    fn session(&self) -> Answer {
        Answer::Json(200, json!({"state": *self.session.lock().unwrap()}))
    }

    fn usual(&self, call: &Call) -> Answer {
        if call.header("authorization") != Some("Bearer secret") {
            return Answer::Json(401, json!({}));
        }
        match call.path.split_once('?').map_or((call.path.as_str(), ""), |(path, query)| (path, query)) {
            ("/messages", _) => Answer::Json(200, json!({"id": format!("sent-{}", call.json()["text"])})),
            ("/news", query) => {
                // The cursor is how many were fetched; one is given at a time.
                let from: usize = query.trim_start_matches("since=").parse().unwrap_or_default();
                let kept = self.kept.lock().unwrap();
                let messages: Vec<_> = kept.iter().skip(from).take(1).collect();
                Answer::Json(200, json!({"messages": messages, "cursor": (from + messages.len()).to_string()}))
            }
            ("/people/491", _) => Answer::Json(200, json!({"name": "Ana", "picture": "https://example.com/491.png"})),
            _ => self.session(),
        }
    }
}
