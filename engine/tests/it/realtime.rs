//! Realtime: one log, one cursor. A client that comes back with it gets every event once, in order, by socket and by
//! asking; one whose cursor is too old is told so, and one that is too slow is cut off.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    on_every_size,
    support::{
        api::Person,
        engine::{Engine, Settings},
        inbox::text,
        mock,
        size::Size,
        socket::{Came, Socket},
        wait::until,
    },
};

const CONTACTS: usize = 6;
const EACH: usize = 40;

fn cursor(frame: &Value) -> i64 {
    text(frame, "cursor").parse().unwrap()
}

/// Contacts that write all at once, each one message after the other.
async fn write(engine: &Engine, channel: &str) {
    let contacts = (0..CONTACTS).map(|contact| {
        let (http, url) = (engine.http.clone(), engine.url(&format!("/webhook/{channel}")));
        tokio::spawn(async move {
            for number in 0..EACH {
                let contact_number = format!("+49151{contact:07}");
                let webhook =
                    mock::text(&contact_number, &format!("{contact}-{number}"), &format!("{contact} {number}"));
                assert!(http.post(&url).json(&webhook).send().await.unwrap().status().is_success());
            }
        })
    });
    for contact in contacts.collect::<Vec<_>>() {
        contact.await.unwrap();
    }
}

/// Everything after the cursor, by asking until nothing is new.
async fn polled(person: &Person, mut from: String, wanted: usize) -> Vec<Value> {
    let (mut events, mut messages) = (Vec::new(), 0);
    while messages < wanted {
        let told = person.inbox_get(&format!("/conversations/updates?cursor={from}")).await;
        from = text(&told, "cursor");
        messages += told["newMessages"].as_array().unwrap().len();
        events.extend(told["events"].as_array().unwrap().clone());
    }
    events
}

on_every_size! {
    async fn a_client_that_comes_back_gets_every_event_once_in_order(size: Size) {
        let engine = Engine::start(size).await;
        let (admin, stranger) = (Person::sign_up(&engine).await, Person::sign_up(&engine).await);
        let channel = admin.channel("MOCK", json!({})).await;
        let theirs = stranger.channel("MOCK", json!({})).await;
        let mut eve = Socket::open(&engine, &stranger, "").await;
        let mut socket = Socket::open(&engine, &admin, "&cursor=").await;
        let hello = socket.frame().await;
        assert_eq!(hello["type"], "connected");
        let start = text(&hello, "cursor");

        let writing = write(&engine, &channel);
        let reading = async {
            let (mut frames, mut messages) = (Vec::new(), 0);
            while messages < CONTACTS * EACH {
                let frame = socket.frame().await;
                if frame["type"] == "connected" {
                    continue;
                }
                let last = text(&frame, "cursor");
                messages += usize::from(frame["type"] == "new_message");
                frames.push(frame);
                // It drops its connection without a word, again and again, and comes back with its cursor.
                if frames.len() % 57 == 0 {
                    drop(socket);
                    socket = Socket::open(&engine, &admin, &format!("&cursor={last}")).await;
                }
            }
            (frames, socket)
        };
        let ((), (frames, socket)) = tokio::join!(writing, reading);
        assert!(frames.windows(2).all(|two| cursor(&two[0]) < cursor(&two[1])), "an event came twice or out of order");
        let told = |frames: &[Value]| -> Vec<String> {
            let new = frames.iter().filter(|frame| frame["type"] == "new_message");
            new.map(|frame| text(&frame["data"], "message")).collect()
        };
        let stored = engine.database.texts("select text from messages order by sequence").await;
        assert_eq!(told(&frames), stored);
        assert_eq!(stored.len(), CONTACTS * EACH);
        let asked = polled(&admin, start, CONTACTS * EACH).await;
        let places = |frames: &[Value]| frames.iter().map(cursor).collect::<Vec<_>>();
        let upto = *places(&frames).last().unwrap();
        let asked: Vec<Value> = asked.into_iter().filter(|event| cursor(event) <= upto).collect();
        assert_eq!(places(&asked), places(&frames), "socket and polling tell the same");

        // All this time nothing of it was told to another organisation.
        mock::post(&engine, &theirs, &mock::text("+33612345678", "x", "theirs")).await;
        let first = eve.frame().await;
        assert_eq!((&first["type"], &first["data"]["contactDetails"]["phone"]), (&json!("conversation_update"), &json!("+33612345678")));
        assert_eq!(eve.frame().await["data"]["message"], "theirs");
        drop((eve, socket));
        engine.finish().await;
    }
}

