//! The connection to the broker, or without one to the database, is lost.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use super::*;

const PUBLISHERS: u128 = 6;
const EACH: u128 = 150;

/// Publishes in sequence, again when refused, as a platform does.
async fn publish_insistently(bus: Bus, channel: ChannelId, publisher: u128, accepted: Arc<AtomicUsize>) {
    for number in 0..EACH {
        let number = publisher * EACH + number;
        loop {
            match bus.publish(Direction::Inbound, publication(channel, number)).await {
                Ok(()) => break,
                Err(error) => assert!(matches!(error, BusError::Unavailable(_)), "{error}"),
            }
        }
        accepted.fetch_add(1, Ordering::SeqCst);
    }
}

on_sizes! {
    [Postgres as postgres, Scale as scale]
    async fn nothing_accepted_is_lost_when_the_connection_is_cut_under_load(space) {
        let wire = Arc::new(wire(&space).await);
        let bus = bus_by(&wire, &space, Duration::from_secs(5)).await;
        let channel = channel_in(&space, 0);
        let accepted = Arc::new(AtomicUsize::new(0));
        let publishers: Vec<_> = (0..PUBLISHERS)
            .map(|publisher| tokio::spawn(publish_insistently(bus.clone(), channel, publisher, Arc::clone(&accepted))))
            .collect();
        let mut consumer = consume(&bus, 0, PREFETCH);
        let mut seen = BTreeSet::new();
        let mut latest = [None; PUBLISHERS as usize];
        let all = usize::try_from(PUBLISHERS * EACH).unwrap();
        while seen.len() < all {
            let delivery = next(&mut consumer).await;
            let number = delivery.key.as_u128();
            if seen.insert(number) {
                let latest = &mut latest[usize::try_from(number / EACH).unwrap()];
                assert!(latest.is_none_or(|latest| latest < number), "{number} came before {latest:?}");
                *latest = Some(number);
                if [all / 5, all / 2, all * 3 / 4].contains(&seen.len()) {
                    wire.cut();
                    let status = || async { (bus.status() == BusStatus::Disconnected).then_some(()) };
                    until("the bus notices that its connection is cut", status).await;
                    wire.mend();
                }
            }
            match delivery.ack().await {
                Ok(()) | Err(BusError::TakenBack) => {}
                Err(error) => panic!("{error}"),
            }
        }
        for publisher in publishers {
            publisher.await.unwrap();
        }
        assert_eq!(accepted.load(Ordering::SeqCst), all);
        until("the bus is connected again", || async { bus.status().is_connected().then_some(()) }).await;
    }
}

on_sizes! {
    [Postgres as postgres, Scale as scale]
    async fn a_publication_that_cannot_become_durable_is_refused_in_time(space) {
        let wire = wire(&space).await;
        let bus = bus_by(&wire, &space, Duration::from_millis(500)).await;
        let channel = channel_in(&space, 0);
        publish(&bus, channel, [1]).await;
        wire.cut();
        let refused = bus.publish(Direction::Inbound, publication(channel, 2)).await;
        assert!(matches!(refused, Err(BusError::Unavailable(_))), "{refused:?}");
        wire.mend();
        let again = || async { bus.publish(Direction::Inbound, publication(channel, 3)).await.ok() };
        until("it can be published again", again).await;
        let mut consumer = consume(&bus, 0, PREFETCH);
        let mut found = vec![next(&mut consumer).await];
        while found.last().is_some_and(|delivery| delivery.key.as_u128() != 3) {
            found.push(next(&mut consumer).await);
        }
        assert_eq!(found[0].key.as_u128(), 1);
        drop(found);
    }
}

on_sizes! {
    [Scale as scale]
    async fn all_that_is_unacknowledged_comes_again_in_order_after_a_loss(space) {
        let wire = wire(&space).await;
        let bus = bus_by(&wire, &space, Duration::from_secs(5)).await;
        publish(&bus, channel_in(&space, 0), 0..10).await;
        let mut consumer = consume(&bus, 0, PREFETCH);
        let mut before = take(&mut consumer, 10).await;
        wire.cut();
        wire.mend();
        let after = take(&mut consumer, 10).await;
        assert_eq!(numbers(&after), (0..10).collect::<Vec<_>>());
        assert!(after.iter().all(|delivery| delivery.redelivered && delivery.term() > before[0].term()));
        // What was handed out before can no longer be settled, and that does no harm.
        assert!(matches!(before.remove(0).ack().await, Err(BusError::TakenBack)));
        drop(before);
        ack_all(after).await;
        drop(consumer);
        assert_drained(&bus, &space, 0).await;
    }
}
