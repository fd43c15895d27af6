//! What contacts wish after a campaign's message to them was queued.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    campaigns::{Desk, PATIENCE, contacts, count},
    on_every_size,
    support::{mock, wait::until},
};

on_every_size! {
    async fn a_wish_counts_until_the_message_is_sent(size: Size) {
        // The first has its message at once, and the others wait.
        let desk = Desk::open(size, json!({"limits": [{"scope": "channel", "permits": 1, "perMs": 600_000, "burst": 1}]})).await;
        let id = desk.campaign("Hi", &contacts(4)).await;
        desk.start(&id).await;
        desk.sent(1).await;
        let database = &desk.engine.database;
        until("all of it to be queued", PATIENCE, || async {
            (database.count("select count(*) from messages where campaign_id is not null").await == 4).then_some(())
        })
        .await;
        // Of those who wait: they are queued together, in whatever order.
        database.run("update identities set opted_out_at = created_at where id in (select i.id from identities i \
            join conversations c on c.identity_id = i.id join messages m on m.conversation_id = c.id \
            where m.state = 'QUEUED' order by i.external_id limit 1)").await;
        database.run("update contacts set do_not_disturb = (1 = 1) where id in (select i.contact_id from identities i \
            join conversations c on c.identity_id = i.id join messages m on m.conversation_id = c.id \
            where m.state = 'QUEUED' and i.opted_out_at is null order by i.external_id limit 1)").await;
        // Now everybody else has theirs.
        let mut config = mock::config(&desk.platform.address);
        config["limits"] = json!([]);
        let channel = format!("/channels/{}", desk.channel);
        assert_eq!(desk.admin.call(Method::PUT, &channel, json!({"config": config})).await.0, 200);
        desk.completed(&id).await;
        let stats = desk.stats(&id).await;
        assert_eq!((count(&stats, "sentCount"), count(&stats, "failedCount"), count(&stats, "skippedCount")), (2, 0, 2));
        assert_eq!(stats["skipped"], json!({"optedOut": 1, "doNotDisturb": 1, "duplicate": 0}));
        let skipped = desk.admin.get(&format!("/campaigns/{id}/recipients?status=SKIPPED")).await;
        let reasons: Vec<_> = skipped.as_array().unwrap().iter().map(|one| one["reason"].clone()).collect();
        assert_eq!(reasons, ["OPTED_OUT", "DO_NOT_DISTURB"], "{skipped}");
        let written_to = desk.written_to();
        let contact = |one: &Value| one["recipientContact"].as_str().unwrap().to_owned();
        assert!(skipped.as_array().unwrap().iter().all(|one| !written_to.contains_key(&contact(one))), "{skipped}");
        assert_eq!(written_to.len(), 2);
        // Nothing left: not even an attempt.
        assert_eq!(database.count("select count(*) from attempts").await, 2);
        let refused = "select count(*) from messages where state = 'FAILED' and failure is not null";
        assert_eq!(database.count(refused).await, 2);
        desk.engine.finish().await;
    }
}
