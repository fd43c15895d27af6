//! Socket.IO as front ends speak it: the real `socket.io-client` and a plain `ws` client, by requests, by WebSocket, and
//! from one to the other.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    on_every_size,
    support::{
        api::Person,
        engine::{Engine, Settings},
        inbox::text,
        mock,
        node::Node,
        polling::Raw,
        size::Size,
        wait::until,
    },
};

const CONTACT: &str = "+4915112345678";
const STRANGER: &str = "00000000-0000-7000-8000-000000000000";
const CONTACTS: usize = 4;
const EACH: usize = 40;

/// Somebody who wrote once: the channel and the conversation.
async fn conversation(engine: &Engine, person: &Person) -> (String, String) {
    let channel = person.channel("MOCK", json!({})).await;
    mock::post(engine, &channel, &mock::text(CONTACT, "1", "hello")).await;
    let found = person.conversations("", |found| found.len() == 1 && found[0]["lastMessage"].is_object()).await;
    (channel, text(&found[0], "id"))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_transport_joins_types_and_is_told_every_event() {
    let engine = Engine::start(Size::Embedded).await;
    let (ada, eve) = (Person::sign_up(&engine).await, Person::sign_up(&engine).await);
    let bea = ada.colleague("Bea", "AGENT").await;
    let (_, theirs) = conversation(&engine, &eve).await;
    for (number, transports) in
        [json!(["polling"]), json!(["websocket"]), json!(["polling", "websocket"])].into_iter().enumerate()
    {
        let channel = ada.channel("MOCK", json!({})).await;
        let mut client = Node::socketio(&engine, &ada, json!({"transports": transports}));
        enters(&mut client, &transports).await;
        let contact = format!("+4915112345{number:03}");
        let house = House { engine: &engine, ada: &ada, bea: &bea, channel, contact };
        let id = house.is_told_of_others(&mut client).await;
        for foreign in [&theirs, STRANGER] {
            let refused = client.ask("conversation:join", json!({"conversationId": foreign})).await;
            assert_eq!((&refused["success"], &refused["code"]), (&json!(false), &json!("NOT_FOUND")), "{refused}");
        }
        house.joins_and_types(&mut client, &id).await;
        house.is_told_of_messages(&mut client, &id).await;
        house.leaves(&mut client, &id).await;
    }
    engine.finish().await;
}

/// Waits until a client is in, by all of its transports.
async fn enters(client: &mut Node, transports: &Value) {
    let is_only = transports.as_array().unwrap().len() == 1;
    let (mut is_in, mut is_there) = (false, is_only);
    while !is_in || !is_there {
        let told = client.told().await;
        match told[0].as_str().unwrap() {
            "connect" if is_only => assert_eq!(told[1], json!({"recovered": false, "transport": transports[0]})),
            "upgrade" => {
                assert_eq!(told[1], "websocket");
                is_there = true;
            }
            "event" => is_in |= told[1] == "connected",
            _ => {}
        }
    }
}

struct House<'a> {
    engine: &'a Engine,
    ada: &'a Person,
    bea: &'a Person,
    channel: String,
    contact: String,
}

