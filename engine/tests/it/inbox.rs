//! The inbox dialect: conversations and messages, as its document describes them, over the same model as the helpdesk's.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    on_each_database,
    support::{
        api::Person,
        business::{Cloud, tell},
        engine::Engine,
        inbox::text,
        mock,
        platform::{Answer, Call, Platform},
        whatsapp,
    },
};

const CONTACT: &str = "+4915112345678";
pub const NUMBER: &str = "+15017122661";

/// The names in an object.
fn names(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap_or_else(|| panic!("{value} is no object")).keys().map(String::as_str).collect()
}

fn texts(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["message"].as_str().unwrap()).collect()
}

on_each_database! {
    async fn what_was_written_on_a_kind_of_channel_is_found_behind_what_was_written_elsewhere(size: Size) {
        let engine = Engine::start(size).await;
        let (admin, cloud) = (Person::sign_up(&engine).await, Cloud::start().await);
        admin.channel("WHATSAPP", whatsapp::config(&cloud.platform.address)).await;
        let busy = admin.channel("MOCK", json!({})).await;
        let now = chrono::Utc::now().timestamp();
        let webhook = whatsapp::webhook(&[whatsapp::text("4915112345678", "wamid.1", now, "quarx")], &[]);
        let webhook: Value = serde_json::from_slice(&webhook).unwrap();
        assert_eq!(tell(&engine, whatsapp::APP_SECRET, &webhook).await.0, 200);
        admin.conversations("channel=WhatsApp", |found| found.len() == 1).await;
        for part in 0..3 {
            let said = |number| mock::text("+33612345678", &format!("{part}-{number}"), "quarx");
            let said: Vec<Value> = (0..70).map(said).collect();
            mock::post(&engine, &busy, &json!(said)).await;
        }
        engine.drained().await;
        for (channel, count) in [("WhatsApp", 1), ("SMS", 1), ("Email", 0)] {
            let found = admin.inbox_get(&format!("/conversations/search?q=quarx&channel={channel}")).await;
            assert_eq!(found.as_array().unwrap().len(), count, "{channel}: {found}");
        }
        engine.finish().await;
    }
}