on_every_size! {
    async fn a_log_that_cannot_be_read_keeps_no_other_organisation_waiting(size: Size) {
        let engine = Engine::start(size).await;
        let (first, second) = (Person::sign_up(&engine).await, Person::sign_up(&engine).await);
        let (theirs, channel) = (first.channel("MOCK", json!({})).await, second.channel("MOCK", json!({})).await);
        let (mut eve, mut socket) = (Socket::open(&engine, &first, "").await, Socket::open(&engine, &second, "").await);
        for (socket, channel) in [(&mut eve, &theirs), (&mut socket, &channel)] {
            mock::post(&engine, channel, &mock::text("+4915112345678", "1", "hello")).await;
            while socket.frame().await["type"] != "new_message" {}
        }
        // What a newer version beside this one may commit.
        let event = "insert into events (organisation_id, sequence, change, created_at) select id, event_sequence + 1, \
            '{\"kind\":\"of_tomorrow\"}', created_at from organisations order by id limit 1";
        engine.database.run(event).await;
        let newest = "update organisations set event_sequence = event_sequence + 1 \
            where id = (select id from organisations order by id limit 1)";
        engine.database.run(newest).await;
        for number in ["2", "3"] {
            mock::post(&engine, &channel, &mock::text("+4915112345678", number, number)).await;
            while socket.frame().await["data"]["message"] != number {}
        }
        drop((eve, socket));
        engine.finish().await;
    }
}

on_every_size! {
    async fn frames_have_the_shapes_of_the_document(size: Size) {
        let engine = Engine::start(size).await;
        let admin = Person::sign_up(&engine).await;
        let channel = admin.channel("MOCK", json!({})).await;
        let mut socket = Socket::try_open(&engine, "/api/v1/ws/conversations", Some(&admin.token), None).await.unwrap();
        let before = admin.inbox_get("/conversations/updates").await;
        assert_eq!((&before["newMessages"], &before["updatedConversations"]), (&json!([]), &json!([])));
        mock::post(&engine, &channel, &mock::text("+4915112345678", "1", "hello")).await;
        let made = socket.frame().await;
        assert_eq!((&made["type"], &made["data"]["fullName"]), (&json!("conversation_update"), &json!("Ana")));
        let new = socket.frame().await;
        assert_eq!((&new["type"], &new["data"]["message"], &new["data"]["senderType"]), (&json!("new_message"), &json!("hello"), &json!("contact")));
        let id = text(&made["data"], "id");
        admin.inbox_post(&format!("/conversations/{id}/messages"), json!({"channel": "SMS", "message": "hi"})).await;
        let mine = socket.frame().await;
        assert_eq!((&mine["type"], &mine["data"]["message"]), (&json!("new_message"), &json!("hi")));
        loop {
            let status = socket.frame().await;
            assert_eq!((&status["type"], &status["data"]["id"]), (&json!("message_status"), &mine["data"]["id"]));
            if status["data"]["status"] == "sent" {
                break;
            }
        }
        let path = format!("/conversations/updates?cursor={}&conversationIds={id}", text(&before, "cursor"));
        let after = admin.inbox_get(&path).await;
        assert_eq!(after["newMessages"].as_array().unwrap().len(), 2);
        assert_eq!((&after["updatedConversations"][0]["id"], &after["hasMore"]), (&json!(id), &json!(false)));
        let since = admin.inbox_get(&format!("/conversations/updates?lastUpdate={}", text(&before, "timestamp"))).await;
        assert_eq!(since["newMessages"], after["newMessages"]);

        // Of one conversation only, once that was asked for.
        socket.say(&json!({"action": "subscribe", "conversationId": id})).await;
        socket.say_text("nonsense".to_owned()).await;
        assert_eq!(socket.frame().await["data"]["code"], "BAD_FRAME");
        mock::post(&engine, &channel, &mock::text("+33612345678", "2", "somebody else")).await;
        admin.conversations("search=336", |found| found.len() == 1).await;
        mock::post(&engine, &channel, &mock::text("+4915112345678", "3", "me again")).await;
        assert_eq!(socket.frame().await["data"]["message"], "me again");
        socket.say_text("x".repeat(64 * 1024)).await;
        assert_eq!(socket.closed().await, Some(1009));
        engine.finish().await;
    }
}

on_every_size! {
    async fn a_cursor_that_is_too_old_is_told_so(size: Size) {
        let engine = Engine::start(size).await;
        let admin = Person::sign_up(&engine).await;
        let channel = admin.channel("MOCK", json!({})).await;
        mock::post(&engine, &channel, &mock::text("+4915112345678", "1", "hello")).await;
        admin.conversations("", |found| found.len() == 1).await;
        engine.database.run("delete from events where sequence < 3").await;
        for old in ["1", "999999"] {
            let (status, told) = admin.inbox(Method::GET, &format!("/conversations/updates?cursor={old}"), json!({})).await;
            assert_eq!((status, &told["success"], &told["error"]["code"]), (410, &json!(false), &json!("CURSOR_TOO_OLD")));
            let mut socket = Socket::open(&engine, &admin, &format!("&cursor={old}")).await;
            assert_eq!(socket.frame().await["type"], "connected");
            let error = socket.frame().await;
            assert_eq!((&error["type"], &error["data"]["code"]), (&json!("error"), &json!("CURSOR_TOO_OLD")));
            assert_eq!(error["data"]["cursor"], told["error"]["details"]["cursor"], "where to go on");
            assert_eq!(socket.closed().await, Some(4410));
        }
        let told = admin.inbox(Method::GET, "/conversations/updates?lastUpdate=2020-01-01T00:00:00Z", json!({})).await;
        assert_eq!(told.0, 410);
        assert_eq!(admin.inbox_get("/conversations/updates?cursor=2").await["newMessages"].as_array().unwrap().len(), 1);
        engine.finish().await;
    }
}

