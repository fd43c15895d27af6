//! What platforms are told of reading.

use chrono::Duration;
use patchbay_domain::conversation::Draft;
use patchbay_store::read_receipts::Receipt;

use crate::support::{Fixture, on_both};

on_both!(what_was_read_is_told_once, what_is_read_meanwhile_is_told_as_well);

async fn taken(fixture: &Fixture, after: Duration) -> Vec<Receipt> {
    let now = fixture.now + after;
    fixture.store.take_receipts(now, now + Duration::minutes(2), 10).await.unwrap()
}

async fn what_was_read_is_told_once(mut fixture: Fixture) {
    let conversation = fixture.open("a").await.id;
    assert!(!fixture.store.want_receipt(conversation, fixture.now).await.unwrap(), "nobody has written");
    fixture.receive(conversation, "1").await;
    fixture.now += Duration::seconds(1);
    let last = fixture.receive(conversation, "2").await;
    fixture.send(conversation, "ours").await;
    assert!(!fixture.store.want_receipt(conversation, fixture.now).await.unwrap(), "nobody has read it");
    fixture.change(conversation, Draft::mark_read).await;
    // What nobody here has seen.
    fixture.now += Duration::seconds(1);
    fixture.receive(conversation, "3").await;
    assert!(fixture.store.want_receipt(conversation, fixture.now).await.unwrap());

    let (one, other) = tokio::join!(taken(&fixture, Duration::zero()), taken(&fixture, Duration::zero()));
    let due = [one, other].concat();
    assert_eq!(due.len(), 1, "two nodes took it: {due:?}");
    assert_eq!((due[0].message_id, due[0].message.id.as_str(), due[0].tries), (last, "2", 0));
    assert_eq!((due[0].channel_id, due[0].message.thread.as_str()), (fixture.channel.channel_id, "a"));
    assert_eq!(taken(&fixture, Duration::seconds(119)).await, []);
    let lost = taken(&fixture, Duration::minutes(2)).await;
    assert_eq!(lost[0].tries, 1, "whoever had it may have died");

    let again = fixture.now + Duration::minutes(10);
    fixture.store.settle_receipt(&lost[0], Some(again)).await.unwrap();
    assert_eq!(taken(&fixture, Duration::minutes(9)).await, []);
    let due = taken(&fixture, Duration::minutes(10)).await;
    fixture.store.settle_receipt(&due[0], None).await.unwrap();
    assert!(!fixture.store.want_receipt(conversation, fixture.now).await.unwrap(), "it was told");
    assert_eq!(taken(&fixture, Duration::days(1)).await, []);
}

async fn what_is_read_meanwhile_is_told_as_well(mut fixture: Fixture) {
    let conversation = fixture.open("a").await.id;
    fixture.receive(conversation, "1").await;
    fixture.change(conversation, Draft::mark_read).await;
    assert!(fixture.store.want_receipt(conversation, fixture.now).await.unwrap());
    let due = taken(&fixture, Duration::zero()).await;
    fixture.now += Duration::seconds(1);
    fixture.receive(conversation, "2").await;
    fixture.change(conversation, Draft::mark_read).await;
    assert!(fixture.store.want_receipt(conversation, fixture.now).await.unwrap());
    fixture.store.settle_receipt(&due[0], None).await.unwrap();
    let due = taken(&fixture, Duration::zero()).await;
    assert_eq!((due[0].message.id.as_str(), due[0].tries), ("2", 0));

    let place = fixture.store.typing_place(fixture.organisation(), conversation).await.unwrap().unwrap();
    assert_eq!((place.thread.as_str(), place.last_message.as_deref()), ("a", Some("2")));
    let stranger = fixture.other_tenant("other").await;
    assert_eq!(stranger.store.typing_place(stranger.organisation(), conversation).await.unwrap(), None);
}
