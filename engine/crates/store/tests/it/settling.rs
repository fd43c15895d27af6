//! How attempts end, and what follows from it.

use chrono::Duration;
use patchbay_domain::{
    NodeId,
    attempt::{Consequence, Settlement, Tries},
    conversation::Draft,
    delivery::MessageState,
    platform::{Failure, FailureKind, ReportedState},
    sending::ChannelStatus,
};
use patchbay_store::{
    Store, StoreOptions,
    commit::CommitOutcome,
    manual_actions::{self, ActionStatus},
    sending::Settled,
    tickets::Page,
};

use crate::support::{Fixture, failure, on_both, sent};

on_both!(
    a_sent_message_keeps_the_platforms_identifiers,
    an_identifier_of_another_message_is_refused,
    settling_twice_changes_nothing,
    a_failure_asks_a_person,
    an_answer_after_the_end_counts_only_as_proof,
    a_report_outlives_a_failed_answer,
    a_refusal_before_the_attempt_fails_the_message,
    a_recipient_that_opted_out_is_seen_everywhere,
    refused_credentials_stop_the_channel_once,
    a_lost_race_can_be_tried_again,
    attempts_that_came_too_fast_are_counted_apart,
    a_pause_is_known_to_whoever_sends_next,
    a_long_wait_is_told_once_until_somebody_has_seen_to_it,
);

async fn begin(fixture: &Fixture, thread: &str) -> patchbay_store::sending::Begun {
    let conversation = fixture.open(thread).await;
    let id = fixture.queue(conversation.id, "hello").await;
    fixture.begin(id, NodeId::at(fixture.now)).await.unwrap()
}

async fn asked(fixture: &Fixture) -> Vec<(String, String)> {
    let actions = fixture.store.manual_actions(fixture.organisation(), Some(ActionStatus::Pending), None, 10).await;
    actions.unwrap().into_iter().map(|action| (action.kind, action.detail)).collect()
}

async fn a_sent_message_keeps_the_platforms_identifiers(mut fixture: Fixture) {
    let begun = begin(&fixture, "a").await;
    let started = fixture.now;
    fixture.now += Duration::seconds(1);
    fixture.settle(begun, sent(&["m1", "m2", "m3"])).await;
    let message = fixture.message(begun.message_id).await;
    assert_eq!((message.state, message.external_id.as_deref()), (MessageState::Sent, Some("m1")));
    assert_eq!(message.times.sent_at, Some(started + Duration::seconds(1)));
    assert_eq!(fixture.count("select count(*) from message_aliases").await, 2);
    assert_eq!(
        fixture.count("select count(*) from attempts where outcome = 'SENT' and ended_at > started_at").await,
        1
    );
    // An echo of any of them is known.
    let conversation = fixture.load(message.conversation_id).await;
    for id in ["m1", "m3"] {
        let mut draft = Draft::new(conversation.clone());
        let echo = patchbay_domain::platform::InboundMessage { echo: true, ..crate::support::inbound(id, fixture.now) };
        let echo_id = patchbay_domain::MessageId::at(fixture.now);
        draft.receive(echo_id, echo, crate::support::policy(), fixture.now);
        assert_eq!(fixture.commit(draft).await, CommitOutcome::Duplicates(vec![id.into()]));
    }
    assert!(asked(&fixture).await.is_empty());
}

