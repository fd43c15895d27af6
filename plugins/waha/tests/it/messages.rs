//! Who wrote to whom.

use crate::support::{CONTACT, GROUP, ME, event, ignored, message, payload};
use patchbay_plugin_sdk::Participant;
use serde_json::json;

#[test]
fn a_message_is_told_once_by_both_events() {
    let both = ["message", "message.any"].map(|kind| message(kind, json!({})));
    assert_eq!(both[0], both[1]);
    assert_eq!((both[0].id.as_str(), both[0].thread.as_str(), both[0].echo), ("AAAA", CONTACT, false));
    assert_eq!(both[0].sent_at, 1_667_561_485_000);
    assert_eq!(both[0].sender.phone.as_deref(), Some("+11111111111"));
}

#[test]
fn what_arrives_is_incoming_whatever_it_says() {
    let misleading = json!({"id": format!("true_{CONTACT}_AAAA"), "fromMe": true, "source": "api", "to": CONTACT});
    let message = message("message", misleading);
    assert_eq!((message.thread.as_str(), message.echo), (CONTACT, false));
}

#[test]
fn what_the_business_writes_is_an_echo() {
    for source in ["app", "api"] {
        let fields =
            json!({"id": format!("true_{CONTACT}_BBBB"), "fromMe": true, "from": ME, "to": CONTACT, "source": source});
        let message = message("message.any", fields);
        assert_eq!((message.id.as_str(), message.thread.as_str(), message.echo), ("BBBB", CONTACT, true));
        assert_eq!(message.sender.id, CONTACT);
        assert_eq!(message.metadata, json!({"source": source}).to_string());
    }
    let bare = message("message.any", json!({"id": "BBBB", "fromMe": true, "from": ME, "to": CONTACT}));
    assert_eq!((bare.thread.as_str(), bare.correlation), (CONTACT, None));
}

#[test]
fn an_echo_under_our_own_identifier_is_correlated() {
    let id = format!("true_{CONTACT}_018F3F5E000070008000000000000002");
    let fields = json!({"id": id, "fromMe": true, "from": ME, "to": CONTACT});
    let echo = message("message.any", fields.clone());
    assert_eq!(echo.correlation.as_deref(), Some("018f3f5e-0000-7000-8000-000000000002"));
    assert_eq!(message("message", fields).correlation, None);
}

#[test]
fn a_hidden_identifier_is_no_number() {
    let lid = json!({"id": "false_123123@lid_AAAA", "from": "123123@lid"});
    let hidden = message("message", lid.clone());
    assert_eq!((hidden.thread.as_str(), hidden.sender), ("123123@lid", Participant::new("123123@lid")));
    for raw in [
        json!({"key": {"remoteJidAlt": "11111111111@s.whatsapp.net"}, "pushName": "Ada"}),
        json!({"Info": {"SenderAlt": "11111111111:3@s.whatsapp.net", "PushName": "Ada"}}),
    ] {
        let known = message("message", crate::support::with(lid.clone(), json!({"_data": raw})));
        assert_eq!(known.thread, "123123@lid");
        assert_eq!(known.sender.aliases, [CONTACT]);
        assert_eq!((known.sender.phone.as_deref(), known.sender.name.as_deref()), (Some("+11111111111"), Some("Ada")));
    }
}

#[test]
fn the_business_is_never_another_form_of_the_contact() {
    let (lid, own) = ("123123@lid", "79222222222:5@s.whatsapp.net");
    let written = |from_me: bool, info: serde_json::Value| {
        let fields = json!({"id": format!("{from_me}_{lid}_AAAA"), "fromMe": from_me, "from": lid, "to": lid,
            "_data": {"Info": info}});
        message("message.any", fields).sender.aliases
    };
    let contact = "11111111111@s.whatsapp.net";
    assert_eq!(written(true, json!({"SenderAlt": own, "RecipientAlt": contact})), [CONTACT]);
    assert_eq!(written(false, json!({"SenderAlt": contact, "RecipientAlt": own})), [CONTACT]);
    assert!(written(true, json!({"SenderAlt": own})).is_empty());
    assert!(written(false, json!({"RecipientAlt": own})).is_empty());
}

