//! Edits and revocations, and what the business writes from its own app.

use crate::inbound::{AT, unsupported};
use crate::support::{BSUID, CONTACT, as_message, envelope, message, one, parse_body, parse_message};
use patchbay_plugin_sdk::testing::snapshot;
use patchbay_plugin_sdk::{Event, MediaSource, MessageRef};
use serde_json::{Value, json};

fn echo(fields: Value) -> Event {
    let mut echo = message(fields);
    echo["from"] = json!("15550783881");
    echo["to"] = json!(CONTACT);
    one(parse_body(&envelope("smb_message_echoes", json!({"message_echoes": [echo]}))))
}

#[test]
fn inbound_edit() {
    let edited = json!({"type": "text", "text": {"body": "Text was edited"}});
    let event = parse_message(json!({"type": "edit", "edit": {"original_message_id": "wamid.0", "message": edited}}));
    assert_eq!(
        snapshot(&event),
        json!({"message-edited": {
            "message": {"thread": CONTACT, "id": "wamid.0"},
            "content": {"text": "Text was edited"},
            "at": AT,
        }})
    );
}

#[test]
fn inbound_edit_of_a_caption() {
    let with = |image: Value| {
        let edited = json!({"type": "image", "image": image});
        match parse_message(json!({"type": "edit", "edit": {"original_message_id": "wamid.0", "message": edited}})) {
            Event::MessageEdited(edit) => edit.content,
            other => panic!("{other:?}"),
        }
    };
    let whole = with(json!({"caption": "new", "mime_type": "image/jpeg", "id": "65463453"}));
    assert_eq!(whole.attachments[0].caption.as_deref(), Some("new"));
    assert_eq!(whole.attachments[0].source, MediaSource::Platform("65463453".to_owned()));
    let words = with(json!({"caption": "new"}));
    assert_eq!((words.text.as_deref(), words.attachments.len()), (Some("new"), 0));
}

#[test]
fn inbound_edit_of_an_unknown_shape_is_kept_whole() {
    let fields = json!({"type": "edit", "edit": {"message": {"type": "text"}}});
    assert_eq!(unsupported(parse_message(fields.clone())), message(fields));
}

#[test]
fn inbound_revoke() {
    let event = parse_message(json!({"type": "revoke", "revoke": {"original_message_id": "wamid.0"}}));
    assert_eq!(event, Event::MessageDeleted(MessageRef::new(CONTACT, "wamid.0")));
}

#[test]
fn inbound_echo_edit_and_revoke() {
    let edited = json!({"type": "text", "text": {"body": "better"}});
    let edit = echo(json!({"type": "edit", "edit": {"original_message_id": "wamid.0", "message": edited}}));
    match edit {
        Event::MessageEdited(edit) => {
            assert_eq!(edit.message, MessageRef::new(CONTACT, "wamid.0"));
            assert_eq!(edit.content.text.as_deref(), Some("better"));
        }
        other => panic!("{other:?}"),
    }
    let revoke = echo(json!({"type": "revoke", "revoke": {"original_message_id": "wamid.0"}}));
    assert_eq!(revoke, Event::MessageDeleted(MessageRef::new(CONTACT, "wamid.0")));
}

#[test]
fn inbound_echo_reaction() {
    match echo(json!({"type": "reaction", "reaction": {"message_id": "wamid.0", "emoji": "👍"}})) {
        Event::Reaction(reaction) => {
            assert_eq!(reaction.message, MessageRef::new(CONTACT, "wamid.0"));
            assert_eq!(reaction.sender.id, "15550783881");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn inbound_echo_to_a_bsuid() {
    let echo =
        json!({"from": "15550783881", "to_user_id": BSUID, "id": "wamid.2", "type": "text", "text": {"body": "x"}});
    let message = as_message(one(parse_body(&envelope("smb_message_echoes", json!({"message_echoes": [echo]})))));
    assert!(message.echo);
    assert_eq!((message.thread.as_str(), message.sender.id.as_str(), message.sender.phone), (BSUID, BSUID, None));
}
