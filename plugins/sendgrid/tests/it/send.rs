//! Mails that are sent.

use crate::support::{
    CONTACT, FROM, accepted, channel_with, execute, json_body, new_mail, outgoing, sent_body, written,
};
use patchbay_plugin_sdk::testing::{NOW, run};
use patchbay_plugin_sdk::{
    Attachment, Auth, Body, Choice, Command, Content, Detail, Email, Failure, FailureKind, MediaKind, MediaSource,
    Outgoing, Participant, TemplateUse,
};
use patchbay_plugin_sendgrid::SendGrid;
use serde_json::{Value, json};

fn refused(outgoing: Outgoing) -> Failure {
    let run = execute(&Command::Send(outgoing), []);
    assert!(run.requests.is_empty());
    run.result.unwrap_err()
}

#[test]
fn a_mail_is_one_request() {
    let run = execute(&Command::Send(outgoing(written("hello", new_mail()))), [Ok(accepted())]);
    let request = &run.requests[0];
    assert_eq!((request.method.as_str(), request.url.as_str()), ("POST", "https://api.sendgrid.com/v3/mail/send"));
    assert_eq!(request.auth, Auth::Bearer("apiKey".to_owned()));
    assert!(!request.idempotent);
    let own = format!("<patchbay.out-1.{}@example.com>", patchbay_plugin_sdk::encoding::to_hex(CONTACT.as_bytes()));
    assert_eq!(
        json_body(request),
        json!({
            "personalizations": [{"to": [{"email": CONTACT, "name": "Ada"}]}],
            "from": {"email": FROM, "name": "Support"},
            "subject": "Your order",
            "content": [{"type": "text/plain", "value": "hello"}],
            "headers": {"Message-ID": own},
            "custom_args": {"patchbay_message": "out-1", "patchbay_to": CONTACT, "patchbay_from": FROM},
        })
    );
}

#[test]
fn settings_choose_the_server_the_subject_and_where_answers_go() {
    let send = |config: Value| {
        let run =
            run::<SendGrid>(&channel_with(config), &Command::Send(outgoing(Content::text("hi"))), [Ok(accepted())]);
        (run.requests[0].url.clone(), json_body(&run.requests[0]))
    };
    let (url, body) =
        send(json!({"region": "eu", "replyTo": "in@parse.example.com", "defaultSubject": "Your request"}));
    assert_eq!(url, "https://api.eu.sendgrid.com/v3/mail/send");
    assert_eq!(
        (&body["reply_to"], &body["subject"]),
        (&json!({"email": "in@parse.example.com"}), &json!("Your request"))
    );
    let (url, body) = send(json!({"apiBaseUrl": "http://127.0.0.1:9/"}));
    assert_eq!((url.as_str(), &body["subject"]), ("http://127.0.0.1:9/v3/mail/send", &json!("Message from Support")));
}

#[test]
fn html_goes_beside_the_text_and_copies_go_once() {
    let email = Email {
        from_name: Some("Billing".to_owned()),
        from_address: Some("billing@example.com".to_owned()),
        cc: vec!["Bob <bob@example.org>, ADA@example.org".to_owned(), "BOB@example.org".to_owned()],
        bcc: vec!["bob@example.org".to_owned(), "eve@example.org".to_owned()],
        html: Some("<b>hello</b>".to_owned()),
        subject: "Two\r\nlines".to_owned(),
        ..new_mail()
    };
    let body = sent_body(outgoing(written("hello", email)));
    assert_eq!(body["content"][0], json!({"type": "text/plain", "value": "hello"}));
    assert_eq!(body["content"][1], json!({"type": "text/html", "value": "<b>hello</b>"}));
    assert_eq!(body["personalizations"][0]["cc"], json!([{"email": "bob@example.org", "name": "Bob"}]));
    assert_eq!(body["personalizations"][0]["bcc"], json!([{"email": "eve@example.org"}]));
    assert_eq!(body["from"], json!({"email": "billing@example.com", "name": "Billing"}));
    assert_eq!(body["subject"], json!("Two  lines"));
    let html = Content { text: None, ..written("", Email { html: Some("<p>x</p>".to_owned()), ..new_mail() }) };
    assert_eq!(sent_body(outgoing(html))["content"], json!([{"type": "text/html", "value": "<p>x</p>"}]));
}