#[test]
fn the_engines_own_form_of_an_address_is_converted() {
    let fields = json!({"id": "false_11111111111@s.whatsapp.net_AAAA", "from": "11111111111:7@s.whatsapp.net"});
    assert_eq!(message("message", fields).thread, CONTACT);
}

#[test]
fn a_group_is_a_thread_of_several_people() {
    let id = format!("false_{GROUP}_AAAA_{CONTACT}");
    for fields in [
        json!({"id": id, "from": GROUP, "participant": CONTACT}),
        json!({"id": id, "from": GROUP, "author": CONTACT}),
        json!({"id": id, "from": GROUP}),
    ] {
        let message = message("message", fields);
        assert_eq!((message.id.as_str(), message.thread.as_str(), message.group), ("AAAA", GROUP, true));
        assert_eq!((message.sender.id.as_str(), message.sender.phone.as_deref()), (CONTACT, Some("+11111111111")));
    }
    let nobody = message("message", json!({"id": format!("false_{GROUP}_AAAA"), "from": GROUP}));
    assert_eq!(nobody.sender, Participant::new(GROUP));
    let own =
        json!({"id": format!("true_{GROUP}_AAAA_{ME}"), "from": ME, "to": GROUP, "participant": ME, "fromMe": true});
    let echo = message("message.any", own);
    assert_eq!((echo.thread.as_str(), echo.sender.id.as_str(), echo.echo, echo.group), (GROUP, GROUP, true, true));
}

#[test]
fn channels_stories_and_lists_are_no_conversations() {
    for from in ["123@newsletter", "status@broadcast", "123@broadcast"] {
        let fields = json!({"id": format!("false_{from}_AAAA"), "from": from, "participant": CONTACT});
        let reason = ignored(event("message", payload(fields)));
        assert_eq!(reason, "a message of a channel, a story or a broadcast list");
    }
}

#[test]
fn a_message_of_nobody_is_ignored() {
    for (fields, reason) in [
        (json!({"id": null}), "a message without an identifier"),
        (json!({"id": 7}), "a message without an identifier"),
        (json!({"id": "AAAA", "from": null}), "a message without the chat that it is of"),
        (json!({"id": "AAAA", "from": "me"}), "a message without the chat that it is of"),
    ] {
        assert_eq!(ignored(event("message", payload(fields))), reason);
    }
}

#[test]
fn times_of_every_form() {
    for (time, expected) in [
        (json!(1_667_561_485), 1_667_561_485_000_u64),
        (json!("1667561485"), 1_667_561_485_000),
        (json!(1_667_561_485.5), 1_667_561_485_500),
        (json!(1_667_561_485_123_u64), 1_667_561_485_123),
        (json!(null), 1_741_249_702_485),
        (json!(-5), 1_741_249_702_485),
        (json!(1e300), 1_741_249_702_485),
    ] {
        assert_eq!(message("message", json!({"timestamp": time})).sent_at, expected, "{time}");
    }
}

#[test]
fn other_events_mean_nothing() {
    for kind in [
        "state.change",
        "group.join",
        "group.v2.join",
        "group.v2.leave",
        "group.v2.update",
        "group.v2.participants",
        "poll.vote.failed",
        "chat.archive",
        "call.received",
        "call.accepted",
        "call.rejected",
        "label.upsert",
        "event.response",
        "engine.event",
        "unheard.of",
    ] {
        assert_eq!(ignored(event(kind, payload(json!({})))), format!("an event {kind}"));
    }
    let waiting = ignored(event("message.waiting", payload(json!({}))));
    assert_eq!(waiting, "a message that WhatsApp has not decrypted yet");
}
