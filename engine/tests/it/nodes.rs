//! Two nodes on one database: each message once and in order whichever took it
//! in, one takes over what the other leaves, and a limit holds meanwhile.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    campaigns::contacts,
    inbound::post,
    sending::assert_within,
    support::{
        api::Person,
        engine::Engine,
        load::{Load, settled, stored},
        mock,
        platform::{Answer, Platform},
        size::Size,
        wait::until,
        whatsapp,
    },
};

/// On the sizes that have more than one node.
macro_rules! on_many_nodes {
    (async fn $name:ident($size:ident: Size) $body:block) => {
        mod $name {
            use super::*;

            async fn run($size: Size) {
                if $size.is_left_out() {
                    return;
                }
                $body
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                run(Size::Postgres).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn scale() {
                run(Size::Scale).await;
            }
        }
    };
}

on_many_nodes! {
    async fn a_node_that_is_killed_is_taken_over_from(size: Size) {
        let first = Engine::start(size).await;
        let second = first.another().await;
        let person = Person::sign_up(&first).await;
        let channel = person.channel("WHATSAPP", whatsapp::config("http://127.0.0.1:9")).await;
        let load = Load { calls: 800, contacts: 50, seed: 5, senders: 4 };
        let kill = async {
            until("some of it to be stored", Duration::from_mins(1), || async {
                let query = "select count(*) from messages";
                (first.database.count(query).await > 100).then_some(())
            }).await;
            worker(&first, &second, &channel).await.kill();
        };
        // A platform that finds one address closed tries again, and comes to the other.
        let nodes = [&first, &second];
        let (sent, ()) = tokio::join!(load.send_to(&nodes, &channel), kill);
        settled(&first, &sent).await;
        assert_eq!(stored(&first).await, sent.expected());
        second.finish().await;
        first.finish().await;
    }
}

on_many_nodes! {
    async fn a_rate_limit_holds_over_a_handover(size: Size) {
        const CONTACTS: usize = 20;
        const BURST: usize = 10;
        let first = Engine::start(size).await;
        let second = first.another().await;
        let platform = Platform::start(whatsapp::accept()).await;
        let person = Person::sign_up(&first).await;
        let mut config = whatsapp::config(&platform.address);
        config["limits"] = json!([{"scope": "channel", "permits": 1, "perMs": 1000, "burst": BURST}]);
        let channel = person.channel("WHATSAPP", config).await;
        let now = chrono::Utc::now().timestamp();
        let texts: Vec<Value> = (0..CONTACTS)
            .map(|contact| whatsapp::text(&format!("4915{contact:08}"), &format!("wamid.{contact}"), now, "hello"))
            .collect();
        post(&first, &channel, &whatsapp::webhook(&texts, &[])).await;
        let tickets = until("the tickets", Duration::from_secs(30), || async {
            let tickets = person.get("/tickets").await.as_array().unwrap().clone();
            (tickets.len() == CONTACTS).then_some(tickets)
        }).await;
        for ticket in tickets {
            person.answer(ticket["id"].as_str().unwrap(), "hi").await;
        }
        until("the burst and one more", Duration::from_mins(1), || async {
            (platform.calls().len() > BURST).then_some(())
        }).await;
        worker(&first, &second, &channel).await.stop().await;
        until("all of it to be sent", Duration::from_mins(2), || async {
            let query = "select count(*) from messages where state = 'SENT'";
            (first.database.count(query).await == i64::try_from(CONTACTS).unwrap()).then_some(())
        }).await;
        let calls = platform.calls();
        assert_eq!(calls.len(), CONTACTS, "a message was sent twice");
        assert_within(&calls, BURST, 1.0);
        second.finish().await;
        first.finish().await;
    }
}

on_many_nodes! {
    async fn a_campaign_goes_on_where_its_node_was_killed(size: Size) {
        const RECIPIENTS: usize = 300;
        const BURST: usize = 10;
        let first = Engine::start(size).await;
        let second = first.another().await;
        let platform = Platform::start(|_| Answer::Json(200, json!({}))).await;
        let person = Person::sign_up(&first).await;
        let mut config = mock::config(&platform.address);
        config["limits"] = json!([{"scope": "channel", "permits": 60, "perMs": 1000, "burst": BURST}]);
        let channel = person.channel("MOCK", config).await;
        let body = json!({"channelId": channel, "name": "Spring", "messageTemplate": "Hi"});
        let path = format!("/campaigns/{}", person.post("/campaigns", body).await["id"].as_str().unwrap());
        person.post(&format!("{path}/recipients"), json!({"recipients": contacts(RECIPIENTS)})).await;
        person.post(&format!("{path}/start"), json!({})).await;
        until("some of it to be sent", Duration::from_mins(1), || async {
            (platform.calls().len() > 50).then_some(())
        }).await;
        worker(&first, &second, &channel).await.kill();
        let before = platform.calls().len();
        until("the campaign to be over", Duration::from_mins(2), || async {
            let query = "select count(*) from campaigns where status = 'COMPLETED'";
            (first.database.count(query).await == 1).then_some(())
        }).await;
        let calls = platform.calls();
        assert!(before < RECIPIENTS, "it was over before the kill");
        let mut reached: Vec<_> = calls.iter().map(|call| call.json()["to"].to_string()).collect();
        reached.sort();
        reached.dedup();
        assert_eq!(reached.len(), calls.len(), "somebody was written to twice");
        // Of what was on the wire nobody knows; everybody else was written to.
        let sent = "select count(*) from campaign_recipients where status = 'SENT'";
        let sent = first.database.count(sent).await;
        let unknown = "select count(*) from campaign_recipients where status = 'FAILED' and reason = 'UNKNOWN'";
        let unknown = first.database.count(unknown).await;
        assert_eq!(sent + unknown, i64::try_from(RECIPIENTS).unwrap());
        assert!(i64::try_from(calls.len()).unwrap() >= sent && calls.len() > before, "{} calls, {sent} sent", calls.len());
        assert_within(&calls, BURST, 60.0);
        second.finish().await;
        first.finish().await;
    }
}

/// The node on which the channel's session is at work.
async fn worker<'a>(first: &'a Engine, second: &'a Engine, channel: &str) -> &'a Engine {
    until("a session of the channel", Duration::from_secs(20), || async {
        for node in [first, second] {
            let actors: Value = node.http.get(node.url("/ops/actors")).send().await.ok()?.json().await.ok()?;
            let mut actors = actors.as_array()?.iter();
            if actors.any(|actor| actor["kind"] == "session" && actor["key"] == channel) {
                return Some(node);
            }
        }
        None
    })
    .await
}
