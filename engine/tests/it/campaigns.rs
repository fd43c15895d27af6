//! Campaigns: what they say, lists and who is left out, and who may send them.
//! How they run beside everything else is in `campaign_pace.rs`.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};
use reqwest::{Method, header::CONTENT_TYPE};
use serde_json::{Value, json};

use crate::{
    on_every_size,
    support::{
        api::Person,
        engine::Engine,
        mock,
        platform::{Answer, Platform},
        size::Size,
        wait::until,
    },
};

pub const PATIENCE: Duration = Duration::from_mins(1);
pub const ANA: &str = "+4915112345678";

pub struct Desk {
    pub engine: Engine,
    pub platform: Platform,
    pub admin: Person,
    pub channel: String,
}

impl Desk {
    pub async fn open(size: Size, settings: Value) -> Self {
        let engine = Engine::start(size).await;
        let platform = Platform::start(|_| Answer::Json(200, json!({}))).await;
        let admin = Person::sign_up(&engine).await;
        let mut config = mock::config(&platform.address);
        config.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        let channel = admin.channel("MOCK", config).await;
        Self { engine, platform, admin, channel }
    }

    /// A draft of this text to these contacts.
    pub async fn campaign(&self, text: &str, contacts: &[String]) -> String {
        let body = json!({"channelId": self.channel, "name": "Spring", "messageTemplate": text});
        let made = self.admin.post("/campaigns", body).await;
        let id = made["id"].as_str().unwrap().to_owned();
        let added = self.admin.post(&format!("/campaigns/{id}/recipients"), json!({"recipients": contacts})).await;
        assert_eq!(added["count"], json!(contacts.len()), "{added}");
        id
    }

    pub async fn step(&self, id: &str, step: &str) -> (u16, Value) {
        self.admin.call(Method::POST, &format!("/campaigns/{id}/{step}"), json!({})).await
    }

    pub async fn start(&self, id: &str) {
        let (status, started) = self.step(id, "start").await;
        assert_eq!((status, &started["status"]), (200, &json!("SENDING")), "{started}");
    }

    pub async fn stats(&self, id: &str) -> Value {
        self.admin.get(&format!("/campaigns/{id}/stats")).await
    }

    pub async fn completed(&self, id: &str) -> Value {
        self.admin.waiting(&format!("/campaigns/{id}"), |campaign| campaign["status"] == "COMPLETED").await
    }

