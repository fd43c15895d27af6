//! Reports: forward only, in whatever order they come.

use chrono::Duration;
use patchbay_domain::{
    MessageId, NodeId,
    attempt::Settlement,
    delivery::MessageState,
    event::Change,
    platform::{DeliveryStatus, FailureKind, InboundMessage, ReportedState},
};
use patchbay_store::{
    manual_actions,
    statuses::{StatusCounts, StatusReport},
};

use crate::support::{Fixture, failure, inbound, on_both, policy, sent, status};

on_both!(
    states_move_forward_only,
    a_report_that_overtakes_its_message_is_kept,
    reports_and_settlements_at_once_end_in_the_furthest_state,
    a_report_by_our_own_identifier_tells_the_platforms,
    a_report_by_identifier_follows_one_by_ours_in_one_batch,
    a_report_up_to_a_moment_moves_what_had_left,
    a_report_of_failure_asks_a_person,
    a_report_of_failure_teaches_what_an_answer_would_have,
    a_report_settles_what_was_unknown,
    a_report_overtakes_its_echo,
    an_echo_is_absorbed_by_its_message,
    reports_of_another_channel_move_nothing,
    pending_reports_expire,
);

async fn apply(fixture: &Fixture, reports: &[StatusReport]) -> (u64, u64, u64) {
    let StatusCounts { applied, pending, unchanged } =
        fixture.store.apply_statuses(reports, fixture.now).await.unwrap();
    (applied, pending, unchanged)
}

async fn states_move_forward_only(fixture: Fixture) {
    let conversation = fixture.open("a").await;
    let id = fixture.send(conversation.id, "m1").await;
    let at = fixture.now + Duration::seconds(5);
    let read = StatusReport {
        status: status(Some("m1"), ReportedState::Read, at),
        ..fixture.report("m1", ReportedState::Read)
    };
    assert_eq!(apply(&fixture, &[read]).await, (1, 0, 0));
    let back = [ReportedState::Delivered, ReportedState::Sent, ReportedState::Failed, ReportedState::Read];
    let back = back.map(|state| fixture.report("m1", state));
    assert_eq!(apply(&fixture, &back).await, (0, 0, 4));
    let message = fixture.message(id).await;
    assert_eq!((message.state, message.times.read_at, message.failure), (MessageState::Read, Some(at), None));
    let states: Vec<_> = (fixture.events().await.into_iter())
        .filter_map(|event| match event.change {
            Change::MessageState { state, .. } => Some(state),
            _ => None,
        })
        .collect();
    assert_eq!(states, [MessageState::Sent, MessageState::Read]);

    // All of them in one batch.
    let id = fixture.send(conversation.id, "m2").await;
    let forward = [ReportedState::Sent, ReportedState::Delivered, ReportedState::Read];
    assert_eq!(apply(&fixture, &forward.map(|state| fixture.report("m2", state))).await, (2, 0, 1));
    assert_eq!(fixture.state(id).await, MessageState::Read);
    fixture.assert_no_gaps().await;
}

async fn a_report_that_overtakes_its_message_is_kept(fixture: Fixture) {
    let conversation = fixture.open("a").await;
    let id = fixture.queue(conversation.id, "hello").await;
    let begun = fixture.begin(id, NodeId::at(fixture.now)).await.unwrap();
    let reports = [fixture.report("m1", ReportedState::Read), fixture.report("m1", ReportedState::Delivered)];
    assert_eq!(apply(&fixture, &reports).await, (0, 2, 0));
    assert_eq!(fixture.state(id).await, MessageState::Sending);
    fixture.settle(begun, sent(&["m1"])).await;
    let message = fixture.message(id).await;
    assert_eq!((message.state, message.external_id.as_deref()), (MessageState::Read, Some("m1")));
    assert_eq!((message.times.sent_at, message.times.read_at), (Some(fixture.now), Some(fixture.now)));
    assert_eq!(fixture.count("select count(*) from pending_statuses").await, 0);
}