async fn an_identifier_of_another_message_is_refused(fixture: Fixture) {
    let (one, two) = (begin(&fixture, "a").await, begin(&fixture, "b").await);
    fixture.settle(one, sent(&["same"])).await;
    fixture.settle(two, sent(&["same"])).await;
    let (one, two) = (fixture.message(one.message_id).await, fixture.message(two.message_id).await);
    assert_eq!((one.state, two.state), (MessageState::Sent, MessageState::Sent));
    assert_eq!((one.external_id.as_deref(), two.external_id), (Some("same"), None));
    // Both in one batch.
    let (three, four) = (begin(&fixture, "c").await, begin(&fixture, "d").await);
    let settled = [three, four].map(|begun| Settled {
        message_id: begun.message_id,
        channel_id: fixture.channel.channel_id,
        attempt_id: Some(begun.attempt_id),
        settlement: sent(&["twin"]),
        consequence: Consequence::None,
    });
    fixture.store.settle(&settled, fixture.now).await.unwrap();
    assert_eq!(fixture.count("select count(*) from messages where external_id = 'twin'").await, 1);
    assert_eq!(fixture.count("select count(*) from messages where state = 'SENT'").await, 4);
}

async fn settling_twice_changes_nothing(fixture: Fixture) {
    let begun = begin(&fixture, "a").await;
    let unknown = Settlement::Unknown(failure(FailureKind::Unknown));
    fixture.settle(begun, unknown.clone()).await;
    let (events, message) = (fixture.events().await, fixture.message(begun.message_id).await);
    fixture.settle(begun, unknown).await;
    assert_eq!(fixture.events().await, events);
    assert_eq!(fixture.message(begun.message_id).await, message);
    assert_eq!(fixture.count("select count(*) from manual_actions").await, 1);
}

async fn a_failure_asks_a_person(fixture: Fixture) {
    let begun = begin(&fixture, "a").await;
    fixture.settle(begun, Settlement::Failed(failure(FailureKind::Rejected))).await;
    let message = fixture.message(begun.message_id).await;
    assert_eq!((message.state, message.failure), (MessageState::Failed, Some(failure(FailureKind::Rejected))));
    assert_eq!(asked(&fixture).await, [(manual_actions::MESSAGE_FAILED.to_owned(), "no".to_owned())]);
    let ended = "select count(*) from attempts where outcome = 'FAILED' and code = '131' and detail = 'no'";
    assert_eq!(fixture.count(ended).await, 1);
    fixture.assert_no_gaps().await;
}

async fn an_answer_after_the_end_counts_only_as_proof(fixture: Fixture) {
    let (one, two) = (begin(&fixture, "a").await, begin(&fixture, "b").await);
    // Another node gave both up; this one was only slow.
    for begun in [one, two] {
        let retry = Settlement::Retry { at: fixture.now, failure: failure(FailureKind::Unknown) };
        fixture.settle(begun, retry).await;
    }
    fixture.settle(one, Settlement::Failed(failure(FailureKind::Rejected))).await;
    assert_eq!(fixture.state(one.message_id).await, MessageState::Queued);
    fixture.settle(two, sent(&["m2"])).await;
    assert_eq!(fixture.state(two.message_id).await, MessageState::Sent);
    assert!(fixture.begin(two.message_id, NodeId::at(fixture.now)).await.is_none(), "it is not sent again");
}

async fn a_report_outlives_a_failed_answer(fixture: Fixture) {
    let begun = begin(&fixture, "a").await;
    let mut report = fixture.report("m1", ReportedState::Delivered);
    report.status.correlation = Some(begun.message_id.to_string());
    fixture.store.apply_statuses(&[report], fixture.now).await.unwrap();
    fixture.settle(begun, Settlement::Failed(failure(FailureKind::Temporary))).await;
    assert_eq!(fixture.state(begun.message_id).await, MessageState::Delivered);
    assert!(asked(&fixture).await.is_empty());
}

async fn a_refusal_before_the_attempt_fails_the_message(fixture: Fixture) {
    let conversation = fixture.open("a").await;
    let id = fixture.queue(conversation.id, "hello").await;
    let settled = Settled {
        message_id: id,
        channel_id: fixture.channel.channel_id,
        attempt_id: None,
        settlement: Settlement::Failed(failure(FailureKind::OutsideWindow)),
        consequence: Consequence::None,
    };
    fixture.store.settle(std::slice::from_ref(&settled), fixture.now).await.unwrap();
    assert_eq!(fixture.state(id).await, MessageState::Failed);
    // One that is on its way is not touched.
    let begun = begin(&fixture, "b").await;
    let late = Settled { message_id: begun.message_id, ..settled };
    fixture.store.settle(&[late], fixture.now).await.unwrap();
    assert_eq!(fixture.state(begun.message_id).await, MessageState::Sending);
}