impl House<'_> {
    async fn writes(&self, said: &str) {
        let id = format!("{}-{said}", self.contact);
        mock::post(self.engine, &self.channel, &mock::text(&self.contact, &id, said)).await;
    }

    /// Of a conversation that nobody looks at yet, whose id is answered.
    async fn is_told_of_others(&self, client: &mut Node) -> String {
        self.writes("hello").await;
        let told = client.events(&["conversation:new", "notification:new", "conversation:updated"]).await;
        let (new, notice, updated) = (&told[0], &told[1], &told[2]);
        let id = text(new, "id");
        let (contact, organisation) = (&json!(self.contact), &json!(self.ada.organisation));
        assert_eq!((&new["contactPhone"], &new["status"], &new["tenantId"]), (contact, &json!("OPEN"), organisation));
        assert_eq!((&notice["type"], &notice["conversationId"]), (&json!("message"), &json!(id)));
        assert_eq!((&notice["message"]["text"], &notice["message"]["from"]), (&json!("hello"), contact));
        assert_eq!((&updated["id"], updated.get("unreadCount")), (&json!(id), None));
        assert!(chrono::DateTime::parse_from_rfc3339(&text(updated, "lastMessageAt")).is_ok());
        id
    }

    /// By the front end's names and by the document's.
    async fn joins_and_types(&self, client: &mut Node, id: &str) {
        let mut other = Node::socketio(self.engine, self.bea, json!({"transports": ["websocket"]}));
        other.event("connected").await;
        assert_eq!(client.event("user:online").await, json!({"userId": self.bea.id}));
        assert_eq!(client.ask("conversation:join", json!({"conversationId": id})).await, json!({"success": true}));
        assert_eq!(other.ask("join-conversation", json!(id)).await, json!({"success": true}));
        other.order(&json!(["emit", "typing:start", {"conversationId": id}])).await;
        let typing = json!({"conversationId": id, "userId": self.bea.id, "userName": "Bea"});
        assert_eq!(client.event("typing:start").await, typing);
        other.order(&json!(["emit", "typing-stop", {"conversationId": id}])).await;
        assert_eq!(client.event("typing:stop").await["userId"], self.bea.id);
        drop(other);
        assert_eq!(client.event("user:offline").await, json!({"userId": self.bea.id}));
    }

    /// What is written there, both ways, and what becomes of it.
    async fn is_told_of_messages(&self, client: &mut Node, id: &str) {
        self.writes("again").await;
        let told = client.events(&["message:new", "notification:new", "conversation:updated"]).await;
        let (new, notice) = (&told[0], &told[1]);
        assert_eq!(
            (&new["text"], &new["direction"], &new["type"]),
            (&json!("again"), &json!("INBOUND"), &json!("TEXT"))
        );
        assert_eq!(&notice["message"], new);
        let path = format!("/conversations/{id}");
        let body = json!({"channel": "SMS", "message": "hi"});
        let sent = self.ada.inbox_post(&format!("{path}/messages"), body).await;
        let mine = client.event("message:new").await;
        assert_eq!((&mine["id"], &mine["direction"]), (&sent["id"], &json!("OUTBOUND")));
        loop {
            let status = client.event("message:status").await;
            assert_eq!((&status["messageId"], &status["conversationId"]), (&sent["id"], &json!(id)));
            if status["status"] == "SENT" {
                break;
            }
        }
        self.ada.inbox_patch(&path, json!({"unreadCount": 7})).await;
        assert_eq!(client.event("conversation:updated").await["unreadCount"], 7);
        client.order(&json!(["emit", "message:read", {"messageId": new["id"]}])).await;
        assert_eq!(client.event("conversation:updated").await["unreadCount"], 0);
    }

    /// It is told no more of its messages. Bytes are refused, and the connection goes on.
    async fn leaves(&self, client: &mut Node, id: &str) {
        client.order(&json!(["emit", "conversation:leave", {"conversationId": id}])).await;
        client.order(&json!(["emit", "nonsense"])).await;
        assert_eq!(client.event("error").await["code"], "NOT_FOUND");
        self.writes("bye").await;
        assert_eq!(client.names_until("conversation:updated").await, ["notification:new", "conversation:updated"]);
        client.order(&json!(["bytes", "conversation:join"])).await;
        assert_eq!(client.event("error").await["code"], "VALIDATION_ERROR");
        assert_eq!(client.ask("leave-conversation", json!(id)).await, json!({"success": true}));
    }
}

/// Contacts that write all at once, each one message after the other.
async fn write(engine: &Engine, channel: &str) {
    let contacts = (0..CONTACTS).map(|contact| {
        let (http, url) = (engine.http.clone(), engine.url(&format!("/webhook/{channel}")));
        tokio::spawn(async move {
            for number in 0..EACH {
                let phone = format!("+49151{contact:07}");
                let webhook = mock::text(&phone, &format!("{contact}-{number}"), &format!("{contact} {number}"));
                assert!(http.post(&url).json(&webhook).send().await.unwrap().status().is_success());
            }
        })
    });
    for contact in contacts.collect::<Vec<_>>() {
        contact.await.unwrap();
    }
}