on_every_size! {
    async fn a_slow_client_is_cut_off_and_no_other_notices(size: Size) {
        let settings = Settings { file: "realtime.queue = 16\nrealtime.write = \"20s\"".to_owned(), ..Settings::default() };
        let engine = Engine::start_with(size, settings).await;
        let admin = Person::sign_up(&engine).await;
        let channel = admin.channel("MOCK", json!({})).await;
        let path = format!("/ws/conversations?token={}", admin.token);
        let mut slow = Socket::try_open(&engine, &path, None, Some(4_096)).await.unwrap();
        let mut quick = Socket::open(&engine, &admin, "").await;
        let cut_off = async || engine.metrics().await.lines().any(|line| line.starts_with("patchbay_realtime_cut_off_total 1"));
        let mut sent = 0;
        while !cut_off().await {
            assert!(sent < 1_000, "a client that reads nothing is given {sent} large messages");
            for _ in 0..10 {
                let webhook = mock::text("+4915112345678", &sent.to_string(), &format!("{sent} {}", "x".repeat(60_000)));
                mock::post(&engine, &channel, &webhook).await;
                sent += 1;
                // One after the other: what many of them change at once is more than a queue holds, however quick its reader.
                while quick.frame().await["type"] != "new_message" {}
            }
        }
        assert!(matches!(slow.closed().await, Some(4429) | None));
        drop((slow, quick));
        engine.finish().await;
    }
}

on_every_size! {
    async fn a_socket_is_for_those_who_are_logged_in(size: Size) {
        let settings = Settings { file: "realtime.ping = \"1s\"".to_owned(), ..Settings::default() };
        let engine = Engine::start_with(size, settings).await;
        let admin = Person::sign_up(&engine).await;
        let bea = admin.colleague("Bea", "AGENT").await;
        for path in ["/ws/conversations", "/api/v1/ws/conversations", "/ws/conversations?token=nonsense"] {
            assert_eq!(Socket::try_open(&engine, path, None, None).await.err(), Some(401), "{path}");
        }
        let mut socket = Socket::open(&engine, &bea, "").await;
        admin.post(&format!("/users/{}/deactivate", bea.id), json!({})).await;
        assert_eq!(socket.closed().await, Some(4401));
        connected(&engine, 0).await;
        // One that does not answer is gone, even though nothing is sent to it.
        let mut silent = Socket::open(&engine, &admin, "").await;
        connected(&engine, 1).await;
        connected(&engine, 0).await;
        assert!(matches!(silent.next().await, Came::Closed(Some(4408) | None)));
        let mut told = Socket::open(&engine, &admin, "").await;
        engine.stop().await;
        assert_eq!(told.closed().await, Some(1001));
        engine.discard().await;
    }
}

/// Waits until as many clients are connected.
async fn connected(engine: &Engine, count: usize) {
    let wanted = format!("patchbay_realtime_clients {count}");
    until(&wanted, Duration::from_secs(30), || async {
        engine.metrics().await.lines().any(|line| line == wanted).then_some(())
    })
    .await;
}

async fn what_another_node_commits_is_told(size: Size) {
    let engine = Engine::start(size).await;
    let node = engine.another().await;
    let admin = Person::sign_up(&engine).await;
    let channel = admin.channel("MOCK", json!({})).await;
    let mut socket = Socket::open(&node, &admin, "").await;
    for number in 0..5 {
        mock::post(&engine, &channel, &mock::text("+4915112345678", &number.to_string(), &number.to_string())).await;
    }
    let mut told = Vec::new();
    while told.len() < 5 {
        let frame = socket.frame().await;
        if frame["type"] == "new_message" {
            told.push(text(&frame["data"], "message"));
        }
    }
    assert_eq!(told, ["0", "1", "2", "3", "4"]);
    drop(socket);
    node.stop().await;
    engine.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_node_commits_is_told_on_postgres() {
    if !Size::Postgres.is_left_out() {
        what_another_node_commits_is_told(Size::Postgres).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_node_commits_is_told_at_scale() {
    if !Size::Scale.is_left_out() {
        what_another_node_commits_is_told(Size::Scale).await;
    }
}
