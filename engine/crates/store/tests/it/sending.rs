//! The send queue: what goes next, who takes it, and what was left open.

use chrono::Duration;
use patchbay_domain::{
    AttemptId, CampaignId, NodeId,
    attempt::{Settlement, Tries},
    delivery::MessageState,
    event::Change,
    platform::FailureKind,
    sending::{ChannelStatus, Refusal},
};
use patchbay_store::sending::Begin;
use uuid::Uuid;

use crate::support::{Fixture, PARTITIONS, failure, on_both, sent};

on_both!(
    a_conversation_sends_in_order,
    people_go_before_campaigns,
    what_is_due_later_holds_up_its_conversation,
    an_attempt_is_made_by_one_node,
    many_nodes_take_each_message_once,
    attempts_of_a_dead_node_are_found,
    recent_attempts_are_read_back,
    channels_with_work_are_found,
    only_channels_that_may_send_are_woken_for_their_queue,
    a_scheduled_message_takes_its_place_when_it_is_released,
    a_message_that_waits_can_be_cancelled,
    wishes_count_at_the_moment_of_sending,
);

async fn due(fixture: &Fixture) -> Vec<String> {
    let due = fixture.store.due(fixture.channel.channel_id, fixture.now, 100, &[]).await.unwrap();
    due.into_iter().map(|due| due.message.content.text.unwrap()).collect()
}

async fn a_conversation_sends_in_order(fixture: Fixture) {
    let (a, b) = (fixture.open("a").await, fixture.open("b").await);
    let first = fixture.queue(a.id, "a1").await;
    fixture.queue(a.id, "a2").await;
    fixture.queue(b.id, "b1").await;
    assert_eq!(due(&fixture).await, ["a1", "b1"]);
    let store = &fixture.store;
    let without_a = store.due(fixture.channel.channel_id, fixture.now, 100, &[a.id]).await.unwrap();
    assert_eq!(without_a.len(), 1);
    assert_eq!(without_a[0].message.conversation_id, b.id);
    assert_eq!((without_a[0].recipient.id.as_str(), without_a[0].attempts), ("b", 0));
    assert_eq!(store.due(fixture.channel.channel_id, fixture.now, 1, &[]).await.unwrap().len(), 1);

    let begun = fixture.begin(first, NodeId::at(fixture.now)).await.unwrap();
    assert_eq!(due(&fixture).await, ["b1"], "the next waits for the one on its way");
    fixture.settle(begun, sent(&["m1"])).await;
    assert_eq!(due(&fixture).await, ["a2", "b1"]);
    let other = fixture.other_tenant("other").await;
    assert!(due(&other).await.is_empty());
}

async fn people_go_before_campaigns(fixture: Fixture) {
    let (a, b, c) = (fixture.open("a").await, fixture.open("b").await, fixture.open("c").await);
    let campaign = CampaignId::at(fixture.now);
    fixture.queue_with(a.id, "campaign a", |send| send.campaign_id = Some(campaign)).await;
    fixture.queue_with(b.id, "campaign b", |send| send.campaign_id = Some(campaign)).await;
    fixture.queue(c.id, "person c").await;
    assert_eq!(due(&fixture).await, ["person c", "campaign a", "campaign b"]);
    // In a conversation too, and still one of it at a time.
    let person_a = fixture.queue(a.id, "person a").await;
    assert_eq!(due(&fixture).await, ["person c", "person a", "campaign b"]);
    let begun = fixture.begin(person_a, NodeId::at(fixture.now)).await.unwrap();
    assert_eq!(
        due(&fixture).await,
        ["person c", "campaign b"],
        "what is on its way comes first, whenever it was written"
    );
    fixture.settle(begun, sent(&["m1"])).await;
    assert_eq!(due(&fixture).await, ["person c", "campaign a", "campaign b"]);
}

