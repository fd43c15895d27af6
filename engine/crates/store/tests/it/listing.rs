//! Lists of conversations, what is noted about contacts, and what people decide.

use patchbay_domain::{
    attempt::{Consequence, Settlement},
    delivery::{Decision, MessageState},
    platform::FailureKind,
};
use patchbay_store::{
    history::Span,
    listing::{ConversationCursor, ConversationFilter, ConversationUpdate, Only, Order},
    manual_actions::OUTCOME_UNKNOWN,
    people::{ContactChange, ContactOutcome},
    sending::Decided,
    tickets::Page,
};
use uuid::Uuid;

use crate::support::{Fixture, PARTITIONS, failure, on_both};

on_both!(
    conversations_come_by_their_newest_message,
    a_deleted_conversation_is_back_with_its_next_message,
    what_is_noted_about_a_contact_is_its_own,
    an_unknown_outcome_is_decided_once,
);

fn page<C>(limit: u32, after: Option<C>) -> Page<C> {
    Page { limit, offset: 0, after }
}

async fn conversations_come_by_their_newest_message(mut fixture: Fixture) {
    let (first, second) = (fixture.open("a").await.id, fixture.open("b").await.id);
    let silent = fixture.open("c").await.id;
    for (number, id) in [(1, first), (2, second)] {
        fixture.now += chrono::Duration::seconds(1);
        fixture.receive(id, &number.to_string()).await;
    }
    let (store, organisation) = (&fixture.store, fixture.organisation());
    let listed = async |only, order, page| {
        let filter = ConversationFilter { only, ..ConversationFilter::default() };
        let found = store.conversations(organisation, &filter, order, page).await.unwrap();
        let total = store.count_conversations(organisation, &filter).await.unwrap();
        (found.iter().map(|view| view.id).collect::<Vec<_>>(), total)
    };
    assert_eq!(listed(Only::All, Order::Latest, page(10, None)).await, (vec![second, first, silent], 3));
    assert_eq!(listed(Only::Recent, Order::Oldest, page(10, None)).await, (vec![first, second], 2));
    let found = store.conversation_views(organisation, &[second]).await.unwrap();
    let after = ConversationCursor { last_message_at: found[0].last_message_at, id: second };
    assert_eq!(listed(Only::All, Order::Latest, page(1, Some(after))).await.0, [first]);
    assert_eq!(listed(Only::All, Order::Oldest, page(5, Some(after))).await.0, [silent]);

    let read = ConversationUpdate { unread_count: Some(0), is_starred: Some(true), delete: false };
    assert!(store.update_conversation(organisation, first, read, None, fixture.now).await.unwrap());
    assert_eq!(listed(Only::Unread, Order::Latest, page(10, None)).await.0, [second]);
    assert_eq!(listed(Only::Starred, Order::Latest, page(10, None)).await.0, [first]);
    let other = fixture.other_tenant("other").await;
    let theirs = other.organisation();
    assert!(!store.update_conversation(theirs, first, read, None, fixture.now).await.unwrap());
    assert!(store.conversation_views(theirs, &[first]).await.unwrap().is_empty());
    assert!(store.history(theirs, first, Span::default(), page(10, None)).await.unwrap().is_empty());
    fixture.assert_no_gaps().await;
}

async fn a_deleted_conversation_is_back_with_its_next_message(fixture: Fixture) {
    let id = fixture.open("a").await.id;
    fixture.receive(id, "1").await;
    let delete = ConversationUpdate { delete: true, ..ConversationUpdate::default() };
    let delete = || fixture.store.update_conversation(fixture.organisation(), id, delete, None, fixture.now);
    assert!(delete().await.unwrap());
    assert!(!delete().await.unwrap());
    let is_there = async || {
        let filter = ConversationFilter::default();
        fixture.store.count_conversations(fixture.organisation(), &filter).await.unwrap() == 1
    };
    assert!(!is_there().await);
    fixture.receive(id, "2").await;
    assert!(is_there().await);
}

async fn what_is_noted_about_a_contact_is_its_own(fixture: Fixture) {
    let (store, organisation) = (&fixture.store, fixture.organisation());
    let (one, two) = (fixture.open("a").await.contact_id, fixture.open("b").await.contact_id);
    let phone = |number: &str, is_primary| ContactChange::Phone { number: number.into(), is_primary };
    let change = async |contact, changes: &[ContactChange]| {
        store.change_contact(organisation, contact, changes, None, fixture.now).await.unwrap()
    };
    let changes = [phone("+49 30 123456", false), phone("+4930654321", true), ContactChange::Tag("vip".into())];
    assert_eq!(change(one, &changes).await, ContactOutcome::Changed);
    assert_eq!(change(one, &[ContactChange::Follow(fixture.user)]).await, ContactOutcome::Changed);
    // All or nothing.
    let taken = [ContactChange::Tag("thief".into()), phone("4930123456", true)];
    assert_eq!(change(two, &taken).await, ContactOutcome::Taken(one));
    assert_eq!(change(two, &[phone("12", false)]).await, ContactOutcome::Unreadable);
    let known = store.contact_details(organisation, &[one, two]).await.unwrap();
    let numbers: Vec<_> = known[&one].phones.iter().map(|point| point.value.as_str()).collect();
    assert_eq!((numbers, known[&one].tags.as_slice()), (vec!["+4930654321", "+4930123456"], &["vip".to_owned()][..]));
    assert_eq!(known[&one].followers[0].id, fixture.user);
    assert!(known[&two].tags.is_empty() && known[&two].phones.is_empty());
    let other = fixture.other_tenant("other").await;
    let theirs = other.store.change_contact(other.organisation(), one, &[], None, fixture.now).await.unwrap();
    assert_eq!(theirs, ContactOutcome::Unknown);
}

async fn an_unknown_outcome_is_decided_once(fixture: Fixture) {
    let (store, organisation) = (&fixture.store, fixture.organisation());
    let id = fixture.open("a").await.id;
    let message_id = fixture.queue(id, "hi").await;
    let node = patchbay_domain::NodeId::from_uuid(Uuid::nil());
    let begun = fixture.begin(message_id, node).await.unwrap();
    let lost = Settlement::Unknown(failure(FailureKind::Unknown));
    fixture.settle_with(begun, lost, Consequence::None).await;
    let asked = store.manual_action_page(organisation, None, page(10, None)).await.unwrap();
    assert_eq!((asked.len(), asked[0].kind.as_str()), (1, OUTCOME_UNKNOWN));
    assert_eq!(store.count_manual_actions(organisation, None).await.unwrap(), 1);
    let decided =
        Decided { organisation_id: organisation, question: asked[0].id, message_id, decision: Decision::Resend };
    let other = fixture.other_tenant("other").await;
    let theirs = Decided { organisation_id: other.organisation(), ..decided };
    assert!(!store.decide(theirs, PARTITIONS, None, fixture.now).await.unwrap());
    assert!(store.decide(decided, PARTITIONS, None, fixture.now).await.unwrap());
    assert!(!store.decide(decided, PARTITIONS, None, fixture.now).await.unwrap());
    assert_eq!(fixture.state(message_id).await, MessageState::Queued);
    let closed = store.manual_action(organisation, asked[0].id).await.unwrap().unwrap();
    assert_eq!(closed.resolution.as_deref(), Some("resend"));
    fixture.assert_no_gaps().await;
}
