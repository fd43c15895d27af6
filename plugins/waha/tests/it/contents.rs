//! What messages say.

use crate::support::{CONTACT, GROUP, event, ignored, message};
use patchbay_plugin_sdk::{Content, Detail, Event, Location, MediaKind, MediaSource, Participant};
use serde_json::{Value, json};

fn content(fields: Value) -> Content {
    message("message", fields).content
}

fn file(media: Value) -> Content {
    content(json!({"body": null, "hasMedia": true, "media": media}))
}

#[test]
fn files_by_their_type() {
    for (mime_type, kind) in [
        ("image/jpeg", MediaKind::Image),
        ("image/webp", MediaKind::Sticker),
        ("video/mp4", MediaKind::Video),
        ("audio/ogg; codecs=opus", MediaKind::Voice),
        ("audio/mpeg", MediaKind::Audio),
        ("application/pdf", MediaKind::Document),
        ("Image/PNG", MediaKind::Image),
        ("unheard_of", MediaKind::Document),
    ] {
        let url = "http://localhost:3000/api/files/default/AAAA";
        let content = file(json!({"url": url, "mimetype": mime_type, "filename": "a", "error": null}));
        let attachment = &content.attachments[0];
        assert_eq!((attachment.kind, attachment.mime_type.as_deref()), (kind, Some(mime_type)));
        assert_eq!(attachment.file_name.as_deref(), Some("a"));
        assert_eq!(attachment.source, MediaSource::Platform(url.to_owned()));
    }
}

#[test]
fn a_file_in_a_storage_is_an_address() {
    let url = "https://bucket.s3.example.com/default/AAAA.jpg?X-Amz-Signature=1";
    let content = file(json!({"url": url, "mimetype": "image/jpeg", "s3": {"Bucket": "b", "Key": "k"}}));
    assert_eq!(content.attachments[0].source, MediaSource::Url(url.to_owned()));
}

#[test]
fn a_file_that_was_not_downloaded_leaves_a_placeholder() {
    for media in [json!(null), json!({"error": {"message": "timeout"}, "url": "http://x/api/files/a"}), json!({})] {
        let message = message("message", json!({"body": "See", "hasMedia": true, "media": media}));
        assert_eq!(message.content.text.as_deref(), Some("See"));
        let Some(Detail::Unsupported(raw)) = message.content.detail else { panic!("no placeholder for {media}") };
        assert_eq!(serde_json::from_str::<Value>(&raw).unwrap()["media"], media);
        let error = media["error"].is_object();
        assert_eq!(message.metadata.contains("mediaError"), error);
    }
}

#[test]
fn locations_are_written_as_texts_or_numbers() {
    let place = Location {
        latitude: 38.89,
        longitude: -77.09,
        name: Some("Office".to_owned()),
        address: Some("Main St".to_owned()),
    };
    let expected = Content { detail: Some(Detail::Location(place)), ..Content::empty() };
    for (latitude, longitude) in [(json!("38.89"), json!("-77.09")), (json!(38.89), json!(-77.09))] {
        let location = json!({"latitude": latitude, "longitude": longitude, "name": "Office", "address": "Main St",
            "live": true, "url": "https://maps.example", "thumbnail": "AAAA"});
        let message = message("message", json!({"body": "/9j/4AAQ", "location": location}));
        assert_eq!(message.content, expected);
        let facts: Value = serde_json::from_str(&message.metadata).unwrap();
        assert_eq!(facts, json!({"liveLocation": true, "locationUrl": "https://maps.example"}));
    }
    let nowhere = content(json!({"body": "here", "location": {"latitude": "north"}}));
    assert_eq!(nowhere, Content::text("here"));
}

#[test]
fn contact_cards() {
    let card = "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Doe;Jane\r\nFN:Jane\\, the\r\n  first\r\nitem1.TEL;type=CELL;waid=911111111111:+91 \
        11111 11111\r\nTEL:+1 2\r\nEMAIL;type=INTERNET:jane@example.com\r\nEND:VCARD";
    let content =
        content(json!({"body": card, "vCards": [card, "BEGIN:VCARD\nTEL:+4930123\nEND:VCARD", "nonsense", 7]}));
    let jane = Participant {
        name: Some("Jane, the first".to_owned()),
        phone: Some("+911111111111".to_owned()),
        email: Some("jane@example.com".to_owned()),
        ..Participant::new("911111111111@c.us")
    };
    let nameless = Participant { phone: Some("+4930123".to_owned()), ..Participant::new("") };
    let expected = |people: &[&Participant]| Content {
        detail: Some(Detail::Contacts(people.iter().copied().cloned().collect())),
        ..Content::empty()
    };
    assert_eq!(content, expected(&[&jane, &nameless]));
    for unlisted in [json!(null), json!([])] {
        assert_eq!(self::content(json!({"body": card, "vCards": unlisted})), expected(&[&jane]));
    }
}

#[test]
fn what_says_nothing_known_stays_whole() {
    for body in [json!(null), json!(""), json!(7)] {
        let content = content(json!({"body": body}));
        assert!(matches!(content.detail, Some(Detail::Unsupported(_))), "{content:?}");
    }
}

#[test]
fn replies_name_the_message() {
    for (quoted, expected) in [
        (json!({"id": format!("false_{CONTACT}_QQQQ"), "hasMedia": false}), Some("QQQQ")),
        (json!({"id": "QQQQ"}), Some("QQQQ")),
        (json!({"body": "gone"}), None),
    ] {
        assert_eq!(message("message", json!({"replyTo": quoted})).reply_to.as_deref(), expected);
    }
}

fn vote(fields: Value) -> Event {
    let vote = json!({"id": format!("false_{CONTACT}_VVVV"), "to": "me", "from": CONTACT, "fromMe": false,
        "selectedOptions": ["Good!"], "timestamp": 1_692_861_427});
    let poll = json!({"id": format!("true_{CONTACT}_PPPP"), "to": CONTACT, "from": "me", "fromMe": true});
    event("poll.vote", json!({"vote": crate::support::with(vote, fields), "poll": poll}))
}

#[test]
fn votes_are_answers() {
    let Event::Message(several) = vote(json!({"selectedOptions": ["Good!", "Bad!"]})) else { panic!("no message") };
    assert_eq!((several.content.text.as_deref(), several.reply_to.as_deref()), (Some("Good!, Bad!"), Some("PPPP")));
    let in_group = json!({"id": format!("false_{GROUP}_VVVV_{CONTACT}"), "from": GROUP, "participant": CONTACT});
    let Event::Message(in_group) = vote(in_group) else { panic!("no message") };
    assert_eq!((in_group.thread.as_str(), in_group.sender.id.as_str(), in_group.group), (GROUP, CONTACT, true));
    assert_eq!(ignored(vote(json!({"selectedOptions": []}))), "a vote that was taken back");
    assert_eq!(ignored(vote(json!({"fromMe": true}))), "a vote of the business itself");
    assert_eq!(ignored(vote(json!({"id": null}))), "a vote without its identifier or its chat");
}