#[test]
fn an_answer_names_what_it_answers() {
    let in_thread = Outgoing { thread: format!("<1@a> {CONTACT}"), ..outgoing(Content::text("hi")) };
    let headers = sent_body(in_thread.clone())["headers"].clone();
    assert_eq!((&headers["In-Reply-To"], &headers["References"]), (&json!("<1@a>"), &json!("<1@a>")));
    let email = Email { references: vec!["<1@a>".to_owned(), "<2@b>".to_owned(), "no id".to_owned()], ..new_mail() };
    let answer = Outgoing { reply_to: Some("<3@a>".to_owned()), content: written("hi", email), ..in_thread.clone() };
    let headers = sent_body(answer)["headers"].clone();
    assert_eq!((&headers["In-Reply-To"], &headers["References"]), (&json!("<3@a>"), &json!("<1@a> <2@b> <3@a>")));
    let foreign = Outgoing { reply_to: Some("LRzXl_NHStOGhQ4kofSm_A".to_owned()), ..in_thread };
    assert_eq!(sent_body(foreign)["headers"]["In-Reply-To"], "<1@a>");
    let many = (0..200).map(|number| format!("<{number}@example.org>")).collect();
    let long = outgoing(written("hi", Email { references: many, ..new_mail() }));
    let references = sent_body(long)["headers"]["References"].as_str().unwrap().to_owned();
    assert!(references.len() <= 900 && references.starts_with("<0@") && references.ends_with("<199@example.org>"));
}

#[test]
fn what_a_machine_writes_says_so() {
    let submitted = |auto_reply| {
        let mail = outgoing(written("We are closed.", Email { auto_reply, ..new_mail() }));
        sent_body(mail)["headers"].get("Auto-Submitted").cloned()
    };
    assert_eq!((submitted(true), submitted(false)), (Some(json!("auto-replied")), None));
}

fn file(name: Option<&str>) -> Attachment {
    Attachment {
        file_name: name.map(str::to_owned),
        mime_type: name.map(|_| "image/png".to_owned()),
        ..Attachment::new(MediaKind::Image, MediaSource::Stored("media-1".to_owned()))
    }
}

#[test]
fn files_go_in_base64_within_the_mail() {
    let second = Attachment { source: MediaSource::Stored("media-2".to_owned()), ..file(None) };
    let attachments = vec![file(Some("a \"b\".png")), second];
    let run =
        execute(&Command::Send(outgoing(Content { attachments, ..written("hello", new_mail()) })), [Ok(accepted())]);
    assert!(matches!(run.requests[0].body, Body::Chunks(_)));
    assert!(run.requests[0].headers.iter().any(|header| header.value == "application/json"));
    let files = json!([
        {"content": "base64 of media-1", "type": "image/png", "filename": "a \"b\".png", "disposition": "attachment"},
        {"content": "base64 of media-2", "type": "application/octet-stream", "filename": "file", "disposition": "attachment"},
    ]);
    assert_eq!(json_body(&run.requests[0])["attachments"], files);
}

#[test]
fn a_picture_of_the_html_is_shown_in_it() {
    let mail = |names: Value| {
        let content =
            Content { attachments: vec![file(Some("a.pdf")), file(Some("logo.png"))], ..written("x", new_mail()) };
        Outgoing { metadata: json!({"content_ids": names}).to_string(), ..outgoing(content) }
    };
    let sent = sent_body(mail(json!({"logo": 1})))["attachments"].clone();
    assert_eq!((&sent[0]["disposition"], sent[0].get("content_id")), (&json!("attachment"), None));
    assert_eq!((&sent[1]["disposition"], &sent[1]["content_id"]), (&json!("inline"), &json!("logo")));
    for wrong in [json!({"logo": 2}), json!({"logo": "1"}), json!({"logo": -1})] {
        assert_eq!(refused(mail(wrong)).kind, FailureKind::Rejected);
    }
}

