//! What is not recorded: the kinds and shapes that the documentation describes.

use crate::support::{CONTACT, OWN, as_message, one, parse_body, parse_item};
use patchbay_plugin_facebook::Facebook;
use patchbay_plugin_sdk::testing::{NOW, webhook};
use patchbay_plugin_sdk::{
    Connector, Content, DeliveryState, Detail, Event, MediaKind, MediaSource, MessageRef, Participant,
};
use serde_json::json;

fn content(message: serde_json::Value) -> Content {
    as_message(one(parse_item(json!({"message": message})))).content
}

#[test]
fn our_own_echo_carries_what_we_sent_with_it() {
    let echo = json!({"mid": "m_1", "is_echo": true, "metadata": "0190", "app_id": 7, "text": "hi"});
    let item = json!({"sender": {"id": OWN}, "recipient": {"id": CONTACT}, "message": echo});
    let message = as_message(one(parse_item(item)));
    assert!(message.echo);
    assert_eq!((message.thread.as_str(), message.sender.id.as_str()), (CONTACT, CONTACT));
    assert_eq!(message.correlation.as_deref(), Some("0190"));
}

#[test]
fn a_contact_cannot_correlate() {
    let message = json!({"mid": "m_1", "metadata": "0190", "text": "hi"});
    assert_eq!(as_message(one(parse_item(json!({"message": message})))).correlation, None);
}

#[test]
fn an_edit() {
    let edit = json!({"message_edit": {"mid": "m_1", "text": "better", "num_edit": 2}});
    let Event::MessageEdited(edit) = one(parse_item(edit)) else { panic!("no edit") };
    assert_eq!((edit.message, edit.content), (MessageRef::new(CONTACT, "m_1"), Content::text("better")));
}

#[test]
fn a_watermark_reaches_what_came_before_it() {
    let seconds = json!({"delivery": {"watermark": "1569262485"}});
    let Event::Status(status) = one(parse_item(seconds)) else { panic!("no status") };
    assert_eq!((status.id, status.up_to), (None, Some(1_569_262_485_000)));
    assert_eq!((status.state, status.thread.as_deref()), (DeliveryState::Delivered, Some(CONTACT)));
}

#[test]
fn a_time_in_another_unit_is_none() {
    let message = json!({"mid": "m_1", "text": "hi"});
    for nanoseconds in [json!(1_569_262_485_349_000_000_u64), json!("1569262485349000000")] {
        let event = one(parse_item(json!({"timestamp": nanoseconds, "message": message})));
        assert_eq!(as_message(event).sent_at, NOW);
    }
}

#[test]
fn a_receipt_of_nothing_is_ignored() {
    assert!(matches!(one(parse_item(json!({"read": {}}))), Event::Ignored(_)));
}

#[test]
fn a_postback_without_an_identifier_has_one_of_its_own() {
    let message = as_message(one(parse_item(json!({"postback": {"title": "Start", "payload": "GO"}}))));
    assert_eq!(message.id, format!("postback.{CONTACT}.1569262485349"));
    assert!(matches!(message.content.detail, Some(Detail::Choice(choice)) if choice.id == "GO"));
}