async fn what_is_due_later_holds_up_its_conversation(mut fixture: Fixture) {
    let a = fixture.open("a").await;
    let first = fixture.queue(a.id, "a1").await;
    fixture.queue(a.id, "a2").await;
    let begun = fixture.begin(first, NodeId::at(fixture.now)).await.unwrap();
    let at = fixture.now + Duration::seconds(30);
    let retry = Settlement::Retry { at, failure: failure(FailureKind::Temporary) };
    fixture.settle(begun, retry).await;
    assert_eq!(due(&fixture).await, Vec::<String>::new());
    let next = fixture.store.next_due_at(fixture.channel.channel_id, fixture.now).await.unwrap();
    assert_eq!(next, Some(at));
    fixture.now = at;
    assert_eq!(due(&fixture).await, ["a1"]);
    let again = fixture.store.due(fixture.channel.channel_id, fixture.now, 1, &[]).await.unwrap().remove(0);
    assert_eq!((again.attempts, again.message.failure), (1, Some(failure(FailureKind::Temporary))));
    assert_eq!(fixture.store.next_due_at(fixture.channel.channel_id, fixture.now).await.unwrap(), None);
    assert_eq!(fixture.begin(first, NodeId::at(fixture.now)).await.unwrap().tries.made, 2);
}

async fn an_attempt_is_made_by_one_node(fixture: Fixture) {
    let a = fixture.open("a").await;
    let id = fixture.queue(a.id, "a1").await;
    let node = NodeId::at(fixture.now);
    let begun = fixture.begin(id, node).await.unwrap();
    assert_eq!(begun.tries, Tries { made: 1, paced: 0 });
    assert_eq!(fixture.begin(id, node).await, None);
    assert_eq!(fixture.state(id).await, MessageState::Sending);
    assert!(fixture.store.begin_attempts(&[], node, fixture.now).await.unwrap().is_empty());
}

async fn many_nodes_take_each_message_once(fixture: Fixture) {
    let mut messages = Vec::new();
    for number in 0..20 {
        let conversation = fixture.open(&format!("thread {number}")).await;
        messages.push(fixture.queue(conversation.id, "hello").await);
    }
    let mut nodes = tokio::task::JoinSet::new();
    for number in 0..6_usize {
        let (store, now) = (fixture.store.clone(), fixture.now);
        let mut order = messages.clone();
        order.rotate_left(number * 3);
        nodes.spawn(async move {
            let begins: Vec<_> =
                order.into_iter().map(|message_id| Begin { message_id, attempt_id: AttemptId::at(now) }).collect();
            store.begin_attempts(&begins, NodeId::at(now), now).await.unwrap()
        });
    }
    let mut taken: Vec<_> = nodes.join_all().await.into_iter().flatten().map(|begun| begun.message_id).collect();
    taken.sort();
    assert_eq!(taken, messages);
    assert_eq!(fixture.count("select count(*) from attempts").await, 20);
}

async fn attempts_of_a_dead_node_are_found(fixture: Fixture) {
    let (me, dead, alive) = (NodeId::at(fixture.now), NodeId::at(fixture.now), NodeId::at(fixture.now));
    let store = &fixture.store;
    store.heartbeat(me, fixture.now).await.unwrap();
    store.heartbeat(alive, fixture.now).await.unwrap();
    store.heartbeat(dead, fixture.now - Duration::minutes(1)).await.unwrap();
    let mut begun = Vec::new();
    for (number, node) in [me, me, dead, alive].into_iter().enumerate() {
        let conversation = fixture.open(&format!("thread {number}")).await;
        let id = fixture.queue(conversation.id, "hello").await;
        begun.push(fixture.begin(id, node).await.unwrap());
    }
    let channel = fixture.channel.channel_id;
    let alive_since = fixture.now - Duration::seconds(10);
    let open = store.interrupted(channel, me, alive_since).await.unwrap();
    let open: Vec<_> = open.into_iter().map(|open| (open.message_id, open.attempt_id, open.tries.made)).collect();
    assert_eq!(open, [0, 1, 2].map(|number: usize| (begun[number].message_id, begun[number].attempt_id, 1)));
    fixture.settle(begun[2], Settlement::Unknown(failure(FailureKind::Unknown))).await;
    assert_eq!(store.interrupted(channel, me, alive_since).await.unwrap().len(), 2);
    let other = fixture.other_tenant("other").await;
    assert!(store.interrupted(other.channel.channel_id, me, alive_since).await.unwrap().is_empty());
}

