//! The connector for X against a site that behaves like it, and takes no request whose signature is wrong.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use patchbay_domain::{
    ChannelId, MediaId,
    platform::{Command, Content, Outcome, Outgoing, Participant, Step},
};
use patchbay_plugin_host::{
    ByteStream, ChannelView, Egress, EgressConfig, HostConfig, MediaError, MediaRead, MediaStore, PluginHost,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    on_each_database,
    support::{
        api::Person,
        engine::{Engine, plugins},
        platform::Answer,
        size::Size,
        twitter::{self, ACCOUNT, ANA, BEN, X},
        wait::until,
    },
};

const PATIENCE: Duration = Duration::from_mins(1);
const MESSAGES: &str = "direct_message_events";

on_each_database! {
    async fn a_message_is_one_in_whichever_envelope_it_comes(size: Size) {
        let (engine, x, person, channel) = start(size).await;
        x.site.shows(b"\xff\xd8\xff\xe0 a picture");
        let mut photo = twitter::message(&twitter::identifier(1), ANA, ACCOUNT, "Look https://t.co/p");
        let url = format!("{}/1.1/ton/data/dm/1/2/a.jpg", x.platform.address);
        photo["message_create"]["message_data"]["attachment"] = json!({"type": "media", "media": {
            "id": 9_007_199_254_740_993_u64, "id_str": "9007199254740993", "type": "photo", "url": "https://t.co/p",
            "media_url_https": url}});
        twitter::tell(&engine, &channel, &twitter::account(MESSAGES, &photo)).await;
        twitter::tell(&engine, &channel, &twitter::activity("dm.received", &json!({MESSAGES: [photo]}))).await;
        let ticket = person.ticket(&channel).await;
        let list = person.waiting(&format!("/tickets/{ticket}/messages"), |list| !list[0].is_null()).await;
        assert_eq!((&list[0]["content"], list[1].is_null()), (&json!("Look"), true), "{list}");
        engine.drained().await;
        assert_eq!(engine.database.count("select count(*) from messages").await, 1);
        let without = "select count(*) from messages where metadata->>'missingMedia' is not null";
        assert_eq!(engine.database.count(without).await, 0, "the picture was refused");
        assert_eq!(engine.database.count("select count(*) from media").await, 1, "it was fetched once");
        assert_eq!(engine.database.count("select count(*) from dead_letters").await, 0);
        engine.finish().await;
    }
}

on_each_database! {
    async fn what_is_sent_comes_back_as_itself_and_is_read(size: Size) {
        let (engine, x, person, channel) = start(size).await;
        let ticket = written(&engine, &person, &channel).await;
        person.answer(&ticket, "good day").await;
        until("the send", PATIENCE, || async { (x.site.texts() == ["good day"]).then_some(()) }).await;
        engine.drained().await;
        let id = engine.database.texts("select external_id from messages where direction = 'OUTBOUND'").await;
        let echo = twitter::message(&id[0], ACCOUNT, ANA, "good day");
        twitter::tell(&engine, &channel, &twitter::activity("dm.sent", &json!({MESSAGES: [echo]}))).await;
        let read = json!({"created_timestamp": twitter::now_ms().to_string(), "sender_id": ANA,
            "target": {"recipient_id": ACCOUNT}, "last_read_event_id": id[0]});
        twitter::tell(&engine, &channel, &twitter::account("direct_message_mark_read_events", &read)).await;
        person.waiting(&format!("/tickets/{ticket}/messages"), |list| {
            list.as_array().unwrap().iter().any(|message| message["status"] == "READ")
        })
        .await;
        engine.drained().await;
        let sent = "select count(*) from messages where direction = 'OUTBOUND'";
        assert_eq!(engine.database.count(sent).await, 1, "the echo is the message itself");
        engine.finish().await;
    }
}

