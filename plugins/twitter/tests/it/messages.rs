//! Messages, reads and typing in both envelopes.

use crate::support::{ACCOUNT, CONTACT, EVENT, account, activity, ignored, message, one, parse, with, written};
use patchbay_plugin_sdk::testing::NOW;
use patchbay_plugin_sdk::{DeliveryState, Event, SessionState};
use serde_json::{Value, json};

const MESSAGES: &str = "direct_message_events";
const TYPING: &str = "direct_message_indicate_typing_events";
const READS: &str = "direct_message_mark_read_events";

#[test]
fn the_sender_tells_the_direction() {
    let inbound = message(account(MESSAGES, written(json!({}))));
    assert_eq!((inbound.id.as_str(), inbound.thread.as_str(), inbound.echo), (EVENT, CONTACT, false));
    assert_eq!(inbound.sent_at, NOW);
    let mut own = written(json!({}));
    own["message_create"]["sender_id"] = ACCOUNT.into();
    own["message_create"]["target"]["recipient_id"] = CONTACT.into();
    own["message_create"]["source_app_id"] = "7".into();
    for echo in [account(MESSAGES, own.clone()), activity("dm.sent", json!({MESSAGES: [own]}))] {
        let echo = message(echo);
        assert_eq!((echo.thread.as_str(), echo.sender.id.as_str(), echo.echo), (CONTACT, CONTACT, true));
    }
}

#[test]
fn people_are_told_of_in_three_places() {
    let person = json!({"id": CONTACT, "name": "Ada", "username": "ada", "profile_image_url": "https://x/a.png"});
    let mut payload = json!({MESSAGES: [written(json!({}))]});
    let data = |payload: &Value, includes: Value| json!({"data": {"event_type": "dm.received", "filter": {"user_id": ACCOUNT}, "payload": payload, "includes": includes}});
    let listed = data(&payload, json!({"users": [{"id": "1"}, person]}));
    payload["users"] = json!({CONTACT: {"data": person}});
    let deeper = data(&payload, json!(null));
    payload["users"] = json!({CONTACT: person});
    for body in [listed, deeper, data(&payload, json!({}))] {
        let sender = message(one(parse(&body))).sender;
        assert_eq!((sender.name.as_deref(), sender.username.as_deref()), (Some("Ada"), Some("ada")));
        assert_eq!(sender.avatar_url.as_deref(), Some("https://x/a.png"));
    }
    assert_eq!(message(one(parse(&data(&json!({MESSAGES: [written(json!({}))]}), json!(7))))).sender.name, None);
}

#[test]
fn several_events_of_one_webhook() {
    let read = json!({"created_timestamp": "1", "sender_id": CONTACT, "last_read_event_id": EVENT});
    let typing = json!({"sender_id": CONTACT, "target": {"recipient_id": ACCOUNT}});
    let first = with(written(json!({})), json!({"id": "1"}));
    let events =
        parse(&json!({"for_user_id": ACCOUNT, MESSAGES: [first, written(json!({}))], READS: [read], TYPING: [typing]}));
    let kinds: Vec<bool> = events.iter().map(|event| matches!(event, Event::Message(_))).collect();
    assert_eq!(kinds, [true, true, false, false]);
}

#[test]
fn what_is_missing() {
    let without = |field: &str| {
        let mut event = written(json!({}));
        event["message_create"].as_object_mut().unwrap().remove(field);
        event
    };
    assert_eq!(ignored(account(MESSAGES, without("sender_id"))), "a message without a sender");
    let no_id = with(written(json!({})), json!({"id": ""}));
    assert_eq!(ignored(account(MESSAGES, no_id)), "a message without an identifier");
    let joined = with(written(json!({})), json!({"type": "participants_join"}));
    assert_eq!(ignored(account(MESSAGES, joined)), "an event in a conversation that is no message");
    let mut lonely = without("target");
    lonely["message_create"]["sender_id"] = ACCOUNT.into();
    assert_eq!(ignored(account(MESSAGES, lonely)), "a message without a recipient");
    let bare =
        message(account(MESSAGES, json!({"id": 9_007_199_254_740_993_u64, "message_create": {"sender_id": CONTACT}})));
    assert_eq!((bare.id.as_str(), bare.sent_at, bare.content.text), ("9007199254740993", NOW, None));
}

#[test]
fn reads() {
    let read = json!({"created_timestamp": "1749407985000", "sender_id": CONTACT, "target": {"recipient_id": ACCOUNT},
        "last_read_event_id": EVENT});
    let events =
        [account(READS, read.clone()), activity("dm.read", json!({READS: [read]})), activity("dm.read", read.clone())];
    for event in events {
        let Event::Status(status) = event else { panic!("no status") };
        assert_eq!((status.id.as_deref(), status.thread.as_deref()), (Some(EVENT), Some(CONTACT)));
        assert_eq!((status.state, status.at), (DeliveryState::Read, 1_749_407_985_000));
        assert_eq!(status.up_to, Some(NOW));
    }
    assert_eq!(
        ignored(account(READS, with(read.clone(), json!({"sender_id": ACCOUNT})))),
        "the account itself has read a message"
    );
    for without in [json!({"sender_id": null}), json!({"last_read_event_id": ""})] {
        let event = account(READS, with(read.clone(), without));
        assert_eq!(ignored(event), "somebody has read something, but not who or what");
    }
    assert!(ignored(activity("dm.read", json!({}))).starts_with("somebody has read"));
}

#[test]
fn typing() {
    let typing = json!({"created_timestamp": "1", "sender_id": CONTACT, "target": {"recipient_id": ACCOUNT}});
    let events = [
        account(TYPING, typing.clone()),
        activity("dm.indicate_typing", json!({TYPING: [typing]})),
        activity("dm.indicate_typing", typing.clone()),
    ];
    for event in events {
        let Event::Typing(typing) = event else { panic!("no typing") };
        assert_eq!((typing.thread.as_str(), typing.on), (CONTACT, true));
    }
    let own = with(typing, json!({"sender_id": ACCOUNT}));
    assert_eq!(ignored(account(TYPING, own)), "the account itself is typing");
    assert_eq!(ignored(activity("dm.indicate_typing", json!(null))), "somebody is typing, but not who");
}

#[test]
fn access_taken_away() {
    let revoked = json!({"data": {"event_uuid": "1", "event_type": "oauth.revoke", "filter": {}, "payload": {"user_id": ACCOUNT}}});
    let old = json!({"user_event": {"revoke": {"source": {"user_id": ACCOUNT}, "target": {"app_id": "1"}}}});
    for body in [revoked, old] {
        let Event::Session(change) = one(parse(&body)) else { panic!("no change") };
        assert_eq!(change.state, SessionState::Failed);
    }
    let other = json!({"user_event": {"revoke": {"source": {"user_id": "1"}}}});
    assert_eq!(ignored(one(parse(&other))), "a webhook of another account");
}

#[test]
fn other_events_mean_nothing() {
    for kind in ["post.create", "follow.follow", "chat.conversation.join", "chat.conversation_join", "sung.loudly"] {
        assert_eq!(ignored(activity(kind, json!({}))), format!("an event {kind}"));
    }
}
