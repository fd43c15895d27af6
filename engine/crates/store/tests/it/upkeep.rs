//! What is looked after: which channels are due, their sessions, their credentials, and who is not known.

use chrono::Duration;
use patchbay_domain::{
    platform::{Participant, SessionChange, SessionState},
    sending::ChannelStatus,
};
use patchbay_store::{
    channels::{Channel, ChannelUpdate},
    conversations::Opening,
    manual_actions,
    tickets::Page,
};

use crate::support::{Fixture, PARTITIONS, on_both, opening};

on_both!(
    what_is_due_is_found_until_it_is_done,
    a_change_is_not_slept_over,
    a_session_keeps_its_tries_until_it_is_connected,
    a_session_that_somebody_stopped_is_left_alone,
    refused_credentials_ask_a_person_once,
    a_connected_session_makes_its_channel_active,
    a_session_that_was_connected_all_the_time_makes_its_channel_active,
    what_was_switched_off_stays_off,
    somebody_is_asked_about_once,
);

async fn channel(fixture: &Fixture) -> Channel {
    fixture.store.channel(fixture.channel.channel_id).await.unwrap().unwrap()
}

/// Whether the fixture's channel is due then; with no time, whether it is looked after at all.
async fn is_due(fixture: &Fixture, seconds: Option<i64>) -> bool {
    let due = seconds.map(|seconds| fixture.now + Duration::seconds(seconds));
    let types = ["MOCK".to_owned()];
    let found = fixture.store.channels_to_tend(&types, PARTITIONS, &[0, 1, 2, 3], due).await.unwrap();
    found.contains(&fixture.channel.channel_id)
}

async fn report(fixture: &Fixture, state: SessionState, seconds: i64) -> bool {
    let change = SessionChange { state, phone: None, reason: None };
    let at = fixture.now + Duration::seconds(seconds);
    fixture.store.set_session(fixture.channel.channel_id, &change, at).await.unwrap()
}

/// What the platform says when the engine asks.
async fn answer(fixture: &Fixture, state: SessionState, seconds: i64) -> bool {
    let change = SessionChange { state, phone: None, reason: None };
    let at = fixture.now + Duration::seconds(seconds);
    fixture.store.confirm_session(fixture.channel.channel_id, &change, at).await.unwrap()
}

async fn asked(fixture: &Fixture) -> Vec<String> {
    let pending = Some(manual_actions::ActionStatus::Pending);
    let actions = fixture.store.manual_actions(fixture.organisation(), pending, None, 10).await.unwrap();
    actions.into_iter().map(|action| format!("{}: {}", action.kind, action.detail)).collect()
}

async fn what_is_due_is_found_until_it_is_done(fixture: Fixture) {
    let (store, id) = (&fixture.store, fixture.channel.channel_id);
    assert!(is_due(&fixture, Some(0)).await, "a new channel is due at once");
    let at = |seconds| fixture.now + Duration::seconds(seconds);
    store.set_tend_at(id, None, at(60), (at(0), at(1))).await.unwrap();
    assert!(!is_due(&fixture, Some(59)).await);
    assert!(is_due(&fixture, Some(60)).await);
    assert!(is_due(&fixture, None).await);

    let types = ["MOCK".to_owned()];
    let others: Vec<u32> = (0..PARTITIONS.0).filter(|partition| *partition != PARTITIONS.of(id)).collect();
    assert!(store.channels_to_tend(&types, PARTITIONS, &others, None).await.unwrap().is_empty());
    let owned = [PARTITIONS.of(id)];
    assert!(store.channels_to_tend(&["WAHA".into()], PARTITIONS, &owned, None).await.unwrap().is_empty());
    assert!(store.channels_to_tend(&[], PARTITIONS, &owned, None).await.unwrap().is_empty());

    let off = ChannelUpdate { status: Some(ChannelStatus::Disabled), ..ChannelUpdate::default() };
    assert!(store.update_channel(fixture.organisation(), id, &off, None, fixture.now).await.unwrap());
    assert!(!is_due(&fixture, None).await, "switched off");
    let on = ChannelUpdate { status: Some(ChannelStatus::Active), ..ChannelUpdate::default() };
    assert!(store.update_channel(fixture.organisation(), id, &on, None, fixture.now).await.unwrap());
    assert!(is_due(&fixture, Some(0)).await, "changed");
    assert!(store.delete_channel(fixture.organisation(), id, None, fixture.now).await.unwrap());
    assert!(!is_due(&fixture, None).await, "deleted");
}

