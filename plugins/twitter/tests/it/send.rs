//! Sending.

use crate::support::{CONTACT, asked, execute, execute_by_oauth2, failure, header, json_body, paths, recorded, sent};
use patchbay_plugin_sdk::testing::{answer, outgoing};
use patchbay_plugin_sdk::{
    Attachment, Choice, Choices, Command, Content, Detail, FailureKind, MediaKind, MediaSource, Outcome, Outgoing,
};
use serde_json::{Value, json};

const NEW: &str = "/2/dm_conversations/with/3001969357/messages";
const OLD: &str = "/1.1/direct_messages/events/new.json";

fn send(content: Content) -> Command {
    Command::Send(outgoing(CONTACT, content))
}

fn choices(items: Vec<Choice>) -> Content {
    let choices = Choices { items, button: None, header: Some("Hello".to_owned()), footer: None };
    Content { detail: Some(Detail::Choices(choices)), ..Content::text("Which?") }
}

fn choice(id: &str, description: Option<&str>) -> Choice {
    Choice { id: id.to_owned(), title: id.to_uppercase(), description: description.map(str::to_owned) }
}

#[test]
fn a_text() {
    for run in [execute, execute_by_oauth2] {
        let run = run(&send(Content::text("Hello!")), vec![recorded("resp_send_v2_created")]);
        assert_eq!(run.result, Ok(Outcome::Sent(vec!["1122334455667788990".to_owned()])));
        assert_eq!((asked(&run.requests[0]), run.requests[0].idempotent), (("POST", NEW), false));
        assert_eq!(json_body(&run.requests[0]), json!({"text": "Hello!"}));
    }
}

#[test]
fn no_two_signatures_are_alike() {
    let signature = |id: &str, text: &str| {
        let message = Outgoing { id: id.to_owned(), ..outgoing(CONTACT, Content::text(text)) };
        let run = execute(&Command::Send(message), [sent(1)]);
        header(&run.requests[0], "authorization").unwrap().to_owned()
    };
    assert_ne!(signature("out-1", "Hello!"), signature("out-2", "Hello!"));
    assert_eq!(signature("out-1", "Hello!"), signature("out-1", "Hello!"));
}

#[test]
fn whom_it_is_for() {
    let to = |id: &str, thread: &str| {
        let message = Outgoing { thread: thread.to_owned(), ..outgoing(id, Content::text("Hello!")) };
        Command::Send(message)
    };
    assert_eq!(paths(&execute(&to(CONTACT, "unknown"), [sent(1)])), [NEW]);
    assert_eq!(failure(&to("7", "g77"), []).kind, FailureKind::Unsupported, "only X writes to encrypted groups");
    assert_eq!(failure(&to("ada", "ada"), []).kind, FailureKind::Rejected);
}

#[test]
fn quick_replies_take_the_older_call() {
    let described = vec![choice("a", Some("first")), choice("b", Some("second"))];
    let run = execute(&send(choices(described)), [recorded("resp_send_v11_ok")]);
    assert_eq!(run.result, Ok(Outcome::Sent(vec!["1122334455667788991".to_owned()])));
    assert_eq!(asked(&run.requests[0]), ("POST", OLD));
    let options = json!([
        {"label": "A", "metadata": "a", "description": "first"},
        {"label": "B", "metadata": "b", "description": "second"},
    ]);
    let data = json!({"text": "Hello\nWhich?", "quick_reply": {"type": "options", "options": options}});
    let created = json!({"target": {"recipient_id": CONTACT}, "message_data": data});
    let expected = json!({"event": {"type": "message_create", "message_create": created}});
    assert_eq!(json_body(&run.requests[0]), expected);
}

#[test]
fn quick_replies_have_descriptions_all_or_none() {
    let run =
        execute(&send(choices(vec![choice("a", Some("first")), choice("b", None)])), [recorded("resp_send_v11_ok")]);
    let options = &json_body(&run.requests[0])["event"]["message_create"]["message_data"]["quick_reply"]["options"];
    assert_eq!(*options, json!([{"label": "A", "metadata": "a"}, {"label": "B", "metadata": "b"}]));
}

#[test]
fn quick_replies_that_x_does_not_take() {
    let long = "x".repeat(37);
    let wrong = [
        choices(vec![]),
        choices((0..21).map(|number| choice(&number.to_string(), None)).collect()),
        choices(vec![choice(&long, None)]),
        choices(vec![choice("", None)]),
        Content {
            text: None,
            detail: choices(vec![choice("a", None)]).detail.map(|detail| match detail {
                Detail::Choices(choices) => Detail::Choices(Choices { header: None, ..choices }),
                other => other,
            }),
            attachments: Vec::new(),
        },
    ];
    for content in wrong {
        assert_eq!(failure(&send(content), []).kind, FailureKind::Rejected);
    }
    let without = execute_by_oauth2(&send(choices(vec![choice("a", None)])), []).result.unwrap_err();
    assert_eq!(without.kind, FailureKind::Unsupported);
    let group = Outgoing { thread: "g77".to_owned(), ..outgoing("7", choices(vec![choice("a", None)])) };
    assert_eq!(failure(&Command::Send(group), []).kind, FailureKind::Unsupported);
}

