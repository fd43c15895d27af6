//! Reactions, edits and deletions that overtake their message, or the identifier
//! of our own send, and what an edit leaves as it was.

use std::borrow::Cow;

use chrono::Duration;
use patchbay_domain::{
    MediaId, MessageId, NodeId,
    attempt::Settlement,
    platform::{
        Attachment, Content, FailureKind, InboundMessage, MediaKind, MediaSource, MessageEdit, MessageRef, Reaction,
        ReportedState,
    },
};

use patchbay_store::references::Reference;

use crate::support::{Fixture, failure, inbound, on_both, person, policy, sent};

on_both!(
    what_overtakes_our_own_send_is_applied_when_it_settles,
    what_waits_is_applied_when_a_report_names_the_message,
    what_overtakes_their_message_is_applied_when_it_comes,
    what_never_comes_is_forgotten,
    the_later_of_two_reactions_to_one_message_counts,
    a_caption_is_edited_and_its_file_stays,
);

const PENDING: &str = "select count(*) from pending_references";

fn reference(id: &str) -> MessageRef {
    MessageRef { thread: "a".into(), id: id.into() }
}

/// A contact reacts to, edits and deletes by these identifiers.
async fn refer(fixture: &Fixture, conversation: patchbay_domain::ConversationId, id: &str) {
    let at = fixture.now + Duration::seconds(1);
    fixture
        .change(conversation, |draft| {
            draft.react(Reaction { message: reference(id), sender: person("a"), emoji: Some("+".into()), at });
            draft.edit(MessageEdit { message: reference(id), content: Content::text("first"), at });
            draft.edit(MessageEdit { message: reference(id), content: Content::text("edited"), at });
            draft.delete(reference(id));
        })
        .await;
}

async fn assert_applied(fixture: &Fixture, id: MessageId) {
    let message = fixture.message(id).await;
    assert_eq!(message.content, Content::text("edited"));
    assert!(message.deleted_at.is_some());
    assert_eq!(fixture.count("select count(*) from reactions").await, 1);
    assert_eq!(fixture.count(PENDING).await, 0);
    fixture.assert_no_gaps().await;
}

async fn what_overtakes_our_own_send_is_applied_when_it_settles(fixture: Fixture) {
    let conversation = fixture.open("a").await.id;
    let id = fixture.queue(conversation, "hello").await;
    let begun = fixture.begin(id, NodeId::at(fixture.now)).await.unwrap();
    refer(&fixture, conversation, "m2").await;
    assert_eq!(fixture.count(PENDING).await, 4);
    // Of the same conversation, and yet another message.
    let other = fixture.send(conversation, "m3").await;
    fixture.settle(begun, sent(&["m1", "m2"])).await;
    assert_applied(&fixture, id).await;
    assert_eq!(fixture.message(other).await.content, Content::text("hello"));
}

async fn what_waits_is_applied_when_a_report_names_the_message(fixture: Fixture) {
    let conversation = fixture.open("a").await.id;
    let id = fixture.queue(conversation, "hello").await;
    let begun = fixture.begin(id, NodeId::at(fixture.now)).await.unwrap();
    fixture.settle(begun, Settlement::Unknown(failure(FailureKind::Unknown))).await;
    refer(&fixture, conversation, "m1").await;
    let mut report = fixture.report("m1", ReportedState::Delivered);
    report.status.correlation = Some(id.to_string());
    fixture.store.apply_statuses(&[report], fixture.now).await.unwrap();
    assert_applied(&fixture, id).await;
}