on_each_database! {
    async fn conversations_are_listed_found_and_marked(size: Size) {
        let engine = Engine::start(size).await;
        let (admin, stranger) = (Person::sign_up(&engine).await, Person::sign_up(&engine).await);
        let channel = admin.channel("MOCK", json!({})).await;
        mock::post(&engine, &channel, &mock::text(CONTACT, "1", "hello")).await;
        let other = json!({"senderPhone": "+33612345678", "senderName": "Étienne", "message": "salut", "messageId": "2"});
        mock::post(&engine, &channel, &other).await;
        let found = admin.conversations("search=ana", |found| found.len() == 1 && found[0]["lastMessage"].is_object()).await;
        let ana = &found[0];
        assert_eq!(
            names(ana),
            BTreeSet::from([
                "id", "contactId", "fullName", "channel", "unreadCount", "isStarred", "lastMessage",
                "lastMessageTimestamp", "contactDetails",
            ])
        );
        assert_eq!(
            (&ana["fullName"], &ana["channel"], &ana["unreadCount"], &ana["isStarred"]),
            (&json!("Ana"), &json!("SMS"), &json!(1), &json!(false))
        );
        assert_eq!(names(&ana["lastMessage"]), BTreeSet::from(["id", "message", "sender", "timestamp", "channel"]));
        assert_eq!((&ana["lastMessage"]["message"], &ana["lastMessage"]["sender"]), (&json!("hello"), &json!("Ana")));
        assert_eq!(ana["contactDetails"]["phone"], CONTACT);
        assert!(ana["lastMessageTimestamp"].as_str().unwrap().ends_with('Z'));

        // By name without accents, by number, and not by what is not there.
        for (query, count) in [
            ("search=etienne", 1), ("search=151123", 1), ("search=nobody", 0), ("channel=SMS", 2), ("channel=Email", 0),
            ("filter=recents", 2), ("filter=unread", 2), ("filter=starred", 0), ("sort=oldest", 2), ("pageSize=1&page=2", 1),
        ] {
            admin.conversations(query, |found| found.len() == count).await;
        }
        let meta = admin.inbox_get("/conversations?pageSize=1").await["meta"].clone();
        assert_eq!((&meta["total"], &meta["page"], &meta["pageSize"], &meta["totalPages"]), (&json!(2), &json!(1), &json!(1), &json!(2)));
        let cursor = text(&meta, "nextCursor");
        let next = admin.inbox_get(&format!("/conversations?pageSize=1&cursor={cursor}")).await;
        assert_eq!(next["data"][0]["fullName"], "Ana");
        assert_eq!(admin.inbox_get("/conversations/search?q=%C3%A9tien").await[0]["fullName"], "Étienne");
        for query in ["filter=x", "sort=x", "channel=fax", "page=0", "pageSize=5000"] {
            let (status, code) = admin.inbox_refused(Method::GET, &format!("/conversations?{query}"), json!({})).await;
            assert_eq!((status, code.as_str()), (400, "VALIDATION_ERROR"), "{query}");
        }

        let path = format!("/conversations/{}", text(ana, "id"));
        assert_eq!(&admin.inbox_get(&path).await, ana);
        let read = admin.inbox_patch(&path, json!({"unreadCount": 0, "isStarred": true})).await;
        assert_eq!((&read["unreadCount"], &read["isStarred"]), (&json!(0), &json!(true)));
        assert_eq!(admin.conversations("filter=unread", |_| true).await.len(), 1);
        assert_eq!(admin.conversations("filter=starred", |_| true).await.len(), 1);
        // What the actor holds in memory is out of date by now, and it finds out.
        mock::post(&engine, &channel, &mock::text(CONTACT, "3", "again")).await;
        admin.conversations("filter=starred", |found| found[0]["unreadCount"] == 1).await;

        assert!(admin.inbox_delete(&path).await["message"].is_string());
        assert_eq!(admin.inbox_refused(Method::GET, &path, json!({})).await.0, 404);
        assert_eq!(admin.conversations("search=ana", |_| true).await.len(), 0);
        mock::post(&engine, &channel, &mock::text(CONTACT, "4", "I am back")).await;
        admin.conversations("search=ana", |found| found.len() == 1 && found[0]["lastMessage"]["message"] == "I am back").await;

        assert_eq!(stranger.conversations("", |_| true).await.len(), 0);
        for (method, body) in [(Method::GET, json!({})), (Method::PATCH, json!({"isStarred": true})), (Method::DELETE, json!({}))] {
            assert_eq!(stranger.inbox_refused(method, &path, body).await, (404, "NOT_FOUND".to_owned()));
        }
        engine.finish().await;
    }
}

on_each_database! {
    async fn who_asks_by_the_time_of_the_last_answer_is_told_of_everything(size: Size) {
        const COUNT: usize = 250;
        let engine = Engine::start(size).await;
        let admin = Person::sign_up(&engine).await;
        let channel = admin.channel("MOCK", json!({})).await;
        for number in 0..COUNT {
            mock::post(&engine, &channel, &mock::text(CONTACT, &number.to_string(), &number.to_string())).await;
        }
        engine.drained().await;
        let (mut since, mut told, mut calls) = ("2020-01-01T00:00:00Z".to_owned(), BTreeSet::new(), 0);
        loop {
            let updates = admin.inbox_get(&format!("/conversations/updates?lastUpdate={since}")).await;
            told.extend(updates["newMessages"].as_array().unwrap().iter().map(|message| text(message, "id")));
            (since, calls) = (text(&updates, "timestamp"), calls + 1);
            if updates["hasMore"] == false {
                break;
            }
        }
        assert_eq!(told.len(), COUNT);
        assert!(calls > 1, "it came at once");
        engine.finish().await;
    }
}

