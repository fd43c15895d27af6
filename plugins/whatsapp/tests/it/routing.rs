//! Which channel a webhook concerns, batches, and bodies that cannot be read.

use crate::support::{
    ACCOUNT, CONTACT, NUMBER, as_message, channel, channel_of, envelope, fixture, ignored, message, one, parse_body,
};
use patchbay_plugin_sdk::testing::{channel as channel_with, webhook};
use patchbay_plugin_sdk::{Connector, Event};
use patchbay_plugin_whatsapp::WhatsApp;
use serde_json::{Value, json};

const OTHER: &str = "222222222222222";

fn text(id: &str) -> Value {
    message(json!({"id": id, "type": "text", "text": {"body": id}}))
}

fn two_numbers() -> Value {
    let mut body = envelope("messages", json!({"messages": [text("ours")]}));
    let mut theirs = envelope("messages", json!({"messages": [text("theirs")]}))["entry"][0].clone();
    theirs["changes"][0]["value"]["metadata"]["phone_number_id"] = json!(OTHER);
    let about_account = json!({"id": "waba-2", "changes": [{"field": "account_update", "value": {"event": "X"}}]});
    body["entry"].as_array_mut().unwrap().extend([theirs, about_account]);
    body
}

#[test]
fn addresses_are_every_number_once_and_the_accounts_of_the_rest() {
    assert_eq!(WhatsApp::addresses(&webhook(two_numbers().to_string())), [NUMBER, OTHER, "waba-2"]);
    assert_eq!(WhatsApp::addresses(&fixture("batch_two_entries").webhook()), [NUMBER]);
    for nothing in ["", "{", "[]", r#"{"entry": 5}"#, r#"{"object": "whatsapp_business_account"}"#] {
        assert_eq!(WhatsApp::addresses(&webhook(nothing)), Vec::<String>::new(), "{nothing}");
    }
}

#[test]
fn each_channel_takes_its_own() {
    let webhook = webhook(two_numbers().to_string());
    let ids = |number: &str| -> Vec<String> {
        let events = WhatsApp::parse(&channel_of(number), &webhook).unwrap();
        events.into_iter().map(|event| as_message(event).id).collect()
    };
    assert_eq!(ids(NUMBER), ["ours"]);
    assert_eq!(ids(OTHER), ["theirs"]);
    assert_eq!(ids("333333333333333"), Vec::<String>::new());
}

#[test]
fn a_channel_without_an_account_takes_nothing_of_accounts() {
    let channel = channel_with("WHATSAPP", &json!({"phoneNumberId": NUMBER}));
    let change = json!({"field": "account_update", "value": {"event": "X"}});
    for id in [json!(ACCOUNT), json!(""), json!(null)] {
        let body = json!({"object": "whatsapp_business_account", "entry": [{"id": id, "changes": [change]}]});
        assert_eq!(WhatsApp::parse(&channel, &webhook(body.to_string())), Ok(vec![]));
    }
}

#[test]
fn a_batch_of_a_thousand_keeps_its_order() {
    let messages: Vec<Value> = (0..500).map(|number| text(&format!("wamid.{number}"))).collect();
    let statuses: Vec<Value> = (0..500)
        .map(|number| json!({"id": format!("wamid.OUT{number}"), "status": "sent", "recipient_id": CONTACT}))
        .collect();
    let mut body = envelope("messages", json!({"messages": messages}));
    let more = envelope("messages", json!({"statuses": statuses}))["entry"][0].clone();
    body["entry"].as_array_mut().unwrap().push(more);
    let ids: Vec<String> = parse_body(&body)
        .into_iter()
        .map(|event| match event {
            Event::Message(message) => message.id,
            Event::Status(status) => status.id.unwrap(),
            other => panic!("{other:?}"),
        })
        .collect();
    let expected: Vec<String> = ["wamid.", "wamid.OUT"]
        .iter()
        .flat_map(|prefix| (0..500).map(move |number| format!("{prefix}{number}")))
        .collect();
    assert_eq!(ids, expected);
}

#[test]
fn one_strange_part_spoils_no_other() {
    let messages = json!([text("first"), 5, {"id": ["x"], "from": {}}, text("last")]);
    let body = envelope("messages", json!({"messages": messages, "contacts": 7, "statuses": "none", "errors": {}}));
    let events = parse_body(&body);
    let ids: Vec<&str> = events
        .iter()
        .filter_map(|event| if let Event::Message(message) = event { Some(message.id.as_str()) } else { None })
        .collect();
    assert_eq!((ids, events.len()), (vec!["first", "last"], 4));
}

#[test]
fn fields_and_shapes_that_are_not_known_are_ignored_with_a_reason() {
    for field in ["group_lifecycle_update", "history", "smb_app_state_sync", "brand_new"] {
        assert_eq!(ignored(one(parse_body(&envelope(field, json!({"groups": [{}]}))))), field);
    }
    let empty = parse_body(&envelope("messages", json!({})));
    assert_eq!(ignored(one(empty)), "nothing known in a change of messages");
    for other in [r#"{"object": "page", "entry": []}"#, "[1, 2]", "5", r#"{"entry": {"a": 1}}"#] {
        let events = WhatsApp::parse(&channel(), &webhook(other)).unwrap();
        assert_eq!(ignored(one(events)), "not a webhook of a WhatsApp Business Account", "{other}");
    }
    assert_eq!(parse_body(&json!({"object": "whatsapp_business_account", "entry": []})), []);
}

#[test]
fn what_is_not_json_is_an_error() {
    let whole = fixture("text").webhook().body;
    for length in [0, 1, whole.len() / 2, whole.len() - 1] {
        let error = WhatsApp::parse(&channel(), &webhook(&whole[..length])).unwrap_err();
        assert!(error.contains("not JSON"), "{length}: {error}");
    }
    let mut binary = whole;
    binary[20] = 0xff;
    assert!(WhatsApp::parse(&channel(), &webhook(binary)).unwrap_err().contains("not UTF-8"));
}

#[test]
fn a_channel_without_a_number_is_an_error() {
    let channel = channel_with("WHATSAPP", &json!({}));
    let error = WhatsApp::parse(&channel, &fixture("text").webhook()).unwrap_err();
    assert!(error.contains("phoneNumberId"), "{error}");
}