on_every_size! {
    async fn who_comes_back_gets_every_event_once_in_order(size: Size) {
        let engine = Engine::start(size).await;
        let ada = Person::sign_up(&engine).await;
        let channel = ada.channel("MOCK", json!({})).await;
        let start = text(&ada.inbox_get("/conversations/updates").await, "cursor");
        let connected = |transports: Value| {
            // Every so many events it drops its connection, and comes back by its own recovery or with its cursor.
            let options = json!({"transports": transports, "dropEvery": 47, "auth": {"cursor": start}});
            Node::socketio(&engine, &ada, options)
        };
        let sockets = [connected(json!(["polling"])), connected(json!(["websocket"])), connected(json!(["polling", "websocket"]))];
        let reading = sockets.map(|mut client| async move {
            let (mut texts, mut places, mut recovered) = (Vec::new(), Vec::new(), 0);
            while texts.len() < CONTACTS * EACH {
                let told = client.told().await;
                if told[0] == "connect" && told[1]["recovered"] == true {
                    recovered += 1;
                }
                if told[0] == "event" && told[1] == "message:new" {
                    texts.push(text(&told[2], "text"));
                    places.push(told[3].as_str().unwrap().to_owned());
                }
            }
            assert!(recovered > 1, "it came back {recovered} times");
            (texts, places)
        });
        let mut plain = Node::ws(&engine, &ada, 41);
        assert_eq!(plain.next("frame").await["type"], "connected");
        let plainly = async {
            let mut texts = Vec::new();
            while texts.len() < CONTACTS * EACH {
                let frame = plain.next("frame").await;
                if frame["type"] == "new_message" {
                    texts.push(text(&frame["data"], "message"));
                }
            }
            texts
        };
        let [polling, websocket, upgraded] = reading;
        let ((), polling, websocket, upgraded, plain) =
            tokio::join!(write(&engine, &channel), polling, websocket, upgraded, plainly);
        let stored = engine.database.texts("select text from messages order by sequence").await;
        assert_eq!(stored.len(), CONTACTS * EACH);
        for (told, how) in [(&polling, "polling"), (&websocket, "websocket"), (&upgraded, "upgrade")] {
            assert_eq!(told.0, stored, "{how}");
            assert_eq!(told.1, websocket.1, "{how} has the same places in the log");
        }
        assert_eq!(plain, stored, "ws");
        let mut asked = Vec::new();
        let mut from = start.clone();
        while asked.len() < stored.len() {
            let told = ada.inbox_get(&format!("/conversations/updates?cursor={from}")).await;
            from = text(&told, "cursor");
            asked.extend(told["newMessages"].as_array().unwrap().iter().map(|message| text(message, "message")));
        }
        assert_eq!(asked, stored, "asking again and again");
        engine.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_types_and_who_is_there_is_told_on_every_node() {
    if Size::Postgres.is_left_out() {
        return;
    }
    let first = Engine::start(Size::Postgres).await;
    let second = first.another().await;
    let ada = Person::sign_up(&first).await;
    let (bea, eve) = (ada.colleague("Bea", "AGENT").await, Person::sign_up(&first).await);
    let (_, id) = conversation(&first, &ada).await;
    let options = json!({"transports": ["websocket"], "reconnection": false});
    let mut here = Node::socketio(&first, &ada, options.clone());
    here.event("connected").await;
    let mut stranger = Node::socketio(&first, &eve, options.clone());
    stranger.event("connected").await;
    let (mut there, also_there) =
        (Node::socketio(&second, &bea, options.clone()), Node::socketio(&second, &bea, options));
    there.event("connected").await;
    assert_eq!(here.event("user:online").await, json!({"userId": bea.id}));
    for client in [&mut here, &mut there] {
        assert_eq!(client.ask("join-conversation", json!(id)).await, json!({"success": true}));
    }
    let typing = json!({"conversationId": id, "userId": bea.id, "userName": "Bea"});
    for (order, told) in [("typing-start", "typing:start"), ("typing:stop", "typing:stop")] {
        there.order(&json!(["emit", order, {"conversationId": id}])).await;
        assert_eq!(here.event(told).await, typing);
    }
    // Both ways, and none of it to another organisation.
    here.order(&json!(["emit", "typing:start", {"conversationId": id}])).await;
    assert_eq!(there.event("typing:start").await["userId"], json!(ada.id));
    drop((there, also_there));
    assert_eq!(here.event("user:offline").await, json!({"userId": bea.id}));
    stranger.order(&json!(["emit", "nonsense"])).await;
    assert_eq!(stranger.names_until("error").await, ["error"]);
    second.finish().await;
    first.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_that_is_too_old_is_told_so() {
    let engine = Engine::start(Size::Embedded).await;
    let ada = Person::sign_up(&engine).await;
    conversation(&engine, &ada).await;
    engine.database.run("delete from events where sequence < 3").await;
    let newest = text(&ada.inbox_get("/conversations/updates").await, "cursor");
    for (old, code) in [("1", "CURSOR_TOO_OLD"), ("999999", "CURSOR_TOO_OLD"), ("nonsense", "VALIDATION_ERROR")] {
        let mut client = Node::socketio(&engine, &ada, json!({"auth": {"cursor": old}}));
        let refused = client.until("connect_error").await;
        assert_eq!(refused["data"]["code"], code, "{refused}");
        assert_eq!(refused["data"]["cursor"] == newest, code == "CURSOR_TOO_OLD", "{refused}");
    }
    // In the query as well, and of what is kept nothing is missing.
    let mut client = Node::socketio(&engine, &ada, json!({"query": {"cursor": "2"}}));
    assert_eq!(client.event("message:new").await["text"], "hello");
    // Its own recovery begins anew where it cannot go on, and where it was somebody else's.
    let foreign = format!("{STRANGER}.a");
    for (pid, offset) in [(format!("{}.a", ada.organisation), "1"), (foreign, "2")] {
        let mut client = Node::socketio(&engine, &ada, json!({"auth": {"pid": pid, "offset": offset}}));
        assert_eq!(client.event("connected").await["cursor"], newest);
    }
    engine.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_those_who_are_logged_in_are_told() {
    let engine = Engine::start_with(
        Size::Embedded,
        Settings { file: "realtime.ping = \"1s\"".to_owned(), ..Settings::default() },
    )
    .await;
    let ada = Person::sign_up(&engine).await;
    let bea = ada.colleague("Bea", "AGENT").await;
    for transport in ["polling", "websocket"] {
        for wrong in [json!({}), json!({"token": "nonsense"}), json!({"token": 7})] {
            let options = json!({"transports": [transport], "auth": wrong});
            let refused = Node::socketio_with(&engine, &options).next("connect_error").await;
            assert_eq!(refused["data"]["code"], "UNAUTHORIZED", "{wrong}");
        }
    }
    let bearer = format!("Bearer {}", ada.token);
    for options in [
        json!({"query": {"token": ada.token}}),
        json!({"extraHeaders": {"authorization": bearer}}),
        json!({"auth": {"token": bearer}}),
    ] {
        Node::socketio_with(&engine, &options).event("connected").await;
    }
    let elsewhere = Node::socketio(&engine, &ada, json!({"namespace": "/admin"})).until("connect_error").await;
    assert_eq!(elsewhere["message"], "Invalid namespace");

    let mut sockets = [
        Node::socketio(&engine, &bea, json!({"transports": ["polling"]})),
        Node::socketio(&engine, &bea, json!({"transports": ["websocket"]})),
    ];
    for socket in &mut sockets {
        socket.event("connected").await;
    }
    // A quiet client answers pings, and stays.
    let mut quiet = Node::socketio(&engine, &ada, json!({"transports": ["polling"]}));
    quiet.event("connected").await;
    ada.post(&format!("/users/{}/deactivate", bea.id), json!({})).await;
    for socket in &mut sockets {
        assert_eq!(socket.until("disconnect").await, "io server disconnect");
    }
    // One that does not answer is gone: it takes what comes, and says nothing.
    let silent = Raw::connected(&engine, &ada).await;
    let gone = until("a silent client to be gone", Duration::from_secs(30), || async {
        let (status, body) = silent.poll().await;
        (status == 400 || body.ends_with('1')).then_some(())
    });
    gone.await;
    assert_eq!(quiet.ask("leave-conversation", json!(STRANGER)).await, json!({"success": true}));
    let mut told = Node::socketio(&engine, &ada, json!({"transports": ["websocket"], "reconnection": false}));
    told.event("connected").await;
    engine.stop().await;
    assert_eq!(told.until("disconnect").await, "transport close");
    assert!(quiet.until("disconnect").await.as_str().unwrap().starts_with("transport"));
    engine.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_client_is_cut_off_and_no_other_notices() {
    let settings = Settings { file: "realtime.queue = 16\nrealtime.write = \"30s\"".to_owned(), ..Settings::default() };
    let engine = Engine::start_with(Size::Embedded, settings).await;
    let ada = Person::sign_up(&engine).await;
    let channel = ada.channel("MOCK", json!({})).await;
    let mut slow = Node::socketio(&engine, &ada, json!({"transports": ["websocket"], "reconnection": false}));
    slow.event("connected").await;
    slow.order(&json!(["pause"])).await;
    let asks_no_more = Raw::connected(&engine, &ada).await;
    let mut quick = Node::socketio(&engine, &ada, json!({"transports": ["websocket"]}));
    quick.event("connected").await;
    let mut sent = 0;
    let cut_off =
        async || engine.metrics().await.lines().any(|line| line.starts_with("patchbay_realtime_cut_off_total 2"));
    while !cut_off().await {
        assert!(sent < 1_000, "clients that read nothing are given {sent} large messages");
        for _ in 0..10 {
            let webhook = mock::text(CONTACT, &sent.to_string(), &format!("{sent} {}", "x".repeat(60_000)));
            mock::post(&engine, &channel, &webhook).await;
            sent += 1;
        }
        for number in sent - 10..sent {
            let said = text(&quick.event("notification:new").await["message"], "text");
            assert!(said.starts_with(&format!("{number} ")));
        }
    }
    slow.order(&json!(["resume"])).await;
    assert!(["transport close", "transport error"].contains(&slow.until("disconnect").await.as_str().unwrap()));
    assert_eq!(asks_no_more.closed().await, 400);
    drop((slow, quick));
    engine.finish().await;
}