async fn recent_attempts_are_read_back(mut fixture: Fixture) {
    let (a, b) = (fixture.open("a").await, fixture.open("b").await);
    let start = fixture.now;
    for conversation in [&a, &b, &a] {
        fixture.now += Duration::seconds(10);
        fixture.send(conversation.id, &Uuid::now_v7().to_string()).await;
    }
    let since = start + Duration::seconds(15);
    let read = |limit| fixture.store.recent_attempts(fixture.channel.channel_id, since, limit);
    let expected = [(start + Duration::seconds(30), a.id), (start + Duration::seconds(20), b.id)];
    assert_eq!(read(10).await.unwrap(), expected);
    assert_eq!(read(1).await.unwrap(), expected[..1]);
}

async fn channels_with_work_are_found(fixture: Fixture) {
    let other = fixture.other_tenant("other").await;
    let all: Vec<u32> = (0..PARTITIONS.0).collect();
    assert!(fixture.store.channels_with_work(PARTITIONS, &all).await.unwrap().is_empty());
    let id = {
        let conversation = fixture.open("a").await;
        fixture.queue(conversation.id, "hello").await
    };
    let channel = fixture.channel.channel_id;
    assert_eq!(other.store.channels_with_work(PARTITIONS, &all).await.unwrap(), [channel]);
    let begun = fixture.begin(id, NodeId::at(fixture.now)).await.unwrap();
    assert_eq!(fixture.store.channels_with_work(PARTITIONS, &all).await.unwrap(), [channel]);
    let not_its_own: Vec<u32> = all.iter().copied().filter(|number| *number != PARTITIONS.of(channel)).collect();
    assert!(fixture.store.channels_with_work(PARTITIONS, &not_its_own).await.unwrap().is_empty());
    fixture.settle(begun, sent(&["m1"])).await;
    assert!(fixture.store.channels_with_work(PARTITIONS, &all).await.unwrap().is_empty());
}

async fn only_channels_that_may_send_are_woken_for_their_queue(fixture: Fixture) {
    let all: Vec<u32> = (0..PARTITIONS.0).collect();
    let (store, channel) = (&fixture.store, fixture.channel.channel_id);
    let conversation = fixture.open("a").await;
    let first = fixture.queue(conversation.id, "first").await;
    fixture.queue(conversation.id, "second").await;
    store.set_channel_status(channel, ChannelStatus::Disabled, None, fixture.now).await.unwrap();
    assert!(store.channels_with_work(PARTITIONS, &all).await.unwrap().is_empty());
    // What is on its way has to be seen to its end.
    assert!(fixture.begin(first, NodeId::at(fixture.now)).await.is_some());
    assert_eq!(store.channels_with_work(PARTITIONS, &all).await.unwrap(), [channel]);
}

async fn a_scheduled_message_takes_its_place_when_it_is_released(mut fixture: Fixture) {
    let a = fixture.open("a").await;
    let at = fixture.now + Duration::hours(1);
    let id = fixture.queue_with(a.id, "scheduled", |send| send.scheduled_at = Some(at)).await;
    fixture.queue(a.id, "now").await;
    assert_eq!(due(&fixture).await, ["now"]);
    assert!(fixture.store.release_scheduled(fixture.now, 10).await.unwrap().is_empty());
    fixture.now = at;
    fixture.queue(a.id, "later").await;
    let before = fixture.load(a.id).await.version;
    let released = fixture.store.release_scheduled(fixture.now, 10).await.unwrap();
    assert_eq!(released, [(fixture.channel.channel_id, id)]);
    assert!(fixture.store.release_scheduled(fixture.now, 10).await.unwrap().is_empty());
    let view = fixture.store.message(fixture.organisation(), id).await.unwrap().unwrap();
    assert_eq!((view.message.state, view.message.platform_at), (MessageState::Queued, at));
    let last = fixture.events().await.pop().unwrap();
    assert_eq!(last.sequence, view.sequence);
    assert!(matches!(last.change, Change::MessageState { message_id, .. } if message_id == id));
    let conversation = fixture.load(a.id).await;
    assert_eq!((conversation.last_message_id, conversation.version), (Some(id), before + 1));
    let mut order = Vec::new();
    while let Some(next) = fixture.store.due(fixture.channel.channel_id, at, 1, &[]).await.unwrap().pop() {
        let begun = fixture.begin(next.message.id, NodeId::at(at)).await.unwrap();
        fixture.settle(begun, sent(&[&next.message.id.to_string()])).await;
        order.push(next.message.content.text.unwrap());
    }
    assert_eq!(order, ["now", "later", "scheduled"]);
    fixture.assert_no_gaps().await;
}