on_each_database! {
    async fn a_lost_answer_is_looked_for(size: Size) {
        let (engine, x, person, channel) = start(size).await;
        let ticket = written(&engine, &person, &channel).await;
        let site = x.site.clone();
        x.platform.behave(move |call| match site.answer(call) {
            Answer::Json(201, _) => Answer::Cut,
            answer => answer,
        });
        person.answer(&ticket, "good day").await;
        engine.drained().await;
        let settled = "select state from messages where direction = 'OUTBOUND'";
        assert_eq!(engine.database.texts(settled).await, ["SENT"]);
        assert_eq!(x.site.texts(), ["good day"]);
        assert_eq!(engine.database.count("select count(*) from manual_actions").await, 0);
        engine.finish().await;
    }
}

on_each_database! {
    async fn a_pace_that_is_asked_for_delays_and_loses_nothing(size: Size) {
        let (engine, x, person, channel) = start(size).await;
        let ticket = written(&engine, &person, &channel).await;
        let (site, mut refused) = (x.site.clone(), false);
        x.platform.behave(move |call| {
            if call.method != "POST" || std::mem::replace(&mut refused, true) {
                return site.answer(call);
            }
            let reset = (twitter::now_ms() / 1000 + 2).to_string();
            let headers = [("x-rate-limit-remaining", "0".to_owned()), ("x-rate-limit-reset", reset)];
            let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
            Answer::Bytes(429, headers, json!({"errors": [{"code": 88, "message": "slow"}]}).to_string().into_bytes())
        });
        person.answer(&ticket, "first").await;
        person.answer(&ticket, "second").await;
        engine.drained().await;
        assert_eq!(x.site.texts(), ["first", "second"]);
        engine.finish().await;
    }
}

on_each_database! {
    async fn encrypted_messages_are_shown_as_such_and_told_of_once(size: Size) {
        let (engine, _x, person, channel) = start(size).await;
        for (id, sender) in [("a1", ANA), ("b1", BEN), ("a2", ANA)] {
            let payload = json!({"id": id, "sender_id": sender, "conversation_id": format!("{sender}:{ACCOUNT}"),
                "created_at_msec": twitter::now_ms().to_string(), "encoded_event": "CwAB"});
            twitter::tell(&engine, &channel, &twitter::activity("chat.received", &payload)).await;
        }
        until("three placeholders", PATIENCE, || async {
            let texts = engine.database.texts("select text from messages").await;
            (texts == ["Encrypted message, open X to read it"; 3]).then_some(())
        })
        .await;
        engine.drained().await;
        let told = person.get("/notifications").await;
        let alerts = told.as_array().unwrap().iter().filter(|told| told["alert"] == "CHANNEL_ALERT");
        let alerts: Vec<&Value> = alerts.collect();
        assert_eq!(alerts.len(), 1, "{told}");
        assert_eq!(alerts[0]["data"]["channelId"], channel.as_str());
        let asked = "select count(*) from manual_actions where kind = 'CHANNEL_ALERT' and status = 'PENDING'";
        assert_eq!(engine.database.count(asked).await, 1);
        engine.finish().await;
    }
}

on_each_database! {
    async fn an_account_that_takes_its_access_away_stops_the_channel(size: Size) {
        let (engine, _x, person, channel) = start(size).await;
        let source = json!({"date_time": "2026-05-24T09:48:12+00:00", "source": {"user_id": ACCOUNT}});
        twitter::tell(&engine, &channel, &json!({"user_event": {"revoke": source}})).await;
        person.waiting(&format!("/channels/{channel}"), |channel| channel["status"] == "NEEDS_REAUTH").await;
        let told = "select count(*) from notifications where kind = 'CHANNEL_UNAUTHORIZED'";
        assert_eq!(engine.database.count(told).await, 1);
        engine.finish().await;
    }
}

on_each_database! {
    async fn the_question_of_x_is_answered_and_a_forger_is_not(size: Size) {
        let (engine, _x, _person, channel) = start(size).await;
        let address = engine.url(&format!("/webhook/{channel}"));
        let answer = engine.http.get(format!("{address}?crc_token=abc")).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.json::<Value>().await.unwrap(), json!({"response_token": twitter::hash(b"abc")}));
        assert_eq!(engine.http.get(&address).send().await.unwrap().status(), 400);
        let forged = engine.http.post(&address).header("x-twitter-webhooks-signature", twitter::hash(b"else"));
        assert_eq!(forged.body("{}").send().await.unwrap().status(), 401);
        engine.finish().await;
    }
}

