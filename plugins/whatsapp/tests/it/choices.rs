//! Choices: buttons and lists.

use crate::send::{body, detailed, expected, refused};
use crate::support::CONTACT;
use patchbay_plugin_sdk::testing::outgoing;
use patchbay_plugin_sdk::{Choice, Choices, Content, Detail, FailureKind};
use serde_json::json;

fn choice(id: &str, title: &str, description: Option<&str>) -> Choice {
    Choice { id: id.to_owned(), title: title.to_owned(), description: description.map(str::to_owned) }
}

fn choices(items: Vec<Choice>) -> Choices {
    Choices { items, button: None, header: None, footer: None }
}

fn offer(text: &str, choices: Choices) -> Content {
    detailed(Some(text), Detail::Choices(choices))
}

#[test]
fn send_buttons() {
    let items = vec![choice("y", "Yes", None), choice("n", "No", None)];
    let choices = Choices { header: Some("Order".to_owned()), footer: Some("Thanks".to_owned()), ..choices(items) };
    let fields = json!({"type": "interactive", "interactive": {
        "type": "button",
        "header": {"type": "text", "text": "Order"},
        "body": {"text": "Shall we?"},
        "footer": {"text": "Thanks"},
        "action": {"buttons": [
            {"type": "reply", "reply": {"id": "y", "title": "Yes"}},
            {"type": "reply", "reply": {"id": "n", "title": "No"}},
        ]},
    }});
    assert_eq!(body(outgoing(CONTACT, offer("Shall we?", choices))), expected(fields));
}

#[test]
fn send_list() {
    let items = vec![choice("1", "One", Some("the first")), choice("2", "Two", None)];
    let choices = Choices { button: Some("Open".to_owned()), ..choices(items) };
    let fields = json!({"type": "interactive", "interactive": {
        "type": "list",
        "body": {"text": "Which?"},
        "action": {"button": "Open", "sections": [{"rows": [
            {"id": "1", "title": "One", "description": "the first"},
            {"id": "2", "title": "Two"},
        ]}]},
    }});
    assert_eq!(body(outgoing(CONTACT, offer("Which?", choices))), expected(fields));
}

#[test]
fn send_list_when_there_are_more_than_three() {
    let items: Vec<Choice> = (0..4).map(|number| choice(&number.to_string(), "Title", None)).collect();
    let body = body(outgoing(CONTACT, offer("Which?", choices(items))));
    assert_eq!(body["interactive"]["type"], json!("list"));
    assert_eq!(body["interactive"]["action"]["button"], json!("☰"));
}

#[test]
fn send_choices_within_limits() {
    let long = |length: usize| "x".repeat(length);
    let rows = |count: usize| (0..count).map(|number| choice(&number.to_string(), "Title", None)).collect::<Vec<_>>();
    let one = |id: &str, title: &str, description: Option<&str>| choices(vec![choice(id, title, description)]);
    let cases = [
        (offer("x", choices(vec![])), "there is nothing to choose from"),
        (offer("x", choices(rows(11))), "there are 11 choices, WhatsApp takes 10"),
        (offer(&long(1025), choices(rows(3))), "the text above the choices has 1025 characters, WhatsApp takes 1024"),
        (offer(&long(4097), choices(rows(4))), "the text above the choices has 4097 characters, WhatsApp takes 4096"),
        (offer("", choices(rows(1))), "the text above the choices is empty"),
        (offer("x", one(&long(257), "t", None)), "a button's id has 257 characters, WhatsApp takes 256"),
        (offer("x", one("1", "", None)), "a button's title is empty"),
        (offer("x", one("1", &long(25), None)), "a choice's title has 25 characters, WhatsApp takes 24"),
        (offer("x", one(&long(201), "t", Some("d"))), "a choice's id has 201 characters, WhatsApp takes 200"),
        (offer("x", one("1", "t", Some(&long(73)))), "a choice's description has 73 characters, WhatsApp takes 72"),
        (
            offer("x", Choices { button: Some(long(21)), ..choices(rows(4)) }),
            "what opens the list has 21 characters, WhatsApp takes 20",
        ),
        (
            offer("x", Choices { header: Some(long(61)), ..choices(rows(1)) }),
            "the header has 61 characters, WhatsApp takes 60",
        ),
        (
            offer("x", Choices { footer: Some(long(61)), ..choices(rows(1)) }),
            "the footer has 61 characters, WhatsApp takes 60",
        ),
    ];
    for (content, message) in cases {
        let failure = refused(content);
        assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::Rejected, message));
    }
}