async fn a_message_that_waits_can_be_cancelled(fixture: Fixture) {
    let a = fixture.open("a").await;
    let at = fixture.now + Duration::hours(1);
    let scheduled = fixture.queue_with(a.id, "scheduled", |send| send.scheduled_at = Some(at)).await;
    let queued = fixture.queue(a.id, "queued").await;
    let on_its_way = fixture.queue(a.id, "on its way").await;
    let store = &fixture.store;
    let other = fixture.other_tenant("other").await;
    assert!(!store.cancel_message(other.organisation(), queued, None, fixture.now).await.unwrap());
    for id in [scheduled, queued] {
        assert!(store.cancel_message(fixture.organisation(), id, None, fixture.now).await.unwrap());
        assert_eq!(fixture.state(id).await, MessageState::Cancelled);
    }
    let begun = fixture.begin(on_its_way, NodeId::at(fixture.now)).await.unwrap();
    assert!(!store.cancel_message(fixture.organisation(), on_its_way, None, fixture.now).await.unwrap());
    fixture.settle(begun, sent(&["m1"])).await;
    assert!(fixture.begin(queued, NodeId::at(fixture.now)).await.is_none());
    assert!(store.release_scheduled(at, 10).await.unwrap().is_empty());
    fixture.assert_no_gaps().await;
}

async fn wishes_count_at_the_moment_of_sending(mut fixture: Fixture) {
    let (a, b, c) = (fixture.open("a").await, fixture.open("b").await, fixture.open("c").await);
    let own = fixture.queue(a.id, "an agent's own").await;
    let campaign = CampaignId::at(fixture.now);
    let of_campaign = fixture.queue_with(b.id, "campaign", |send| send.campaign_id = Some(campaign)).await;
    let at = fixture.now + Duration::hours(1);
    let scheduled = fixture.queue_with(c.id, "scheduled", |send| send.scheduled_at = Some(at)).await;
    fixture.now = at;
    fixture.store.release_scheduled(fixture.now, 10).await.unwrap();
    let all = [own, of_campaign, scheduled];
    assert_eq!(fixture.store.unwanted(&all).await.unwrap(), []);
    fixture.run("update contacts set do_not_disturb = (1 = 1)").await;
    let mut unwanted = fixture.store.unwanted(&all).await.unwrap();
    unwanted.sort_by_key(|(id, _)| *id);
    assert_eq!(unwanted, [(of_campaign, Refusal::DoNotDisturb), (scheduled, Refusal::DoNotDisturb)]);
    let node = NodeId::at(fixture.now);
    for message in [of_campaign, scheduled] {
        assert_eq!(fixture.begin(message, node).await, None);
        assert_eq!(fixture.state(message).await, MessageState::Queued);
    }
    fixture.change(a.id, |draft| draft.set_opted_out(true)).await;
    assert_eq!(fixture.begin(own, node).await, None, "whoever opted out hears of nobody");
    assert_eq!(fixture.store.unwanted(&[own]).await.unwrap(), [(own, Refusal::OptedOut)]);
    fixture.change(a.id, |draft| draft.set_opted_out(false)).await;
    assert!(fixture.begin(own, node).await.is_some());
    assert_eq!(fixture.store.unwanted(&[own]).await.unwrap(), [], "it is on its way");
}
