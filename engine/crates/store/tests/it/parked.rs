//! Webhooks of channels that cannot keep up.

use patchbay_domain::{ChannelId, WebhookId};
use patchbay_store::parked::NewParked;

use crate::support::{Fixture, PARTITIONS, on_both};

on_both!(
    parked_webhooks_come_in_the_order_of_parking,
    a_webhook_is_parked_once_and_keeps_its_place,
    what_is_read_is_bounded_by_count_and_by_bytes,
    channels_with_parked_webhooks_are_found,
);

const EVERYTHING: i64 = 1 << 40;

async fn park(fixture: &Fixture, channel_id: ChannelId, webhooks: &[(WebhookId, &str)]) -> Vec<i64> {
    let new: Vec<_> = webhooks
        .iter()
        .map(|(webhook_id, envelope)| NewParked { channel_id, webhook_id: *webhook_id, envelope })
        .collect();
    fixture.store.park_webhooks(&new, fixture.now).await.unwrap()
}

async fn envelopes(fixture: &Fixture, after: i64, limit: u32, bytes: i64) -> Vec<String> {
    let channel = fixture.channel.channel_id;
    let parked = fixture.store.parked_webhooks(channel, after, limit, bytes).await.unwrap();
    parked.into_iter().map(|parked| parked.envelope).collect()
}

async fn parked_webhooks_come_in_the_order_of_parking(fixture: Fixture) {
    let channel = fixture.channel.channel_id;
    let texts: Vec<String> = (0..300).map(|number| number.to_string()).collect();
    // Ids that do not sort in the order of arrival, as those of several nodes.
    let ids: Vec<_> = texts.iter().map(|_| WebhookId::at(fixture.now)).collect();
    let webhooks: Vec<_> = ids.into_iter().rev().zip(texts.iter().map(String::as_str)).collect();
    let mut ids = park(&fixture, channel, &webhooks[..200]).await;
    park(&fixture, ChannelId::at(fixture.now), &[(WebhookId::at(fixture.now), "of another channel")]).await;
    ids.extend(park(&fixture, channel, &webhooks[200..]).await);
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
    assert_eq!(envelopes(&fixture, 0, 1_000, EVERYTHING).await, texts);
    assert_eq!(envelopes(&fixture, ids[99], 50, EVERYTHING).await, texts[100..150]);
    fixture.store.delete_parked(&ids[..299]).await.unwrap();
    assert_eq!(envelopes(&fixture, 0, 1_000, EVERYTHING).await, ["299"]);
    fixture.store.delete_parked(&[]).await.unwrap();
}

async fn a_webhook_is_parked_once_and_keeps_its_place(fixture: Fixture) {
    let channel = fixture.channel.channel_id;
    let [one, two, three] = [(); 3].map(|()| WebhookId::at(fixture.now));
    let first = park(&fixture, channel, &[(one, "one"), (two, "two")]).await;
    let again = park(&fixture, channel, &[(two, "two again"), (three, "three"), (one, "one again")]).await;
    assert_eq!((again[0], again[2]), (first[1], first[0]));
    assert_eq!(envelopes(&fixture, 0, 10, EVERYTHING).await, ["one", "two", "three"]);
}

async fn what_is_read_is_bounded_by_count_and_by_bytes(fixture: Fixture) {
    let large = "x".repeat(1_000);
    let webhooks: Vec<_> = (0..10).map(|_| (WebhookId::at(fixture.now), large.as_str())).collect();
    park(&fixture, fixture.channel.channel_id, &webhooks).await;
    for (limit, bytes, expected) in [(10, 10_000, 10), (3, 10_000, 3), (10, 2_500, 3), (10, 2_000, 2), (10, 1, 1)] {
        assert_eq!(envelopes(&fixture, 0, limit, bytes).await.len(), expected, "{limit} of {bytes} bytes");
    }
}

async fn channels_with_parked_webhooks_are_found(fixture: Fixture) {
    let other = fixture.other_tenant("other").await;
    let (store, channel) = (&fixture.store, other.channel.channel_id);
    let all: Vec<u32> = (0..PARTITIONS.0).collect();
    let elsewhere: Vec<u32> = all.iter().copied().filter(|partition| *partition != PARTITIONS.of(channel)).collect();
    assert!(store.channels_with_parked(PARTITIONS, &all).await.unwrap().is_empty());
    let ids = park(&fixture, channel, &[(WebhookId::at(fixture.now), "{}")]).await;
    assert_eq!(store.channels_with_parked(PARTITIONS, &all).await.unwrap(), [channel]);
    assert!(store.channels_with_parked(PARTITIONS, &elsewhere).await.unwrap().is_empty());
    store.delete_parked(&ids).await.unwrap();
    assert!(store.channels_with_parked(PARTITIONS, &all).await.unwrap().is_empty());
}