async fn what_overtakes_their_message_is_applied_when_it_comes(fixture: Fixture) {
    let conversation = fixture.open("a").await.id;
    refer(&fixture, conversation, "m1").await;
    // Of a conversation that nobody knows yet, and of a message that is known by now.
    let deletion = |id: &str| [Reference::Deletion(Cow::Owned(reference(id)))];
    let channel = fixture.channel.channel_id;
    fixture.store.keep_references(channel, &deletion("m2"), fixture.now).await.unwrap();
    assert_eq!(fixture.count(PENDING).await, 5);
    let (first, second) = (MessageId::at(fixture.now), MessageId::at(fixture.now));
    let receive = async |id, external_id| {
        let message = inbound(external_id, fixture.now);
        fixture.change(conversation, |draft| draft.receive(id, message, policy(), fixture.now)).await;
    };
    receive(second, "m2").await;
    assert_eq!(fixture.count(PENDING).await, 4);
    receive(first, "m1").await;
    assert_applied(&fixture, first).await;
    assert!(fixture.message(second).await.deleted_at.is_some());
    let third = MessageId::at(fixture.now);
    receive(third, "m3").await;
    fixture.store.keep_references(channel, &deletion("m3"), fixture.now).await.unwrap();
    assert!(fixture.message(third).await.deleted_at.is_some());
    assert_eq!(fixture.count(PENDING).await, 0);
}

async fn what_never_comes_is_forgotten(fixture: Fixture) {
    let conversation = fixture.open("a").await.id;
    refer(&fixture, conversation, "long ago").await;
    assert_eq!(fixture.count(PENDING).await, 4);
    let channel = fixture.channel.channel_id;
    let deletions = |count| vec![Reference::Deletion(Cow::Owned(reference("long ago"))); count];
    for count in [1_000, 1] {
        fixture.store.keep_references(channel, &deletions(count), fixture.now).await.unwrap();
    }
    assert_eq!(fixture.count(PENDING).await, 1_004, "one message's are bounded");
    assert_eq!(fixture.store.expire_pending_references(fixture.now).await.unwrap(), 0);
    assert_eq!(fixture.store.expire_pending_references(fixture.now + Duration::seconds(1)).await.unwrap(), 1_004);
}

/// One person reacted to a message of ours under both of the names that it has.
async fn the_later_of_two_reactions_to_one_message_counts(fixture: Fixture) {
    let conversation = fixture.open("a").await.id;
    let id = fixture.queue(conversation, "hello").await;
    let begun = fixture.begin(id, NodeId::at(fixture.now)).await.unwrap();
    let mut report = fixture.report("m1", ReportedState::Sent);
    report.status.correlation = Some(id.to_string());
    fixture.store.apply_statuses(&[report], fixture.now).await.unwrap();
    let echo = InboundMessage { echo: true, ..inbound("m2", fixture.now) };
    let echo_id = MessageId::at(fixture.now);
    fixture.change(conversation, |draft| draft.receive(echo_id, echo, policy(), fixture.now)).await;
    for (name, emoji, seconds) in [("m1", "+", 1), ("m2", "-", 2)] {
        let at = fixture.now + Duration::seconds(seconds);
        let emoji = Some(emoji.to_owned());
        let reaction = Reaction { message: reference(name), sender: person("a"), emoji, at };
        fixture.change(conversation, |draft| draft.react(reaction)).await;
    }
    fixture.settle(begun, sent(&["m1", "m2"])).await;
    assert_eq!(fixture.count("select count(*) from messages").await, 1);
    assert_eq!(fixture.count("select count(*) from reactions where emoji = '-'").await, 1);
    assert_eq!(fixture.count("select count(*) from reactions").await, 1);
}

async fn a_caption_is_edited_and_its_file_stays(fixture: Fixture) {
    let conversation = fixture.open("a").await.id;
    let id = MessageId::at(fixture.now);
    let file = |source, caption: &str| Attachment {
        kind: MediaKind::Image,
        source,
        mime_type: None,
        file_name: None,
        size: None,
        caption: Some(caption.into()),
        public_url: None,
    };
    let with = |file| Content { attachments: vec![file], ..Content::default() };
    let stored = MediaSource::Stored(MediaId::at(fixture.now));
    let mut message = inbound("m1", fixture.now);
    message.content = with(file(stored.clone(), "before"));
    fixture.change(conversation, |draft| draft.receive(id, message, policy(), fixture.now)).await;
    let content = with(file(MediaSource::Platform("ref".into()), "after"));
    let at = fixture.now + Duration::seconds(1);
    fixture.change(conversation, |draft| draft.edit(MessageEdit { message: reference("m1"), content, at })).await;
    assert_eq!(fixture.message(id).await.content, with(file(stored, "after")));
}
