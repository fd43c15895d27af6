//! What happened on the page.

use crate::support::{AT, COMMENT, MEMBER, PAGE, POST, REPLY, SHARE, decorated, event, ignored, message, notification};
use patchbay_plugin_sdk::testing::{NOW, snapshot};
use patchbay_plugin_sdk::{Detail, Event, MessageRef};
use serde_json::{Value, json};

#[test]
fn a_comment_is_a_conversation_of_its_own() {
    let told = message(event(notification("COMMENT", json!({}))));
    assert_eq!((told.id.as_str(), told.thread.as_str(), told.echo), (COMMENT, COMMENT, false));
    assert_eq!((told.sender.id.as_str(), told.sender.name.as_deref()), (MEMBER, Some("LinkedIn member")));
    assert_eq!((told.sent_at, told.content.text.as_deref()), (AT, Some("Hello")));
    let mut metadata: Value = serde_json::from_str(&told.metadata).unwrap();
    let asked = metadata.as_object_mut().unwrap().remove("patchbay-ask");
    assert_eq!(metadata, json!({"type": "comment", "post": POST, "author": MEMBER}));
    assert!(asked.is_some(), "whether it answers another comment, nobody says");
}

#[test]
fn an_answer_is_in_the_conversation_of_the_comment() {
    let named = json!({"generatedActivity": REPLY});
    for above in [json!({"object": COMMENT}), json!({"object": POST, "parentComment": COMMENT})] {
        let fields = crate::support::with(json!({"owner": MEMBER, "text": "Me too", "entity": REPLY}), above);
        let told = message(event(notification("COMMENT", crate::support::with(named.clone(), decorated(fields)))));
        assert_eq!((told.id.as_str(), told.thread.as_str()), (REPLY, COMMENT));
        assert_eq!((told.reply_to.as_deref(), told.sender.aliases), (Some(COMMENT), vec![REPLY.to_owned()]));
        assert!(!told.metadata.contains("patchbay-ask"), "{}", told.metadata);
    }
}

#[test]
fn either_place_names_the_comment() {
    for fields in
        [json!({"generatedActivity": COMMENT}), json!({"generatedActivity": null}), json!({"generatedActivity": 7})]
    {
        assert_eq!(message(event(notification("COMMENT", fields))).id, COMMENT);
    }
    let nameless = json!({"generatedActivity": null, "decoratedGeneratedActivity": null});
    for action in ["COMMENT", "ADMIN_COMMENT", "COMMENT_EDIT", "COMMENT_DELETE"] {
        let reason = ignored(event(notification(action, nameless.clone())));
        assert_eq!(reason, "a notification that does not name its comment", "{action}");
    }
}

#[test]
fn a_comment_without_its_decoration_is_kept_until_it_is_fetched() {
    for fields in [json!({"decoratedGeneratedActivity": null}), decorated(json!({"entity": COMMENT}))] {
        let told = message(event(notification("COMMENT", fields)));
        assert_eq!((told.id.as_str(), told.thread.as_str(), told.sender.id.as_str()), (COMMENT, COMMENT, COMMENT));
        assert!(told.content.text.is_none() && matches!(told.content.detail, Some(Detail::Unsupported(_))));
    }
}

#[test]
fn what_the_page_writes_is_an_echo() {
    let own = json!({"owner": PAGE, "text": "Yes", "entity": REPLY, "object": COMMENT});
    for action in ["ADMIN_COMMENT", "COMMENT"] {
        let fields = crate::support::with(json!({"generatedActivity": REPLY}), decorated(own.clone()));
        let told = message(event(notification(action, fields)));
        assert_eq!((told.id.as_str(), told.thread.as_str(), told.echo), (REPLY, COMMENT, true));
        assert_eq!(told.sender.id, COMMENT, "the other side is the conversation");
    }
    let bare = message(event(notification("ADMIN_COMMENT", json!({"decoratedGeneratedActivity": null}))));
    assert!(bare.echo);
}

#[test]
fn another_page_is_somebody_else() {
    let fields = decorated(json!({"owner": "urn:li:organization:7", "text": "Hi", "entity": COMMENT, "object": POST}));
    let told = message(event(notification("COMMENT", fields)));
    assert_eq!((told.echo, told.sender.name.as_deref()), (false, Some("LinkedIn page")));
}

#[test]
fn edits_and_deletions() {
    let edited = event(notification("COMMENT_EDIT", json!({})));
    let reference = json!({"thread": COMMENT, "id": COMMENT});
    assert_eq!(
        snapshot(&edited),
        json!({"message-edited": {"message": reference, "content": {"text": "Hello"}, "at": AT}})
    );
    let silent = event(notification("COMMENT_EDIT", json!({"decoratedGeneratedActivity": null})));
    assert_eq!(ignored(silent), "a comment's edit that does not say its new text");
    for fields in [json!({}), json!({"decoratedGeneratedActivity": null})] {
        let deleted = event(notification("COMMENT_DELETE", fields));
        assert_eq!(deleted, Event::MessageDeleted(MessageRef::new(COMMENT, COMMENT)));
    }
}

fn mention(fields: Value) -> Value {
    let share = json!({"owner": MEMBER, "text": "Great support", "entity": SHARE});
    let told = json!({"generatedActivity": SHARE, "sourcePost": SHARE, "decoratedGeneratedActivity": {"share": share}});
    notification("SHARE_MENTION", crate::support::with(told, fields))
}

#[test]
fn mentions() {
    let told = message(event(mention(json!({}))));
    assert_eq!((told.id.as_str(), told.thread.as_str(), told.sender.id.as_str()), (SHARE, SHARE, MEMBER));
    assert_eq!(told.content.text.as_deref(), Some("Great support"));
    let silent = message(event(mention(json!({"decoratedGeneratedActivity": null}))));
    assert_eq!((silent.id.as_str(), silent.sender.id.as_str()), (SHARE, SHARE));
    assert!(matches!(silent.content.detail, Some(Detail::Unsupported(_))));
    let own = json!({"decoratedGeneratedActivity": {"share": {"owner": PAGE, "text": "We", "entity": SHARE}}});
    assert_eq!(ignored(event(mention(own))), "the page mentions itself");
    let in_comment = json!({"generatedActivity": COMMENT, "decoratedGeneratedActivity": null});
    assert_eq!(ignored(event(mention(in_comment))), "a mention of the page that is in no post");
}

#[test]
fn what_is_nothing_for_a_helpdesk() {
    for (action, reason) in [
        ("LIKE", "a reaction to a post"),
        ("SHARE", "a post was shared"),
        ("DANCE", "a notification of a kind that is not known"),
        ("", "a notification of a kind that is not known"),
    ] {
        assert_eq!(ignored(event(notification(action, json!({})))), reason);
    }
}

#[test]
fn a_time_that_is_none_is_when_it_arrived() {
    for at in [json!(null), json!("1749400000000"), json!(-1), json!(0), json!(1e300), json!(u64::MAX)] {
        assert_eq!(message(event(notification("COMMENT", json!({"lastModifiedAt": at})))).sent_at, NOW);
    }
}
