//! What SendGrid never posts is withstood: no panic, no hang, no flood, and the same answer twice.

use crate::support::{BOUNDARY, channel, fixture_folder, mail};
use patchbay_plugin_sdk::testing::robust::{spoilt, withstands};
use patchbay_plugin_sdk::testing::{Fixture, with_secrets};
use patchbay_plugin_sdk::{Connector, Webhook};
use patchbay_plugin_sendgrid::SendGrid;

/// A mail with all that a form may hold.
fn posted() -> Webhook {
    mail(
        "Message-ID: <1@a>\nReferences: <2@b> <3@c>\nSubject: =?utf-8?B?w6Q=?=\nDate: Wed, 10 Aug 2016 18:10:13 -0700\n",
        &[
            ("charsets", "", "", br#"{"text":"shift_jis","html":"utf-7","subject":"iso-2022-jp"}"#),
            ("subject", "", "", b"\x1b$B%O%m!<\x1b(B"),
            ("text", "", "", b"\x83n\x83\x8d"),
            ("html", "", "", b"<p>+ZYeB9FH6&lt;</p>"),
            ("attachment-info", "", "", br#"{"attachment1":{"type":"image/png","content-id":"x"}}"#),
            ("attachment1", "; filename=\"a.png\"", "image/png", b"\x89PNG\r\n"),
        ],
    )
}

fn raw() -> Webhook {
    let raw = b"From: a@b.c\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: text/html\r\n\r\n\
        <p>&amp;</p>\r\n--m\r\nContent-Type: message/rfc822\r\n\r\nSubject: =?utf-8?Q?=C3=A4?=\r\n\r\nx\r\n--m--\r\n";
    mail("", &[("email", "", "", raw)])
}

/// The same under another boundary, and with what is deep or long inside.
fn odd() -> [Webhook; 4] {
    let with = |bytes: Vec<u8>| mail("Message-ID: <1@a>\n", &[("html", "", "", &bytes), ("charsets", "", "", &bytes)]);
    let nested = format!("Content-Type: multipart/mixed; boundary={BOUNDARY}\r\n\r\n--{BOUNDARY}\r\n").repeat(50);
    [
        posted().with_header("content-type", "multipart/form-data; boundary=\""),
        with(b"[".repeat(2_000)),
        with(b"<p>".repeat(2_000)),
        mail("", &[("email", "", "", nested.as_bytes())]),
    ]
}

#[test]
fn spoilt_webhooks_are_withstood_and_none_is_taken_for_signed() {
    let mut files: Vec<_> = std::fs::read_dir(fixture_folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let recorded = files.iter().map(Fixture::load).flat_map(|fixture| fixture.webhooks());
    let webhooks: Vec<_> = recorded.chain([posted(), raw()]).chain(odd()).collect();
    with_secrets([("inboundToken", "s3cret")], || {
        for webhook in spoilt(&webhooks, 20_260_612, 2_000) {
            withstands::<SendGrid>(&channel(), &webhook);
            assert!(SendGrid::accept(&channel(), &webhook).is_err(), "{}", webhook.url);
        }
    });
}