async fn a_change_is_not_slept_over(fixture: Fixture) {
    let (store, id) = (&fixture.store, fixture.channel.channel_id);
    let before = channel(&fixture).await;
    assert!(report(&fixture, SessionState::Connected, 1).await);
    // Decided before the session was known to be connected.
    let at = |seconds| fixture.now + Duration::seconds(seconds);
    store.set_tend_at(id, before.session_since, at(60), (at(1), at(2))).await.unwrap();
    assert!(is_due(&fixture, Some(1)).await);
    // Somebody asked for it since it began.
    store.set_tend_at(id, channel(&fixture).await.session_since, at(60), (at(0), at(2))).await.unwrap();
    assert!(is_due(&fixture, Some(1)).await);
    store.set_tend_at(id, channel(&fixture).await.session_since, at(60), (at(1), at(2))).await.unwrap();
    assert!(!is_due(&fixture, Some(59)).await);
    assert!(!report(&fixture, SessionState::Connected, 2).await);
    assert!(!is_due(&fixture, Some(59)).await, "nothing new");
    assert!(report(&fixture, SessionState::Failed, 3).await);
    assert!(is_due(&fixture, Some(3)).await);
}

async fn a_session_keeps_its_tries_until_it_is_connected(fixture: Fixture) {
    let id = fixture.channel.channel_id;
    assert!(!channel(&fixture).await.connection().wanted);
    assert!(report(&fixture, SessionState::Starting, 0).await);
    let later = fixture.now + Duration::seconds(5);
    fixture.store.count_session_try(id, later).await.unwrap();
    fixture.store.count_session_try(id, later).await.unwrap();
    let connection = channel(&fixture).await.connection();
    assert_eq!((connection.since, connection.tries, connection.wanted), (later, 2, true));
    assert!(report(&fixture, SessionState::AwaitingQr, 6).await);
    let connection = channel(&fixture).await.connection();
    assert_eq!((connection.since, connection.tries), (fixture.now + Duration::seconds(6), 2));
    assert!(report(&fixture, SessionState::Connected, 7).await);
    assert_eq!(channel(&fixture).await.connection().tries, 0);
}

async fn a_session_that_somebody_stopped_is_left_alone(fixture: Fixture) {
    assert!(report(&fixture, SessionState::Connected, 0).await);
    fixture.store.leave_session(fixture.channel.channel_id).await.unwrap();
    assert!(report(&fixture, SessionState::Stopped, 1).await);
    assert!(!channel(&fixture).await.connection().wanted);
    assert!(report(&fixture, SessionState::Starting, 2).await);
    assert!(channel(&fixture).await.connection().wanted);
}

async fn refused_credentials_ask_a_person_once(fixture: Fixture) {
    let (store, id) = (&fixture.store, fixture.channel.channel_id);
    let refuse = || store.set_channel_status(id, ChannelStatus::NeedsReauth, Some("no such key"), fixture.now);
    assert!(refuse().await.unwrap());
    assert!(!refuse().await.unwrap());
    let stopped = channel(&fixture).await;
    assert_eq!((stopped.status, stopped.status_reason.as_deref()), (ChannelStatus::NeedsReauth, Some("no such key")));
    assert_eq!(asked(&fixture).await, ["CHANNEL_UNAUTHORIZED: no such key"]);
    let page = Page { limit: 10, offset: 0, after: None };
    let told = store.notifications(fixture.organisation(), fixture.user, true, page).await.unwrap();
    assert_eq!(told.len(), 1);
    assert!(is_due(&fixture, Some(0)).await);
    fixture.assert_no_gaps().await;
}