async fn start(size: Size) -> (Engine, X, Person, String) {
    let engine = Engine::start(size).await;
    let (person, x) = (Person::sign_up(&engine).await, X::start().await);
    let channel = person.channel("TWITTER", x.config()).await;
    (engine, x, person, channel)
}

/// A ticket, because Ana wrote.
async fn written(engine: &Engine, person: &Person, channel: &str) -> String {
    let hello = twitter::message(&twitter::identifier(0), ANA, ACCOUNT, "hello");
    twitter::tell(engine, channel, &twitter::account(MESSAGES, &hello)).await;
    person.ticket(channel).await
}

/// One file, of twelve megabytes.
struct Film;

impl Film {
    fn bytes() -> Vec<u8> {
        (0..12_000_000_u32).map(|number| number.to_le_bytes()[usize::from(number % 3 == 0)]).collect()
    }
}

#[async_trait]
impl MediaStore for Film {
    async fn open(&self, _: ChannelId, _: MediaId) -> Result<MediaRead, MediaError> {
        let pieces: Vec<_> = Self::bytes().chunks(70_001).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        Ok(MediaRead {
            mime: Some("video/mp4".to_owned()),
            file_name: Some("film.mp4".to_owned()),
            length: 12_000_000,
            stream: stream::iter(pieces).boxed(),
        })
    }

    async fn save(
        &self,
        _: ChannelId,
        _: Option<String>,
        _: Option<String>,
        _: ByteStream,
    ) -> Result<MediaId, MediaError> {
        Err(MediaError::Failed("nothing is saved here".to_owned()))
    }
}

#[tokio::test]
async fn a_film_arrives_in_pieces_and_whole() {
    let x = X::start().await;
    let bytes = std::fs::read(plugins().join("twitter.wasm")).expect("the connector is built");
    let plugin = PluginHost::new(HostConfig::default()).unwrap().load(bytes).await.unwrap();
    let allow_private = vec!["127.0.0.1".to_owned()];
    let egress = Egress::new(EgressConfig { allow_private, ..EgressConfig::default() }).unwrap();
    let mut config = x.config();
    let secrets = ["consumerSecret", "accessTokenSecret"].map(|name| {
        let secret = config.as_object_mut().unwrap().remove(name).unwrap();
        (name.to_owned(), secret.as_str().unwrap().to_owned())
    });
    let channel = ChannelView {
        id: ChannelId::from_uuid(Uuid::from_u128(1)),
        channel_type: "TWITTER".to_owned(),
        config: config.to_string().into(),
        webhook_url: "https://patchbay.example/webhook/1".to_owned(),
        secrets: Arc::new(secrets.into_iter().collect()),
    };
    let content: Content = serde_json::from_value(json!({"text": "Look", "attachments": [{"kind": "video",
        "source": {"stored": Uuid::from_u128(3)}, "mime_type": "video/mp4", "size": 12_000_000}]}))
    .unwrap();
    let command = Command::Send(Outgoing {
        id: "018f3f5e-0000-7000-8000-000000000002".to_owned(),
        to: Participant { id: ANA.to_owned(), ..Participant::default() },
        thread: ANA.to_owned(),
        content,
        reply_to: None,
        last_inbound_at: None,
        metadata: json!({}),
    });
    let mut instance = plugin.instantiate();
    let now = chrono::Utc::now();
    let mut step = instance.perform(&channel, &command, now).await.unwrap();
    while let Step::Request(mut request) = step {
        let state = std::mem::take(&mut request.state);
        let answer = egress.perform(&channel, plugin.manifest(), &request, &Film).await;
        step = instance.resume(&channel, &command, state, answer, now).await.unwrap();
    }
    assert!(matches!(&step, Step::Done(Outcome::Sent(ids)) if ids.len() == 1), "{step:?}");
    assert_eq!(x.site.texts(), ["Look"]);
    assert!(x.site.uploaded() == Film::bytes(), "the bytes are others");
    assert_eq!(x.count("GET", "/2/media/upload"), 2);
}
