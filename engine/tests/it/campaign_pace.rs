//! Campaigns while they run: pauses and ends, what a kill leaves, numbers, and
//! that people come first.

use std::{collections::BTreeSet, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    campaigns::{ANA, Desk, PATIENCE, contacts, count, slow},
    on_each_database, on_every_size,
    sending::assert_within,
    support::{mock, wait::until},
};

on_every_size! {
    async fn a_campaign_pauses_goes_on_and_is_cancelled(size: Size) {
        // Enough that it is running all the time, however slow the machine.
        const RECIPIENTS: usize = 600;
        let desk = Desk::open(size, slow(20)).await;
        let id = desk.campaign("Hi", &contacts(RECIPIENTS)).await;
        desk.start(&id).await;
        desk.sent(5).await;
        let (status, paused) = desk.step(&id, "pause").await;
        assert_eq!((status, &paused["status"]), (200, &json!("PAUSED")), "{paused}");
        // What was on its way arrives; then nothing moves, though more was queued.
        desk.admin.waiting_at("/ops/actors", |actors| {
            let kinds = actors.as_array().unwrap().iter();
            !kinds.clone().any(|actor| actor["kind"] == "campaign")
        }).await;
        until("what was on its way", PATIENCE, || async {
            (desk.engine.database.count("select count(*) from messages where state = 'SENDING'").await == 0).then_some(())
        }).await;
        let held = desk.stats(&id).await;
        let sent = desk.platform.calls().len();
        assert_eq!(count(&held, "sentCount"), sent as u64, "{held}");
        assert!(sent < RECIPIENTS && count(&held, "pendingCount") + sent as u64 == RECIPIENTS as u64, "{held}");
        // Somebody else's campaign on the same channel goes past it.
        let other = desk.campaign("Other", &["+4917000000001".to_owned()]).await;
        desk.start(&other).await;
        desk.completed(&other).await;
        assert_eq!(desk.stats(&id).await, held);
        assert_eq!(desk.step(&id, "resume").await.0, 200);
        desk.sent(sent + 6).await;
        let (status, cancelled) = desk.step(&id, "cancel").await;
        assert_eq!((status, &cancelled["status"]), (200, &json!("CANCELLED")));
        desk.engine.drained().await;
        let stats = desk.stats(&id).await;
        let sent = count(&stats, "sentCount");
        assert_eq!((count(&stats, "pendingCount"), count(&stats, "cancelledCount")), (0, RECIPIENTS as u64 - sent), "{stats}");
        assert!((10..RECIPIENTS as u64).contains(&sent), "{stats}");
        assert_eq!(desk.platform.calls().len() as u64, sent + 1);
        assert!(desk.written_to().values().all(|times| *times == 1));
        assert_within(&desk.platform.calls(), 1, 20.0);
        desk.engine.finish().await;
    }
}

on_every_size! {
    async fn a_kill_writes_to_nobody_twice_and_forgets_nobody(size: Size) {
        const RECIPIENTS: usize = 400;
        let desk = Desk::open(size, json!({"limits": [{"scope": "channel", "permits": 100, "perMs": 1000, "burst": 20}]})).await;
        let id = desk.campaign("Hi", &contacts(RECIPIENTS)).await;
        desk.start(&id).await;
        for sent in [60, 200] {
            desk.sent(sent).await;
            desk.engine.kill();
            desk.engine.restart().await;
        }
        until("the campaign to be over", Duration::from_mins(2), || async {
            (desk.admin.get(&format!("/campaigns/{id}")).await["status"] == "COMPLETED").then_some(())
        }).await;
        let stats = desk.stats(&id).await;
        assert_eq!(count(&stats, "totalRecipients"), RECIPIENTS as u64);
        let (sent, unknown) = (count(&stats, "sentCount"), count(&stats, "unknownCount"));
        assert_eq!(sent + unknown, RECIPIENTS as u64, "{stats}");
        let written_to = desk.written_to();
        assert!(written_to.values().all(|times| *times == 1), "somebody was written to twice");
        assert_eq!(desk.engine.database.count("select count(*) from messages").await, i64::try_from(RECIPIENTS).unwrap());
        // Whoever counts as sent was written to; of the others nobody knows, and a person is asked.
        let listed = desk.engine.database.texts("select recipient from campaign_recipients where status = 'SENT'").await;
        let unwritten: BTreeSet<_> = listed.into_iter().filter(|contact| !written_to.contains_key(contact)).collect();
        assert_eq!(unwritten, BTreeSet::new());
        let asked = "select count(*) from manual_actions where kind = 'OUTCOME_UNKNOWN'";
        assert_eq!(desk.engine.database.count(asked).await, i64::try_from(unknown).unwrap());
        assert_within(&desk.platform.calls(), 20, 100.0);
        desk.engine.finish().await;
    }
}