async fn reports_and_settlements_at_once_end_in_the_furthest_state(fixture: Fixture) {
    let mut sent_messages = Vec::new();
    for number in 0..12 {
        let conversation = fixture.open(&format!("thread {number}")).await;
        let id = fixture.queue(conversation.id, "hello").await;
        sent_messages.push((id, fixture.begin(id, NodeId::at(fixture.now)).await.unwrap(), format!("m{number}")));
    }
    let fixture = std::sync::Arc::new(fixture);
    let mut work = tokio::task::JoinSet::new();
    for (_, begun, external_id) in sent_messages.clone() {
        let settling = std::sync::Arc::clone(&fixture);
        let settled = external_id.clone();
        work.spawn(async move { settling.settle(begun, sent(&[&settled])).await });
        for state in [ReportedState::Delivered, ReportedState::Read] {
            let reporting = std::sync::Arc::clone(&fixture);
            let external_id = external_id.clone();
            work.spawn(async move {
                apply(&reporting, &[reporting.report(&external_id, state)]).await;
            });
        }
    }
    work.join_all().await;
    for (id, ..) in &sent_messages {
        assert_eq!(fixture.state(*id).await, MessageState::Read);
    }
    assert_eq!(fixture.count("select count(*) from pending_statuses").await, 0);
    fixture.assert_no_gaps().await;
}

fn correlated(fixture: &Fixture, id: MessageId, external_id: Option<&str>, state: ReportedState) -> StatusReport {
    let status = DeliveryStatus { correlation: Some(id.to_string()), ..status(external_id, state, fixture.now) };
    StatusReport { channel_id: fixture.channel.channel_id, status }
}

async fn a_report_by_our_own_identifier_tells_the_platforms(fixture: Fixture) {
    let conversation = fixture.open("a").await;
    let id = fixture.queue(conversation.id, "hello").await;
    let begun = fixture.begin(id, NodeId::at(fixture.now)).await.unwrap();
    // It waits for an identifier that nobody knows yet.
    assert_eq!(apply(&fixture, &[fixture.report("m1", ReportedState::Delivered)]).await, (0, 1, 0));
    assert_eq!(apply(&fixture, &[correlated(&fixture, id, Some("m1"), ReportedState::Sent)]).await, (0, 0, 1));
    let message = fixture.message(id).await;
    assert_eq!((message.state, message.external_id.as_deref()), (MessageState::Delivered, Some("m1")));
    // The answer comes last, and takes nothing back.
    fixture.settle(begun, sent(&["m1"])).await;
    assert_eq!(fixture.state(id).await, MessageState::Delivered);
    let unknown = correlated(&fixture, MessageId::at(fixture.now), None, ReportedState::Read);
    assert_eq!(apply(&fixture, &[unknown]).await, (0, 0, 1));
}

async fn a_report_by_identifier_follows_one_by_ours_in_one_batch(fixture: Fixture) {
    let conversation = fixture.open("a").await;
    let id = fixture.queue(conversation.id, "hello").await;
    fixture.begin(id, NodeId::at(fixture.now)).await.unwrap();
    let reports =
        [correlated(&fixture, id, Some("m1"), ReportedState::Sent), fixture.report("m1", ReportedState::Delivered)];
    assert_eq!(apply(&fixture, &reports).await, (2, 0, 0));
    assert_eq!(fixture.state(id).await, MessageState::Delivered);
}

fn up_to(fixture: &Fixture, thread: &str, state: ReportedState, at: chrono::DateTime<chrono::Utc>) -> StatusReport {
    let status = DeliveryStatus { thread: Some(thread.into()), up_to: Some(at), ..status(None, state, at) };
    StatusReport { channel_id: fixture.channel.channel_id, status }
}