on_each_database! {
    async fn messages_come_in_pages_from_the_newest(size: Size) {
        let engine = Engine::start(size).await;
        let admin = Person::sign_up(&engine).await;
        let channel = admin.channel("MOCK", json!({})).await;
        for number in 1..=5 {
            mock::post(&engine, &channel, &mock::text(CONTACT, &number.to_string(), &format!("m{number}"))).await;
        }
        let id = text(&admin.conversations("", |found| found.len() == 1 && found[0]["unreadCount"] == 5).await[0], "id");
        let page = async |query: &str| admin.inbox_get(&format!("/conversations/{id}/messages?{query}")).await;
        let said = |page: &Value| page["data"].as_array().unwrap().iter().map(|m| text(m, "message")).collect::<Vec<_>>();
        let first = page("pageSize=2").await;
        assert_eq!(said(&first), ["m4", "m5"]);
        assert_eq!((&first["meta"]["total"], &first["meta"]["hasMore"]), (&json!(5), &json!(true)));
        assert_eq!(said(&page("pageSize=2&page=3").await), ["m1"]);
        assert_eq!(page("pageSize=2&page=3").await["meta"]["hasMore"], false);
        let cursor = text(&first["meta"], "nextCursor");
        assert_eq!(said(&page(&format!("pageSize=2&cursor={cursor}")).await), ["m2", "m3"]);
        let message = &first["data"][1];
        assert_eq!(
            (&message["conversationId"], &message["sender"], &message["senderType"], &message["channel"]),
            (&json!(id), &json!("Ana"), &json!("contact"), &json!("SMS"))
        );
        assert!(message.get("status").is_none(), "{message}");
        let all = page("").await;
        let moment = text(&all["data"][0], "timestamp");
        assert!(said(&page(&format!("after={moment}")).await).contains(&"m5".to_owned()));
        assert!(said(&page("before=2020-01-01T00:00:00Z").await).is_empty());
        assert!(said(&page("after=2999-01-01T00:00:00%2B01:00").await).is_empty());
        let wrong = format!("/conversations/{id}/messages?before=yesterday");
        assert_eq!(admin.inbox_refused(Method::GET, &wrong, json!({})).await.0, 400);
        engine.finish().await;
    }
}

pub fn twilio(call: &Call) -> Answer {
    assert_eq!(call.method, "POST");
    let sid = uuid::Uuid::new_v4().simple();
    Answer::Json(201, json!({"sid": format!("SM{sid}"), "status": "queued"}))
}

/// Settings of a Twilio channel that talks to a platform of ours.
pub fn twilio_config(address: &str) -> Value {
    json!({
        "accountSid": format!("AC{}", "a".repeat(32)), "authToken": "twilio-token", "from": NUMBER,
        "apiBaseUrl": address,
    })
}

