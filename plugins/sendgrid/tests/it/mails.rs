//! Mails as SendGrid reads them.

use crate::support::{CONTACT, FROM, email, form, ignored, mail, message, metadata, one, parse};
use patchbay_plugin_sdk::testing::{NOW, webhook};
use patchbay_plugin_sdk::{Connector, Event, MediaKind, MediaSource};
use patchbay_plugin_sendgrid::SendGrid;
use serde_json::json;

const HEADERS: &str = "Message-ID: <1@mail.example>\nDate: Wed, 10 Aug 2016 18:10:13 -0700\n";

#[test]
fn each_field_is_read_in_its_charset() {
    let charsets = br#"{"to":7,"subject":"iso-2022-jp","text":"windows-1251","html":"utf-16le","from":"ISO-8859-1"}"#;
    let html: Vec<u8> = "<b>Привет</b>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let message = message(&form(&[
        ("headers", "", "", HEADERS.as_bytes()),
        ("from", "", "", b"J\xfcrgen <ada@example.org>"),
        ("subject", "", "", b"\x1b$B%O%m!<\x1b(B"),
        ("text", "", "", b"\xcf\xf0\xe8\xe2\xe5\xf2"),
        ("html", "", "", &html),
        ("charsets", "", "", charsets),
    ]));
    assert_eq!(message.content.text.as_deref(), Some("Привет"));
    assert_eq!(email(&message).html.as_deref(), Some("<b>Привет</b>"));
    assert_eq!(email(&message).subject, "ハロー");
    assert_eq!((message.sender.id.as_str(), message.sender.name.as_deref()), (CONTACT, Some("Jürgen")));
}