#[test]
fn what_another_app_answers_is_stored_and_marked() {
    let item = json!({"sender": {"id": CONTACT}, "recipient": {"id": OWN}, "message": {"mid": "m_1", "text": "hi"}});
    let message = as_message(one(parse_body(&json!({"object": "page", "entry": [{"id": OWN, "standby": [item]}]}))));
    assert_eq!(message.metadata, r#"{"standby":true}"#);
}

#[test]
fn files_are_fetched_by_their_address() {
    for (kind, expected) in [
        ("image", MediaKind::Image),
        ("audio", MediaKind::Audio),
        ("video", MediaKind::Video),
        ("reel", MediaKind::Video),
        ("file", MediaKind::Document),
    ] {
        let said = content(json!({"mid": "m_1", "attachments": [{"type": kind, "payload": {"url": "https://cdn/x"}}]}));
        assert_eq!(said.attachments[0].kind, expected, "{kind}");
        assert_eq!(said.attachments[0].source, MediaSource::Platform("https://cdn/x".to_owned()));
    }
}

#[test]
fn an_echo_has_its_files_address_beside_the_payload() {
    let attachment = json!({"type": "image", "payload": null, "title": "x", "url": "https://cdn/y", "id": 17});
    let said = content(json!({"mid": "m_1", "attachments": [attachment]}));
    assert_eq!(said.attachments[0].source, MediaSource::Platform("https://cdn/y".to_owned()));
}

#[test]
fn an_image_that_is_a_sticker_is_one() {
    let payload = json!({"url": "https://cdn/like.png", "sticker_id": 369});
    let said = content(json!({"mid": "m_1", "attachments": [{"type": "image", "payload": payload}]}));
    assert_eq!(said.attachments[0].kind, MediaKind::Sticker);
}

#[test]
fn an_unknown_attachment_stays_whole() {
    let attachment = json!({"type": "appointment_booking", "payload": {"day": 1}});
    let message = as_message(one(parse_item(json!({"message": {"mid": "m_1", "attachments": [attachment]}}))));
    assert!(matches!(message.content.detail, Some(Detail::Unsupported(_))));
    assert!(message.metadata.contains("appointment_booking"));
}

#[test]
fn a_link_without_a_payload_leaves_the_text() {
    let said = content(json!({"mid": "m_1", "text": "look", "attachments": [{"type": "fallback"}]}));
    assert_eq!(said, Content::text("look"));
}

#[test]
fn consent_to_be_written_to() {
    assert_eq!(parse_item(json!({"optin": {"ref": "x"}})), [Event::OptIn(Participant::new(CONTACT))]);
    let marketing = json!({"optin": {"notification_messages_status": "STOP_NOTIFICATIONS"}});
    assert!(matches!(one(parse_item(marketing)), Event::Ignored(_)));
    let once = json!({"optin": {"type": "one_time_notif_req", "payload": "x", "one_time_notif_token": "t"}});
    assert_eq!(one(parse_item(once)), Event::ignored("consent to one_time_notif_req"));
}

#[test]
fn what_is_not_known_is_ignored() {
    for item in [
        json!({"account_linking": {"status": "linked"}}),
        json!({"brand_new": {}}),
        json!({"message": {"text": "without an identifier"}}),
        json!({"sender": {}, "message": {"mid": "m_1"}}),
        json!({"reaction": {"mid": "m_1", "action": "wave"}}),
    ] {
        assert!(matches!(one(parse_item(item.clone())), Event::Ignored(_)), "{item}");
    }
    let feed = json!({"object": "page", "entry": [{"id": OWN, "changes": [{"field": "feed", "value": {}}]}]});
    assert!(matches!(one(parse_body(&feed)), Event::Ignored(reason) if reason.contains("feed")));
    assert!(matches!(one(parse_body(&json!({"object": "user"}))), Event::Ignored(_)));
}

#[test]
fn another_pages_entry_is_not_ours() {
    let item = json!({"sender": {"id": "1"}, "recipient": {"id": "2"}, "message": {"mid": "m_1", "text": "hi"}});
    assert!(parse_body(&json!({"object": "page", "entry": [{"id": "2", "messaging": [item]}]})).is_empty());
}

#[test]
fn half_a_character_is_replaced() {
    let attachment = json!({"type": "template", "title": "HALF"});
    let item =
        json!({"sender": {"id": CONTACT}, "message": {"mid": "m_1", "text": "HALF", "attachments": [attachment]}});
    let body = json!({"object": "page", "entry": [{"id": OWN, "messaging": [item]}]}).to_string();
    let body = body.replace("HALF", r"so \ud83d");
    let message = as_message(one(Facebook::parse(&crate::support::channel(), &webhook(body)).unwrap()));
    assert_eq!(message.content, Content::text("so \u{fffd}"));
    assert!(serde_json::from_str::<serde_json::Value>(&message.metadata).is_ok(), "{}", message.metadata);
}

#[test]
fn what_is_no_json_is_told() {
    assert!(Facebook::parse(&crate::support::channel(), &webhook("{")).is_err());
}