async fn a_report_up_to_a_moment_moves_what_had_left(mut fixture: Fixture) {
    let conversation = fixture.open("a").await;
    let received = fixture.receive(conversation.id, "theirs").await;
    let before = fixture.send(conversation.id, "m1").await;
    let on_its_way = fixture.queue(conversation.id, "hello").await;
    let begun = fixture.begin(on_its_way, NodeId::at(fixture.now)).await.unwrap();
    let read_at = fixture.now;
    fixture.now += Duration::seconds(10);
    let elsewhere = fixture.open("b").await;
    let other = fixture.send(elsewhere.id, "m3").await;

    assert_eq!(
        apply(&fixture, &[up_to(&fixture, "a", ReportedState::Read, read_at - Duration::seconds(1))]).await,
        (0, 0, 1)
    );
    assert_eq!(apply(&fixture, &[up_to(&fixture, "a", ReportedState::Read, read_at)]).await, (1, 0, 0));
    fixture.settle(begun, sent(&["m2"])).await;
    let after = fixture.send(conversation.id, "m4").await;
    assert_eq!(apply(&fixture, &[up_to(&fixture, "a", ReportedState::Read, read_at)]).await, (0, 0, 1));
    let states = [before, on_its_way, after, other, received];
    let mut found = Vec::new();
    for id in states {
        found.push(fixture.state(id).await);
    }
    let expected =
        [MessageState::Read, MessageState::Read, MessageState::Sent, MessageState::Sent, MessageState::Received];
    assert_eq!(found, expected);
}

async fn a_report_of_failure_asks_a_person(fixture: Fixture) {
    let conversation = fixture.open("a").await;
    let id = fixture.send(conversation.id, "m1").await;
    assert_eq!(apply(&fixture, &[fixture.report("m1", ReportedState::Failed)]).await, (1, 0, 0));
    let message = fixture.message(id).await;
    assert_eq!((message.state, message.failure), (MessageState::Failed, Some(failure(FailureKind::Rejected))));
    let actions = fixture.store.manual_actions(fixture.organisation(), None, None, 10).await.unwrap();
    assert_eq!((actions[0].kind.as_str(), actions[0].message_id), (manual_actions::MESSAGE_FAILED, Some(id)));
    assert_eq!(apply(&fixture, &[fixture.report("m1", ReportedState::Read)]).await, (0, 0, 1));
}

async fn a_report_of_failure_teaches_what_an_answer_would_have(fixture: Fixture) {
    let fails = |id: &str, kind| {
        let mut report = fixture.report(id, ReportedState::Failed);
        report.status.failure = Some(failure(kind));
        report
    };
    let (gone, left, lost) = (fixture.open("a").await.id, fixture.open("b").await.id, fixture.open("c").await.id);
    fixture.send(gone, "m1").await;
    fixture.send(left, "m2").await;
    let read = fixture.send(lost, "m3").await;
    let reports = [fails("m1", FailureKind::Unreachable), fails("m2", FailureKind::Blocked)];
    assert_eq!(apply(&fixture, &reports).await, (2, 0, 0));
    let of =
        |conversation: patchbay_domain::conversation::Conversation| (conversation.unreachable, conversation.opted_out);
    assert_eq!(of(fixture.load(gone).await), (true, false));
    assert_eq!(of(fixture.load(left).await), (false, true));
    // What was read has arrived.
    assert_eq!(apply(&fixture, &[fixture.report("m3", ReportedState::Read)]).await, (1, 0, 0));
    assert_eq!(apply(&fixture, &[fails("m3", FailureKind::Unreachable)]).await, (0, 0, 1));
    assert_eq!(of(fixture.load(lost).await), (false, false));
    assert_eq!(fixture.state(read).await, MessageState::Read);
    fixture.send(lost, "m4").await;
    // It comes before its message has its identifier, too.
    let early = fixture.queue(lost, "x").await;
    let begun = fixture.begin(early, NodeId::at(fixture.now)).await.unwrap();
    assert_eq!(apply(&fixture, &[fails("m5", FailureKind::Unauthorized)]).await, (0, 1, 0));
    fixture.settle(begun, sent(&["m5"])).await;
    let stopped = fixture.store.channel(fixture.channel.channel_id).await.unwrap().unwrap();
    assert_eq!(stopped.status, patchbay_domain::sending::ChannelStatus::NeedsReauth);
    fixture.assert_no_gaps().await;
}

