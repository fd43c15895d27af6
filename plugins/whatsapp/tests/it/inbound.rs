//! Messages that no recorded payload shows.

use crate::support::{BSUID, CONTACT, as_message, channel, envelope, ignored, message, one, parse_body, parse_message};
use patchbay_plugin_sdk::testing::{NOW, snapshot, webhook};
use patchbay_plugin_sdk::{Connector, Detail, Event, MediaKind};
use patchbay_plugin_whatsapp::WhatsApp;
use serde_json::{Value, json};

pub const AT: u64 = 1_749_416_383_000;

pub fn unsupported(event: Event) -> Value {
    match as_message(event).content.detail {
        Some(Detail::Unsupported(raw)) => serde_json::from_str(&raw).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// `from` and `wa_id` are missing, or empty strings.
#[test]
fn inbound_bsuid_alone() {
    for absent in [json!({}), json!({"from": ""})] {
        let mut contact = json!({"profile": {"name": "Sheena", "username": "sheena.n"}, "user_id": BSUID});
        let mut message = json!({"id": "wamid.1", "type": "text", "text": {"body": "x"}, "from_user_id": BSUID,
            "from_parent_user_id": "US.ENT.11815799212886844830"});
        if absent.get("from").is_some() {
            contact["wa_id"] = json!("");
            message["from"] = json!("");
        }
        let body = envelope("messages", json!({"contacts": [contact], "messages": [message]}));
        let message = as_message(one(parse_body(&body)));
        assert_eq!(message.thread, BSUID);
        assert_eq!(
            snapshot(&message.sender),
            json!({"id": BSUID, "aliases": ["US.ENT.11815799212886844830"], "name": "Sheena", "username": "sheena.n"})
        );
    }
}

#[test]
fn inbound_contacts_pair_by_identifier_not_by_position() {
    let contacts = json!([
        {"profile": {"name": "Second"}, "wa_id": "2222222222"},
        {"profile": {"name": "Third"}, "user_id": "US.3"},
        {"profile": {"name": "First"}, "wa_id": "1111111111", "user_id": "US.1"},
        "another shape",
    ]);
    let write = |from: &str, user_id: &str| json!({"from": from, "from_user_id": user_id, "id": format!("{from}{user_id}"), "type": "text", "text": {"body": "x"}});
    let messages = [write("1111111111", ""), write("2222222222", ""), write("", "US.3"), write("4444444444", "US.4")];
    let events = parse_body(&envelope("messages", json!({"contacts": contacts, "messages": messages})));
    let names: Vec<_> = events.into_iter().map(|event| as_message(event).sender.name).collect();
    assert_eq!(names, [Some("First".to_owned()), Some("Second".to_owned()), Some("Third".to_owned()), None]);
}

#[test]
fn inbound_group() {
    let event = parse_message(json!({"type": "text", "text": {"body": "all"}, "group_id": "Y2FwaV9ncm91cDox"}));
    let message = as_message(event);
    assert!(message.group);
    assert_eq!((message.thread.as_str(), message.sender.id.as_str()), ("Y2FwaV9ncm91cDox", CONTACT));
    assert_eq!(message.sender.name.as_deref(), Some("Sheena Nelson"));
}

#[test]
fn inbound_order() {
    let order = json!({"catalog_id": "194836987003835", "text": "please", "product_items": [
        {"product_retailer_id": "di9ozbzfi4", "quantity": 2, "item_price": 30, "currency": "USD"},
        {"product_retailer_id": "nqryix03ez", "quantity": 1, "item_price": 25.5, "currency": "USD"},
    ]});
    let message = as_message(parse_message(json!({"type": "order", "order": order})));
    let summary = "please\n2 × di9ozbzfi4 (30 USD)\n1 × nqryix03ez (25.5 USD)";
    assert_eq!(message.content.text.as_deref(), Some(summary));
    assert_eq!(serde_json::from_str::<Value>(&message.metadata).unwrap(), json!({"order": order}));
}

#[test]
fn inbound_form_reply() {
    let form = json!({"name": "flow", "body": "Sent", "response_json": "{\"flow_token\":\"t\",\"size\":\"M\"}"});
    let message = as_message(parse_message(
        json!({"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": form}}),
    ));
    assert_eq!(message.content.text.as_deref(), Some("Sent"));
    assert_eq!(serde_json::from_str::<Value>(&message.metadata).unwrap(), json!({"nfm_reply": form}));
}

/// The object is missing when an error stands beside the message.
#[test]
fn inbound_interactive_without_its_object() {
    let fields = json!({"type": "interactive"});
    let errors = json!([{"code": 131_000, "title": "Something went wrong"}]);
    let events = parse_body(&envelope("messages", json!({"messages": [message(fields.clone())], "errors": errors})));
    let [first, second] = <[Event; 2]>::try_from(events).unwrap();
    assert_eq!(unsupported(first), message(fields));
    assert_eq!(ignored(second), "error 131000: Something went wrong");
}

#[test]
fn inbound_types_and_shapes_that_are_not_known_are_kept_whole() {
    for fields in [
        json!({"type": "hologram", "hologram": {"depth": 3}}),
        json!({"type": "text", "text": "not an object"}),
        json!({"type": "text", "text": {"body": ""}}),
        json!({"type": "image", "image": {"caption": "no id"}}),
        json!({"type": "location", "location": {"latitude": "north", "longitude": 1}}),
        json!({"type": "contacts", "contacts": {}}),
        json!({"type": "reaction", "reaction": {"emoji": "👍"}}),
        json!({"type": "button", "button": []}),
        json!({"type": "order"}),
        json!({"type": "unknown", "errors": [{"code": 131_051}], "unsupported": {"type": "poll"}}),
        json!({}),
    ] {
        assert_eq!(unsupported(parse_message(fields.clone())), message(fields));
    }
}

/// A text that was cut may end in half a character.
#[test]
fn inbound_half_a_character() {
    let messages = json!([
        message(json!({"type": "text", "text": {"body": "HALF"}, "referral": {"headline": "HALF"}})),
        message(json!({"type": "image", "image": {"id": "1", "caption": "HALF"}})),
        message(json!({"type": "hologram", "hologram": {"title": "HALF"}})),
    ]);
    let contact = json!({"profile": {"name": "HALF"}, "wa_id": CONTACT});
    let body = envelope("messages", json!({"contacts": [contact], "messages": messages})).to_string();
    let body = body.replace("HALF", r"so \ud83d");
    let events = WhatsApp::parse(&channel(), &webhook(body)).unwrap();
    let [text, image, other] = <[Event; 3]>::try_from(events).unwrap();
    let (text, image) = (as_message(text), as_message(image));
    let replaced = Some("so \u{fffd}");
    assert_eq!((text.content.text.as_deref(), text.sender.name.as_deref()), (replaced, replaced));
    assert_eq!(image.content.attachments[0].caption.as_deref(), replaced);
    for metadata in [text.metadata, image.metadata] {
        assert!(serde_json::from_str::<Value>(&metadata).unwrap().to_string().contains("so \u{fffd}"), "{metadata}");
    }
    assert_eq!(unsupported(other)["hologram"]["title"], json!("so \u{fffd}"));
}

#[test]
fn inbound_voice_as_a_type_of_its_own() {
    let message = as_message(parse_message(json!({"type": "voice", "voice": {"id": "1", "mime_type": "audio/ogg"}})));
    assert_eq!(message.content.attachments[0].kind, MediaKind::Voice);
}

#[test]
fn inbound_contact_card_with_gaps() {
    let cards = json!([
        {"name": {"first_name": "Ann", "last_name": "Lee"}, "phones": [{"phone": "+1 (2)"}, {"wa_id": "13"}]},
        {"emails": [{"type": "WORK"}, {"email": "a@example.com"}]},
        {"vcard": "BEGIN:VCARD", "origin": "x"},
    ]);
    let message = as_message(parse_message(json!({"type": "contacts", "contacts": cards})));
    assert_eq!(
        snapshot(&message.content),
        json!({"detail": {"contacts": [
            {"id": "+1 (2)", "aliases": ["13"], "name": "Ann Lee", "phone": "+1 (2)"},
            {"id": "", "email": "a@example.com"},
            {"id": ""},
        ]}})
    );
}

#[test]
fn inbound_user_id_changed() {
    let system = json!({"type": "user_changed_user_id", "user_id": "MX.2", "previous_user_id": "CO.1", "body": "…"});
    let message = json!({"id": "wamid.1", "timestamp": "1753851315", "type": "system", "system": system});
    let event = one(parse_body(&envelope("messages", json!({"messages": [message]}))));
    assert_eq!(snapshot(&event), json!({"contact": {"id": "MX.2", "aliases": ["CO.1"]}}));
}

#[test]
fn inbound_number_changed_with_bsuids() {
    let system = json!({"type": "user_changed_number", "wa_id": "12195555358", "user_id": "US.2"});
    let event = parse_message(json!({"type": "system", "system": system, "from_user_id": "US.1"}));
    let contact = json!({"id": "12195555358", "aliases": [CONTACT, "US.1", "US.2"], "phone": "+12195555358"});
    assert_eq!(snapshot(&event), json!({"contact": contact}));
}

#[test]
fn inbound_system_without_a_use() {
    for (system, reason) in [
        (json!({"type": "user_changed_number"}), "a contact changed their identifier, but the new one is not told"),
        (json!({"type": "user_preference_changed"}), "a system message of type user_preference_changed"),
        (json!("another shape"), "a system message of type "),
    ] {
        assert_eq!(ignored(parse_message(json!({"type": "system", "system": system}))), reason);
    }
    let opened = parse_message(json!({"type": "request_welcome"}));
    assert_eq!(ignored(opened), "a contact opened the chat for the first time");
}

#[test]
fn inbound_without_identifiers_is_ignored() {
    for message in [
        json!({"id": "wamid.1", "type": "text", "text": {"body": "x"}}),
        json!({"from": CONTACT, "type": "text", "text": {"body": "x"}}),
        json!("not an object"),
    ] {
        ignored(one(parse_body(&envelope("messages", json!({"messages": [message]})))));
    }
}

#[test]
fn inbound_without_a_time_came_when_the_webhook_came() {
    for timestamp in [json!(null), json!("soon"), json!([])] {
        let event = parse_message(json!({"type": "text", "text": {"body": "x"}, "timestamp": timestamp}));
        assert_eq!(as_message(event).sent_at, NOW);
    }
    let number = parse_message(json!({"type": "text", "text": {"body": "x"}, "timestamp": 1_749_416_383}));
    assert_eq!(as_message(number).sent_at, AT);
}

/// It leaves replies and all that is not marketing as they are.
#[test]
fn inbound_marketing_preference_is_no_opt_out() {
    for value in ["stop", "resume"] {
        let preference = json!({"wa_id": CONTACT, "detail": "User requested it", "category": "marketing_messages",
            "value": value, "timestamp": 1_731_705_721});
        let event = one(parse_body(&envelope("user_preferences", json!({"user_preferences": [preference]}))));
        assert_eq!(ignored(event), format!("a contact's preference for marketing_messages: {value}"));
    }
}
