//! What is not recorded, and particular to Instagram.

use crate::support::{CONTACT, OWN, as_message, one, parse_body, parse_item};
use patchbay_plugin_sdk::{Content, DeliveryState, Detail, Event, MediaKind, MediaSource};
use serde_json::json;

fn content(message: serde_json::Value) -> Content {
    as_message(one(parse_item(json!({"message": message})))).content
}

#[test]
fn what_is_seen_is_a_message_and_not_a_moment() {
    let Event::Status(status) = one(parse_item(json!({"read": {"mid": "m_1"}}))) else { panic!("no status") };
    assert_eq!((status.id.as_deref(), status.up_to, status.state), (Some("m_1"), None, DeliveryState::Read));
}

#[test]
fn a_message_that_the_api_does_not_show() {
    let said = content(json!({"mid": "m_1", "is_unsupported": true}));
    assert!(matches!(said.detail, Some(Detail::Unsupported(_))));
    let said = content(json!({"mid": "m_1", "attachments": [{"type": "ephemeral"}]}));
    assert!(matches!(said.detail, Some(Detail::Unsupported(_))));
}

#[test]
fn a_heart() {
    assert_eq!(content(json!({"mid": "m_1", "attachments": [{"type": "like_heart"}]})), Content::text("❤️"));
}

#[test]
fn a_reel_is_a_video() {
    let payload = json!({"url": "https://cdn/x", "title": "Beach", "reel_video_id": 1});
    let message = as_message(one(parse_item(
        json!({"message": {"mid": "m_1", "attachments": [{"type": "ig_reel", "payload": payload}]}}),
    )));
    let file = &message.content.attachments[0];
    assert_eq!((file.kind, &file.source), (MediaKind::Video, &MediaSource::Platform("https://cdn/x".to_owned())));
    assert!(message.metadata.contains("reel_video_id"));
}

#[test]
fn something_shared_is_a_file_where_it_is_served_as_one() {
    let shared =
        |url: &str| content(json!({"mid": "m_1", "attachments": [{"type": "share", "payload": {"url": url}}]}));
    let url = "https://scontent.cdninstagram.com/v/1.jpg";
    assert_eq!(shared(url).attachments[0].source, MediaSource::Platform(url.to_owned()));
    for page in ["https://www.instagram.com/p/x/", "https://notfbcdn.net/1", "https://evil.example/a.fbcdn.net"] {
        assert_eq!(shared(page), Content::text(page));
    }
}

#[test]
fn the_dashboards_trial_is_read() {
    let value = json!({"sender": {"id": "12334"}, "recipient": {"id": "23245"}, "timestamp": "1527459824",
        "message": {"mid": "random_mid", "text": "random_text"}});
    let change = json!({"field": "messages", "value": value});
    let body = json!({"object": "instagram", "entry": [{"id": "0", "time": 1, "changes": [change]}]});
    let message = as_message(one(parse_body(&body)));
    assert_eq!((message.sent_at, message.thread.as_str()), (1_527_459_824_000, "12334"));
}

#[test]
fn the_announcement_of_a_message_is_no_edit_of_it() {
    for text in [json!(null), json!("")] {
        let announced = one(parse_item(json!({"message_edit": {"mid": "m_1", "num_edit": 0, "text": text}})));
        assert_eq!(announced, Event::ignored("an edit without the new text"));
    }
}

#[test]
fn a_comment_is_ignored() {
    let change = json!({"field": "comments", "value": {"id": "1", "text": "nice"}});
    let body = json!({"object": "instagram", "entry": [{"id": OWN, "changes": [change]}]});
    assert!(matches!(one(parse_body(&body)), Event::Ignored(reason) if reason.contains("comments")));
}

#[test]
fn a_reaction_by_name_only() {
    let Event::Reaction(reaction) =
        one(parse_item(json!({"reaction": {"mid": "m", "action": "react", "reaction": "wow"}})))
    else {
        panic!("no reaction")
    };
    assert_eq!((reaction.emoji.as_deref(), reaction.sender.id.as_str()), (Some("😮"), CONTACT));
}
