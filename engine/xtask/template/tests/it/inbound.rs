use crate::{channel, fixture};
use patchbay_plugin_{{crate}}::{{Name}};
use patchbay_plugin_sdk::testing::{NOW, snapshot, with_secrets};
use patchbay_plugin_sdk::{Acceptance, Connector, Rejection};
use serde_json::{Value, json};

fn events(name: &str) -> Value {
    snapshot(&{{Name}}::parse(&channel(), &fixture(name).webhook()).unwrap())
}

#[test]
fn a_text_is_a_message_of_its_sender() {
    let expected = json!([{"message": {
        "id": "m1",
        "thread": "ada",
        "sender": {"id": "ada"},
        "sent_at": NOW,
        "content": {"text": "Hello, I need help"},
    }}]);
    assert_eq!(events("text"), expected);
}

#[test]
fn a_type_that_is_not_known_is_ignored() {
    assert_eq!(events("unknown"), json!([{"ignored": "the type \"wave\""}]));
}

#[test]
fn only_what_is_signed_is_kept() {
    let signed = fixture("signed");
    let secret = signed.text("secret").unwrap();
    with_secrets([("signingKey", secret)], || {
        assert!(matches!({{Name}}::accept(&channel(), &signed.webhook()), Ok(Acceptance::Keep(_))));
        let unsigned = {{Name}}::accept(&channel(), &fixture("text").webhook());
        assert!(matches!(unsigned, Err(Rejection::Unauthentic(_))));
    });
}