on_each_database! {
    async fn a_message_goes_out_on_the_channel_of_its_kind(size: Size) {
        let engine = Engine::start(size).await;
        let platform = Platform::start(twilio).await;
        let admin = Person::sign_up(&engine).await;
        let channel = admin.channel("MOCK", json!({})).await;
        mock::post(&engine, &channel, &mock::text(CONTACT, "1", "hello")).await;
        let conversation = admin.conversations("", |found| found.len() == 1).await.remove(0);
        let path = format!("/conversations/{}/messages", text(&conversation, "id"));

        let sent = admin.inbox_post(&path, json!({"channel": "SMS", "message": "hi"})).await;
        assert_eq!(
            (&sent["message"], &sent["senderType"], &sent["sender"], &sent["conversationId"]),
            (&json!("hi"), &json!("user"), &json!(admin.id), &conversation["id"])
        );
        assert!(sent.get("status").is_none(), "{sent}");
        let sms = json!({"message": "you there?", "to": "+49 151 12345678"});
        assert_eq!(admin.inbox_post(&format!("{path}/sms"), sms.clone()).await["conversationId"], conversation["id"]);
        // It is there in the helpdesk as well, and what the helpdesk says is here.
        let ticket = admin.ticket(&channel).await;
        admin.answer(&ticket, "from the helpdesk").await;
        let all = admin.messages(&text(&conversation, "id"), |all| all.iter().skip(1).all(|one| one["status"] == "sent")).await;
        assert_eq!(texts(&all), ["hello", "hi", "you there?", "from the helpdesk"]);
        let theirs = admin.get(&format!("/tickets/{ticket}/messages")).await;
        assert_eq!(theirs.as_array().unwrap().len(), 4);

        // Another channel of the kind, by its number: another conversation with the same person.
        let twilio = admin.channel("TWILIO_SMS", twilio_config(&platform.address)).await;
        let by_number = json!({"message": "by twilio", "to": CONTACT, "from": NUMBER});
        let sent = admin.inbox_post(&format!("{path}/sms"), by_number).await;
        assert_ne!(sent["conversationId"], conversation["id"]);
        let other = admin.inbox_get(&format!("/conversations/{}", text(&sent, "conversationId"))).await;
        assert_eq!((&other["contactId"], &other["fullName"]), (&conversation["contactId"], &json!("Ana")));
        let all = admin.messages(&text(&sent, "conversationId"), |all| all[0]["status"] == "sent").await;
        assert!(text(&all[0]["metadata"], "twilioMessageId").starts_with("SM"));
        let form = String::from_utf8(platform.calls()[0].body.clone()).unwrap();
        assert!(form.contains("by+twilio") || form.contains("by%20twilio"), "{form}");
        assert_eq!(admin.get(&format!("/tickets?channelId={twilio}")).await, json!([]), "nobody wrote there");

        let refused = async |kind: &str, body: Value| {
            admin.inbox_refused(Method::POST, &format!("{path}{kind}"), body).await
        };
        let code = |status: u16, code: &str| (status, code.to_owned());
        let whatsapp = json!({"message": "m", "to": CONTACT});
        assert_eq!(refused("/whatsapp", whatsapp).await, code(422, "CHANNEL_DISABLED"));
        let email = json!({"to": "a@example.com", "subject": "s", "body": "b", "fromName": "n", "fromEmail": "f@example.com"});
        assert_eq!(refused("/email", email).await, code(422, "CHANNEL_DISABLED"));
        for (kind, body) in [
            ("/sms", json!({"message": "m"})), ("/sms", json!({"to": CONTACT})), ("", json!({"message": "m"})),
            ("/sms", json!({"message": "m", "to": CONTACT, "from": "+1999999999"})), ("/email", json!({})),
            ("/sms", json!({"message": "m", "to": "somebody"})), ("/sms", json!({"message": "m", "to": "ana2024@x12345.com"})),
        ] {
            assert_eq!(refused(kind, body.clone()).await, code(400, "VALIDATION_ERROR"), "{kind} {body}");
        }
        // A number that is new becomes the contact's; one of somebody else is refused.
        mock::post(&engine, &channel, &mock::text("+33612345678", "2", "salut")).await;
        admin.conversations("search=336123", |found| found.len() == 1).await;
        let taken = json!({"message": "m", "to": "+33612345678", "from": NUMBER});
        assert_eq!(refused("/sms", taken).await, code(422, "NO_SUCH_RECIPIENT"));
        let new = json!({"message": "m", "to": "+4915187654321", "from": NUMBER});
        let sent = admin.inbox_post(&format!("{path}/sms"), new).await;
        let to = admin.inbox_get(&format!("/conversations/{}", text(&sent, "conversationId"))).await;
        assert_eq!(to["contactId"], conversation["contactId"]);

        let again = async || {
            let call = engine.http.post(engine.url(&format!("/api/v1{path}"))).bearer_auth(&admin.token);
            let call = call.header("Idempotency-Key", "once").json(&json!({"channel": "SMS", "message": "once"}));
            call.send().await.unwrap().json::<Value>().await.unwrap()
        };
        assert_eq!(again().await["data"]["id"], again().await["data"]["id"]);
        engine.finish().await;
    }
}
