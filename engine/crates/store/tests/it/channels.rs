//! Channels, their session, and how caches learn of a change.

use chrono::Duration;
use patchbay_domain::{
    ChannelId, NodeId,
    attempt::Settlement,
    delivery::MessageState,
    event::Change,
    platform::{FailureKind, SessionChange, SessionState},
    sending::ChannelStatus,
};
use patchbay_store::channels::{ChannelSettings, ChannelUpdate};
use serde_json::json;

use crate::support::{Fixture, PARTITIONS, failure, make_channel, on_both};

on_both!(
    a_channel_reads_back,
    settings_change_together,
    a_deleted_channel_keeps_its_history,
    a_deleted_channel_sends_nothing_more,
    what_comes_back_to_a_deleted_channel_is_cancelled,
    channels_are_found_by_address,
    channels_are_found_by_a_setting,
    a_session_is_remembered_when_it_changes,
    every_change_is_announced,
);

async fn a_channel_reads_back(fixture: Fixture) {
    let (store, id) = (&fixture.store, fixture.channel.channel_id);
    let channel = store.channel_of(fixture.organisation(), id).await.unwrap().unwrap();
    assert_eq!((channel.channel_type.as_str(), channel.status), ("MOCK", ChannelStatus::Active));
    assert_eq!(
        (channel.config.clone(), channel.secrets.as_slice()),
        (json!({"callbackUrl": "http://localhost"}), [0, 1, 255].as_slice())
    );
    assert_eq!((channel.version, channel.created_at, channel.deleted_at), (1, fixture.now, None));
    assert_eq!(store.channels(fixture.organisation()).await.unwrap(), [channel]);
    let other = fixture.other_tenant("other").await;
    assert_eq!(store.channel_of(other.organisation(), id).await.unwrap(), None);
    assert_eq!(store.channels(other.organisation()).await.unwrap().len(), 1);
    assert_eq!(store.channel(ChannelId::at(fixture.now)).await.unwrap(), None);
}

async fn settings_change_together(fixture: Fixture) {
    let (store, id, organisation) = (&fixture.store, fixture.channel.channel_id, fixture.organisation());
    let later = fixture.now + Duration::seconds(1);
    let named = ChannelUpdate { name: Some("New".into()), ..ChannelUpdate::default() };
    assert!(store.update_channel(organisation, id, &named, None, later).await.unwrap());
    let channel = store.channel(id).await.unwrap().unwrap();
    assert_eq!((channel.name.as_str(), channel.version, channel.updated_at), ("New", 2, later));
    assert_eq!((channel.secrets, channel.address.as_deref()), (vec![0, 1, 255], Some("shared")));
    let settings = ChannelSettings { config: json!({"x": 1}), secrets: vec![9], address: None, webhook_token: None };
    let update = ChannelUpdate { settings: Some(settings), status: Some(ChannelStatus::Disabled), name: None };
    assert!(store.update_channel(organisation, id, &update, None, later).await.unwrap());
    let channel = store.channel(id).await.unwrap().unwrap();
    assert_eq!((channel.config, channel.secrets, channel.address), (json!({"x": 1}), vec![9], None));
    assert_eq!((channel.name.as_str(), channel.status), ("New", ChannelStatus::Disabled));
    let other = fixture.other_tenant("other").await;
    assert!(!store.update_channel(other.organisation(), id, &named, None, later).await.unwrap());
    assert!(!store.delete_channel(other.organisation(), id, None, later).await.unwrap());
    assert_eq!(store.channel(id).await.unwrap().unwrap().version, 3);
}

async fn a_deleted_channel_keeps_its_history(fixture: Fixture) {
    let (store, id, organisation) = (&fixture.store, fixture.channel.channel_id, fixture.organisation());
    let conversation = fixture.open("a").await;
    let message = fixture.receive(conversation.id, "m1").await;
    assert!(store.delete_channel(organisation, id, None, fixture.now).await.unwrap());
    assert!(!store.delete_channel(organisation, id, None, fixture.now).await.unwrap());
    assert!(store.channels(organisation).await.unwrap().is_empty());
    assert_eq!(store.channel_of(organisation, id).await.unwrap(), None);
    assert_eq!(store.channel(id).await.unwrap().unwrap().deleted_at, Some(fixture.now));
    assert!(store.channels_by_address("MOCK", &["shared".to_owned()]).await.unwrap().is_empty());
    assert!(store.message(organisation, message).await.unwrap().is_some());
}

async fn a_deleted_channel_sends_nothing_more(fixture: Fixture) {
    let (store, id) = (&fixture.store, fixture.channel.channel_id);
    let conversation = fixture.open("a").await;
    let later = fixture.now + Duration::hours(1);
    let scheduled = fixture.queue_with(conversation.id, "later", |send| send.scheduled_at = Some(later)).await;
    let leaving = fixture.queue(conversation.id, "leaving").await;
    let queued = fixture.queue(conversation.id, "queued").await;
    assert!(fixture.begin(leaving, NodeId::at(fixture.now)).await.is_some());
    let elsewhere = fixture.other_tenant("other").await;
    let theirs = elsewhere.queue(elsewhere.open("b").await.id, "theirs").await;
    assert!(store.delete_channel(fixture.organisation(), id, None, fixture.now).await.unwrap());
    for cancelled in [scheduled, queued] {
        assert_eq!(fixture.state(cancelled).await, MessageState::Cancelled);
    }
    assert_eq!(fixture.state(leaving).await, MessageState::Sending, "its answer is waited for");
    assert_eq!(elsewhere.state(theirs).await, MessageState::Queued);
    let all: Vec<u32> = (0..PARTITIONS.0).collect();
    assert!(store.channels_with_work(PARTITIONS, &all).await.unwrap().contains(&id));
    assert!(store.release_scheduled(later, 10).await.unwrap().is_empty());
    fixture.assert_no_gaps().await;
}