    /// Whom the platform was asked to write to, and how often.
    pub fn written_to(&self) -> BTreeMap<String, usize> {
        let mut seen = BTreeMap::new();
        for call in self.platform.calls() {
            *seen.entry(call.json()["to"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        seen
    }

    pub async fn sent(&self, at_least: usize) {
        until("some of it to be sent", PATIENCE, || async { (self.platform.calls().len() >= at_least).then_some(()) })
            .await;
    }
}

pub fn contacts(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("+49151{number:08}")).collect()
}

pub fn slow(permits: u32) -> Value {
    json!({"limits": [{"scope": "channel", "permits": permits, "perMs": 1000, "burst": 1}]})
}

pub fn count(stats: &Value, name: &str) -> u64 {
    stats[name].as_u64().unwrap_or_else(|| panic!("no {name} in {stats}"))
}

on_every_size! {
    async fn a_campaign_tells_everybody_their_own(size: Size) {
        let desk = Desk::open(size, json!({})).await;
        let admin = &desk.admin;
        mock::post(&desk.engine, &desk.channel, &mock::text(ANA, "1", "hello")).await;
        admin.ticket(&desk.channel).await;
        let body = |text: &str| json!({"channelId": desk.channel, "name": "Spring", "messageTemplate": text});
        let (status, refused) = admin.call(Method::POST, "/campaigns", body("Hi {{nickname}}")).await;
        let told = json!(["messageTemplate: {{nickname}} stands for nothing that is known here"]);
        assert_eq!((status, &refused["message"]), (400, &told));
        let text = "Hi {{name|friend}}, yours, {{organisation.name}}";
        let (status, made) = admin.call(Method::POST, "/campaigns", body(text)).await;
        assert_eq!((status, &made["status"], &made["scheduledAt"]), (201, &json!("DRAFT"), &Value::Null), "{made}");
        assert_eq!((&made["channel"]["type"], &made["createdByUser"]["name"]), (&json!("MOCK"), &json!("Ada")));
        assert!(made["channel"].get("config").is_none(), "a channel's settings are nobody's business here");
        let id = made["id"].as_str().unwrap();
        let list = json!({"recipients": ["+49 151 1234 5678", "+4917000000001"]});
        admin.post(&format!("/campaigns/{id}/recipients"), list).await;
        desk.start(id).await;
        let done = desk.completed(id).await;
        assert_eq!(done["recipients"].as_array().unwrap().len(), 2);
        for recipient in done["recipients"].as_array().unwrap() {
            assert_eq!((&recipient["status"], &recipient["error"]), (&json!("SENT"), &Value::Null), "{recipient}");
            recipient["sentAt"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
        }
        let mut told: Vec<(String, String)> = desk.platform.calls().iter().map(|call| {
            let body = call.json();
            (body["to"].as_str().unwrap().to_owned(), body["text"].as_str().unwrap().to_owned())
        }).collect();
        told.sort();
        assert_eq!(told, [
            (ANA.to_owned(), "Hi Ana, yours, Acme".to_owned()),
            ("+4917000000001".to_owned(), "Hi friend, yours, Acme".to_owned()),
        ]);
        // It is in the customer's ticket, and opens none where there was none.
        let ticket = admin.ticket(&desk.channel).await;
        let messages = admin.get(&format!("/tickets/{ticket}/messages")).await;
        assert_eq!(messages[1]["content"], "Hi Ana, yours, Acme");
        assert_eq!(admin.get("/tickets").await.as_array().unwrap().len(), 1);
        // What is over stays so.
        for (step, status) in [("start", 409), ("pause", 409), ("resume", 409), ("cancel", 409), ("retry", 200)] {
            let (answered, answer) = desk.step(id, step).await;
            assert_eq!(answered, status, "{step}: {answer}");
            assert!(status == 200 || answer["code"] == "CAMPAIGN_STATUS", "{answer}");
        }
        let (status, _) = admin.call(Method::PUT, &format!("/campaigns/{id}"), json!({"name": "Late"})).await;
        assert_eq!(status, 409);
        let late = json!({"recipients": ["+4917000000009"]});
        assert_eq!(admin.call(Method::POST, &format!("/campaigns/{id}/recipients"), late).await.0, 409);
        let logged = admin.get("/audit-logs?entity=CAMPAIGN").await;
        let actions: Vec<_> = logged.as_array().unwrap().iter().map(|entry| entry["action"].clone()).collect();
        assert_eq!(actions, ["UPDATE", "UPDATE", "CREATE"], "{logged}");
        let (_, report) = admin.call_at(Method::GET, "/orgs/analytics/campaigns", json!({})).await;
        assert_eq!((&report[0]["total"], &report[0]["sent"], &report[0]["failed"]), (&json!(2), &json!(2), &json!(0)));
        desk.engine.finish().await;
    }
}

on_every_size! {
    async fn a_long_list_is_taken_and_what_is_wrong_with_it_told(size: Size) {
        let desk = Desk::open(size, json!({})).await;
        let admin = &desk.admin;
        let body = json!({"channelId": desk.channel, "name": "Spring", "messageTemplate": "Hi"});
        let made = admin.post("/campaigns", body).await;
        let path = format!("/campaigns/{}/recipients", made["id"].as_str().unwrap());
        let mut list: Vec<Value> = contacts(100_000).into_iter().map(Value::from).collect();
        list.insert(50_000, json!("+49 (151) 00000007"));
        list.insert(70_000, json!(17));
        list.push(json!("+123"));
        list.push(json!("two words"));
        list.push(json!(""));
        let body = json!({"recipients": list});
        assert!(body.to_string().len() > 1 << 20, "longer than other bodies may be");
        let keyed = async |body: &Value| {
            let call = admin.request(Method::POST, &path).header("Idempotency-Key", "the list").json(body);
            let answer = call.send().await.unwrap();
            let replayed = answer.headers().contains_key("idempotency-replayed");
            (answer.status().as_u16(), replayed, answer.json::<Value>().await.unwrap())
        };
        let (status, replayed, added) = keyed(&body).await;
        assert_eq!((status, replayed), (201, false), "{added}");
        assert_eq!(keyed(&body).await, (201, true, added.clone()), "another answer to the same list");
        let (status, _, refused) = keyed(&json!({"recipients": []})).await;
        assert_eq!((status, &refused["code"]), (422, &json!("IDEMPOTENCY_MISMATCH")));
        assert_eq!((&added["success"], &added["count"]), (&json!(true), &json!(100_000)), "{added}");
        assert_eq!((&added["duplicateCount"], &added["malformedCount"]), (&json!(1), &json!(4)), "{added}");
        assert_eq!(added["duplicates"], json!(["+4915100000007"]));
        let malformed = &added["malformed"];
        assert_eq!((&malformed[0]["position"], &malformed[0]["reason"]), (&json!(70_000), &json!("is not a text")));
        assert_eq!(malformed[1]["recipient"], "+123");
        assert_eq!(malformed[3]["reason"], "is empty");

        // Again, as lines: everything is there. A list that breaks off has added what came before.
        let lines = contacts(3).iter().map(|contact| format!("\"{contact}\"")).collect::<Vec<_>>().join("\n");
        let call = admin.request(Method::POST, &path).header(CONTENT_TYPE, "application/x-ndjson").body(lines);
        let again: Value = call.send().await.unwrap().json().await.unwrap();
        assert_eq!((&again["count"], &again["duplicateCount"]), (&json!(0), &json!(3)));
        let cut = admin.request(Method::POST, &path).body(r#"{"recipients":["+4917000000001", "+4917"#);
        let cut = cut.send().await.unwrap();
        assert_eq!(cut.status(), 400);
        let told: Value = cut.json().await.unwrap();
        assert!(told["message"].as_str().unwrap().contains("1 before that were added"), "{told}");
        let (status, told) = admin.call(Method::POST, &path, json!({"contacts": []})).await;
        assert_eq!((status, &told["message"]), (400, &json!(["recipients: must be a list of contacts"])));

        let page = admin.request(Method::GET, &format!("{path}?page=3&limit=2")).send().await.unwrap();
        assert_eq!(page.headers()["x-total-count"], "100001");
        let page: Value = page.json().await.unwrap();
        assert_eq!((&page[0]["recipientContact"], &page[0]["status"]), (&json!("+4915100000004"), &json!("PENDING")));
        assert_eq!(admin.get(&path).await.as_array().unwrap().len(), 1_000);
        assert_eq!(admin.get(&format!("{path}?status=SENT")).await, json!([]));
        let stats = desk.stats(made["id"].as_str().unwrap()).await;
        assert_eq!((count(&stats, "totalRecipients"), count(&stats, "pendingCount")), (100_001, 100_001));
        desk.engine.finish().await;
    }
}

on_every_size! {
    async fn who_does_not_want_it_is_left_out_and_counted(size: Size) {
        let desk = Desk::open(size, json!({})).await;
        let (ben, cleo) = ("+4915112345679", "+4915112345670");
        for (number, contact) in [ANA, ben, cleo].into_iter().enumerate() {
            mock::post(&desk.engine, &desk.channel, &mock::text(contact, &number.to_string(), "hello")).await;
        }
        desk.admin.waiting("/tickets", |tickets| tickets.as_array().unwrap().len() == 3).await;
        let database = &desk.engine.database;
        database.run("update identities set opted_out_at = created_at where external_id = '+4915112345678'").await;
        database.run("update contacts set do_not_disturb = (1 = 1) where id in \
            (select contact_id from identities where external_id = '+4915112345679')").await;
        let id = desk.campaign("Hi", &[ANA.into(), ben.into(), cleo.into(), "+4917000000001".into()]).await;
        desk.start(&id).await;
        desk.completed(&id).await;
        let stats = desk.stats(&id).await;
        assert_eq!(count(&stats, "totalRecipients"), 4);
        assert_eq!((count(&stats, "sentCount"), count(&stats, "failedCount"), count(&stats, "pendingCount")), (2, 0, 0));
        assert_eq!(stats["skippedCount"], 2);
        assert_eq!(stats["skipped"], json!({"optedOut": 1, "doNotDisturb": 1, "duplicate": 0}));
        let recipients = desk.admin.get(&format!("/campaigns/{id}/recipients?status=SKIPPED")).await;
        let shown = |index: usize| (recipients[index]["recipientContact"].clone(), recipients[index]["reason"].clone());
        assert_eq!(shown(0), (json!(ANA), json!("OPTED_OUT")));
        assert_eq!(shown(1), (json!(ben), json!("DO_NOT_DISTURB")));
        assert_eq!(desk.written_to().len(), 2);
        desk.engine.finish().await;
    }
}

on_every_size! {
    async fn those_that_failed_are_tried_again(size: Size) {
        let desk = Desk::open(size, json!({})).await;
        desk.platform.behave(|call| {
            let refused = call.json()["to"].as_str().unwrap().ends_with('3');
            if refused { Answer::Json(400, json!({"error": "no such number"})) } else { Answer::Json(200, json!({})) }
        });
        let id = desk.campaign("Hi", &contacts(20)).await;
        desk.start(&id).await;
        desk.completed(&id).await;
        let stats = desk.stats(&id).await;
        assert_eq!((count(&stats, "sentCount"), count(&stats, "failedCount")), (18, 2), "{stats}");
        let failed = desk.admin.get(&format!("/campaigns/{id}/recipients?status=FAILED")).await;
        assert_eq!(failed.as_array().unwrap().len(), 2);
        assert!(failed[0]["error"].is_string(), "{failed}");
        desk.platform.behave(|_| Answer::Json(200, json!({})));
        let (status, retried) = desk.step(&id, "retry").await;
        assert_eq!((status, &retried["status"], &retried["retriedCount"]), (200, &json!("SENDING"), &json!(2)));
        desk.completed(&id).await;
        assert_eq!(count(&desk.stats(&id).await, "sentCount"), 20);
        assert_eq!(desk.platform.calls().len(), 22);
        // A failure of a campaign is nothing for a person to do.
        assert_eq!(desk.engine.database.count("select count(*) from manual_actions").await, 0);
        desk.engine.finish().await;
    }
}

on_every_size! {
    async fn a_scheduled_campaign_starts_by_itself(size: Size) {
        let desk = Desk::open(size, json!({})).await;
        let admin = &desk.admin;
        let id = desk.campaign("Hi", &contacts(3)).await;
        let path = format!("/campaigns/{id}");
        let past = json!({"scheduledAt": "2020-01-01T00:00:00Z"});
        assert_eq!(admin.call(Method::PUT, &path, past).await.0, 400);
        let at = Utc::now() + chrono::Duration::seconds(2);
        let (status, planned) = admin.call(Method::PUT, &path, json!({"scheduledAt": at, "name": "Later"})).await;
        assert_eq!((status, &planned["status"], &planned["name"]), (200, &json!("SCHEDULED"), &json!("Later")));
        let done = desk.completed(&id).await;
        let started: DateTime<Utc> = done["startedAt"].as_str().unwrap().parse().unwrap();
        assert!(started >= at - chrono::Duration::milliseconds(1), "{done}");
        assert_eq!(desk.platform.calls().len(), 3);
        desk.engine.finish().await;
    }
}

on_every_size! {
    async fn only_administrators_send_campaigns_and_only_their_own(size: Size) {
        let desk = Desk::open(size, json!({})).await;
        let id = desk.campaign("Hi", &contacts(2)).await;
        let (agent, stranger) = (desk.admin.colleague("Bea", "AGENT").await, Person::sign_up(&desk.engine).await);
        let one = format!("/campaigns/{id}");
        for path in ["/campaigns", &one, &format!("{one}/stats"), &format!("{one}/recipients")] {
            agent.get(path).await;
            assert!(path == "/campaigns" || stranger.call(Method::GET, path, json!({})).await.0 == 404, "{path}");
        }
        assert_eq!(stranger.get("/campaigns").await, json!([]));
        let body = json!({"channelId": desk.channel, "name": "n", "messageTemplate": "t", "recipients": ["+4917000000001"]});
        let steps = ["start", "pause", "resume", "cancel", "retry", "recipients"];
        for path in steps.map(|step| format!("{one}/{step}")) {
            assert_eq!(agent.call(Method::POST, &path, body.clone()).await.0, 403, "{path}");
            assert_eq!(stranger.call(Method::POST, &path, body.clone()).await.0, 404, "{path}");
        }
        assert_eq!(agent.call(Method::POST, "/campaigns", body.clone()).await.0, 403);
        // Their organisation, our channel.
        assert_eq!(stranger.call(Method::POST, "/campaigns", body.clone()).await.0, 404);
        assert_eq!(agent.call(Method::PUT, &one, body.clone()).await.0, 403);
        assert_eq!(stranger.call(Method::PUT, &one, body).await.0, 404);
        let template = json!({"name": "offer", "language": "en"});
        let body = json!({"channelId": desk.channel, "name": "n", "template": template});
        let (status, refused) = desk.admin.call(Method::POST, "/campaigns", body).await;
        assert_eq!((status, &refused["code"]), (422, &json!("UNSUPPORTED_CONTENT")), "this platform has no templates");
        assert_eq!(desk.platform.calls().len(), 0);
        desk.engine.finish().await;
    }
}
