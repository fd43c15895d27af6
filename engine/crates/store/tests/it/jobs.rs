//! The queue, leases, the event log, and repeated requests.

use std::time::Duration;

use patchbay_domain::{ChannelId, NodeId};
use patchbay_store::{
    idempotency::{Begun, IdempotencyKey},
    jobs::{Direction, JobDepths, NewJob},
};
use uuid::Uuid;

use crate::support::{Fixture, on_both};

on_both!(
    jobs_come_in_the_order_of_their_ids,
    a_job_waits_until_it_is_due,
    one_node_holds_a_lease,
    one_of_many_nodes_takes_a_free_lease,
    a_node_lives_while_it_is_heard,
    events_are_read_from_a_cursor_and_trimmed,
    a_repeated_request_gets_the_first_answer,
    a_request_that_died_may_run_again_once,
    keys_of_others_are_others,
);

fn job(fixture: &Fixture, partition: u32, payload: &str) -> NewJob {
    NewJob {
        direction: Direction::Inbound,
        partition,
        channel_id: ChannelId::from_uuid(Uuid::from_u128(7)),
        key: Uuid::from_u128(9),
        payload: payload.into(),
        available_at: fixture.now,
    }
}

async fn jobs_come_in_the_order_of_their_ids(fixture: Fixture) {
    let (store, now) = (&fixture.store, fixture.now);
    let many: Vec<_> = (0..50).map(|number| job(&fixture, 1, &number.to_string())).collect();
    store.enqueue(&many, now).await.unwrap();
    store.enqueue(&[job(&fixture, 2, "other"), job(&fixture, 1, "50 with a \0 and ünïcode")], now).await.unwrap();
    let jobs = store.jobs(Direction::Inbound, 1, now, 100).await.unwrap();
    assert_eq!(jobs.len(), 51);
    assert!(jobs.is_sorted_by_key(|job| job.id));
    assert!(jobs.iter().take(50).enumerate().all(|(number, job)| job.payload == number.to_string()));
    assert_eq!(jobs[50].payload, "50 with a \u{fffd} and ünïcode");
    assert_eq!((jobs[0].channel_id, jobs[0].key), (many[0].channel_id, many[0].key));
    assert_eq!(store.job_depths().await.unwrap(), JobDepths { inbound: 52, outbound: 0 });

    let first: Vec<_> = jobs.iter().take(50).map(|job| job.id).collect();
    store.delete_jobs(&first).await.unwrap();
    let left = store.jobs(Direction::Inbound, 1, now, 100).await.unwrap();
    assert_eq!(left.iter().map(|job| job.id).collect::<Vec<_>>(), [jobs[50].id]);
    assert!(store.jobs(Direction::Outbound, 1, now, 100).await.unwrap().is_empty());
}

async fn a_job_waits_until_it_is_due(fixture: Fixture) {
    let (store, now) = (&fixture.store, fixture.now);
    let later = now + chrono::Duration::minutes(5);
    let waiting = NewJob { available_at: later, ..job(&fixture, 3, "later") };
    store.enqueue(&[waiting, job(&fixture, 3, "now")], now).await.unwrap();
    let due: Vec<_> = store.jobs(Direction::Inbound, 3, now, 10).await.unwrap();
    assert_eq!(due.iter().map(|job| job.payload.as_str()).collect::<Vec<_>>(), ["now"]);
    store.delete_jobs(&[due[0].id]).await.unwrap();
    assert!(store.jobs(Direction::Inbound, 3, now, 10).await.unwrap().is_empty());
    assert_eq!(store.jobs(Direction::Inbound, 3, later, 10).await.unwrap().len(), 1);
}

async fn one_node_holds_a_lease(fixture: Fixture) {
    let (store, now) = (&fixture.store, fixture.now);
    let (one, other) = (NodeId::at(now), NodeId::at(now));
    let lifetime = Duration::from_secs(10);
    let later = now + chrono::Duration::seconds(5);
    assert!(store.acquire_lease("inbound.1", one, now, lifetime).await.unwrap());
    assert!(!store.acquire_lease("inbound.1", other, later, lifetime).await.unwrap());
    assert!(store.acquire_lease("inbound.1", one, later, lifetime).await.unwrap(), "renewed");
    // It would have expired without the renewal.
    let after = now + chrono::Duration::seconds(12);
    assert!(!store.acquire_lease("inbound.1", other, after, lifetime).await.unwrap());
    let expired = now + chrono::Duration::seconds(15);
    assert!(store.acquire_lease("inbound.1", other, expired, lifetime).await.unwrap());
    assert!(!store.acquire_lease("inbound.1", one, expired, lifetime).await.unwrap());
    store.release_leases(other).await.unwrap();
    assert!(store.acquire_lease("inbound.1", one, expired, lifetime).await.unwrap());
    store.release_lease("inbound.1", other).await.unwrap();
    assert!(!store.acquire_lease("inbound.1", other, expired, lifetime).await.unwrap(), "not its own to release");
}

async fn one_of_many_nodes_takes_a_free_lease(fixture: Fixture) {
    let mut attempts = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (store, now, node) = (fixture.store.clone(), fixture.now, NodeId::at(fixture.now));
        attempts.spawn(async move { store.acquire_lease("only", node, now, Duration::from_secs(10)).await.unwrap() });
    }
    let taken = attempts.join_all().await.into_iter().filter(|taken| *taken).count();
    assert_eq!(taken, 1);
}

