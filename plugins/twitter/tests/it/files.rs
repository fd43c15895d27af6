//! Files, in both directions.

use crate::support::{
    Answer, CONTACT, asked, execute, execute_by_oauth2, failure, header, json_body, lost, paths, recorded, sent,
};
use patchbay_plugin_sdk::testing::{answer, channel, outgoing, run, with_secrets};
use patchbay_plugin_sdk::{
    Attachment, Auth, Body, Choice, Choices, Command, Content, Detail, FailureKind, MediaKind, MediaSource, Outcome,
    Part, PartContent, Response,
};
use patchbay_plugin_twitter::Twitter;
use serde_json::json;

const MEDIA: &str = "1880028106020515840";

fn file(kind: MediaKind, mime_type: &str, size: Option<u64>) -> Attachment {
    let source = MediaSource::Stored("m1".to_owned());
    Attachment { mime_type: Some(mime_type.to_owned()), size, ..Attachment::new(kind, source) }
}

fn send(file: Attachment) -> Command {
    Command::Send(outgoing(CONTACT, Content { attachments: vec![file], ..Content::text("Look") }))
}

fn processing(state: &str, seconds: u64) -> Answer {
    answer(200, &json!({"data": {"id": MEDIA, "processing_info": {"state": state, "check_after_secs": seconds}}}))
}

fn done() -> Answer {
    answer(200, &json!({"data": {"id": MEDIA}}))
}

fn appended() -> Answer {
    answer(200, &json!({"data": {"expires_at": 1}}))
}

/// The parts, in words.
fn parts(body: &Body) -> Vec<(&str, String)> {
    let content = |part: &Part| match &part.content {
        PartContent::Bytes(bytes) => String::from_utf8(bytes.clone()).unwrap(),
        PartContent::Media(media) => media.clone(),
    };
    match body {
        Body::Multipart(parts) => parts.iter().map(|part| (part.name.as_str(), content(part))).collect(),
        other => panic!("not in parts: {other:?}"),
    }
}

#[test]
fn a_picture_goes_up_at_once() {
    let run = execute(&send(file(MediaKind::Image, "image/png", Some(4))), [done(), sent(1)]);
    assert_eq!(run.result, Ok(Outcome::Sent(vec!["1".to_owned()])));
    assert_eq!(asked(&run.requests[0]), ("POST", "/2/media/upload"));
    let expected = [("media_category", "dm_image".to_owned()), ("media", "m1".to_owned())];
    assert_eq!(parts(&run.requests[0].body), expected);
    assert_eq!(json_body(&run.requests[1]), json!({"text": "Look", "attachments": [{"media_id": MEDIA}]}));
}

#[test]
fn a_film_goes_up_in_pieces_and_is_waited_for() {
    let answers = [
        recorded("resp_media_initialize"),
        appended(),
        appended(),
        appended(),
        recorded("resp_media_finalize_pending"),
        processing("in_progress", 99),
        processing("succeeded", 1),
        sent(1),
    ];
    let run = execute(&send(file(MediaKind::Video, "video/mp4", Some(12_000_000))), answers);
    assert_eq!(run.result, Ok(Outcome::Sent(vec!["1".to_owned()])));
    let begin = json!({"media_type": "video/mp4", "total_bytes": 12_000_000, "media_category": "dm_video"});
    assert_eq!(json_body(&run.requests[0]), begin);
    let of = |what: &str| format!("/2/media/upload/{MEDIA}/{what}");
    let status = format!("/2/media/upload?command=STATUS&media_id={MEDIA}");
    let (append, finish) = (of("append"), of("finalize"));
    let (status, append) = (status.as_str(), append.as_str());
    let message = "/2/dm_conversations/with/3001969357/messages";
    assert_eq!(
        paths(&run),
        ["/2/media/upload/initialize", append, append, append, finish.as_str(), status, status, message]
    );
    let bytes = ["m1#bytes=0-4999999", "m1#bytes=5000000-9999999", "m1#bytes=10000000-11999999"];
    for (segment, bytes) in bytes.into_iter().enumerate() {
        let expected = [("segment_index", segment.to_string()), ("media", bytes.to_owned())];
        assert_eq!(parts(&run.requests[1 + segment].body), expected);
    }
    let pauses: Vec<_> = run.requests.iter().filter_map(|request| header(request, "patchbay-wait-ms")).collect();
    assert_eq!(pauses, ["1000", "30000"]);
}

