//! Order, acknowledgement and redelivery.

use futures_util::FutureExt;

use super::*;

on_sizes! {
    async fn deliveries_come_in_the_order_of_publication(space) {
        let bus = bus(&space).await;
        let mut consumer = consume(&bus, 0, PREFETCH);
        let channel = channel_in(&space, 0);
        publish(&bus, channel, 0..50).await;
        let first = take(&mut consumer, 50).await;
        assert_eq!(numbers(&first), (0..50).collect::<Vec<_>>());
        assert!(first.iter().all(|delivery| !delivery.redelivered && delivery.channel_id == channel));
        ack_all(first).await;
        // More than the prefetch, of two channels at once.
        let publishers = channels_in(&space, 0).take(2).zip([1000, 2000]).map(|(channel, begin)| {
            let bus = bus.clone();
            tokio::spawn(async move { publish(&bus, channel, begin..begin + 150).await })
        });
        let publishers: Vec<_> = publishers.collect();
        let mut expected = [1000, 2000];
        for _ in 0..300 {
            let delivery = next(&mut consumer).await;
            let number = delivery.key.as_u128();
            let expected = &mut expected[usize::from(number >= 2000)];
            assert_eq!(number, *expected);
            *expected += 1;
            delivery.ack().await.unwrap();
        }
        assert_eq!(expected, [1150, 2150]);
        for publisher in publishers {
            publisher.await.unwrap();
        }
        drop(consumer);
        assert_drained(&bus, &space, 0).await;
    }
}

on_sizes! {
    async fn exactly_what_was_not_acknowledged_comes_again_and_in_order(space) {
        let bus = bus(&space).await;
        publish(&bus, channel_in(&space, 1), 0..20).await;
        let mut consumer = consume(&bus, 1, PREFETCH);
        let (even, odd): (Vec<_>, Vec<_>) =
            take(&mut consumer, 10).await.into_iter().partition(|delivery| delivery.key.as_u128() % 2 == 0);
        ack_all(even).await;
        drop(consumer);
        drop(odd);
        let mut consumer = consume(&bus, 1, PREFETCH);
        let again = take(&mut consumer, 15).await;
        assert_eq!(numbers(&again), [1, 3, 5, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
        ack_all(again).await;
        drop(consumer);
        assert_drained(&bus, &space, 1).await;
    }
}

on_sizes! {
    async fn what_is_released_comes_again_before_what_follows(space) {
        let bus = bus(&space).await;
        let mut consumer = consume(&bus, 0, PREFETCH);
        publish(&bus, channel_in(&space, 0), 0..4).await;
        let mut taken = take(&mut consumer, 3).await;
        drop(taken.remove(2));
        taken.remove(1).release().await;
        let again = take(&mut consumer, 3).await;
        assert_eq!(numbers(&again), [1, 2, 3]);
        assert_eq!(again.iter().map(|delivery| delivery.redelivered).collect::<Vec<_>>(), [true, true, false]);
        ack_all(taken).await;
        ack_all(again).await;
        drop(consumer);
        assert_drained(&bus, &space, 0).await;
    }
}

on_sizes! {
    async fn no_more_than_the_prefetch_is_unsettled(space) {
        let bus = bus(&space).await;
        publish(&bus, channel_in(&space, 2), 0..12).await;
        let mut consumer = consume(&bus, 2, 4);
        let taken = take(&mut consumer, 4).await;
        // Another partition carries on meanwhile, so this one had its chance.
        publish(&bus, channel_in(&space, 0), 100..110).await;
        ack_all(take(&mut consume(&bus, 0, PREFETCH), 10).await).await;
        assert!(consumer.next().now_or_never().is_none());
        ack_all(taken).await;
        for expected in 4..12 {
            let delivery = next(&mut consumer).await;
            assert_eq!(delivery.key.as_u128(), expected);
            delivery.ack().await.unwrap();
        }
    }
}

on_sizes! {
    [Scale as scale]
    async fn what_the_broker_would_not_take_is_refused_and_hinders_no_other(space) {
        let config = BusConfig { publish_timeout: PATIENCE, ..config(&space) };
        let bus = Bus::connect(config, space.store.clone(), NodeId::at(Utc::now())).await.unwrap();
        let channel = channel_in(&space, 0);
        let refused = bus.publish(Direction::Inbound, large(channel, 1, (16 << 20) + 1)).await;
        assert!(matches!(refused, Err(BusError::TooLarge(_))), "{refused:?}");
        // More than may be in flight at once.
        let all = (2..7).map(|number| bus.publish(Direction::Inbound, large(channel, number, 16 << 20)));
        futures_util::future::try_join_all(all).await.unwrap();
        let found = take(&mut consume(&bus, 0, PREFETCH), 5).await;
        assert_eq!(numbers(&found), (2..7).collect::<Vec<_>>());
        drop(found);
    }
}

on_sizes! {
    async fn large_publications_keep_their_order(space) {
        let bus = bus(&space).await;
        let channel = channel_in(&space, 0);
        let all = (0..20).map(|number| bus.publish(Direction::Inbound, large(channel, number, 1 << 20)));
        futures_util::future::try_join_all(all).await.unwrap();
        let mut consumer = consume(&bus, 0, PREFETCH);
        let found = take(&mut consumer, 20).await;
        assert_eq!(numbers(&found), (0..20).collect::<Vec<_>>());
        ack_all(found).await;
        drop(consumer);
        assert_drained(&bus, &space, 0).await;
    }
}

on_sizes! {
    async fn what_publish_accepted_is_there_for_whoever_comes_later(space) {
        let first = bus(&space).await;
        publish(&first, channel_in(&space, 0), 0..10).await;
        drop(first);
        // A new process has its own connections.
        let store = connect(&space.database_url).await;
        let later = Bus::connect(config(&space), store.clone(), NodeId::at(Utc::now())).await.unwrap();
        let found = take(&mut consume(&later, 0, PREFETCH), 10).await;
        assert_eq!(numbers(&found), (0..10).collect::<Vec<_>>());
        drop(found);
        store.close().await;
    }
}

on_sizes! {
    async fn a_stopped_consumer_ends(space) {
        let bus = bus(&space).await;
        publish(&bus, channel_in(&space, 0), 0..3).await;
        let stop = CancellationToken::new();
        let mut consumer = bus.consume(Direction::Inbound, 0, PREFETCH, stop.clone());
        let taken = next(&mut consumer).await;
        stop.cancel();
        let ended = async { while let Some(delivery) = consumer.next().await { drop(delivery) } };
        tokio::time::timeout(PATIENCE, ended).await.expect("the consumer ends");
        // What it handed out can still be settled, and is not seen again.
        taken.ack().await.unwrap();
        let rest = take(&mut consume(&bus, 0, PREFETCH), 2).await;
        assert_eq!(numbers(&rest), [1, 2]);
    }
}