async fn a_connected_session_makes_its_channel_active(fixture: Fixture) {
    let (store, id) = (&fixture.store, fixture.channel.channel_id);
    assert!(report(&fixture, SessionState::Connected, 0).await);
    assert!(store.set_channel_status(id, ChannelStatus::NeedsReauth, Some("no"), fixture.now).await.unwrap());
    // It was so when the credentials were refused: the answer to a question that is asked all the time is no news.
    assert!(!answer(&fixture, SessionState::Connected, 1).await);
    assert_eq!(channel(&fixture).await.status, ChannelStatus::NeedsReauth);
    assert!(report(&fixture, SessionState::AwaitingQr, 2).await);
    assert_eq!(channel(&fixture).await.status, ChannelStatus::NeedsReauth);
    assert!(report(&fixture, SessionState::Connected, 3).await);
    let active = channel(&fixture).await;
    assert_eq!((active.status, active.status_reason), (ChannelStatus::Active, None));
    assert!(asked(&fixture).await.is_empty());
    fixture.assert_no_gaps().await;
}

async fn a_session_that_was_connected_all_the_time_makes_its_channel_active(fixture: Fixture) {
    let (store, id) = (&fixture.store, fixture.channel.channel_id);
    assert!(report(&fixture, SessionState::Connected, 0).await);
    let refuse = || store.set_channel_status(id, ChannelStatus::NeedsReauth, Some("no"), fixture.now);
    // The platform says so by itself; or has said so for long.
    assert!(refuse().await.unwrap());
    assert!(report(&fixture, SessionState::Connected, 1).await);
    assert_eq!(channel(&fixture).await.status, ChannelStatus::Active);
    assert!(refuse().await.unwrap());
    assert!(!answer(&fixture, SessionState::Connected, 60).await);
    assert!(answer(&fixture, SessionState::Connected, 60 * 60).await);
    let active = channel(&fixture).await;
    assert_eq!((active.status, active.status_reason), (ChannelStatus::Active, None));
    assert!(asked(&fixture).await.is_empty());
    fixture.assert_no_gaps().await;
}

async fn what_was_switched_off_stays_off(fixture: Fixture) {
    let (store, id) = (&fixture.store, fixture.channel.channel_id);
    let off = ChannelUpdate { status: Some(ChannelStatus::Disabled), ..ChannelUpdate::default() };
    assert!(store.update_channel(fixture.organisation(), id, &off, None, fixture.now).await.unwrap());
    for status in [ChannelStatus::NeedsReauth, ChannelStatus::Active] {
        assert!(!store.set_channel_status(id, status, None, fixture.now).await.unwrap());
    }
    assert!(report(&fixture, SessionState::Connected, 0).await);
    assert_eq!(channel(&fixture).await.status, ChannelStatus::Disabled);
    assert!(asked(&fixture).await.is_empty());
}

async fn somebody_is_asked_about_once(fixture: Fixture) {
    let store = &fixture.store;
    let unknown = |id: &str| Participant { id: id.into(), ..Participant::default() };
    let known = Participant {
        name: Some("Ann".into()),
        avatar_url: Some("https://example.com/ann.png".into()),
        ..unknown("known")
    };
    let openings = [
        Opening { participant: unknown("nobody"), ..opening("nobody") },
        opening("named"),
        Opening { participant: known, ..opening("known") },
        Opening { group: true, participant: unknown("member"), ..opening("group") },
    ];
    let opened = fixture.opened(&openings).await;
    let mut taken = Vec::new();
    for id in &opened {
        taken.push(store.take_unknown_person(*id, fixture.now).await.unwrap());
    }
    let names: Vec<_> = taken.iter().map(|person| person.as_ref().map(|person| person.external_id.as_str())).collect();
    assert_eq!(names, [Some("nobody"), Some("named"), None, None]);
    assert_eq!(store.take_unknown_person(opened[0], fixture.now).await.unwrap(), None);
    let person = taken[0].clone().unwrap();
    store.give_person_back(person.identity_id).await.unwrap();
    assert_eq!(store.take_unknown_person(opened[0], fixture.now).await.unwrap(), Some(person));
}
