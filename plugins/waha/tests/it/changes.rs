//! What happens to earlier messages, who types, and how the session does.

use crate::support::{CONTACT, GROUP, ME, event, ignored, parse_body, payload, with};
use patchbay_plugin_sdk::testing::snapshot;
use patchbay_plugin_sdk::{DeliveryState, DeliveryStatus, Event, FailureKind, MessageRef, SessionState};
use serde_json::{Value, json};

const AT: u64 = 1_741_249_702_485;

fn ack(kind: &str, fields: Value) -> Event {
    let payload = json!({"id": format!("true_{CONTACT}_3EB0"), "from": CONTACT, "participant": null, "fromMe": true,
        "ack": 1, "ackName": "SERVER"});
    event(kind, with(payload, fields))
}

fn status(fields: Value) -> DeliveryStatus {
    match ack("message.ack", fields) {
        Event::Status(status) => status,
        other => panic!("not a status: {other:?}"),
    }
}

#[test]
fn acknowledgements() {
    for (ack, name, state) in [
        (-1, "ERROR", DeliveryState::Failed),
        (0, "PENDING", DeliveryState::Accepted),
        (1, "SERVER", DeliveryState::Sent),
        (2, "DEVICE", DeliveryState::Delivered),
        (3, "READ", DeliveryState::Read),
        (4, "PLAYED", DeliveryState::Read),
    ] {
        for fields in [json!({"ack": ack}), json!({"ack": null, "ackName": name}), json!({"ack": ack.to_string()})] {
            let status = status(fields);
            assert_eq!((status.id.as_deref(), status.thread.as_deref()), (Some("3EB0"), Some(CONTACT)));
            assert_eq!((status.state, status.at), (state, AT));
            let failure = status.failure.map(|failure| (failure.kind, failure.code));
            let failed = state == DeliveryState::Failed;
            assert_eq!(failure, failed.then(|| (FailureKind::Rejected, Some("ERROR".to_owned()))));
        }
    }
    for unknown in [json!({"ack": 5}), json!({"ack": null, "ackName": "SUNG"}), json!({"ack": [], "ackName": 1})] {
        assert_eq!(ignored(ack("message.ack", unknown)), "an acknowledgement of an unknown kind");
    }
}

#[test]
fn acknowledgements_name_the_message_by_its_last_part() {
    let bare = status(json!({"id": "3EB0"}));
    assert_eq!((bare.id.as_deref(), bare.thread.as_deref()), (Some("3EB0"), Some(CONTACT)));
    let ours = status(json!({"id": format!("true_{CONTACT}_018F3F5E000070008000000000000002")}));
    assert_eq!(ours.correlation.as_deref(), Some("018f3f5e-0000-7000-8000-000000000002"));
    for theirs in [json!({"fromMe": false}), json!({"fromMe": null, "id": format!("false_{CONTACT}_AAAA")})] {
        assert_eq!(ignored(ack("message.ack", theirs)), "an acknowledgement of a contact's message");
    }
    let nothing = ignored(ack("message.ack", json!({"id": ""})));
    assert_eq!(nothing, "an acknowledgement without a message's identifier");
}

#[test]
fn acknowledgements_of_a_group() {
    let fields = json!({"id": format!("true_{GROUP}_3EB0_{ME}"), "from": GROUP, "participant": CONTACT, "ack": 2});
    for kind in ["message.ack", "message.ack.group"] {
        let Event::Status(status) = ack(kind, fields.clone()) else { panic!("not a status") };
        assert_eq!((status.id.as_deref(), status.thread.as_deref()), (Some("3EB0"), Some(GROUP)));
        assert_eq!(status.state, DeliveryState::Delivered);
    }
}

fn reaction(fields: Value) -> Event {
    let payload = json!({"id": format!("false_{CONTACT}_RRRR"), "from": CONTACT, "fromMe": false, "participant": CONTACT,
        "to": CONTACT, "timestamp": 1_710_481_111.853, "reaction": {"text": "🙏", "messageId": format!("true_{CONTACT}_3EB0")}});
    event("message.reaction", with(payload, fields))
}

#[test]
fn reactions() {
    let Event::Reaction(own) = reaction(json!({"fromMe": true, "from": ME})) else { panic!("no reaction") };
    assert_eq!((own.sender.id.as_str(), own.message.thread.as_str()), (ME, CONTACT));
    // The session is not always told with the event.
    for (from, sender) in [(ME, Some(ME)), (CONTACT, None)] {
        let payload = json!({"id": format!("true_{CONTACT}_RRRR"), "from": from, "fromMe": true, "participant": CONTACT,
            "to": CONTACT, "reaction": {"text": "🙏", "messageId": format!("false_{CONTACT}_3EB0")}});
        let body = json!({"event": "message.reaction", "session": "default", "me": null, "payload": payload});
        let own = match &parse_body(&body)[..] {
            [Event::Reaction(own)] => Some(own.sender.id.clone()),
            _ => None,
        };
        assert_eq!(own.as_deref(), sender, "{from}");
    }
    let bare = reaction(json!({"reaction": {"text": "🙏", "messageId": "3EB0"}}));
    let Event::Reaction(bare) = bare else { panic!("no reaction") };
    assert_eq!((bare.message, bare.at), (MessageRef::new(CONTACT, "3EB0"), 1_710_481_111_853));
    let in_group = json!({"from": GROUP, "reaction": {"text": "", "messageId": format!("true_{GROUP}_3EB0_{ME}")}});
    let Event::Reaction(in_group) = reaction(in_group) else { panic!("no reaction") };
    assert_eq!((in_group.message, in_group.sender.id.as_str()), (MessageRef::new(GROUP, "3EB0"), CONTACT));
    assert_eq!(in_group.emoji, None);
    for without in [json!({"reaction": null}), json!({"reaction": {"text": "🙏"}}), json!({"reaction": "🙏"})] {
        assert_eq!(ignored(reaction(without)), "a reaction without the message that it is to");
    }
}

