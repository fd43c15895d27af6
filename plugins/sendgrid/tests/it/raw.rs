//! Mails as they were sent.

use crate::support::{CONTACT, email, form, message, metadata};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use patchbay_plugin_sdk::{MediaKind, MediaSource, Message};
use serde_json::json;

fn raw(mail: &str) -> Message {
    message(&form(&[("email", "", "", mail.replace('\n', "\r\n").as_bytes()), ("subject", "", "", b"ignored")]))
}

#[test]
fn texts_and_files_are_decoded() {
    let message = raw(concat!(
        "From: =?UTF-8?B?SsO8cmdlbg==?= <Ada@example.org>\nTo: support@example.com\n",
        "Subject: =?iso-8859-1?Q?Gr=FC=DFe?=\nMessage-ID: <2@mail.example>\nIn-Reply-To: <1@mail.example>\n",
        "References: <0@mail.example> <1@mail.example>\nAuto-Submitted: auto-replied\nMIME-Version: 1.0\n",
        "Content-Type: multipart/mixed; boundary=m\n\n--m\nContent-Type: multipart/alternative; boundary=a\n\n",
        "--a\nContent-Type: text/plain; charset=koi8-r\nContent-Transfer-Encoding: quoted-printable\n\n=F0=D2=C9=D7=C5=D4\n",
        "--a\nContent-Type: text/html; charset=utf-8\n\n<p>Привет</p>\n--a--\n",
        "--m\nContent-Type: image/png; name=a.png\nContent-ID: <ii_1>\nContent-Disposition: attachment; filename=a.png\n",
        "Content-Transfer-Encoding: base64\n\niVBORw0KGgo=\n",
        "--m\nContent-Type: application/pdf\nContent-Disposition: attachment; filename*=UTF-8''m%C3%A4rz.pdf\n\n%PDF\n--m--\n",
    ));
    assert_eq!((message.sender.id.as_str(), message.sender.name.as_deref()), (CONTACT, Some("Jürgen")));
    assert_eq!((message.id.as_str(), message.reply_to.as_deref()), ("<2@mail.example>", Some("<1@mail.example>")));
    assert_eq!(message.content.text.as_deref().map(str::trim), Some("Привет"));
    let mail = email(&message);
    assert_eq!((mail.subject.as_str(), mail.auto_reply), ("Grüße", true));
    assert_eq!(mail.references, ["<0@mail.example>", "<1@mail.example>"]);
    assert_eq!(mail.html.as_deref().map(str::trim), Some("<p>Привет</p>"));
    let [image, document] = &message.content.attachments[..] else { panic!("{message:?}") };
    assert_eq!(image.source, MediaSource::Url("data:image/png;base64,iVBORw0KGgo=".to_owned()));
    assert_eq!((document.kind, document.file_name.as_deref()), (MediaKind::Document, Some("märz.pdf")));
    assert_eq!(metadata(&message)["content_ids"], json!({"ii_1": 0}));
}

#[test]
fn a_mail_of_text_alone_has_no_html() {
    let message = raw("From: ada@example.org\nSubject: Hi\n\nHello\n");
    assert_eq!(
        (message.content.text.as_deref().map(str::trim), email(&message).html.as_deref()),
        (Some("Hello"), None)
    );
    let html = raw("From: ada@example.org\nContent-Type: text/html\n\n<p>Hello</p>\n");
    assert_eq!(html.content.text.as_deref().map(str::trim), Some("Hello"));
    assert_eq!(email(&html).html.as_deref().map(str::trim), Some("<p>Hello</p>"));
}

/// Pictures within HTML are files like others, which the HTML names.
#[test]
fn a_picture_within_the_text_is_a_file() {
    let message = raw(concat!(
        "From: ada@example.org\nMessage-ID: <2@mail.example>\nContent-Type: multipart/related; boundary=r\n\n",
        "--r\nContent-Type: text/html\n\n<img src=\"cid:ii_1\">\n",
        "--r\nContent-Type: image/png\nContent-ID: <ii_1>\nContent-Disposition: inline; filename=a.png\n",
        "Content-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--r--\n",
    ));
    assert_eq!(message.content.attachments.len(), 1);
    assert_eq!(message.content.attachments[0].kind, MediaKind::Image);
    assert_eq!(metadata(&message)["content_ids"], json!({"ii_1": 0}));
}

