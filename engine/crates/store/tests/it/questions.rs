//! What people are asked and told.

use chrono::Duration;
use patchbay_domain::{ChannelId, DeadLetterId, WebhookId, event::Change, people::Role, platform::TemplateStatus};
use patchbay_store::{
    dead_letters::NewDeadLetter,
    jobs::Direction,
    manual_actions::{self, ActionStatus},
    notifications::NewNotification,
    tickets::Page,
};
use serde_json::json;

use crate::support::{Fixture, new_user, on_both};

on_both!(
    a_dead_letter_is_kept_and_replayed,
    a_webhook_is_one_dead_letter_until_it_is_replayed,
    a_manual_action_is_closed_once,
    notifications_are_read_by_each,
    a_template_keeps_the_platforms_verdict,
);

fn all() -> Page<i64> {
    Page { limit: 1000, offset: 0, after: None }
}

fn letter(fixture: &Fixture, reason: &str) -> NewDeadLetter {
    NewDeadLetter {
        channel_id: fixture.channel.channel_id,
        webhook_id: None,
        direction: Direction::Inbound,
        reason: reason.into(),
        payload: "{\"body\":\"…\"}".into(),
    }
}

async fn bury(fixture: &Fixture, reason: &str) -> DeadLetterId {
    fixture.store.insert_dead_letter(&letter(fixture, reason), fixture.now).await.unwrap().unwrap()
}

async fn a_dead_letter_is_kept_and_replayed(fixture: Fixture) {
    let (store, organisation) = (&fixture.store, fixture.organisation());
    let (one, two) = (bury(&fixture, "one").await, bury(&fixture, "two").await);
    let ids = |letters: Vec<patchbay_store::dead_letters::DeadLetter>| -> Vec<_> {
        letters.into_iter().map(|letter| letter.id).collect()
    };
    assert_eq!(ids(store.dead_letters(organisation, None, 10).await.unwrap()), [two, one]);
    assert_eq!(ids(store.dead_letters(organisation, Some(two), 10).await.unwrap()), [one]);
    let kept = store.dead_letter(organisation, one).await.unwrap().unwrap();
    assert_eq!((kept.reason.as_str(), kept.direction, kept.replayed_at), ("one", Direction::Inbound, None));
    assert_eq!(kept.payload, letter(&fixture, "one").payload);
    let asked = store.manual_actions(organisation, Some(ActionStatus::Pending), None, 10).await.unwrap();
    assert_eq!(asked[1].dead_letter_id, Some(one));
    assert_eq!(asked[1].kind, manual_actions::DEAD_LETTER);

    let other = fixture.other_tenant("other").await;
    assert_eq!(store.dead_letter(other.organisation(), one).await.unwrap(), None);
    assert!(!store.mark_replayed(other.organisation(), one, None, fixture.now).await.unwrap());
    assert!(store.dead_letters(other.organisation(), None, 10).await.unwrap().is_empty());

    assert!(store.mark_replayed(organisation, one, None, fixture.now).await.unwrap());
    assert_eq!(store.dead_letter(organisation, one).await.unwrap().unwrap().replayed_at, Some(fixture.now));
    assert_eq!(store.manual_actions(organisation, Some(ActionStatus::Pending), None, 10).await.unwrap().len(), 1);
    let nowhere = NewDeadLetter { channel_id: ChannelId::at(fixture.now), ..letter(&fixture, "nowhere") };
    assert_eq!(store.insert_dead_letter(&nowhere, fixture.now).await.unwrap(), None);
    fixture.assert_no_gaps().await;
}

async fn a_webhook_is_one_dead_letter_until_it_is_replayed(fixture: Fixture) {
    let (store, organisation) = (&fixture.store, fixture.organisation());
    let tried = NewDeadLetter { webhook_id: Some(WebhookId::at(fixture.now)), ..letter(&fixture, "tried") };
    let first = store.insert_dead_letter(&tried, fixture.now).await.unwrap();
    assert_eq!(store.insert_dead_letter(&tried, fixture.now).await.unwrap(), first);
    let other = NewDeadLetter { webhook_id: Some(WebhookId::at(fixture.now)), ..letter(&fixture, "another") };
    let other = store.insert_dead_letter(&other, fixture.now).await.unwrap();
    assert_ne!(other, first);
    let pending =
        async || store.manual_actions(organisation, Some(ActionStatus::Pending), None, 10).await.unwrap().len();
    assert_eq!((store.dead_letters(organisation, None, 10).await.unwrap().len(), pending().await), (2, 2));
    assert!(store.mark_replayed(organisation, first.unwrap(), None, fixture.now).await.unwrap());
    let again = store.insert_dead_letter(&tried, fixture.now).await.unwrap();
    assert!(again.is_some() && again != first);
    assert_eq!((store.dead_letters(organisation, None, 10).await.unwrap().len(), pending().await), (3, 2));
}