on_every_size! {
    async fn an_agents_answer_waits_for_one_message_of_a_campaign_at_most(size: Size) {
        let desk = Desk::open(size, slow(2)).await;
        mock::post(&desk.engine, &desk.channel, &mock::text(ANA, "1", "hello")).await;
        let ticket = desk.admin.ticket(&desk.channel).await;
        let agent = desk.admin.colleague("Bea", "AGENT").await;
        // The customer is one of the campaign's, and the last of them.
        let mut list = contacts(120);
        list.push(ANA.to_owned());
        let id = desk.campaign("To all", &list).await;
        desk.start(&id).await;
        desk.sent(3).await;
        for number in 1..=4 {
            let text = format!("answer {number}");
            agent.answer(&ticket, &text).await;
            let before = desk.platform.calls().len();
            let place = until("the answer", PATIENCE, || async {
                desk.platform.calls().iter().position(|call| call.json()["text"] == text.as_str())
            }).await;
            assert!(place <= before + 1, "{} of the campaign went first", place - before);
        }
        assert!(count(&desk.stats(&id).await, "pendingCount") > 20, "the campaign was running all the time");
        assert_within(&desk.platform.calls(), 1, 2.0);
        desk.step(&id, "cancel").await;
        desk.engine.finish().await;
    }
}

on_each_database! {
    async fn an_answer_overtakes_a_campaign_in_its_own_conversation(size: Size) {
        let limits = json!([{"scope": "channel", "permits": 1, "perMs": 10_000, "burst": 1}]);
        let desk = Desk::open(size, json!({"limits": limits})).await;
        mock::post(&desk.engine, &desk.channel, &mock::text(ANA, "1", "hello")).await;
        let ticket = desk.admin.ticket(&desk.channel).await;
        // Takes the only permit for ten seconds.
        desk.admin.answer(&ticket, "first").await;
        desk.sent(1).await;
        let id = desk.campaign("To all", &[ANA.to_owned()]).await;
        desk.start(&id).await;
        until("the customer's message to be queued", PATIENCE, || async {
            let query = "select count(*) from messages where campaign_id is not null and state = 'QUEUED'";
            (desk.engine.database.count(query).await == 1).then_some(())
        })
        .await;
        desk.admin.answer(&ticket, "second").await;
        desk.completed(&id).await;
        let told: Vec<Value> = desk.platform.calls().iter().map(|call| call.json()["text"].clone()).collect();
        assert_eq!(told, ["first", "second", "To all"]);
        desk.engine.finish().await;
    }
}

on_each_database! {
    async fn numbers_are_exact_while_it_runs(size: Size) {
        const RECIPIENTS: u64 = 150;
        let desk = Desk::open(size, slow(60)).await;
        let id = desk.campaign("Hi", &contacts(150)).await;
        desk.start(&id).await;
        let mut last = 0;
        let mut looks = 0;
        while last < RECIPIENTS {
            let stats = desk.stats(&id).await;
            let seen = desk.platform.calls().len() as u64;
            let of = |name| count(&stats, name);
            assert_eq!(of("totalRecipients"), RECIPIENTS);
            assert_eq!(of("sentCount") + of("failedCount") + of("pendingCount") + of("skippedCount"), RECIPIENTS, "{stats}");
            assert!(of("sentCount") >= last && of("sentCount") <= seen, "{stats}, of {seen} that were seen");
            assert!(of("queuedCount") <= of("pendingCount"), "{stats}");
            looks += u32::from(of("sentCount") > last);
            last = of("sentCount");
        }
        assert!(looks > 3, "the campaign was over at once");
        assert_eq!(desk.platform.calls().len() as u64, RECIPIENTS);
        desk.completed(&id).await;
        desk.engine.finish().await;
    }
}

on_each_database! {
    async fn a_campaign_waits_for_its_channel_and_goes_with_it(size: Size) {
        const RECIPIENTS: usize = 600;
        let desk = Desk::open(size, slow(20)).await;
        let admin = &desk.admin;
        let id = desk.campaign("Hi", &contacts(RECIPIENTS)).await;
        let channel = format!("/channels/{}", desk.channel);
        desk.start(&id).await;
        desk.sent(5).await;
        assert_eq!(admin.call(Method::PUT, &channel, json!({"isActive": false})).await.0, 200);
        desk.admin.waiting_at("/ops/actors", |actors| {
            let mut campaigns = actors.as_array().unwrap().iter().filter(|actor| actor["kind"] == "campaign");
            campaigns.any(|actor| actor["state"].as_str().unwrap().starts_with("waiting"))
        }).await;
        assert_eq!(count(&desk.stats(&id).await, "failedCount"), 0, "nobody fails because of the channel");
        assert_eq!(admin.call(Method::PUT, &channel, json!({"isActive": true})).await.0, 200);
        let before = desk.platform.calls().len();
        desk.sent(before + 5).await;
        assert_eq!(admin.call(Method::DELETE, &channel, json!({})).await.0, 200);
        let over = admin.waiting(&format!("/campaigns/{id}"), |campaign| campaign["status"] == "CANCELLED").await;
        assert_eq!(over["channel"]["id"], json!(desk.channel));
        desk.engine.drained().await;
        let stats = desk.stats(&id).await;
        assert_eq!(count(&stats, "sentCount") + count(&stats, "cancelledCount"), RECIPIENTS as u64, "{stats}");
        desk.engine.finish().await;
    }
}
