//! One consumer at a time works a partition, and it passes on without a gap.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use super::*;
use crate::membership::{Membership, OwnedPartitions};

on_sizes! {
    async fn two_consumers_of_a_partition_never_share_a_delivery(space) {
        let (first, second) = (bus(&space).await, bus(&space).await);
        let mut consumers = [consume(&first, 0, 8), consume(&second, 0, 8)];
        publish(&first, channel_in(&space, 0), 0..200).await;
        let [one, other] = &mut consumers;
        let mut seen = Vec::new();
        while seen.len() < 200 {
            let delivery = tokio::select! {
                delivery = next(one) => delivery,
                delivery = next(other) => delivery,
            };
            seen.push(delivery.key.as_u128());
            delivery.ack().await.unwrap();
        }
        assert_eq!(seen, (0..200).collect::<Vec<_>>());
        drop(consumers);
        assert_drained(&first, &space, 0).await;
    }
}

on_sizes! {
    async fn a_partition_passes_on_when_all_that_was_handed_out_is_settled(space) {
        let (first, second) = (bus(&space).await, bus(&space).await);
        let channel = channel_in(&space, 0);
        publish(&first, channel, 0..5).await;
        let stop = CancellationToken::new();
        let mut leaving = first.consume(Direction::Inbound, 0, PREFETCH, stop.clone());
        let held = take(&mut leaving, 2).await;
        let mut coming = consume(&second, 0, PREFETCH);
        stop.cancel();
        let settled = Arc::new(AtomicBool::new(false));
        let passed = tokio::spawn({
            let settled = Arc::clone(&settled);
            async move {
                let first = next(&mut coming).await;
                assert!(settled.load(Ordering::SeqCst), "the partition passed on with deliveries in work");
                let mut all = vec![first];
                all.extend(take(&mut coming, 2).await);
                let numbers = numbers(&all);
                ack_all(all).await;
                numbers
            }
        });
        // Another partition carries on meanwhile, so this one had its chance.
        let mut elsewhere = consume(&second, 1, PREFETCH);
        for number in 100..120 {
            publish(&first, channel_in(&space, 1), [number]).await;
            next(&mut elsewhere).await.ack().await.unwrap();
        }
        settled.store(true, Ordering::SeqCst);
        ack_all(held).await;
        assert_eq!(passed.await.unwrap(), [2, 3, 4]);
    }
}

async fn until_owned(owned: &mut tokio::sync::watch::Receiver<Arc<OwnedPartitions>>, expected: usize) {
    let enough = owned.wait_for(|owned| owned.partitions().count() == expected);
    tokio::time::timeout(PATIENCE, enough).await.expect("the partitions are divided in time").unwrap();
}

on_sizes! {
    [Postgres as postgres]
    async fn nodes_divide_the_partitions_and_take_over_when_one_leaves(space) {
        let partitions = patchbay_store::jobs::Partitions(32);
        let start = || Membership::start(
            space.store.clone(), NodeId::at(Utc::now()), partitions, Utc::now, CancellationToken::new(),
        );
        let first = start().await.unwrap();
        assert_eq!(first.owned().borrow().partitions().count(), 32);
        let second = start().await.unwrap();
        let (mut of_first, of_second) = (first.owned(), second.owned());
        let share = of_second.borrow().partitions().count();
        assert!((1..32).contains(&share), "{share}");
        until_owned(&mut of_first, 32 - share).await;
        assert!(of_first.borrow().partitions().all(|partition| !of_second.borrow().contains(partition)));
        second.leave().await;
        until_owned(&mut of_first, 32).await;
        first.leave().await;
        assert!(space.store.live_nodes(chrono::DateTime::UNIX_EPOCH).await.unwrap().is_empty());
    }
}

fn ahead() -> chrono::DateTime<Utc> {
    Utc::now() + chrono::Duration::minutes(1)
}

on_sizes! {
    [Postgres as postgres]
    async fn a_node_whose_clock_is_ahead_takes_nothing_from_one_that_lives(space) {
        let partitions = patchbay_store::jobs::Partitions(32);
        let start = |clock| Membership::start(
            space.store.clone(), NodeId::at(Utc::now()), partitions, clock, CancellationToken::new(),
        );
        let first = start(Utc::now).await.unwrap();
        let second = start(ahead).await.unwrap();
        let share = second.owned().borrow().partitions().count();
        assert!((1..32).contains(&share), "{share}");
        until_owned(&mut first.owned(), 32 - share).await;
        assert!(first.sight().is_clear(space.store.time(ahead()).await.unwrap()));
        second.leave().await;
        first.leave().await;
    }
}

on_sizes! {
    [Embedded as embedded, Postgres as postgres]
    async fn a_webhook_is_due_whatever_the_time_is_where_it_is_read(space) {
        let bus = bus(&space).await;
        publish(&bus, channel_in(&space, 0), [7]).await;
        let early = chrono::DateTime::UNIX_EPOCH;
        assert_eq!(space.store.jobs(Direction::Inbound, 0, early, 10).await.unwrap().len(), 1);
    }
}

on_sizes! {
    [Embedded as embedded]
    async fn the_one_node_of_an_embedded_database_owns_everything_after_a_crash(space) {
        let crashed = NodeId::at(Utc::now());
        space.store.heartbeat(crashed, Utc::now()).await.unwrap();
        let lease = format!("{}.inbound.0", space.queue_prefix);
        assert!(space.store.acquire_lease(&lease, crashed, Utc::now(), Duration::from_hours(1)).await.unwrap());
        let node = NodeId::at(Utc::now());
        let membership =
            Membership::start(space.store.clone(), node, space.partitions, Utc::now, CancellationToken::new()).await.unwrap();
        assert_eq!(membership.owned().borrow().partitions().collect::<Vec<_>>(), [0, 1, 2]);
        let bus = Bus::connect(config(&space), space.store.clone(), node).await.unwrap();
        publish(&bus, channel_in(&space, 0), [7]).await;
        assert_eq!(next(&mut consume(&bus, 0, PREFETCH)).await.key.as_u128(), 7);
        membership.leave().await;
    }
}
