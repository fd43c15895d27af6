//! Whether a platform knows a channel's webhook: counted before it is asked, and kept unless somebody changed the
//! settings meanwhile.

use chrono::TimeDelta;
use patchbay_domain::registration::Progress;
use patchbay_store::channels::{
    ChannelSettings, ChannelUpdate,
    registration::{Registration, RegistrationState},
};
use serde_json::json;
use uuid::Uuid;

use crate::support::{Fixture, on_both};

on_both!(
    a_try_is_counted_for_its_address,
    a_person_is_asked_once_and_no_more_when_it_is_done,
    a_try_that_began_before_a_change_counts_no_more,
    what_was_refused_is_tried_again_when_somebody_asks,
);

const ADDRESS: &str = "https://patchbay.example/webhook/1";
const PENDING: &str = "select count(*) from manual_actions where kind = 'WEBHOOK_UNREGISTERED' and status = 'PENDING'";

fn attempt(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

async fn begin(fixture: &Fixture, number: u128, address: &str) -> u32 {
    let id = fixture.channel.channel_id;
    fixture.store.begin_webhook_registration(id, address, attempt(number), fixture.now).await.unwrap()
}

async fn end(fixture: &Fixture, number: u128, progress: Progress, reason: &str) -> bool {
    let id = fixture.channel.channel_id;
    fixture.store.end_webhook_registration(id, attempt(number), progress, reason, fixture.now).await.unwrap()
}

async fn known(fixture: &Fixture) -> Option<Registration> {
    fixture.store.webhook_registration(fixture.channel.channel_id).await.unwrap()
}

async fn bring_settings(fixture: &Fixture) {
    let settings = ChannelSettings { config: json!({}), secrets: vec![1], address: None, webhook_token: None };
    let update = ChannelUpdate { settings: Some(settings), ..ChannelUpdate::default() };
    let id = fixture.channel.channel_id;
    assert!(fixture.store.update_channel(fixture.organisation(), id, &update, None, fixture.now).await.unwrap());
}

async fn a_try_is_counted_for_its_address(fixture: Fixture) {
    assert_eq!(known(&fixture).await, None);
    assert_eq!(begin(&fixture, 1, ADDRESS).await, 1);
    let at = fixture.now + TimeDelta::seconds(9);
    assert!(end(&fixture, 1, Progress::Later { at, tell: false }, "away").await);
    let (webhook_url, state) = (ADDRESS.to_owned(), RegistrationState::Pending);
    assert_eq!(known(&fixture).await, Some(Registration { webhook_url, state, try_at: at }));
    assert_eq!(begin(&fixture, 2, ADDRESS).await, 2);
    assert!(!end(&fixture, 1, Progress::Done, "").await, "another try has begun");
    assert_eq!(begin(&fixture, 3, "https://elsewhere.example/webhook/1").await, 1);
    assert!(end(&fixture, 3, Progress::Done, "").await);
    assert_eq!(known(&fixture).await.unwrap().state, RegistrationState::Done);
    assert_eq!(fixture.count(PENDING).await, 0);
}

async fn a_person_is_asked_once_and_no_more_when_it_is_done(fixture: Fixture) {
    for number in 1..3 {
        begin(&fixture, number, ADDRESS).await;
        assert!(end(&fixture, number, Progress::Later { at: fixture.now, tell: true }, "away").await);
    }
    assert_eq!(fixture.count(PENDING).await, 1);
    let told = "select count(*) from notifications where kind = 'WEBHOOK_UNREGISTERED'";
    assert_eq!(fixture.count(told).await, 1);
    begin(&fixture, 3, ADDRESS).await;
    assert!(end(&fixture, 3, Progress::Done, "").await);
    assert_eq!(fixture.count(PENDING).await, 0);
    fixture.assert_no_gaps().await;
}

async fn a_try_that_began_before_a_change_counts_no_more(fixture: Fixture) {
    begin(&fixture, 1, ADDRESS).await;
    assert!(end(&fixture, 1, Progress::Refused, "no key").await);
    begin(&fixture, 2, ADDRESS).await;
    bring_settings(&fixture).await;
    assert_eq!((known(&fixture).await, fixture.count(PENDING).await), (None, 0));
    assert!(!end(&fixture, 2, Progress::Done, "").await);
    assert_eq!(known(&fixture).await, None);
    assert_eq!(begin(&fixture, 3, ADDRESS).await, 1);
    fixture.assert_no_gaps().await;
}

async fn what_was_refused_is_tried_again_when_somebody_asks(fixture: Fixture) {
    let id = fixture.channel.channel_id;
    begin(&fixture, 1, ADDRESS).await;
    assert!(end(&fixture, 1, Progress::Done, "").await);
    fixture.store.retry_webhook_registration(id, fixture.now).await.unwrap();
    assert!(known(&fixture).await.is_some(), "it is done");
    begin(&fixture, 2, ADDRESS).await;
    assert!(end(&fixture, 2, Progress::Refused, "no key").await);
    fixture.store.retry_webhook_registration(id, fixture.now).await.unwrap();
    assert_eq!(known(&fixture).await, None);
    assert_eq!(fixture.count(PENDING).await, 1, "until it is done");
}
