//! Messages that are encrypted from end to end.

use crate::support::{ACCOUNT, CONTACT, activity, ignored, message, with};
use patchbay_plugin_sdk::{Detail, Event};
use serde_json::{Value, json};

fn chat(kind: &str, fields: Value) -> Event {
    let payload = json!({"id": "e4f4d3fc", "sender_id": CONTACT, "conversation_id": format!("{CONTACT}:{ACCOUNT}"),
        "created_at_msec": "1749407983000", "encoded_event": "CwAB"});
    activity(kind, with(payload, fields))
}

#[test]
fn a_placeholder_says_where_to_read_it() {
    let received = message(chat("chat.received", json!({})));
    assert_eq!((received.id.as_str(), received.thread.as_str(), received.echo), ("e4f4d3fc", CONTACT, false));
    assert_eq!(received.content.text.as_deref(), Some("Encrypted message, open X to read it"));
    let Some(Detail::Unsupported(raw)) = received.content.detail else { panic!("no detail") };
    assert!(!raw.contains("CwAB"), "{raw}");
    let metadata: Value = serde_json::from_str(&received.metadata).unwrap();
    assert_eq!(metadata["channelAlert"]["kind"], "encrypted");
}

#[test]
fn what_the_account_wrote_alarms_nobody() {
    for (kind, conversation) in
        [("chat.sent", format!("{ACCOUNT}:{CONTACT}")), ("chat.received", format!("{CONTACT}-{ACCOUNT}"))]
    {
        let own = message(chat(kind, json!({"sender_id": ACCOUNT, "conversation_id": conversation})));
        assert_eq!((own.thread.as_str(), own.echo, own.metadata.as_str()), (CONTACT, true, "{}"));
    }
}

#[test]
fn a_group_is_its_own_conversation() {
    let received = message(chat("chat.received", json!({"conversation_id": "g77"})));
    assert_eq!((received.thread.as_str(), received.sender.id.as_str(), received.group), ("g77", CONTACT, true));
    let own = message(chat("chat.sent", json!({"conversation_id": "g77", "sender_id": ACCOUNT})));
    assert_eq!((own.thread.as_str(), own.echo, own.group), ("g77", true, true));
}

#[test]
fn what_cannot_be_told_apart_means_nothing() {
    assert_eq!(ignored(chat("chat.received", json!({"id": null}))), "an encrypted message without an identifier");
    let nobody = json!({"sender_id": null, "conversation_id": null});
    assert_eq!(ignored(chat("chat.received", nobody)), "an encrypted message without a sender");
    let other = message(chat("chat.received", json!({"sender_id": null})));
    assert_eq!(other.thread, CONTACT);
}
