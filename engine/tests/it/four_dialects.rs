//! One conversation, followed through all four dialects at once: whatever is written, in whichever of them, is there in
//! the other three, under the same ids, in the same order, as far on its way.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    on_every_size,
    support::{
        api::Person,
        engine::Engine,
        inbox::text,
        waha::{self, Waha},
        wait::until,
    },
};

const PATIENCE: Duration = Duration::from_secs(30);
const NUMBER: &str = "+4915112345678";
const DIALECTS: [&str; 4] = ["helpdesk", "inbox", "business", "sessions"];

/// Where the conversation is in each dialect.
struct Thread {
    person: Person,
    channel: String,
    ticket: String,
    conversation: String,
    contact: String,
}

/// A message, in words of no dialect. What came in is nowhere on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    id: String,
    text: String,
    state: Option<&'static str>,
}

impl Said {
    fn of(message: &Value, text_in: &str, is_ours: bool, state: &Value) -> Self {
        let state = match state.as_str().unwrap_or_default().to_uppercase().as_str() {
            _ if !is_ours => None,
            "SENT" | "SERVER" => Some("sent"),
            "READ" => Some("read"),
            _ => Some("waiting"),
        };
        Self { id: text(message, "id"), text: text(message, text_in), state }
    }
}

impl Thread {
    async fn begin(engine: &Engine, waha: &Waha) -> Self {
        let person = Person::sign_up(engine).await;
        let channel = person.channel("WAHA", waha.config()).await;
        person.waiting_at(&format!("/api/sessions/{channel}"), |told| told["data"]["status"] == "CONNECTED").await;
        waha::tell(engine, &channel, "message", &waha::message("A1", waha::now() - 60, "where is my order?")).await;
        let ticket = person.ticket(&channel).await;
        let conversation = person.conversations("", |found| found.len() == 1).await.remove(0);
        let (conversation, contact) = (text(&conversation, "id"), text(&conversation, "contactId"));
        Self { person, channel, ticket, conversation, contact }
    }

    async fn sessions(&self, method: Method, path: &str, body: Value) -> Value {
        let path = format!("/api/sessions/{}{path}", self.channel);
        let (status, answer) = self.person.call_at(method, &path, body).await;
        assert!(status < 300, "{path}: {status} {answer}");
        answer["data"].clone()
    }

    /// The id of what was written in a dialect.
    async fn write(&self, dialect: &str, said: &str) -> String {
        let Self { person, ticket, conversation, .. } = self;
        match dialect {
            "helpdesk" => person.answer(ticket, said).await,
            "inbox" => {
                let path = format!("/conversations/{conversation}/messages/whatsapp");
                text(&person.inbox_post(&path, json!({"to": NUMBER, "message": said})).await, "id")
            }
            "business" => {
                let body = json!({"conversationId": conversation, "type": "text", "text": said});
                text(&person.business_ok(Method::POST, "/messages", body).await, "id")
            }
            _ => {
                let body = json!({"phone_number": NUMBER, "message": said});
                text(&self.sessions(Method::POST, "/messages", body).await, "message_id")
            }
        }
    }

    /// What a dialect shows, the oldest first.
    async fn shown(&self, dialect: &str) -> Vec<Said> {
        let Self { person, ticket, conversation, contact, .. } = self;
        let list = |list: &Value| list.as_array().unwrap_or_else(|| panic!("{list} is no list")).clone();
        match dialect {
            "helpdesk" => {
                let found = list(&person.get(&format!("/tickets/{ticket}/messages")).await);
                let said = |said: &Value| Said::of(said, "content", said["direction"] == "OUTBOUND", &said["status"]);
                found.iter().map(said).collect()
            }
            "inbox" => {
                let found = person.inbox_get(&format!("/conversations/{conversation}/messages")).await;
                let said = |said: &Value| Said::of(said, "message", said["senderType"] == "user", &said["status"]);
                list(&found["data"]).iter().map(said).collect()
            }
            "business" => {
                let found = person.business_get(&format!("/messages?conversationId={conversation}")).await;
                let said = |said: &Value| Said::of(said, "text", said["direction"] == "OUTBOUND", &said["status"]);
                list(&found["messages"]).iter().rev().map(said).collect()
            }
            _ => {
                let found = self.sessions(Method::GET, &format!("/contacts/{contact}/messages"), Value::Null).await;
                let said = |said: &Value| Said::of(said, "body", said["from_me"] == true, &said["ack"]);
                list(&found).iter().rev().map(said).collect()
            }
        }
    }