async fn a_report_settles_what_was_unknown(fixture: Fixture) {
    let conversation = fixture.open("a").await;
    let id = fixture.queue(conversation.id, "hello").await;
    let begun = fixture.begin(id, NodeId::at(fixture.now)).await.unwrap();
    fixture.settle(begun, Settlement::Unknown(failure(FailureKind::Unknown))).await;
    assert_eq!(fixture.state(id).await, MessageState::Unknown);
    let pending = Some(manual_actions::ActionStatus::Pending);
    let asked = fixture.store.manual_actions(fixture.organisation(), pending, None, 10).await.unwrap();
    assert_eq!(asked[0].kind, manual_actions::OUTCOME_UNKNOWN);
    assert_eq!(apply(&fixture, &[correlated(&fixture, id, Some("m1"), ReportedState::Delivered)]).await, (1, 0, 0));
    assert_eq!(fixture.state(id).await, MessageState::Delivered);
    let asked = fixture.store.manual_actions(fixture.organisation(), pending, None, 10).await.unwrap();
    assert!(asked.is_empty(), "{asked:?}");
    fixture.assert_no_gaps().await;
}

async fn receive_echo(fixture: &Fixture, id: patchbay_domain::ConversationId, external_id: &str) -> MessageId {
    let message_id = MessageId::at(fixture.now);
    let echo = InboundMessage { echo: true, ..inbound(external_id, fixture.now) };
    fixture.change(id, |draft| draft.receive(message_id, echo, policy(), fixture.now)).await;
    message_id
}

async fn a_report_overtakes_its_echo(fixture: Fixture) {
    let conversation = fixture.open("a").await;
    assert_eq!(apply(&fixture, &[fixture.report("m1", ReportedState::Read)]).await, (0, 1, 0));
    let echo = receive_echo(&fixture, conversation.id, "m1").await;
    assert_eq!(fixture.state(echo).await, MessageState::Read);
    // What a contact wrote has no delivery.
    let received = fixture.receive(conversation.id, "theirs").await;
    assert_eq!(apply(&fixture, &[fixture.report("theirs", ReportedState::Read)]).await, (0, 1, 0));
    assert_eq!(fixture.state(received).await, MessageState::Received);
}

async fn an_echo_is_absorbed_by_its_message(fixture: Fixture) {
    let conversation = fixture.open("a").await;
    let id = fixture.queue(conversation.id, "hello").await;
    let begun = fixture.begin(id, NodeId::at(fixture.now)).await.unwrap();
    let echo = receive_echo(&fixture, conversation.id, "m1").await;
    assert_eq!(apply(&fixture, &[fixture.report("m1", ReportedState::Delivered)]).await, (1, 0, 0));
    let loaded = fixture.load(conversation.id).await;
    assert_eq!(loaded.last_message_id, Some(echo));
    fixture.settle(begun, sent(&["m1", "m1-second"])).await;
    let message = fixture.message(id).await;
    assert_eq!((message.state, message.external_id.as_deref()), (MessageState::Delivered, Some("m1")));
    assert!(fixture.store.message(fixture.organisation(), echo).await.unwrap().is_none());
    let reloaded = fixture.load(conversation.id).await;
    assert_eq!((reloaded.last_message_id, reloaded.version), (Some(id), loaded.version + 1));
    // A further part of it moves the whole.
    assert_eq!(apply(&fixture, &[fixture.report("m1-second", ReportedState::Read)]).await, (1, 0, 0));
    assert_eq!(fixture.state(id).await, MessageState::Read);
    fixture.assert_no_gaps().await;
}

async fn reports_of_another_channel_move_nothing(fixture: Fixture) {
    let conversation = fixture.open("a").await;
    let id = fixture.send(conversation.id, "m1").await;
    let other = fixture.other_tenant("other").await;
    let theirs = [other.report("m1", ReportedState::Read), correlated(&other, id, Some("x"), ReportedState::Read)];
    assert_eq!(apply(&other, &theirs).await, (0, 2, 0));
    assert_eq!(fixture.state(id).await, MessageState::Sent);
}

async fn pending_reports_expire(fixture: Fixture) {
    apply(&fixture, &[fixture.report("m1", ReportedState::Read)]).await;
    assert_eq!(fixture.store.expire_pending_statuses(fixture.now).await.unwrap(), 0);
    assert_eq!(fixture.store.expire_pending_statuses(fixture.now + Duration::seconds(1)).await.unwrap(), 1);
    let conversation = fixture.open("a").await;
    let id = fixture.send(conversation.id, "m1").await;
    assert_eq!(fixture.state(id).await, MessageState::Sent);
}