async fn what_comes_back_to_a_deleted_channel_is_cancelled(fixture: Fixture) {
    let (store, id) = (&fixture.store, fixture.channel.channel_id);
    let message = fixture.queue(fixture.open("a").await.id, "hello").await;
    let begun = fixture.begin(message, NodeId::at(fixture.now)).await.unwrap();
    assert_eq!(store.cancel_waiting(id, fixture.now).await.unwrap(), 0, "it is not deleted");
    assert!(store.delete_channel(fixture.organisation(), id, None, fixture.now).await.unwrap());
    let at = fixture.now + Duration::hours(1);
    fixture.settle(begun, Settlement::Retry { at, failure: failure(FailureKind::Temporary) }).await;
    assert_eq!(fixture.state(message).await, MessageState::Queued);
    assert_eq!(store.cancel_waiting(id, fixture.now).await.unwrap(), 1);
    assert_eq!(fixture.state(message).await, MessageState::Cancelled);
    fixture.assert_no_gaps().await;
}

async fn channels_are_found_by_address(fixture: Fixture) {
    let second = make_channel(&fixture.store, fixture.organisation(), fixture.now).await;
    let found = fixture.store.channels_by_address("MOCK", &["shared".to_owned()]).await.unwrap();
    let ids: Vec<_> = found.into_iter().map(|channel| channel.id).collect();
    assert_eq!(ids, [fixture.channel.channel_id, second.channel_id]);
    assert!(fixture.store.channels_by_address("WHATSAPP", &["shared".to_owned()]).await.unwrap().is_empty());
}

async fn channels_are_found_by_a_setting(fixture: Fixture) {
    let (store, id, organisation) = (&fixture.store, fixture.channel.channel_id, fixture.organisation());
    for config in [json!({"account": "102"}), json!({"account": 102})] {
        let settings = ChannelSettings { config, secrets: Vec::new(), address: None, webhook_token: None };
        let update = ChannelUpdate { settings: Some(settings), ..ChannelUpdate::default() };
        assert!(store.update_channel(organisation, id, &update, None, fixture.now).await.unwrap());
        let found = store.channels_by_setting("MOCK", "account", &["101".to_owned(), "102".to_owned()]).await.unwrap();
        assert_eq!(found.into_iter().map(|channel| channel.id).collect::<Vec<_>>(), [id]);
    }
    for (kind, name, value) in [("MOCK", "account", "10"), ("MOCK", "other", "102"), ("WAHA", "account", "102")] {
        assert!(store.channels_by_setting(kind, name, &[value.to_owned()]).await.unwrap().is_empty());
    }
}

async fn a_session_is_remembered_when_it_changes(fixture: Fixture) {
    let (store, id) = (&fixture.store, fixture.channel.channel_id);
    let change = SessionChange { state: SessionState::Connected, phone: Some("+491".into()), reason: None };
    assert!(store.set_session(id, &change, fixture.now).await.unwrap());
    assert!(!store.set_session(id, &change, fixture.now).await.unwrap());
    let lost = SessionChange { state: SessionState::Disconnected, phone: None, reason: None };
    assert!(store.set_session(id, &lost, fixture.now + Duration::seconds(1)).await.unwrap());
    assert!(!store.set_session(ChannelId::at(fixture.now), &lost, fixture.now).await.unwrap());
    let channel = store.channel(id).await.unwrap().unwrap();
    assert_eq!(
        (channel.session_state, channel.session_phone.as_deref()),
        (Some(SessionState::Disconnected), Some("+491"))
    );
    assert_eq!((channel.last_connected_at, channel.version), (Some(fixture.now), 3));
    store.set_poll_cursor(id, Some("page"), None).await.unwrap();
    let half_way = store.channel(id).await.unwrap().unwrap();
    assert_eq!((half_way.poll_cursor.as_deref(), half_way.polled_at), (Some("page"), None));
    store.set_poll_cursor(id, Some("cursor"), Some(fixture.now)).await.unwrap();
    let polled = store.channel(id).await.unwrap().unwrap();
    assert_eq!(
        (polled.poll_cursor.as_deref(), polled.polled_at, polled.version),
        (Some("cursor"), Some(fixture.now), 3)
    );
}

async fn every_change_is_announced(fixture: Fixture) {
    let (store, id) = (&fixture.store, fixture.channel.channel_id);
    let later = fixture.now + Duration::seconds(1);
    store.set_channel_status(id, ChannelStatus::NeedsReauth, Some("refused"), later).await.unwrap();
    assert_eq!(store.channels_changed_since(later).await.unwrap(), [(id, 2)]);
    assert!(store.channels_changed_since(later + Duration::seconds(1)).await.unwrap().is_empty());
    let events = fixture.events().await;
    let announced: Vec<_> =
        events.iter().filter(|event| event.change == Change::ChannelUpdated { channel_id: id }).collect();
    assert_eq!(announced.len(), 2);
}
