//! Comments that the page writes.

use crate::support::{
    Answer, COMMENT, MEMBER, PAGE, POST, REPLY, SHARE, asked, element, execute, failure, json_body, lost, recorded,
};
use patchbay_plugin_sdk::testing::{NOW, answer, outgoing};
use patchbay_plugin_sdk::{
    Attachment, Choices, Command, Content, Detail, FailureKind, Header, MediaKind, MediaSource, Outcome, Response,
    TransportError,
};
use serde_json::{Value, json};

const TEXT: &str = "Thanks, we are checking.";
const POST_PATH: &str = "socialActions/urn%3Ali%3Aactivity%3A6631349431612559360/comments";

fn send(thread: &str, content: Content) -> Command {
    Command::Send(outgoing(thread, content))
}

fn text(thread: &str) -> Command {
    send(thread, Content::text(TEXT))
}

#[test]
fn an_answer_to_a_comment() {
    let run = execute(&text(COMMENT), [Ok(recorded("resp_comment_created"))]);
    assert_eq!(run.result, Ok(Outcome::Sent(vec![REPLY.to_owned()])));
    let request = &run.requests[0];
    assert_eq!(asked(request), ("POST", POST_PATH));
    assert!(!request.idempotent);
    let body = json!({"actor": PAGE, "object": POST, "message": {"text": TEXT}, "parentComment": COMMENT});
    assert_eq!(json_body(request), body);
}

#[test]
fn a_comment_on_a_post_that_mentions_the_page() {
    let run = execute(&text(SHARE), [Ok(recorded("resp_comment_created"))]);
    let request = &run.requests[0];
    assert_eq!(asked(request).1, "socialActions/urn%3Ali%3Ashare%3A7122658645678465024/comments");
    assert_eq!(json_body(request), json!({"actor": PAGE, "object": SHARE, "message": {"text": TEXT}}));
}

fn created(header: Option<&str>, body: Value) -> Answer {
    let mut created = answer(201, &body)?;
    created.headers.extend(header.map(|id| Header::new("X-RestLi-Id", id)));
    Ok(created)
}

#[test]
fn the_comment_is_named_in_the_body_or_the_header() {
    let id = "6643206422739898368";
    for answer in [
        created(None, json!({"commentUrn": REPLY})),
        created(Some(id), json!({})),
        created(Some(REPLY), json!({})),
        created(None, json!({"id": id, "object": POST})),
        created(Some(id), json!(null)),
    ] {
        assert_eq!(execute(&text(COMMENT), [answer]).result, Ok(Outcome::Sent(vec![REPLY.to_owned()])));
    }
    for nameless in [created(None, json!({})), created(Some(""), json!([])), created(None, json!({"id": 7}))] {
        assert_eq!(failure(&text(COMMENT), [nameless]).kind, FailureKind::Unknown);
    }
}

#[test]
fn nothing_but_text() {
    let attachment = Attachment::new(MediaKind::Image, MediaSource::Stored("m1".to_owned()));
    let picture = Content { attachments: vec![attachment], ..Content::text("See") };
    let choices = Choices { items: vec![], button: None, header: None, footer: None };
    let choice = Content { detail: Some(Detail::Choices(choices)), ..Content::text("Which?") };
    for content in [picture, choice] {
        assert_eq!(failure(&send(COMMENT, content), []).kind, FailureKind::Unsupported);
    }
    for content in [Content::empty(), Content::text("  ")] {
        assert_eq!(failure(&send(COMMENT, content), []).kind, FailureKind::Rejected);
    }
    for thread in [MEMBER, "", "7", "urn:li:comment:(x)"] {
        assert_eq!(failure(&text(thread), []).kind, FailureKind::Rejected, "{thread}");
    }
}

fn listed(elements: Value) -> Answer {
    answer(200, &json!({"elements": elements, "paging": {"start": 0, "count": 100}}))
}

fn unclear() -> [Answer; 3] {
    [lost(), answer(500, &json!({})), answer(503, &json!({"message": "try again"}))]
}

#[test]
fn a_comment_whose_answer_was_lost_is_looked_for() {
    for first in unclear() {
        let ours = element(REPLY, PAGE, TEXT, NOW - 5_000);
        let run = execute(&text(COMMENT), [first, listed(json!([element(COMMENT, MEMBER, TEXT, NOW), ours]))]);
        assert_eq!(run.result, Ok(Outcome::Sent(vec![REPLY.to_owned()])));
        let path = "socialActions/urn%3Ali%3Acomment%3A%28urn%3Ali%3Aactivity%3A6631349431612559360%2C\
            6636062862760562688%29/comments?start=0&count=100";
        assert_eq!(asked(&run.requests[1]), ("GET", path));
    }
}

#[test]
fn what_is_not_found_may_still_come() {
    let others = json!([
        element(REPLY, MEMBER, TEXT, NOW),
        element(REPLY, PAGE, "Another text", NOW),
        element(REPLY, PAGE, TEXT, NOW - 60_000),
        {"actor": PAGE, "message": {"text": TEXT}},
    ]);
    for second in [listed(others), listed(json!([])), answer(200, &json!([])), answer(403, &json!({})), lost()] {
        for first in unclear() {
            assert_eq!(failure(&text(COMMENT), [first, second.clone()]).kind, FailureKind::Unknown);
        }
    }
}

#[test]
fn what_never_left() {
    let never = failure(&text(COMMENT), [Err(TransportError::NotSent("down".to_owned()))]);
    assert_eq!(never.kind, FailureKind::Temporary);
    let refused = failure(&text(COMMENT), [Err(TransportError::Refused("host".to_owned()))]);
    assert_eq!(refused.kind, FailureKind::Rejected);
    let page = Response { status: 200, headers: vec![], body: b"<html>".to_vec(), saved: None };
    assert_eq!(failure(&text(COMMENT), [Ok(page)]).kind, FailureKind::Unknown);
}