async fn a_manual_action_is_closed_once(fixture: Fixture) {
    let (store, organisation) = (&fixture.store, fixture.organisation());
    bury(&fixture, "reason").await;
    let id = store.manual_actions(organisation, None, None, 10).await.unwrap()[0].id;
    let other = fixture.other_tenant("other").await;
    let close = |organisation| {
        store.complete_manual_action(organisation, id, ActionStatus::Completed, "drop", None, fixture.now)
    };
    assert!(!close(other.organisation()).await.unwrap());
    assert_eq!(store.manual_action(other.organisation(), id).await.unwrap(), None);
    assert!(close(organisation).await.unwrap());
    assert!(!close(organisation).await.unwrap());
    let closed = store.manual_action(organisation, id).await.unwrap().unwrap();
    assert_eq!((closed.status, closed.resolution.as_deref()), (ActionStatus::Completed, Some("drop")));
    assert_eq!(closed.completed_at, Some(fixture.now));
}

async fn notifications_are_read_by_each(fixture: Fixture) {
    let (store, organisation) = (&fixture.store, fixture.organisation());
    let colleague = new_user(organisation, "colleague@example.com", Role::Agent, fixture.now);
    store.create_user(&colleague, None, fixture.now).await.unwrap();
    let told = |user_id| NewNotification {
        organisation_id: organisation,
        user_id,
        kind: "NEW_MESSAGE".into(),
        title: "t".into(),
        message: "m".into(),
        data: json!({"a": 1}),
    };
    let later = fixture.now + Duration::minutes(1);
    store.notify(&[told(None), told(Some(fixture.user)), told(Some(colleague.id))], fixture.now).await.unwrap();
    let of = |user, unread| async move { store.notifications(organisation, user, unread, all()).await.unwrap() };
    let unread = |user| async move { store.count_notifications(organisation, user, true).await.unwrap() };
    let mine = of(fixture.user, false).await;
    assert_eq!((mine.len(), unread(fixture.user).await, unread(colleague.id).await), (2, 2, 2));
    assert_eq!(mine[0].data, json!({"a": 1}));
    let one = mine[0].id;
    store.mark_notification_read(organisation, colleague.id, one, fixture.now).await.unwrap();
    assert_eq!(store.notification(organisation, colleague.id, one).await.unwrap(), None, "it is not theirs");
    store.mark_notification_read(organisation, fixture.user, one, fixture.now).await.unwrap();
    store.mark_notification_read(organisation, fixture.user, one, later).await.unwrap();
    assert_eq!(of(fixture.user, true).await.len(), 1);
    let read = store.notification(organisation, fixture.user, one).await.unwrap().unwrap();
    assert_eq!(read.read_at, Some(fixture.now), "since the first time");
    assert_eq!(store.mark_all_notifications_read(organisation, fixture.user, later).await.unwrap(), 1);
    assert_eq!(store.mark_all_notifications_read(organisation, fixture.user, later).await.unwrap(), 0);
    let times: Vec<_> = of(fixture.user, false).await.into_iter().map(|told| told.read_at).collect();
    assert_eq!((times, unread(fixture.user).await), (vec![Some(fixture.now), Some(later)], 0));
    assert_eq!(of(colleague.id, true).await.len(), 2, "what one reads stays unread for others");

    // What comes afterwards is unread; what was all read keeps when it was.
    store.notify(&[told(None)], later).await.unwrap();
    let newest = of(fixture.user, true).await;
    assert_eq!((newest.len(), newest[0].read_at), (1, None));
    let last = later + Duration::minutes(1);
    assert_eq!(store.mark_all_notifications_read(organisation, fixture.user, last).await.unwrap(), 1);
    let times: Vec<_> = of(fixture.user, false).await.into_iter().map(|told| told.read_at).collect();
    assert_eq!(times, [Some(last), Some(fixture.now), Some(later)]);
    let second = Page { limit: 1, offset: 0, after: Some(of(fixture.user, false).await[0].sequence) };
    assert_eq!(store.notifications(organisation, fixture.user, false, second).await.unwrap()[0].id, one);

    // Somebody who comes later is not told what was; somebody who left is told through the others.
    let newcomer = new_user(organisation, "new@example.com", Role::Agent, last);
    store.create_user(&newcomer, None, last).await.unwrap();
    assert_eq!(unread(newcomer.id).await, 0);
    store.deactivate_user(organisation, colleague.id, None, last).await.unwrap();
    store.notify(&[told(Some(colleague.id))], last).await.unwrap();
    assert_eq!((unread(newcomer.id).await, of(newcomer.id, true).await[0].user_id), (1, None));

    let events = fixture.events().await;
    let announced = events.iter().filter(|event| matches!(event.change, Change::NotificationCreated { .. }));
    assert_eq!(announced.count(), 5);
    fixture.assert_no_gaps().await;

    let other = fixture.other_tenant("other").await;
    assert!(store.notifications(other.organisation(), fixture.user, false, all()).await.unwrap().is_empty());
}

async fn a_template_keeps_the_platforms_verdict(fixture: Fixture) {
    let verdict = TemplateStatus {
        name: "hello".into(),
        language: "en".into(),
        state: "REJECTED".into(),
        reason: Some("tone".into()),
    };
    let channel = fixture.channel.channel_id;
    assert!(!fixture.store.set_template_status(channel, &verdict, fixture.now).await.unwrap());
    assert!(!fixture.store.set_template_status(ChannelId::at(fixture.now), &verdict, fixture.now).await.unwrap());
}