#[test]
fn a_mail_within_the_mail_is_a_file_of_its_own() {
    let inner = "From: bob@example.net\nMessage-ID: <9@mail.example>\nAuto-Submitted: auto-replied\n\nThe first mail";
    let outer = |more: &str, inner: &str| {
        raw(&format!(
            "From: ada@example.org\nMessage-ID: <2@mail.example>\nContent-Type: multipart/mixed; boundary=m\n\n--m\n\
             Content-Type: text/plain\n\nSee below\n--m\nContent-Type: message/rfc822\n{more}\n{inner}\n--m--\n"
        ))
    };
    let written = inner.replace('\n', "\r\n");
    let encoded = BASE64_STANDARD.encode(&written);
    for message in [outer("", inner), outer("Content-Transfer-Encoding: base64\n", &encoded)] {
        assert_eq!((message.id.as_str(), message.sender.id.as_str()), ("<2@mail.example>", CONTACT));
        assert_eq!((message.content.text.as_deref(), email(&message).auto_reply), (Some("See below"), false));
        let [forwarded] = &message.content.attachments[..] else { panic!("{message:?}") };
        let MediaSource::Url(url) = &forwarded.source else { panic!("{forwarded:?}") };
        let bytes = BASE64_STANDARD.decode(url.strip_prefix("data:message/rfc822;base64,").unwrap()).unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap().trim_end(), written);
    }
}

#[test]
fn a_text_without_a_charset_is_guessed_and_a_file_stays_as_it_is() {
    let written = b"gr\xfcn;1".as_slice();
    let base64 = BASE64_STANDARD.encode(written);
    let wrapped = format!("{}\r\n{}", &base64[..4], &base64[4..]);
    for charset in ["", "; charset=klingon", "; charset=utf-8"] {
        for (encoding, encoded) in
            [("8bit", written), ("quoted-printable", b"gr=FCn;=\r\n1"), ("base64", wrapped.as_bytes())]
        {
            let part = |kind: &str| {
                let head =
                    format!("--m\r\nContent-Transfer-Encoding: {encoding}\r\nContent-Type: {kind}{charset}\r\n\r\n");
                [head.as_bytes(), encoded, b"\r\n"].concat()
            };
            let head = b"From: ada@example.org\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n".to_vec();
            let file = part("text/csv; name=a.csv");
            let mail = [head, part("text/plain"), file, b"--m--\r\n".to_vec()].concat();
            let message = message(&form(&[("email", "", "", &mail)]));
            assert_eq!(message.content.text.as_deref(), Some("grün;1"), "{encoding}{charset}");
            let [file] = &message.content.attachments[..] else { panic!("{message:?}") };
            let url = format!("data:text/csv;base64,{base64}");
            assert_eq!(file.source, MediaSource::Url(url), "{encoding}{charset}");
        }
    }
}

#[test]
fn html_above_a_footer_of_plain_text_is_read_whole() {
    let (html, text) = ("Content-Type: text/html\n\n<p>Hello &lt;3</p>", "Content-Type: text/plain\n\nThe 1<2 list");
    for (first, second, said) in
        [(html, text, ["Hello <3", "The 1<2 list"]), (text, html, ["The 1<2 list", "Hello <3"])]
    {
        let message = raw(&format!(
            "From: ada@example.org\nContent-Type: multipart/mixed; boundary=m\n\n--m\n{first}\n--m\n{second}\n--m--\n"
        ));
        let lines: Vec<&str> = message.content.text.as_deref().unwrap().split_whitespace().collect();
        assert_eq!(lines.join(" "), said.join(" "));
        let html = email(&message).html.as_deref().unwrap();
        assert!(html.contains("<p>Hello &lt;3</p>") && html.contains("The 1&lt;2 list"), "{html}");
        assert!(message.content.attachments.is_empty());
    }
}

#[test]
fn a_line_before_the_headers_does_not_end_them() {
    let mail = "\nFrom: ada@example.org\nMessage-ID: <2@mail.example>\nAuto-Submitted: auto-replied\n";
    let posted = form(&[("headers", "", "", mail.as_bytes()), ("text", "", "", b"hi")]);
    for message in [raw(&format!("{mail}\nhi\n")), message(&posted)] {
        assert_eq!((message.id.as_str(), message.sender.id.as_str()), ("<2@mail.example>", CONTACT));
        assert!(email(&message).auto_reply);
    }
}

#[test]
fn files_beyond_the_most_are_counted() {
    let part = "--m\nContent-Type: application/pdf\nContent-Disposition: attachment\n\nx\n";
    let mail = |files: usize| {
        let parts = part.repeat(files);
        raw(&format!("From: ada@example.org\nContent-Type: multipart/mixed; boundary=m\n\n{parts}--m--\n"))
    };
    let (most, more) = (mail(500), mail(503));
    assert_eq!((most.content.attachments.len(), more.content.attachments.len()), (500, 500));
    assert_eq!((metadata(&most), metadata(&more)), (json!({}), json!({"left_out_files": 3})));
}
