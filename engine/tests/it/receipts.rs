//! What a platform is told of those who read here: once, beside the way of messages, and as nobody's error.

use std::{sync::Arc, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::{
    inbound::post,
    on_each_database,
    support::{
        api::Person,
        engine::Engine,
        inbox::text,
        platform::{Answer, Call, Platform},
        polling::Raw,
        size::Size,
        wait::until,
        whatsapp,
    },
};

const PATIENCE: Duration = Duration::from_secs(30);

on_each_database! {
    async fn a_platform_is_told_once_of_the_newest_message(size: Size) {
        let desk = Desk::start(size, json!({})).await;
        desk.write(&["wamid.1", "wamid.2"]).await;
        let conversation = desk.unread(2).await;
        let release = Arc::new(Notify::new());
        let held = Arc::clone(&release);
        desk.platform.behave(move |call| {
            if is_receipt(call) {
                Answer::Held(Arc::clone(&held), Box::new(taken()))
            } else {
                whatsapp::accepted(call)
            }
        });
        for _ in 0..2 {
            desk.read(&conversation).await;
        }
        desk.told(1).await;
        // Nobody waits for it.
        let ticket = desk.person.ticket(&desk.channel).await;
        let answer = desk.person.answer(&ticket, "on it").await;
        desk.person.told_of(&ticket, &answer, "SENT").await;
        release.notify_one();
        desk.engine.drained().await;

        let opened = format!("/conversations/{conversation}");
        desk.person.business_get(&opened).await;
        desk.platform.behave(|call| if is_receipt(call) { taken() } else { whatsapp::accepted(call) });
        desk.write(&["wamid.3"]).await;
        desk.unread(1).await;
        for _ in 0..2 {
            desk.person.business_get(&opened).await;
        }
        desk.told(2).await;
        desk.engine.drained().await;
        assert_eq!(desk.receipts(), ["wamid.2", "wamid.3"]);
        desk.engine.finish().await;
    }
}

on_each_database! {
    async fn a_receipt_that_fails_is_nobodys_error(size: Size) {
        let desk = Desk::start(size, json!({})).await;
        desk.write(&["wamid.1"]).await;
        let conversation = desk.unread(1).await;
        let mut refusals = vec![whatsapp::refused(503, 131_016)];
        desk.platform.behave(move |call| {
            if is_receipt(call) { refusals.pop().unwrap_or_else(taken) } else { whatsapp::accepted(call) }
        });
        desk.read(&conversation).await;
        desk.told(2).await;
        desk.engine.drained().await;
        assert_eq!(desk.receipts(), ["wamid.1", "wamid.1"], "it is told again");

        desk.platform.behave(|_| whatsapp::refused(401, 190));
        desk.write(&["wamid.2"]).await;
        desk.unread(1).await;
        desk.read(&conversation).await;
        let path = format!("/channels/{}", desk.channel);
        desk.person.waiting(&path, |channel| channel["status"] == "NEEDS_REAUTH").await;
        desk.engine.finish().await;
    }
}

on_each_database! {
    async fn what_was_read_stays_read_when_the_engine_dies(size: Size) {
        let desk = Desk::start(size, json!({})).await;
        desk.write(&["wamid.1"]).await;
        let conversation = desk.unread(1).await;
        desk.platform.behave(|_| Answer::Never);
        desk.read(&conversation).await;
        desk.told(1).await;
        desk.engine.kill();
        desk.platform.behave(|_| taken());
        desk.engine.restart().await;
        desk.unread(0).await;
        desk.engine.database.run("update read_receipts set due_at = '2000-01-01T00:00:00.000000Z'").await;
        desk.told(2).await;
        desk.engine.drained().await;
        assert_eq!(desk.receipts(), ["wamid.1", "wamid.1"]);
        desk.engine.finish().await;
    }
}

on_each_database! {
    async fn a_channel_may_keep_to_itself_what_is_read(size: Size) {
        let desk = Desk::start(size, json!({"readReceipts": false})).await;
        desk.write(&["wamid.1"]).await;
        let conversation = desk.unread(1).await;
        desk.read(&conversation).await;
        desk.unread(0).await;
        assert_eq!(desk.engine.database.count("select count(*) from read_receipts").await, 0);
        let (status, told) = desk.set(json!({"readReceipts": "no"})).await;
        assert_eq!((status, &told["message"][0]), (400, &json!("config.readReceipts: must be true or false")), "{told}");
        assert_eq!(desk.set(json!({"readReceipts": true})).await.0, 200);
        desk.write(&["wamid.2"]).await;
        desk.unread(1).await;
        desk.read(&conversation).await;
        desk.told(1).await;
        desk.engine.drained().await;
        assert_eq!(desk.receipts(), ["wamid.2"]);
        desk.engine.finish().await;
    }
}

on_each_database! {
    async fn a_contact_is_shown_now_and_then_that_somebody_types(size: Size) {
        let desk = Desk::start(size, json!({})).await;
        desk.write(&["wamid.1"]).await;
        let conversation = desk.unread(1).await;
        let client = Raw::connected(&desk.engine, &desk.person).await;
        let key = format!("42{}", json!(["typing:start", {"conversationId": conversation}]));
        // Several keys at once.
        assert_eq!(client.push([key.as_str(); 5].join("\u{1e}")).await.0, 200);
        let shown = until("typing to be shown", PATIENCE, || async {
            desk.platform.calls().into_iter().find(|call| call.method == "POST")
        }).await;
        assert_eq!((&shown.json()["message_id"], &shown.json()["typing_indicator"]), (&json!("wamid.1"), &json!({"type": "text"})));
        desk.read(&conversation).await;
        desk.told(1).await;
        assert_eq!(desk.platform.calls().iter().filter(|call| call.method == "POST").count(), 2, "each was shown");
        desk.engine.finish().await;
    }
}

struct Desk {
    engine: Engine,
    platform: Platform,
    person: Person,
    channel: String,
}

impl Desk {
    async fn start(size: Size, settings: Value) -> Self {
        let (engine, platform) = (Engine::start(size).await, Platform::start(|_| taken()).await);
        let person = Person::sign_up(&engine).await;
        let mut config = whatsapp::config(&platform.address);
        config.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        let channel = person.channel("WHATSAPP", config).await;
        Self { engine, platform, person, channel }
    }

    /// One contact wrote all of these.
    async fn write(&self, ids: &[&str]) {
        let now = chrono::Utc::now().timestamp();
        let messages: Vec<Value> = ids.iter().map(|id| whatsapp::text("4915112345678", id, now, "hello")).collect();
        post(&self.engine, &self.channel, &whatsapp::webhook(&messages, &[])).await;
    }

    /// The only conversation, once so much in it is unread.
    async fn unread(&self, count: u32) -> String {
        let found = self.person.conversations("", |found| found.len() == 1 && found[0]["unreadCount"] == count).await;
        text(&found[0], "id")
    }

    async fn read(&self, conversation: &str) {
        let path = format!("/conversations/{conversation}");
        assert_eq!(self.person.inbox_patch(&path, json!({"unreadCount": 0})).await["unreadCount"], 0);
    }

    async fn set(&self, config: Value) -> (u16, Value) {
        self.person.call(Method::PUT, &format!("/channels/{}", self.channel), json!({"config": config})).await
    }

    /// The messages that the platform was told are read.
    fn receipts(&self) -> Vec<String> {
        let calls = self.platform.calls();
        calls.iter().filter(|call| is_receipt(call)).map(|call| text(&call.json(), "message_id")).collect()
    }

    async fn told(&self, times: usize) {
        until("read receipts", PATIENCE, || async { (self.receipts().len() == times).then_some(()) }).await;
    }
}

fn is_receipt(call: &Call) -> bool {
    call.method == "POST" && call.json()["status"] == "read" && call.json()["typing_indicator"].is_null()
}

fn taken() -> Answer {
    Answer::Json(200, json!({"success": true}))
}
