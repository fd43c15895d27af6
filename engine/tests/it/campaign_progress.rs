//! Who watches a campaign is told how far it is, and nobody else.

use std::time::Instant;

use serde_json::{Value, json};

use crate::{
    campaigns::{Desk, contacts, count, slow},
    support::{inbox::text, size::Size, socket::Socket},
};

const RECIPIENTS: usize = 80;

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_is_watched_while_it_runs() {
    let desk = Desk::open(Size::Embedded, slow(20)).await;
    let mut socket = Socket::open(&desk.engine, &desk.admin, "&cursor=&campaigns=true").await;
    let start = text(&socket.frame().await, "cursor");
    let begun = Instant::now();
    let id = desk.campaign("Hi", &contacts(RECIPIENTS)).await;
    desk.start(&id).await;
    let mut told = Vec::new();
    while told.last().is_none_or(|last: &Value| last["status"] != "COMPLETED") {
        let frame = socket.frame().await;
        if frame["type"] == "campaign_update" {
            assert_eq!((&frame["data"]["id"], &frame["data"]["name"]), (&json!(id), &json!("Spring")), "{frame}");
            told.push(frame["data"].clone());
        }
    }
    let statuses: Vec<_> = told.iter().map(|one| text(one, "status")).collect();
    let progress = told.len() - 3;
    assert_eq!((statuses[0].as_str(), statuses[1].as_str()), ("DRAFT", "SENDING"));
    assert!(statuses[2..=progress + 1].iter().all(|status| status == "SENDING"), "{statuses:?}");
    let most = begun.elapsed().as_secs() / 3;
    assert!((1..=most).contains(&(progress as u64)), "told {progress} times, {most} at most");
    let sent: Vec<_> = told.iter().map(|one| count(one, "sentCount")).collect();
    assert!(sent.is_sorted(), "{sent:?}");
    assert!(told[2..].iter().all(|one| count(one, "totalRecipients") == RECIPIENTS as u64));
    let last = told.last().unwrap();
    assert_eq!((count(last, "sentCount"), count(last, "pendingCount")), (RECIPIENTS as u64, 0));
    assert!(last["completedAt"].is_string(), "{last}");

    // The same to those who ask; those who did not ask for campaigns know nothing of them.
    let watched = asked(&desk, &start, "&campaigns=true").await;
    assert_eq!(watched.len(), told.len());
    assert_eq!(asked(&desk, &start, "").await, Vec::<Value>::new());
    desk.engine.finish().await;
}

/// Everything after the cursor that tells of a campaign.
async fn asked(desk: &Desk, from: &str, query: &str) -> Vec<Value> {
    let (mut from, mut told) = (from.to_owned(), Vec::new());
    loop {
        let news = desk.admin.inbox_get(&format!("/conversations/updates?cursor={from}{query}")).await;
        let events = news["events"].as_array().unwrap().iter();
        told.extend(events.filter(|event| event["type"] == "campaign_update").cloned());
        if news["hasMore"] == false {
            return told;
        }
        from = text(&news, "cursor");
    }
}
