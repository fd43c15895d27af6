//! A channel that cannot keep up has its webhooks parked: it holds up no other,
//! and neither their order nor any of them is lost over it.

use std::time::Duration;

use futures_util::future::join_all;
use patchbay_store::jobs::Partitions;
use serde_json::json;

use crate::{
    misbehave::start,
    on_every_size,
    support::{
        api::Person,
        engine::{Engine, PARTITIONS},
        mock,
        wait::until,
    },
};

const CONTACTS: usize = 7;
const EACH: usize = 100;

on_every_size! {
    async fn order_holds_over_parking_and_fetching(size: Size) {
        let (engine, person) = start(size).await;
        let channel = person.channel("MISBEHAVING", json!({})).await;
        overfill(&engine, &channel).await;
        everything_is_stored_in_order(&engine).await;
        // It keeps up again: what comes now follows.
        mock::post(&engine, &channel, &message(0, EACH)).await;
        stored(&engine, CONTACTS * EACH + 1).await;
        engine.finish().await;
    }
}

on_every_size! {
    async fn what_was_parked_before_a_kill_is_stored_once_and_in_order(size: Size) {
        let (engine, person) = start(size).await;
        let channel = person.channel("MISBEHAVING", json!({})).await;
        overfill(&engine, &channel).await;
        engine.kill();
        assert!(parked(&engine).await > 0);
        engine.restart().await;
        everything_is_stored_in_order(&engine).await;
        engine.finish().await;
    }
}

on_every_size! {
    async fn a_node_that_leaves_parks_what_it_cannot_finish(size: Size) {
        let (engine, person) = start(size).await;
        let channel = person.channel("MISBEHAVING", json!({})).await;
        let spins = 25;
        spin(&engine, &channel, spins).await;
        post_all(&engine, &channel, 0..EACH).await;
        // What the node has not taken off the bus is not its own to park.
        until("all to be taken off the bus", Duration::from_mins(1), || async {
            (parked(&engine).await + messages(&engine).await >= count(CONTACTS * EACH)).then_some(())
        })
        .await;
        engine.stop().await;
        assert!(parked(&engine).await >= 500);
        assert_eq!(engine.database.count("select count(*) from jobs").await, 0);
        engine.restart().await;
        everything_is_stored_in_order(&engine).await;
        // What was begun with before is tried again, and is still one letter.
        assert_eq!(engine.database.count("select count(*) from dead_letters").await, count(spins));
        engine.finish().await;
    }
}

/// Alone on the machine, because it measures.
mod load {
    use super::*;
    use crate::misbehave::load::{bearable, upper_quartile};

    on_every_size! {
        async fn one_whose_desk_is_full_does_not_hold_its_partition_up(size: Size) {
            let (engine, person) = start(size).await;
            let bad = person.channel("MISBEHAVING", json!({})).await;
            let good = neighbour(&person, &bad).await;
            let alone = upper_quartile(&engine, &good, "alone").await;
            spin(&engine, &bad, 700).await;
            let beside = upper_quartile(&engine, &good, "beside").await;
            println!("three of four: {alone:?} alone, {beside:?} beside one whose desk is full");
            assert!(beside < bearable(alone), "{alone:?} alone, {beside:?} beside one whose desk is full");
            assert!(parked(&engine).await > 600);
            // What it still has before it is left to it.
            engine.discard().await;
        }
    }

    /// A channel in the same partition.
    async fn neighbour(person: &Person, of: &str) -> String {
        let partition = |channel: &str| Partitions(PARTITIONS).of(channel.parse().unwrap());
        loop {
            let channel = person.channel("MOCK", json!({})).await;
            if partition(&channel) == partition(of) {
                return channel;
            }
        }
    }
}

/// Keeps the channel busy for some seconds, and sends it more meanwhile than its desk takes.
async fn overfill(engine: &Engine, channel: &str) {
    spin(engine, channel, 15).await;
    post_all(engine, channel, 0..EACH).await;
    until("webhooks to be parked", Duration::from_mins(1), || async { (parked(engine).await > 0).then_some(()) }).await;
}

async fn spin(engine: &Engine, channel: &str, times: usize) {
    for _ in 0..times {
        mock::post(engine, channel, &json!({"parse": "spin"})).await;
    }
}

/// All contacts at once, each one's messages in order.
async fn post_all(engine: &Engine, channel: &str, numbers: std::ops::Range<usize>) {
    join_all((0..CONTACTS).map(|contact| {
        let numbers = numbers.clone();
        async move {
            for number in numbers {
                mock::post(engine, channel, &message(contact, number)).await;
            }
        }
    }))
    .await;
}

fn message(contact: usize, number: usize) -> serde_json::Value {
    json!({"id": format!("{contact}.{number}"), "from": format!("contact {contact}"), "text": number.to_string()})
}

async fn parked(engine: &Engine) -> i64 {
    engine.database.count("select count(*) from parked_webhooks").await
}

async fn stored(engine: &Engine, messages: usize) {
    until("the messages to be stored", Duration::from_mins(2), || async {
        (self::messages(engine).await >= count(messages)).then_some(())
    })
    .await;
}

async fn messages(engine: &Engine) -> i64 {
    engine.database.count("select count(*) from messages").await
}

async fn everything_is_stored_in_order(engine: &Engine) {
    stored(engine, CONTACTS * EACH).await;
    let found = engine
        .database
        .texts(
            "select c.thread || ' ' || m.text from messages m join conversations c on c.id = m.conversation_id \
             order by c.thread, m.sequence",
        )
        .await;
    let expected: Vec<String> =
        (0..CONTACTS).flat_map(|contact| (0..EACH).map(move |number| format!("contact {contact} {number}"))).collect();
    assert_eq!(found, expected);
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap()
}
