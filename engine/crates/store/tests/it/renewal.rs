//! One renewal of a channel's tokens at a time, and what becomes of the secrets by it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use patchbay_domain::sending::ChannelStatus;
use patchbay_store::channels::{
    Channel, ChannelSettings, ChannelUpdate,
    renewal::{Claim, Renewed, TokenLife},
};
use serde_json::json;
use uuid::Uuid;

use crate::support::{Fixture, on_both};

on_both!(
    one_renews_at_a_time,
    who_was_cut_off_is_remembered,
    a_failure_that_passes_is_waited_out,
    new_tokens_are_kept_with_the_life_they_have,
    what_a_person_brought_meanwhile_stays,
    a_refusal_stops_the_channel_unless_somebody_brought_other_secrets,
);

const LEASE: Duration = Duration::from_secs(20);
const NEW: Claim = Claim::Granted { tries: 0, cut_off: false };

fn holder(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn after(fixture: &Fixture, seconds: i64) -> DateTime<Utc> {
    fixture.now + TimeDelta::seconds(seconds)
}

async fn claim(fixture: &Fixture, number: u128, seconds: i64) -> Claim {
    let (id, at) = (fixture.channel.channel_id, after(fixture, seconds));
    fixture.store.claim_renewal(id, holder(number), at, LEASE).await.unwrap()
}

async fn channel(fixture: &Fixture) -> Channel {
    fixture.store.channel(fixture.channel.channel_id).await.unwrap().unwrap()
}

fn renewed(fixture: &Fixture, before: &[u8]) -> Renewed {
    let (expires_at, renew_at) = (Some(after(fixture, 7_200)), Some(after(fixture, 6_480)));
    Renewed { before: before.to_vec(), after: vec![7, 0, 7], expires_at, renew_at }
}

async fn bring(fixture: &Fixture, secrets: &[u8]) {
    let settings = ChannelSettings { config: json!({}), secrets: secrets.to_vec(), address: None, webhook_token: None };
    let update = ChannelUpdate { settings: Some(settings), ..ChannelUpdate::default() };
    let id = fixture.channel.channel_id;
    assert!(fixture.store.update_channel(fixture.organisation(), id, &update, None, fixture.now).await.unwrap());
}

async fn one_renews_at_a_time(fixture: Fixture) {
    let id = fixture.channel.channel_id;
    assert_eq!(claim(&fixture, 1, 0).await, NEW);
    assert_eq!(claim(&fixture, 2, 0).await, Claim::Held);
    assert_eq!(claim(&fixture, 1, 0).await, Claim::Held, "not even to whoever holds it");
    fixture.store.release_renewal(id, holder(2)).await.unwrap();
    assert_eq!(claim(&fixture, 2, 19).await, Claim::Held, "it was not theirs to give back");
    fixture.store.release_renewal(id, holder(1)).await.unwrap();
    assert_eq!(claim(&fixture, 2, 19).await, NEW);
}

async fn who_was_cut_off_is_remembered(fixture: Fixture) {
    let id = fixture.channel.channel_id;
    assert_eq!(claim(&fixture, 1, 0).await, NEW);
    assert_eq!(claim(&fixture, 2, 20).await, Claim::Granted { tries: 0, cut_off: true });
    fixture.store.release_renewal(id, holder(2)).await.unwrap();
    assert_eq!(claim(&fixture, 3, 21).await, Claim::Granted { tries: 0, cut_off: true }, "its answer is still lost");
    let secrets = channel(&fixture).await.secrets;
    assert!(fixture.store.keep_renewed(id, holder(3), &renewed(&fixture, &secrets), fixture.now).await.unwrap());
    assert_eq!(claim(&fixture, 4, 22).await, NEW);
}

async fn a_failure_that_passes_is_waited_out(fixture: Fixture) {
    let id = fixture.channel.channel_id;
    assert_eq!(claim(&fixture, 1, 0).await, NEW);
    fixture.store.put_renewal_off(id, holder(1), after(&fixture, 5), false).await.unwrap();
    assert_eq!(claim(&fixture, 2, 4).await, Claim::NotBefore(after(&fixture, 5)));
    assert_eq!(claim(&fixture, 2, 5).await, Claim::Granted { tries: 1, cut_off: false });
    // Not theirs to put off.
    fixture.store.put_renewal_off(id, holder(1), after(&fixture, 60), true).await.unwrap();
    fixture.store.put_renewal_off(id, holder(2), after(&fixture, 9), true).await.unwrap();
    assert_eq!(claim(&fixture, 3, 9).await, Claim::Granted { tries: 2, cut_off: true });
}

async fn new_tokens_are_kept_with_the_life_they_have(fixture: Fixture) {
    let (store, id) = (&fixture.store, fixture.channel.channel_id);
    assert_eq!(store.token_life(id).await.unwrap(), None);
    let life = TokenLife { renew_at: Some(after(&fixture, 1)), ..TokenLife::default() };
    store.begin_token_life(id, life).await.unwrap();
    store.begin_token_life(id, TokenLife::default()).await.unwrap();
    assert_eq!(store.token_life(id).await.unwrap(), Some(life), "it goes on");
    assert_eq!(claim(&fixture, 1, 0).await, NEW);
    let before = channel(&fixture).await;
    assert!(store.keep_renewed(id, holder(1), &renewed(&fixture, &before.secrets), after(&fixture, 2)).await.unwrap());
    let now = channel(&fixture).await;
    assert_eq!((now.secrets, now.version, now.updated_at), (vec![7, 0, 7], before.version + 1, after(&fixture, 2)));
    let known = store.token_life(id).await.unwrap().unwrap();
    assert_eq!((known.expires_at, known.renew_at), (Some(after(&fixture, 7_200)), Some(after(&fixture, 6_480))));
    assert_eq!(claim(&fixture, 2, 3).await, NEW);
    bring(&fixture, &[1]).await;
    assert_eq!(store.token_life(id).await.unwrap(), None, "that was another token");
    fixture.assert_no_gaps().await;
}

async fn what_a_person_brought_meanwhile_stays(fixture: Fixture) {
    let (store, id) = (&fixture.store, fixture.channel.channel_id);
    let before = channel(&fixture).await.secrets;
    assert_eq!(claim(&fixture, 1, 0).await, NEW);
    bring(&fixture, &[1, 2, 3]).await;
    assert_eq!(claim(&fixture, 2, 0).await, NEW, "theirs may be renewed at once");
    assert!(!store.keep_renewed(id, holder(1), &renewed(&fixture, &before), fixture.now).await.unwrap());
    assert_eq!(channel(&fixture).await.secrets, [1, 2, 3]);
    assert_eq!(claim(&fixture, 3, 0).await, Claim::Held);
    // What came late counts all the same where nobody changed anything.
    let late = renewed(&fixture, &[1, 2, 3]);
    assert!(store.keep_renewed(id, holder(1), &late, fixture.now).await.unwrap());
    assert_eq!(channel(&fixture).await.secrets, [7, 0, 7]);
}

async fn a_refusal_stops_the_channel_unless_somebody_brought_other_secrets(fixture: Fixture) {
    let (store, id) = (&fixture.store, fixture.channel.channel_id);
    let before = channel(&fixture).await.secrets;
    assert_eq!(claim(&fixture, 1, 0).await, NEW);
    bring(&fixture, &[1]).await;
    assert!(!store.refuse_renewal(id, holder(1), &before, "no", fixture.now).await.unwrap());
    assert_eq!(channel(&fixture).await.status, ChannelStatus::Active);
    assert_eq!(claim(&fixture, 2, 0).await, NEW);
    assert!(store.refuse_renewal(id, holder(2), &[1], "no", fixture.now).await.unwrap());
    let stopped = channel(&fixture).await;
    assert_eq!((stopped.status, stopped.status_reason.as_deref()), (ChannelStatus::NeedsReauth, Some("no")));
    assert_eq!(claim(&fixture, 3, 0).await, NEW, "it was given back");
    fixture.assert_no_gaps().await;
}