#[test]
fn buttons_come_from_the_metadata() {
    let with = |ctas: Value| {
        let metadata = json!({"ctas": ctas}).to_string();
        Command::Send(Outgoing { metadata, ..outgoing(CONTACT, Content::text("See")) })
    };
    let run = execute(&with(json!([{"label": "Shop", "url": "https://shop.example"}])), [recorded("resp_send_v11_ok")]);
    let data = &json_body(&run.requests[0])["event"]["message_create"]["message_data"];
    let button = json!({"type": "web_url", "label": "Shop", "url": "https://shop.example"});
    assert_eq!(*data, json!({"text": "See", "ctas": [button]}));
    let button = json!({"label": "Shop", "url": "https://shop.example"});
    for wrong in [json!([7]), json!([{"label": "Shop"}]), json!([button, button, button, button])] {
        assert_eq!(failure(&with(wrong), []).kind, FailureKind::Rejected);
    }
}

#[test]
fn a_link_to_a_file_is_sent_as_text() {
    let url = MediaSource::Url("https://example.com/a.pdf".to_owned());
    let file = Attachment::new(MediaKind::Document, url);
    let run = execute(&send(Content { attachments: vec![file.clone()], ..Content::text("See") }), [sent(1)]);
    assert_eq!(json_body(&run.requests[0]), json!({"text": "See\nhttps://example.com/a.pdf"}));
    let captioned = Attachment { caption: Some("The bill".to_owned()), ..file };
    let run = execute(&send(Content { attachments: vec![captioned], ..Content::text("See") }), [sent(1), sent(2)]);
    let bodies: Vec<Value> = run.requests.iter().map(json_body).collect();
    assert_eq!(bodies, [json!({"text": "See"}), json!({"text": "The bill\nhttps://example.com/a.pdf"})]);
    assert_eq!(run.result, Ok(Outcome::Sent(vec!["1".to_owned(), "2".to_owned()])));
}

#[test]
fn what_x_cannot_carry() {
    assert_eq!(failure(&send(Content::empty()), []).kind, FailureKind::Rejected);
    assert_eq!(failure(&send(Content::text("x".repeat(10_001))), []).kind, FailureKind::Rejected);
    execute(&send(Content::text("ä".repeat(10_000))), [sent(1)]);
    let location = Detail::Contacts(vec![]);
    let unsupported = Content { detail: Some(location), ..Content::empty() };
    assert_eq!(failure(&send(unsupported), []).kind, FailureKind::Unsupported);
    let link = Attachment::new(MediaKind::Image, MediaSource::Url("https://x".to_owned()));
    let many = Content { attachments: vec![link; 6], ..Content::empty() };
    assert_eq!(failure(&send(many), []).kind, FailureKind::Rejected);
}

#[test]
fn a_channel_without_credentials_is_stopped() {
    use patchbay_plugin_sdk::testing::{channel, run, with_secrets};
    use patchbay_plugin_twitter::Twitter;
    let bare = channel("TWITTER", &json!({"userId": "1"}));
    let command = send(Content::text("Hello!"));
    for token_secret in ["", "secret"] {
        let run = with_secrets([("consumerSecret", "s"), ("accessTokenSecret", token_secret)], || {
            run::<Twitter>(&bare, &command, [])
        });
        assert_eq!(run.result.unwrap_err().kind, FailureKind::Unauthorized);
    }
}

#[test]
fn after_some_messages_were_sent_a_person_decides() {
    let link = |number: u8| {
        let file = Attachment::new(MediaKind::Image, MediaSource::Url(format!("https://x/{number}")));
        Attachment { caption: Some("see".to_owned()), ..file }
    };
    let two = send(Content { attachments: vec![link(1), link(2)], ..Content::empty() });
    let failed = failure(&two, [sent(1), recorded("resp_err_429_88")]);
    assert_eq!((failed.kind, failed.code.as_deref()), (FailureKind::Unknown, Some("88")));
    assert!(failed.message.starts_with("1 of 2 messages were sent"), "{}", failed.message);
}

#[test]
fn success_without_an_identifier() {
    let told = json!({"errors": [{"title": "Forbidden", "detail": "You do not have permission to DM one or more participants.", "type": "about:blank", "status": 403}]});
    let refused = failure(&send(Content::text("x")), [answer(200, &told)]);
    assert_eq!((refused.kind, refused.code.as_deref()), (FailureKind::Unreachable, Some("403")));
    for body in [json!({}), json!({"data": {}}), json!([]), json!(null), json!({"data": {"dm_event_id": ""}})] {
        assert_eq!(failure(&send(Content::text("x")), [answer(201, &body)]).kind, FailureKind::Unknown, "{body}");
    }
}
