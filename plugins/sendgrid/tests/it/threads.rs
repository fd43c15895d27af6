//! Which conversation a mail belongs to.

use crate::support::{CONTACT, FROM, email, form, ignored, mail, message, one, outgoing, parse, sent_body};
use patchbay_plugin_sdk::{Content, Outgoing};

fn thread(headers: &str) -> String {
    message(&mail(headers, &[])).thread
}

/// The Message-ID of a mail of ours in a conversation.
fn own_id(thread: &str) -> String {
    let mail = Outgoing { thread: thread.to_owned(), ..outgoing(Content::text("hi")) };
    sent_body(mail)["headers"]["Message-ID"].as_str().unwrap().to_owned()
}

#[test]
fn a_thread_of_mails_is_one_conversation() {
    let first = thread("Message-ID: <1@a>\n");
    assert_eq!(first, format!("<1@a> {CONTACT}"));
    for answer in [
        "Message-ID: <3@a>\nIn-Reply-To: <2@b>\nReferences: <1@a> <2@b>\n",
        "Message-ID: <3@a>\nReferences: <1@a>\n\t<2@b>\n",
        "Message-ID: <3@a>\nIn-Reply-To: <1@a>\n",
    ] {
        assert_eq!(thread(answer), first, "{answer}");
    }
    assert_ne!(thread("Message-ID: <9@a>\n"), first, "a new mail begins a new one");
    assert_eq!(thread("Subject: no identifier\n"), CONTACT);
}

#[test]
fn an_answer_to_a_mail_of_ours_finds_the_conversation_in_it() {
    for known in [format!("<1@a> {CONTACT}"), CONTACT.to_owned()] {
        let own = own_id(&known);
        assert!(own.ends_with("@example.com>") && own.len() < 998, "{own}");
        assert_eq!(thread(&format!("Message-ID: <3@a>\nIn-Reply-To: {own}\n")), known);
        assert_eq!(thread(&format!("Message-ID: <3@a>\nReferences: {own} <4@b>\nIn-Reply-To: <4@b>\n")), known);
    }
}

#[test]
fn nobody_gets_into_the_conversation_of_somebody_else() {
    let own = own_id("<1@a> victim@example.net");
    let theirs = thread(&format!("Message-ID: <3@a>\nReferences: <1@a>\nIn-Reply-To: {own}\n"));
    assert_eq!(theirs, format!("<1@a> {CONTACT}"));
    let own = own_id(&format!("victim-{CONTACT}"));
    assert!(thread(&format!("In-Reply-To: {own}\n")).ends_with(&format!(" {CONTACT}")));
}

#[test]
fn what_it_answers_is_kept() {
    let message = message(&mail("Message-ID: <3@a>\nReferences: <1@a> <2@b>\nIn-Reply-To: <2@b>\n", &[]));
    assert_eq!(message.reply_to.as_deref(), Some("<2@b>"));
    assert_eq!(email(&message).references, ["<1@a>", "<2@b>"]);
    let many = (0..500).map(|number| format!("<{number}@a>")).collect::<Vec<_>>().join("\n ");
    let long = crate::support::message(&mail(&format!("References: {many}\n"), &[]));
    let references = &email(&long).references;
    assert_eq!((references.len(), references[0].as_str(), references[99].as_str()), (100, "<0@a>", "<499@a>"));
}

#[test]
fn an_overlong_identifier_is_kept_by_its_digest() {
    let root = format!("<{}@a>", "x".repeat(3000));
    let long = thread(&format!("Message-ID: {root}\n"));
    assert!(long.len() < 200 && long.starts_with("sha256:"), "{long}");
    assert_eq!(thread(&format!("Message-ID: <2@a>\nReferences: {root}\n")), long);
}

#[test]
fn a_copy_of_a_mail_of_ours_is_no_message() {
    let headers = format!("Message-ID: {}\n", own_id(CONTACT));
    let copy = form(&[("headers", "", "", headers.as_bytes()), ("from", "", "", FROM.as_bytes())]);
    assert_eq!(ignored(one(parse(&copy))), "a copy of a mail of ours");
}