async fn a_node_lives_while_it_is_heard(fixture: Fixture) {
    let (store, now) = (&fixture.store, fixture.now);
    let (one, other) = (NodeId::at(now), NodeId::at(now));
    store.heartbeat(one, now).await.unwrap();
    store.heartbeat(other, now + chrono::Duration::seconds(20)).await.unwrap();
    assert_eq!(store.live_nodes(now).await.unwrap(), [one, other]);
    assert_eq!(store.live_nodes(now + chrono::Duration::seconds(10)).await.unwrap(), [other]);
    store.heartbeat(one, now + chrono::Duration::seconds(20)).await.unwrap();
    assert_eq!(store.live_nodes(now + chrono::Duration::seconds(10)).await.unwrap(), [one, other]);
    store.remove_node(one).await.unwrap();
    assert_eq!(store.live_nodes(now).await.unwrap(), [other]);
    // One that was killed long ago is forgotten; `one` has signed off.
    assert_eq!(store.trim_nodes(now + chrono::Duration::seconds(20)).await.unwrap(), 0);
    assert_eq!(store.trim_nodes(now + chrono::Duration::seconds(21)).await.unwrap(), 1);
    assert!(store.live_nodes(now).await.unwrap().is_empty());
}

async fn events_are_read_from_a_cursor_and_trimmed(fixture: Fixture) {
    let (store, organisation) = (&fixture.store, fixture.organisation());
    for thread in ["a", "b", "c"] {
        fixture.open(thread).await;
    }
    fixture.assert_no_gaps().await;
    let all = fixture.events().await;
    let page = store.events_after(organisation, 1, 2).await.unwrap();
    assert_eq!(page, all[1..3]);
    let newest = store.newest_event(organisation).await.unwrap();
    assert!(store.events_after(organisation, newest, 10).await.unwrap().is_empty());
    assert_eq!(store.oldest_event(organisation).await.unwrap(), Some(1));
    assert_eq!(store.trim_events(fixture.now).await.unwrap(), 0);
    let trimmed = store.trim_events(fixture.now + chrono::Duration::microseconds(1)).await.unwrap();
    assert_eq!(i64::try_from(trimmed).unwrap(), newest);
    assert_eq!(store.oldest_event(organisation).await.unwrap(), None);
    assert_eq!(store.newest_event(organisation).await.unwrap(), newest, "a cursor stays valid");
}

fn key(fixture: &Fixture) -> IdempotencyKey {
    IdempotencyKey { organisation_id: fixture.organisation(), user_id: fixture.user, key: "k".into() }
}

async fn a_repeated_request_gets_the_first_answer(fixture: Fixture) {
    let (store, key, now) = (&fixture.store, key(&fixture), fixture.now);
    assert_eq!(store.begin_request(&key, "hash", now).await.unwrap(), Begun::Fresh { since: now });
    assert_eq!(store.begin_request(&key, "hash", now).await.unwrap(), Begun::InFlight);
    assert_eq!(store.begin_request(&key, "other", now).await.unwrap(), Begun::Mismatch);
    store.finish_request(&key, 201, "{\"id\":1}").await.unwrap();
    let replay = Begun::Replay { status: 201, answer: "{\"id\":1}".into() };
    assert_eq!(store.begin_request(&key, "hash", now).await.unwrap(), replay);
    assert_eq!(store.begin_request(&key, "other", now).await.unwrap(), Begun::Mismatch);
    store.release_request(&key).await.unwrap();
    assert_eq!(store.begin_request(&key, "hash", now).await.unwrap(), replay, "an answer is not released");
    assert_eq!(store.expire_requests(now + chrono::Duration::seconds(1)).await.unwrap(), 1);
    assert!(matches!(store.begin_request(&key, "other", now).await.unwrap(), Begun::Fresh { .. }));
}

async fn a_request_that_died_may_run_again_once(fixture: Fixture) {
    let (store, key, now) = (&fixture.store, key(&fixture), fixture.now);
    store.begin_request(&key, "hash", now).await.unwrap();
    store.release_request(&key).await.unwrap();
    let soon = now + chrono::Duration::seconds(1);
    assert_eq!(store.begin_request(&key, "hash", soon).await.unwrap(), Begun::Fresh { since: now });
    assert_eq!(store.begin_request(&key, "hash", soon).await.unwrap(), Begun::InFlight);
    // Its process died: nobody released it.
    let later = now + chrono::Duration::minutes(3);
    assert_eq!(store.begin_request(&key, "hash", later).await.unwrap(), Begun::Fresh { since: now });
    assert_eq!(store.begin_request(&key, "hash", later).await.unwrap(), Begun::InFlight);
}

async fn keys_of_others_are_others(fixture: Fixture) {
    let other = fixture.other_tenant("other").await;
    let (store, now) = (&fixture.store, fixture.now);
    assert!(matches!(store.begin_request(&key(&fixture), "one", now).await.unwrap(), Begun::Fresh { .. }));
    assert!(matches!(store.begin_request(&key(&other), "two", now).await.unwrap(), Begun::Fresh { .. }));
}
