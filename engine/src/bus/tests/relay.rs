//! The outbox on its way to the consumers.

use std::sync::Arc;

use patchbay_store::jobs::NewJob;
use tokio::sync::watch;

use super::*;
use crate::{
    bus::relay::{self, Relay},
    membership::OwnedPartitions,
};

async fn commit(space: &Space, channel_id: ChannelId, numbers: std::ops::Range<u128>) {
    let now = Utc::now();
    let jobs: Vec<_> = numbers
        .map(|number| NewJob {
            direction: Direction::Outbound,
            partition: space.partitions.of(channel_id),
            channel_id,
            key: Uuid::from_u128(number),
            payload: number.to_string(),
            available_at: now,
        })
        .collect();
    space.store.enqueue(&jobs, now).await.unwrap();
}

fn start(
    bus: &Bus,
    space: &Space,
) -> (CancellationToken, tokio::task::JoinHandle<()>, watch::Sender<Arc<OwnedPartitions>>) {
    let node = NodeId::at(Utc::now());
    let (announce, owned) = watch::channel(Arc::new(OwnedPartitions::of(node, &[node], space.partitions)));
    let stop = CancellationToken::new();
    let relay = Relay::new(bus.clone(), space.store.clone(), owned, Utc::now);
    (stop.clone(), tokio::spawn(relay.run(stop)), announce)
}

async fn until_empty(space: &Space) {
    let look = || async { (space.store.job_depths().await.unwrap().outbound == 0).then_some(()) };
    until("the outbox is empty", look).await;
}

on_sizes! {
    async fn the_outbox_reaches_the_consumer_in_order(space) {
        let bus = bus(&space).await;
        let (stop, relay, _announce) = start(&bus, &space);
        let mut consumer = bus.consume(Direction::Outbound, 1, PREFETCH, CancellationToken::new());
        let channel = channel_in(&space, 1);
        commit(&space, channel, 0..300).await;
        bus.wake(channel);
        for expected in 0..300 {
            let delivery = next(&mut consumer).await;
            assert_eq!(delivery.key.as_u128(), expected);
            delivery.ack().await.unwrap();
        }
        // What another node commits is found without being woken.
        commit(&space, channel, 300..301).await;
        next(&mut consumer).await.ack().await.unwrap();
        until_empty(&space).await;
        stop.cancel();
        relay.await.unwrap();
    }
}

on_sizes! {
    [Scale as scale]
    async fn a_relay_that_dies_before_it_deletes_loses_nothing_and_keeps_the_order(space) {
        let bus = bus(&space).await;
        let Bus::Rabbit(rabbit) = &bus else { panic!("this size has a broker") };
        commit(&space, channel_in(&space, 0), 0..50).await;
        let jobs = space.store.jobs(Direction::Outbound, 0, Utc::now(), 20).await.unwrap();
        assert_eq!(relay::publish(rabbit, jobs).await.unwrap().len(), 20);
        // It is gone here; the next one begins where the table stands.
        let (stop, relay, _announce) = start(&bus, &space);
        let mut consumer = bus.consume(Direction::Outbound, 0, 128, CancellationToken::new());
        let all = take(&mut consumer, 70).await;
        assert_eq!(numbers(&all), (0..20).chain(0..50).collect::<Vec<_>>());
        until_empty(&space).await;
        stop.cancel();
        relay.await.unwrap();
        ack_all(all).await;
    }
}

on_sizes! {
    [Scale as scale]
    async fn the_outbox_waits_while_the_broker_is_away(space) {
        let wire = wire(&space).await;
        let bus = bus_by(&wire, &space, Duration::from_secs(5)).await;
        let (stop, relay, _announce) = start(&bus, &space);
        let mut consumer = bus.consume(Direction::Outbound, 0, 512, CancellationToken::new());
        let channel = channel_in(&space, 0);
        wire.cut();
        commit(&space, channel, 0..250).await;
        bus.wake(channel);
        until("the broker is missed", || async { (!bus.status().is_connected()).then_some(()) }).await;
        assert_eq!(space.store.job_depths().await.unwrap().outbound, 250);
        wire.mend();
        let mut seen = BTreeSet::new();
        while seen.len() < 250 {
            let delivery = next(&mut consumer).await;
            let number = delivery.key.as_u128();
            assert!(!seen.insert(number) || u128::try_from(seen.len()) == Ok(number + 1), "{number} out of order");
            delivery.ack().await.unwrap();
        }
        until_empty(&space).await;
        stop.cancel();
        relay.await.unwrap();
    }
}