#[test]
fn an_animated_picture_is_a_category_of_its_own() {
    let answers = [recorded("resp_media_initialize"), answer(204, &json!(null)), done(), sent(1)];
    let run = execute(&send(file(MediaKind::Image, "image/gif", Some(4))), answers);
    assert_eq!(json_body(&run.requests[0])["media_category"], "dm_gif");
    assert_eq!(parts(&run.requests[1].body)[1].1, "m1");
    let unknown_size = execute(&send(file(MediaKind::Video, "video/mp4", None)), [done(), sent(1)]);
    assert_eq!(parts(&unknown_size.requests[0].body)[0].1, "dm_video");
}

#[test]
fn uploads_that_fail_send_nothing() {
    let film = || send(file(MediaKind::Video, "video/mp4", Some(4)));
    let begun = || recorded("resp_media_initialize");
    assert_eq!(failure(&film(), [lost()]).kind, FailureKind::Temporary);
    assert_eq!(failure(&film(), [begun(), lost()]).kind, FailureKind::Temporary);
    assert_eq!(failure(&film(), [answer(200, &json!({}))]).kind, FailureKind::Temporary);
    assert_eq!(failure(&film(), [begun(), appended(), answer(500, &json!({}))]).kind, FailureKind::Temporary);
    assert_eq!(failure(&film(), [begun(), appended(), processing("failed", 1)]).kind, FailureKind::Rejected);
    assert_eq!(failure(&film(), [answer(400, &json!({"title": "Invalid"}))]).kind, FailureKind::Rejected);
    let forever = (0..7).map(|_| processing("pending", 1));
    let never = failure(&film(), [begun(), appended()].into_iter().chain(forever));
    assert_eq!(never.kind, FailureKind::Temporary);
}

#[test]
fn a_file_that_x_forgot_is_given_to_it_once_more() {
    let picture = || send(file(MediaKind::Image, "image/png", Some(4)));
    let forgotten = || answer(400, &json!({"errors": [{"code": 325, "message": "A media id was not found."}]}));
    let run = execute(&picture(), [done(), forgotten(), done(), sent(1)]);
    assert_eq!(run.result, Ok(Outcome::Sent(vec!["1".to_owned()])));
    let failed = failure(&picture(), [done(), forgotten(), done(), forgotten()]);
    assert_eq!((failed.kind, failed.code.as_deref()), (FailureKind::Rejected, Some("325")));
}

#[test]
fn files_that_x_does_not_take() {
    for (kind, mime_type, size, expected) in [
        (MediaKind::Document, "application/pdf", 4, FailureKind::Unsupported),
        (MediaKind::Audio, "audio/mpeg", 4, FailureKind::Unsupported),
        (MediaKind::Voice, "audio/ogg", 4, FailureKind::Unsupported),
        (MediaKind::Image, "image/svg+xml", 4, FailureKind::Unsupported),
        (MediaKind::Image, "image/png", 5_000_001, FailureKind::Rejected),
        (MediaKind::Image, "image/gif", 15_000_001, FailureKind::Rejected),
        (MediaKind::Video, "video/mp4", 512_000_001, FailureKind::Rejected),
    ] {
        assert_eq!(failure(&send(file(kind, mime_type, Some(size))), []).kind, expected, "{mime_type}");
    }
    execute(&send(file(MediaKind::Sticker, "image/webp", Some(4))), [done(), sent(1)]);
}

