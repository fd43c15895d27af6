//! What messages say.

use crate::support::{account, message, written};
use patchbay_plugin_sdk::testing::snapshot;
use patchbay_plugin_sdk::{Content, Detail, MediaKind, MediaSource};
use serde_json::{Value, json};

fn content(data: Value) -> Content {
    message(account("direct_message_events", written(data))).content
}

fn media(media: Value) -> Value {
    json!({"type": "media", "media": media})
}

#[test]
fn links_are_shown_as_they_were_written() {
    let urls = json!([{"url": "https://t.co/x", "expanded_url": "https://shop.example/a?b=c", "indices": [4, 18]}]);
    let told = content(json!({"text": "See https://t.co/x 👍", "entities": {"urls": urls}}));
    assert_eq!(told.text.as_deref(), Some("See https://shop.example/a?b=c 👍"));
}

#[test]
fn a_film_is_its_best_variant() {
    let variants = json!([
        {"content_type": "application/x-mpegURL", "url": "https://video.twimg.com/list.m3u8"},
        {"content_type": "video/mp4", "bitrate": 256_000, "url": "https://video.twimg.com/small.mp4"},
        {"content_type": "video/mp4", "bitrate": 832_000, "url": "https://video.twimg.com/large.mp4"},
    ]);
    for kind in ["video", "animated_gif"] {
        let film = json!({"id_str": "1", "type": kind, "url": "https://t.co/v", "video_info": {"variants": variants}});
        let told = content(json!({"text": "https://t.co/v", "attachment": media(film)}));
        let [file] = told.attachments.as_slice() else { panic!("{told:?}") };
        assert_eq!((told.text, file.kind, file.mime_type.as_deref()), (None, MediaKind::Video, Some("video/mp4")));
        assert_eq!(file.source, MediaSource::Platform("https://video.twimg.com/large.mp4".to_owned()));
    }
}

#[test]
fn places() {
    let place = json!({"type": "location", "location": {"type": "shared_coordinate", "shared_coordinate": {
        "coordinates": {"type": "Point", "coordinates": [-122.4, 37.7]}}}});
    let told = content(json!({"text": "", "attachment": place}));
    assert_eq!(snapshot(&told), json!({"detail": {"location": {"latitude": 37.7, "longitude": -122.4}}}));
}

#[test]
fn attachments_of_unknown_kinds_are_kept() {
    for unknown in [
        json!({"type": "hologram"}),
        media(json!({"type": "smell", "media_url_https": "https://x"})),
        media(json!({"type": "video"})),
        json!({"type": "location", "location": {"shared_coordinate": {"coordinates": {"coordinates": ["a", "b"]}}}}),
        json!(7),
    ] {
        let told = content(json!({"attachment": unknown}));
        assert_eq!(told.text.as_deref(), Some("Hello"));
        assert_eq!(told.detail, Some(Detail::Unsupported(unknown.to_string())));
    }
}

#[test]
fn choices() {
    let chosen = |response: Value| match content(json!({"quick_reply_response": response})).detail {
        Some(Detail::Choice(choice)) => (choice.id, choice.title),
        other => panic!("no choice: {other:?}"),
    };
    let pair = |id: &str| (id.to_owned(), "Hello".to_owned());
    assert_eq!(chosen(json!({"type": "options", "metadata": "blue"})), pair("blue"));
    assert_eq!(chosen(json!({"type": "options"})), pair("Hello"));
    assert_eq!(content(json!({"quick_reply_response": null})).detail, None);
}