async fn a_recipient_that_opted_out_is_seen_everywhere(fixture: Fixture) {
    for (thread, consequence) in [("a", Consequence::RecipientOptedOut), ("b", Consequence::RecipientUnreachable)] {
        let begun = begin(&fixture, thread).await;
        let before = fixture.open(thread).await;
        fixture.settle_with(begun, Settlement::Failed(failure(FailureKind::Blocked)), consequence).await;
        let after = fixture.load(before.id).await;
        assert_eq!(after.version, before.version + 1);
        let expected =
            (consequence == Consequence::RecipientOptedOut, consequence == Consequence::RecipientUnreachable);
        assert_eq!((after.opted_out, after.unreachable), expected);
        let mut outdated = Draft::new(before);
        outdated.mark_read();
        assert_eq!(fixture.commit(outdated).await, CommitOutcome::Stale);
    }
    fixture.assert_no_gaps().await;
}

async fn refused_credentials_stop_the_channel_once(fixture: Fixture) {
    let (one, two) = (begin(&fixture, "a").await, begin(&fixture, "b").await);
    let retry = Settlement::Retry { at: fixture.now, failure: failure(FailureKind::Unauthorized) };
    for begun in [one, two] {
        fixture.settle_with(begun, retry.clone(), Consequence::ChannelUnauthorized).await;
    }
    let channel = fixture.store.channel(fixture.channel.channel_id).await.unwrap().unwrap();
    assert_eq!((channel.status, channel.status_reason.as_deref()), (ChannelStatus::NeedsReauth, Some("no")));
    assert_eq!(asked(&fixture).await, [(manual_actions::CHANNEL_UNAUTHORIZED.to_owned(), "no".to_owned())]);
    let page = Page { limit: 10, offset: 0, after: None };
    let told = fixture.store.notifications(fixture.organisation(), fixture.user, true, page).await.unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!(fixture.state(one.message_id).await, MessageState::Queued, "the queue is kept");

    let store = &fixture.store;
    assert!(store.set_channel_status(channel.id, ChannelStatus::Active, None, fixture.now).await.unwrap());
    assert!(!store.set_channel_status(channel.id, ChannelStatus::Active, None, fixture.now).await.unwrap());
    assert!(asked(&fixture).await.is_empty());
    let again = fixture.begin(one.message_id, NodeId::at(fixture.now)).await.unwrap();
    fixture.settle_with(again, retry, Consequence::ChannelUnauthorized).await;
    assert_eq!(asked(&fixture).await.len(), 1);
    fixture.assert_no_gaps().await;
}

/// The connection goes away under a call; the pool makes another by itself.
async fn a_lost_race_can_be_tried_again(fixture: Fixture) {
    if fixture.is_postgres() {
        fixture.store.ping().await.unwrap();
        let ended = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
             where datname = current_database() and pid <> pg_backend_pid()";
        assert!(fixture.count(ended).await >= 1);
        let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
        while let Err(error) = fixture.store.ping().await {
            assert!(error.is_retryable(), "{error:?}");
            assert!(tokio::time::Instant::now() < deadline, "the pool does not recover");
        }
    } else {
        // Another process writes; nobody waits for it longer than they would for a connection.
        let other = format!("{}?mode=rw", fixture.url);
        let mut writer = <sqlx::SqliteConnection as sqlx::Connection>::connect(&other).await.unwrap();
        sqlx::query("begin immediate").execute(&mut writer).await.unwrap();
        let options = StoreOptions { acquire_timeout: std::time::Duration::from_millis(50), ..StoreOptions::default() };
        let store = Store::connect(&fixture.url, options).await.unwrap();
        let refused = store.heartbeat(NodeId::at(fixture.now), fixture.now).await.unwrap_err();
        assert!(refused.is_retryable(), "{refused:?}");
        sqlx::query("rollback").execute(&mut writer).await.unwrap();
        store.heartbeat(NodeId::at(fixture.now), fixture.now).await.unwrap();
        store.close().await;
    }
}