#[test]
fn quick_replies_may_have_a_picture() {
    let items = vec![Choice { id: "a".to_owned(), title: "A".to_owned(), description: None }];
    let choices = Choices { items, button: None, header: None, footer: None };
    let content = Content {
        attachments: vec![file(MediaKind::Image, "image/png", Some(4))],
        detail: Some(Detail::Choices(choices)),
        ..Content::text("Which?")
    };
    let run = execute(&Command::Send(outgoing(CONTACT, content)), [done(), recorded("resp_send_v11_ok")]);
    let data = &json_body(&run.requests[1])["event"]["message_create"]["message_data"];
    assert_eq!(data["attachment"], json!({"type": "media", "media": {"id": MEDIA}}));
}

const PICTURE: &str = "https://ton.twitter.com/1.1/ton/data/dm/1034/1035/oP5p359h.jpg";
const FILM: &str = "https://video.twimg.com/dm_video/1/large.mp4?tag=1";

fn fetch(url: &str, by_oauth1: bool, answers: impl IntoIterator<Item = Answer>) -> patchbay_plugin_sdk::testing::Run {
    let config = json!({"userId": "1", "consumerKey": "key", "accessTokenKey": "token"});
    let name = if by_oauth1 { "accessTokenSecret" } else { "oauth2AccessToken" };
    let command = Command::FetchMedia(url.to_owned());
    with_secrets([("consumerSecret", "s1"), (name, "s2")], || {
        run::<Twitter>(&channel("TWITTER", &config), &command, answers)
    })
}

fn saved() -> Answer {
    Ok(Response { status: 200, headers: vec![], body: vec![], saved: Some("m2".to_owned()) })
}

#[test]
fn pictures_are_fetched_with_a_signature() {
    let fetched = fetch(PICTURE, true, [saved()]);
    assert_eq!(fetched.result, Ok(Outcome::Media("m2".to_owned())));
    let request = &fetched.requests[0];
    assert_eq!((request.url.as_str(), request.save_body, request.idempotent), (PICTURE, true, true));
    assert!(header(request, "authorization").unwrap().starts_with("OAuth "));
    let fetched = fetch(PICTURE, false, [saved()]);
    let request = &fetched.requests[0];
    assert_eq!(asked(request), ("GET", "/2/dm_conversations/media/1034/1035/oP5p359h.jpg"));
    assert_eq!(request.auth, Auth::Bearer("oauth2AccessToken".to_owned()));
}

#[test]
fn films_are_fetched_without_one_unless_it_is_asked_for() {
    let fetched = fetch(FILM, true, [saved()]);
    assert_eq!(header(&fetched.requests[0], "authorization"), None);
    let fetched = fetch(FILM, true, [answer(403, &json!({})), saved()]);
    assert_eq!(fetched.result, Ok(Outcome::Media("m2".to_owned())));
    assert!(header(&fetched.requests[1], "authorization").is_some());
    assert_eq!(
        fetch(FILM, true, [answer(403, &json!({})), answer(404, &json!({}))]).result.unwrap_err().kind,
        FailureKind::Rejected
    );
}

#[test]
fn nothing_is_fetched_from_elsewhere() {
    for url in [
        "https://evil.example/1.1/ton/data/dm/1/2/a.jpg",
        "http://ton.twitter.com/1.1/ton/data/dm/1/2/a.jpg",
        "https://eviltwitter.com/a.jpg",
        "https://x@ton.twitter.com@evil.example/a.jpg",
        "https://evil.example?.twitter.com/a.jpg",
        "https://evil.example\\.twitter.com/a.jpg",
        "ton.twitter.com/a.jpg",
        "",
    ] {
        assert_eq!(fetch(url, true, []).result.unwrap_err().kind, FailureKind::Rejected, "{url}");
    }
    let unsaved = Ok(Response { status: 200, headers: vec![], body: vec![], saved: None });
    assert_eq!(fetch(PICTURE, true, [unsaved]).result.unwrap_err().kind, FailureKind::Temporary);
}

#[test]
fn an_upload_by_oauth2() {
    let run = execute_by_oauth2(&send(file(MediaKind::Image, "image/png", Some(4))), [done(), sent(1)]);
    assert_eq!(run.result, Ok(Outcome::Sent(vec!["1".to_owned()])));
}