#[test]
fn edits() {
    let edited = |fields: Value| event("message.edited", with(payload(json!({"body": "Hello!"})), fields));
    let expected = |thread: &str| json!({"message-edited": {"message": {"thread": thread, "id": "AAAA"}, "content": {"text": "Hello!"}, "at": 1_667_561_485_000_u64}});
    let theirs = edited(json!({"id": format!("false_{CONTACT}_EEEE"), "editedMessageId": "AAAA"}));
    assert_eq!(snapshot(&theirs), expected(CONTACT));
    let own = json!({"id": format!("true_{GROUP}_EEEE_{ME}"), "fromMe": true, "from": ME, "editedMessageId": format!("true_{GROUP}_AAAA_{ME}")});
    assert_eq!(snapshot(&edited(own)), expected(GROUP));
    assert_eq!(ignored(edited(json!({}))), "an edit without the message or the chat that it is of");
}

#[test]
fn messages_taken_back() {
    let deleted = |payload: Value| match event("message.revoked", payload) {
        Event::MessageDeleted(message) => message,
        other => panic!("not deleted: {other:?}"),
    };
    let full = |id: &str| json!({"id": format!("false_{CONTACT}_{id}")});
    let expected = MessageRef::new(CONTACT, "AAAA");
    assert_eq!(deleted(json!({"after": full("BBBB"), "before": null, "revokedMessageId": "AAAA"})), expected);
    assert_eq!(deleted(json!({"after": full("BBBB"), "before": full("AAAA")})), expected);
    assert_eq!(deleted(json!({"revokedMessageId": format!("false_{CONTACT}_AAAA")})), expected);
    let bare = json!({"after": {"id": "BBBB", "from": CONTACT}, "revokedMessageId": "AAAA"});
    assert_eq!(deleted(bare), expected);
    for (payload, reason) in [
        (json!({"after": full("BBBB")}), "a message was taken back, but not which one"),
        (json!({"revokedMessageId": "AAAA"}), "a message was taken back, but not in which chat"),
    ] {
        assert_eq!(ignored(event("message.revoked", payload)), reason);
    }
}

#[test]
fn typing() {
    let presence = |states: Value| event("presence.update", json!({"id": CONTACT, "presences": states}));
    let known = |state: &str| json!({"participant": CONTACT, "lastKnownPresence": state});
    for (state, on) in [("typing", true), ("recording", true), ("paused", false)] {
        let Event::Typing(typing) = presence(json!([known(state)])) else { panic!("{state} is no typing") };
        assert_eq!((typing.thread.as_str(), typing.on), (CONTACT, on));
    }
    let Event::Typing(several) = presence(json!([known("paused"), known("typing"), known("online")])) else {
        panic!("no typing")
    };
    assert!(several.on);
    for nothing in [json!([known("online")]), json!([known("dancing")]), json!([]), json!(null)] {
        assert_eq!(ignored(presence(nothing)), "a contact's presence");
    }
}

#[test]
fn session_statuses() {
    for (status, state) in [
        ("STOPPED", SessionState::Stopped),
        ("STARTING", SessionState::Starting),
        ("SCAN_QR_CODE", SessionState::AwaitingQr),
        ("PASSKEY_REQUIRED", SessionState::AwaitingCode),
        ("PASSKEY_CONFIRMATION_REQUIRED", SessionState::AwaitingCode),
        ("WORKING", SessionState::Connected),
        ("FAILED", SessionState::Failed),
    ] {
        let Event::Session(change) = event("session.status", json!({"status": status, "statuses": []})) else {
            panic!("{status} is no change")
        };
        assert_eq!(change.state, state);
        assert_eq!(change.phone.as_deref(), (status == "WORKING").then_some("+79222222222"));
    }
    let confirm = json!({"status": "PASSKEY_CONFIRMATION_REQUIRED", "data": {"code": "AB12"}});
    let Event::Session(change) = event("session.status", confirm) else { panic!("no change") };
    assert!(change.reason.unwrap().contains("AB12"));
    let unknown = ignored(event("session.status", json!({"status": "DREAMING"})));
    assert_eq!(unknown, "a session's status that is not known");
}