#[test]
fn an_unknown_charset_is_guessed() {
    let text = |bytes: &[u8], charsets: &str| {
        message(&mail(HEADERS, &[("text", "", "", bytes), ("charsets", "", "", charsets.as_bytes())])).content.text
    };
    assert_eq!(text("grün".as_bytes(), r#"{"text":"klingon"}"#).as_deref(), Some("grün"));
    assert_eq!(text(b"gr\xfcn", r#"{"text":"klingon"}"#).as_deref(), Some("grün"));
    assert_eq!(text(b"gr\xfcn", "no JSON").as_deref(), Some("grün"));
    assert_eq!(text(b"gr\xfcn", r#"{"text":"us-ascii"}"#).as_deref(), Some("grün"));
}

#[test]
fn a_mail_has_its_own_time_and_people() {
    let message = message(&mail(
        "Message-ID: <1@mail.example>\nDate: Wed, 10 Aug 2016 18:10:13 -0700\nReply-To: office@example.org\n",
        &[
            ("to", "", "", b"Support <Support@Example.com>, b@example.com"),
            ("cc", "", "", b"\"Lovelace, A.\" <c@example.com>"),
            ("subject", "", "", b"Order\r\n 7"),
            ("text", "", "", b"hello\r\nthere"),
            ("spam_score", "", "", b"0.1"),
        ],
    ));
    assert_eq!((message.id.as_str(), message.sent_at), ("<1@mail.example>", 1_470_877_813_000));
    assert_eq!(message.content.text.as_deref(), Some("hello\r\nthere"));
    assert_eq!(
        (email(&message).subject.as_str(), email(&message).cc.as_slice()),
        ("Order   7", &["c@example.com".to_owned()][..])
    );
    let facts = json!({"to": [FROM, "b@example.com"], "reply_to": "office@example.org", "spam_score": "0.1"});
    assert_eq!(metadata(&message), facts);
}

#[test]
fn a_clock_that_is_wrong_is_not_believed() {
    for date in ["Date: Fri, 1 Jan 2100 00:00:00 +0000\n", "Date: yesterday\n", ""] {
        assert_eq!(message(&mail(date, &[])).sent_at, NOW, "{date}");
    }
}

#[test]
fn html_alone_is_also_text() {
    let html = b"<html><head><style>p{}</style></head><body><p>Hello <b>there</b> &amp; you</p></body></html>";
    let message = message(&mail(HEADERS, &[("html", "", "", html), ("text", "", "", b" \n")]));
    assert_eq!(message.content.text.as_deref().map(str::trim), Some("Hello there & you"));
    let long = [b"<p>".as_slice(), &b"x".repeat(2_000_000)].concat();
    let long = crate::support::message(&mail(HEADERS, &[("html", "", "", &long)]));
    assert!(long.content.text.unwrap().len() <= 512 * 1024);
}

#[test]
fn files_come_with_the_mail() {
    let bytes: Vec<u8> = (0..=255).chain(*b"\r\n--xYzZ\r\n").collect();
    let info = br#"{"attachment1":{"filename":"a.png","name":"a.png","type":"image/png","content-id":"<ii_1>"},
        "attachment2":{"filename":"told.bin","type":"no type"}}"#;
    let message = message(&mail(
        HEADERS,
        &[
            ("attachments", "", "", b"3"),
            ("attachment-info", "", "", info),
            ("attachment10", "; filename=\"m\u{e4}rz \\\"1\\\".PDF\"", "Application/PDF; x=y", b"%PDF"),
            ("attachment1", "; filename=\"a.png\"", "application/octet-stream", &bytes),
            ("attachment2", "", "", b""),
        ],
    ));
    let [image, empty, document] = &message.content.attachments[..] else { panic!("{message:?}") };
    let MediaSource::Url(url) = &image.source else { panic!("{image:?}") };
    assert_eq!(url.strip_prefix("data:image/png;base64,").map(decoded), Some(bytes));
    assert_eq!((image.kind, image.file_name.as_deref(), image.size), (MediaKind::Image, Some("a.png"), Some(266)));
    assert_eq!(empty.source, MediaSource::Url("data:application/octet-stream;base64,".to_owned()));
    assert_eq!((empty.kind, empty.file_name.as_deref(), empty.size), (MediaKind::Document, Some("told.bin"), Some(0)));
    assert_eq!(document.mime_type.as_deref(), Some("application/pdf"));
    assert_eq!(document.file_name.as_deref(), Some("märz \"1\".PDF"));
    assert_eq!(metadata(&message)["content_ids"], json!({"ii_1": 0}));
}

#[test]
fn a_files_name_in_an_old_charset_is_read() {
    let mut webhook = mail(HEADERS, &[("attachment1", "; filename=\"m#rz.pdf\"", "application/pdf", b"%PDF")]);
    let place = webhook.body.windows(4).position(|bytes| bytes == b"m#rz").unwrap();
    webhook.body[place + 1] = 0xe4;
    assert_eq!(message(&webhook).content.attachments[0].file_name.as_deref(), Some("märz.pdf"));
}

fn decoded(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::prelude::BASE64_STANDARD.decode(text).unwrap()
}

#[test]
fn what_machines_write_is_known() {
    let automatic = |headers: &str| email(&message(&mail(headers, &[]))).auto_reply;
    for headers in [
        "Auto-Submitted: auto-replied\n",
        "auto-submitted: Auto-Generated (vacation)\n",
        "Precedence: bulk\n",
        "Precedence: LIST\n",
        "Precedence: auto_reply\n",
        "Precedence: junk\n",
        "X-Autoreply: yes\n",
        "List-Id: <news.example.org>\n",
        "Return-Path: <>\n",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=x\n",
    ] {
        assert!(automatic(headers), "{headers}");
    }
    for headers in [
        "",
        "Auto-Submitted: no\n",
        "Precedence: first-class\n",
        "Return-Path: <ada@example.org>\n",
        "Content-Type: multipart/mixed; boundary=x\n",
    ] {
        assert!(!automatic(headers), "{headers}");
    }
    let bounce = mail("", &[("envelope", "", "", br#"{"to":["support@example.com"],"from":""}"#)]);
    assert!(email(&message(&bounce)).auto_reply);
}

#[test]
fn a_mail_without_an_identifier_has_the_same_made_up_one_each_time() {
    let id = |headers: &str, text: &str| message(&mail(headers, &[("text", "", "", text.as_bytes())])).id;
    assert_eq!(id("Received: a\n", "x"), id("Received: a\n", "x"));
    assert_ne!(id("Received: a\n", "x"), id("Received: b\n", "x"));
    assert_ne!(id("Received: a\n", "x"), id("Received: a\n", "y"));
    assert!(id(&format!("Message-ID: <{}@example.org>\n", "x".repeat(5000)), "").len() < 100);
}

#[test]
fn a_mail_names_its_channel() {
    let envelope = br#"{"to":["Support@example.com"],"from":"bounce@example.org"}"#;
    let mail =
        mail(HEADERS, &[("envelope", "", "", envelope), ("to", "", "", b"other@example.com, support@example.com")]);
    assert_eq!(SendGrid::addresses(&mail), [FROM, "other@example.com"]);
    assert_eq!(message(&mail).sender.id, CONTACT, "the envelope's sender is not who wrote it");
}

#[test]
fn a_form_that_is_no_mail_is_ignored() {
    assert_eq!(ignored(one(parse(&form(&[("a", "", "", b"1")])))), "a form that is no mail");
    assert_eq!(ignored(one(parse(&form(&[("headers", "", "", b"Subject: x")])))), "a mail without a sender");
    let encoded = webhook("from=Ada+%3Cada@example.org%3E&text=hi")
        .with_header("content-type", "application/x-www-form-urlencoded");
    assert!(matches!(one(parse(&encoded)), Event::Message(message) if message.content.text.as_deref() == Some("hi")));
}

#[test]
fn a_form_of_more_parts_than_any_mail_has_is_an_error() {
    let many = vec![("x", "", "", b"".as_slice()); 501];
    assert!(matches!(
        one(parse(&form(&[many[..499].to_vec(), vec![("from", "", "", b"a@b")]].concat()))),
        Event::Message(_)
    ));
    let encoded = webhook("from=a@b&".repeat(501)).with_header("content-type", "application/x-www-form-urlencoded");
    for webhook in [form(&many), encoded] {
        let error = SendGrid::parse(&crate::support::channel(), &webhook).unwrap_err();
        assert_eq!(error, "the form has more than 500 parts");
    }
}

#[test]
fn a_form_that_breaks_off_is_an_error() {
    let whole = mail(HEADERS, &[("text", "", "", b"hello")]);
    for length in [0, 5, whole.body.len() / 2, whole.body.len() - 10] {
        let mut broken = whole.clone();
        broken.body.truncate(length);
        assert!(SendGrid::parse(&crate::support::channel(), &broken).is_err(), "{length}");
    }
    let unnamed = whole.with_header("content-type", "multipart/form-data");
    assert!(SendGrid::parse(&crate::support::channel(), &unnamed).unwrap_err().contains("boundary"));
}