async fn attempts_that_came_too_fast_are_counted_apart(fixture: Fixture) {
    let id = fixture.queue(fixture.open("a").await.id, "hello").await;
    let retry = |kind| Settlement::Retry { at: fixture.now, failure: failure(kind) };
    let node = NodeId::at(fixture.now);
    let first = fixture.begin(id, node).await.unwrap();
    fixture.settle(first, retry(FailureKind::RateLimited)).await;
    // To settle it again counts nothing.
    fixture.settle(first, retry(FailureKind::RateLimited)).await;
    let second = fixture.begin(id, node).await.unwrap();
    assert_eq!(second.tries, Tries { made: 2, paced: 1 });
    fixture.settle(second, retry(FailureKind::Temporary)).await;
    assert_eq!(fixture.begin(id, node).await.unwrap().tries, Tries { made: 3, paced: 1 });
    let open = fixture.store.interrupted(fixture.channel.channel_id, node, fixture.now).await.unwrap();
    assert_eq!(open[0].tries, Tries { made: 3, paced: 1 });
}

async fn a_pause_is_known_to_whoever_sends_next(fixture: Fixture) {
    let (store, channel) = (&fixture.store, fixture.channel.channel_id);
    let (long, short) = (fixture.now + Duration::hours(1), fixture.now + Duration::minutes(1));
    assert_eq!(store.paused_until(channel).await.unwrap(), None);
    for (thread, until) in [("a", long), ("b", short)] {
        let begun = begin(&fixture, thread).await;
        let retry = Settlement::Retry { at: until, failure: failure(FailureKind::RateLimited) };
        fixture.settle_with(begun, retry, Consequence::PauseChannel { until }).await;
    }
    assert_eq!(store.paused_until(channel).await.unwrap(), Some(long));
    assert_eq!(store.trim_pauses(long).await.unwrap(), 0);
    assert_eq!(store.trim_pauses(long + Duration::seconds(1)).await.unwrap(), 1);
}

async fn a_long_wait_is_told_once_until_somebody_has_seen_to_it(fixture: Fixture) {
    let (store, organisation) = (&fixture.store, fixture.organisation());
    let at = fixture.now + Duration::hours(1);
    let waits = async |thread: &str, seconds: u64| {
        let message = format!("come back in {seconds} s");
        let limited = Failure { message, retry_after_ms: Some(seconds * 1_000), ..failure(FailureKind::RateLimited) };
        let begun = begin(&fixture, thread).await;
        fixture.settle(begun, Settlement::Retry { at, failure: limited }).await;
    };
    let pending = async || store.manual_actions(organisation, Some(ActionStatus::Pending), None, 10).await.unwrap();
    waits("a", 899).await;
    assert_eq!(pending().await.len(), 0, "that is soon over");
    waits("b", 3_600).await;
    waits("c", 3_599).await;
    let asked = pending().await;
    assert_eq!((asked.len(), asked[0].kind.as_str()), (1, manual_actions::CHANNEL_ALERT), "{asked:?}");
    assert!(asked[0].detail.ends_with("wait: come back in 3600 s"), "{asked:?}");
    assert_eq!(store.count_notifications(organisation, fixture.user, true).await.unwrap(), 1);
    let id = asked[0].id;
    assert!(
        store
            .complete_manual_action(organisation, id, ActionStatus::Completed, "seen", None, fixture.now)
            .await
            .unwrap()
    );
    waits("d", 3_000).await;
    assert_eq!(pending().await.len(), 1, "it goes on");
}