#[test]
fn files_alone_have_a_text_that_names_them() {
    let captioned = Attachment { caption: Some("Look".to_owned()), ..file(Some("a.png")) };
    for (attachment, text) in [(file(Some("a.png")), "a.png"), (captioned, "Look")] {
        let content = Content { attachments: vec![attachment], ..Content::empty() };
        assert_eq!(sent_body(outgoing(content))["content"][0]["value"], text);
    }
}

#[test]
fn a_template_has_its_data() {
    let template = |parameters: &str| {
        let (name, language) = ("d-123".to_owned(), "en".to_owned());
        let detail = Detail::Template(TemplateUse { name, language, parameters: parameters.to_owned() });
        outgoing(Content { detail: Some(detail), ..Content::empty() })
    };
    let body = sent_body(template(r#"{"name":"Ada"}"#));
    assert_eq!((&body["template_id"], body.get("content")), (&json!("d-123"), None));
    assert_eq!(body["personalizations"][0]["dynamic_template_data"], json!({"name": "Ada"}));
    for none in ["", " ", "null", "{}"] {
        assert_eq!(sent_body(template(none))["personalizations"][0]["dynamic_template_data"], json!({}), "{none}");
    }
    for other in ["[1]", "5", "{"] {
        assert_eq!(refused(template(other)).kind, FailureKind::Rejected, "{other}");
    }
}

#[test]
fn what_a_sender_sets_besides_is_passed_on() {
    let with = |metadata: Value| Outgoing { metadata: metadata.to_string(), ..outgoing(Content::text("hi")) };
    let soon = NOW / 1000 + 3600;
    let body = sent_body(with(
        json!({"categories": ["a"], "asm": {"group_id": 1}, "send_at": soon, "subject": "Set", "other": 1}),
    ));
    assert_eq!(
        (&body["categories"], &body["asm"]["group_id"], &body["send_at"]),
        (&json!(["a"]), &json!(1), &json!(soon))
    );
    assert_eq!((&body["subject"], body.get("other")), (&json!("Set"), None));
    for wrong in [json!({"categories": "a"}), json!({"send_at": soon + 72 * 3600}), json!({"asm": 5})] {
        assert_eq!(refused(with(wrong)).kind, FailureKind::Rejected);
    }
}

#[test]
fn what_cannot_be_sent_is_refused_before() {
    let nobody =
        Outgoing { to: Participant::new("16505551234"), thread: "x".to_owned(), ..outgoing(Content::text("hi")) };
    assert_eq!(refused(nobody).message, "the contact has no e-mail address");
    assert_eq!(refused(outgoing(Content::empty())).message, "the mail says nothing");
    let copied = Email { cc: vec!["nobody".to_owned()], ..new_mail() };
    assert_eq!(refused(outgoing(written("hi", copied))).kind, FailureKind::Rejected);
    let many = (0..1000).map(|number| format!("{number}@example.org")).collect();
    assert!(refused(outgoing(written("hi", Email { bcc: many, ..new_mail() }))).message.contains("1001 recipients"));
    let choice = Detail::Choice(Choice { id: "1".to_owned(), title: "Yes".to_owned(), description: None });
    let unsupported = outgoing(Content { detail: Some(choice), ..Content::empty() });
    assert_eq!(refused(unsupported).kind, FailureKind::Unsupported);
    let linked = Attachment { source: MediaSource::Url("https://example.com/a.png".to_owned()), ..file(None) };
    assert!(refused(outgoing(Content { attachments: vec![linked], ..Content::text("hi") })).message.contains("store"));
    let large = Attachment { size: Some(24 * 1024 * 1024), ..file(None) };
    assert!(
        refused(outgoing(Content { attachments: vec![large], ..Content::text("hi") }))
            .message
            .contains("SendGrid takes")
    );
}
