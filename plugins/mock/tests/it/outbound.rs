use patchbay_plugin_mock::Mock;
use patchbay_plugin_sdk::testing::{self, answer, outgoing, run, snapshot};
use patchbay_plugin_sdk::{
    Attachment, Channel, Command, Content, Detail, Failure, FailureKind, Header, Location, MediaKind, MediaSource,
    MessageRef, Outcome, Outgoing, Response, TransportError, TypingSignal,
};
use serde_json::{Value, json};

fn silent() -> Channel {
    testing::channel("MOCK", &json!({}))
}

fn with_callback() -> Channel {
    testing::channel("MOCK", &json!({"callbackUrl": "https://desk.example/in"}))
}

fn text() -> Command {
    Command::Send(outgoing("+1234567890", Content::text("On our way")))
}

fn sent(id: &str) -> Outcome {
    Outcome::Sent(vec![id.to_owned()])
}

fn send(response: Result<Response, TransportError>) -> Result<Outcome, Failure> {
    run::<Mock>(&with_callback(), &text(), [response]).result
}

fn retry_after(status: u16, seconds: &str) -> Result<Response, TransportError> {
    let mut response = answer(status, &json!({}))?;
    response.headers.push(Header::new("Retry-After", seconds));
    Ok(response)
}

#[test]
fn send_without_a_callback_is_sent_at_once() {
    let run = run::<Mock>(&silent(), &text(), []);
    assert_eq!(run.requests, []);
    assert_eq!(run.result, Ok(sent("out-1")));
}

#[test]
fn send_text_posts_to_the_callback() {
    let metadata = json!({"tag": "vip"}).to_string();
    let command = Command::Send(Outgoing { metadata, ..outgoing("+1234567890", Content::text("On our way")) });
    let run = run::<Mock>(&with_callback(), &command, [answer(201, &json!({"messageId": "mock-9"}))]);
    let request = json!({
        "method": "POST",
        "url": "https://desk.example/in",
        "headers": [{"name": "content-type", "value": "application/json"}],
        "auth": "none",
        "body": {"bytes": {
            "id": "out-1", "to": "+1234567890", "text": "On our way", "attachments": [], "metadata": {"tag": "vip"},
        }},
        "state": "",
    });
    assert_eq!(snapshot(&run.requests), json!([request]));
    assert_eq!(run.result, Ok(sent("mock-9")));
}

#[test]
fn send_media_posts_where_the_file_is() {
    let stored = Attachment {
        public_url: Some("https://patchbay.example/media/1".to_owned()),
        mime_type: Some("image/png".to_owned()),
        size: Some(12),
        ..Attachment::new(MediaKind::Image, MediaSource::Stored("media-1".to_owned()))
    };
    let linked = Attachment::new(MediaKind::Document, MediaSource::Url("https://files.example/a.pdf".to_owned()));
    let command =
        Command::Send(outgoing("+1234567890", Content { attachments: vec![stored, linked], ..Content::empty() }));
    let run = run::<Mock>(&with_callback(), &command, [answer(200, &json!({}))]);
    let body: Value = snapshot(&run.requests[0])["body"]["bytes"]["attachments"].clone();
    assert_eq!(body[0]["url"], "https://patchbay.example/media/1");
    assert_eq!(
        (&body[0]["kind"], &body[0]["mimeType"], &body[0]["size"]),
        (&json!("image"), &json!("image/png"), &json!(12))
    );
    assert_eq!((&body[1]["kind"], &body[1]["url"]), (&json!("document"), &json!("https://files.example/a.pdf")));
}

#[test]
fn send_takes_its_own_identifier_when_the_answer_names_none() {
    assert_eq!(send(answer(200, &json!({}))), Ok(sent("out-1")));
    let mut unreadable = answer(204, &json!({})).unwrap();
    unreadable.body.clear();
    assert_eq!(send(Ok(unreadable)), Ok(sent("out-1")));
}

#[test]
fn send_refusals_are_classified_by_status() {
    for (status, kind) in [
        (302, FailureKind::Rejected),
        (400, FailureKind::Rejected),
        (401, FailureKind::Unauthorized),
        (404, FailureKind::Rejected),
        (408, FailureKind::Unknown),
        (429, FailureKind::RateLimited),
        (500, FailureKind::Unknown),
        (502, FailureKind::Unknown),
        (503, FailureKind::Unknown),
    ] {
        let failure = send(answer(status, &json!({}))).unwrap_err();
        assert_eq!((failure.kind, failure.retry_after_ms), (kind, None), "{status}");
        assert_eq!(failure.code, Some(status.to_string()));
    }
}

#[test]
fn send_waits_as_long_as_the_platform_asks() {
    for (status, kind) in [(429, FailureKind::RateLimited), (503, FailureKind::Temporary)] {
        let failure = send(retry_after(status, "7")).unwrap_err();
        assert_eq!((failure.kind, failure.retry_after_ms), (kind, Some(7000)), "{status}");
    }
    assert_eq!(send(retry_after(429, "soon")).unwrap_err().retry_after_ms, None);
}

#[test]
fn send_transport_errors_are_classified() {
    let reason = || "a reason".to_owned();
    for (error, kind) in [
        (TransportError::NotSent(reason()), FailureKind::Temporary),
        (TransportError::Unknown(reason()), FailureKind::Unknown),
        (TransportError::Refused(reason()), FailureKind::Rejected),
    ] {
        assert_eq!(send(Err(error)), Err(Failure::of(kind, "a reason")));
    }
}

#[test]
fn send_of_anything_but_text_and_files_is_unsupported() {
    let location = Location { latitude: 1.0, longitude: 2.0, name: None, address: None };
    let content = Content { detail: Some(Detail::Location(location)), ..Content::empty() };
    let failure = run::<Mock>(&silent(), &Command::Send(outgoing("+1", content)), []).result.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unsupported);
}

#[test]
fn reading_typing_and_testing_work_without_a_platform() {
    let typing = TypingSignal { thread: "+1".to_owned(), on: true, last_message: None };
    for command in
        [Command::MarkRead(vec![MessageRef::new("+1", "msg-1")]), Command::SetTyping(typing), Command::TestConnection]
    {
        let run = run::<Mock>(&with_callback(), &command, []);
        assert_eq!((run.requests, run.result), (vec![], Ok(Outcome::Ok)));
    }
}

#[test]
fn other_commands_are_unsupported() {
    for command in [Command::ListTemplates, Command::Qr, Command::Poll(None), Command::FetchMedia("1".to_owned())] {
        let failure = run::<Mock>(&with_callback(), &command, []).result.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Unsupported);
        assert!(failure.message.contains(command.name()), "{}", failure.message);
    }
}