    /// Waits until every dialect shows the same.
    async fn is_everywhere(&self, wanted: &[Said]) {
        for dialect in DIALECTS {
            let shown = async || {
                let shown = self.shown(dialect).await;
                if shown == wanted { Ok(()) } else { Err(shown) }
            };
            let waited = until(dialect, PATIENCE * 2, || async { shown().await.ok() });
            if tokio::time::timeout(PATIENCE, waited).await.is_err() {
                assert_eq!(shown().await, Ok(()), "{dialect} should show {wanted:?}");
            }
        }
    }

    /// How much is unread, and whose conversation it is, in the dialects that have that.
    async fn unread(&self) -> [(i64, String); 3] {
        let inbox = self.person.inbox_get(&format!("/conversations/{}", self.conversation)).await;
        // Opening it would mark it as read.
        let business = self.person.business_get("/conversations").await["conversations"][0].clone();
        let sessions = self.sessions(Method::GET, "/chats", Value::Null).await[0].clone();
        [
            (inbox["unreadCount"].as_i64().unwrap(), text(&inbox, "contactId")),
            (business["unreadCount"].as_i64().unwrap(), text(&business, "contactId")),
            (sessions["unread_count"].as_i64().unwrap(), text(&sessions, "contact_id")),
        ]
    }
}

on_every_size! {
    async fn one_conversation_is_the_same_in_all_of_them(size: Size) {
        let (engine, waha) = (Engine::start(size).await, Waha::start().await);
        let thread = Thread::begin(&engine, &waha).await;
        let id = thread.shown("helpdesk").await.remove(0).id;
        let mut wanted = vec![Said { id, text: "where is my order?".to_owned(), state: None }];
        thread.is_everywhere(&wanted).await;
        assert_eq!(thread.unread().await, [1, 1, 1].map(|unread| (unread, thread.contact.clone())));

        for dialect in DIALECTS {
            let said = format!("an answer from {dialect}");
            wanted.push(Said { id: thread.write(dialect, &said).await, text: said, state: Some("sent") });
            thread.is_everywhere(&wanted).await;
        }
        // The contact has read the second answer.
        waha::tell(&engine, &thread.channel, "message.ack", &waha::read(&format!("true_{}_3EB00002", waha::ANA))).await;
        wanted[2].state = Some("read");
        thread.is_everywhere(&wanted).await;

        waha::tell(&engine, &thread.channel, "message", &waha::message("A2", waha::now() + 1, "thank you")).await;
        let last = until("the last message", PATIENCE, || async {
            thread.shown("sessions").await.pop().filter(|last| last.text == "thank you")
        })
        .await;
        wanted.push(last);
        thread.is_everywhere(&wanted).await;
        assert_eq!(thread.unread().await.map(|(unread, _)| unread), [2, 2, 2]);

        // What is read in one of them is read in all: here it is opened, later it is told.
        thread.person.business_get(&format!("/conversations/{}", thread.conversation)).await;
        assert_eq!(thread.unread().await.map(|(unread, _)| unread), [0, 0, 0]);
        waha::tell(&engine, &thread.channel, "message", &waha::message("A3", waha::now() + 2, "really")).await;
        until("one more to be unread", PATIENCE, || async { (thread.unread().await[2].0 == 1).then_some(()) }).await;
        let read = format!("/contacts/{}/read", thread.contact);
        assert_eq!(thread.sessions(Method::POST, &read, json!({})).await, json!({"marked_count": 1}));
        assert_eq!(thread.unread().await.map(|(unread, _)| unread), [0, 0, 0]);
        let path = format!("/contacts/{}/messages", thread.contact);
        assert_eq!(thread.sessions(Method::GET, &path, Value::Null).await[0]["ack"], "READ");
        let found = thread.person.business_get(&format!("/messages?conversationId={}", thread.conversation)).await;
        assert_eq!(found["messages"][0]["status"], "READ");
        assert_eq!(engine.database.count("select count(*) from conversations").await, 1);
        assert_eq!(waha.count("POST", "/api/sendText"), DIALECTS.len());
        engine.finish().await;
    }
}
