//! Templates: sending, listing, asking for a new one.

use crate::send::{body, detailed, expected, refused};
use crate::support::{Answer, CONTACT, execute, json_body};
use patchbay_plugin_sdk::testing::{answer, channel, outgoing, run};
use patchbay_plugin_sdk::{
    Attachment, Command, Content, Detail, FailureKind, MediaKind, MediaSource, Outcome, TemplateUse, TransportError,
};
use patchbay_plugin_whatsapp::WhatsApp;
use serde_json::{Value, json};

fn template(parameters: &str) -> Content {
    let template =
        TemplateUse { name: "order_update".to_owned(), language: "nl".to_owned(), parameters: parameters.to_owned() };
    // The rendered text is for people who read the conversation; Meta renders its own.
    detailed(Some("Your order is on its way"), Detail::Template(template))
}

fn components(parameters: &Value) -> Value {
    body(outgoing(CONTACT, template(&parameters.to_string())))["template"]["components"].clone()
}

#[test]
fn send_template() {
    let fields = json!({"type": "template", "template": {"name": "order_update", "language": {"code": "nl"}}});
    for nothing in ["", "null", "[]", "{}"] {
        assert_eq!(body(outgoing(CONTACT, template(nothing))), expected(fields.clone()), "{nothing}");
    }
}

#[test]
fn send_template_with_components() {
    let components_given = json!([
        {"type": "header", "parameters": [{"type": "image", "image": {"link": "https://example.com/i.jpg"}}]},
        {"type": "body", "parameters": [{"type": "text", "text": "A1"}]},
        {"type": "button", "sub_type": "quick_reply", "index": "0", "parameters": [{"type": "payload", "payload": "P"}]},
    ]);
    assert_eq!(components(&components_given), components_given);
    assert_eq!(components(&json!({"components": components_given})), components_given);
}

#[test]
fn send_template_with_body_texts() {
    let expected = json!([{"type": "body", "parameters": [
        {"type": "text", "text": "Ann"},
        {"type": "text", "text": "12.5"},
        {"type": "currency", "currency": {"code": "EUR"}},
    ]}]);
    assert_eq!(components(&json!(["Ann", 12.5, {"type": "currency", "currency": {"code": "EUR"}}])), expected);
}

#[test]
fn send_template_with_named_texts() {
    let expected = json!([{"type": "body", "parameters": [
        {"type": "text", "parameter_name": "name", "text": "Ann"},
        {"type": "text", "parameter_name": "order", "text": "7"},
    ]}]);
    assert_eq!(components(&json!({"order": 7, "name": "Ann"})), expected);
}

#[test]
fn send_template_with_parameters_of_another_form() {
    for wrong in ["5", "\"x\"", "{", "[[]]", r#"{"components": 5}"#, r#"{"name": {}}"#] {
        let failure = refused(template(wrong));
        assert_eq!(failure.kind, FailureKind::Rejected);
        assert!(failure.message.contains("a template's parameters must be"), "{wrong}: {}", failure.message);
    }
    let nameless = TemplateUse { name: String::new(), language: "nl".to_owned(), parameters: String::new() };
    assert!(refused(detailed(None, Detail::Template(nameless))).message.contains("name and its language"));
}

#[test]
fn send_template_without_files_beside_it() {
    let file = Attachment::new(MediaKind::Image, MediaSource::Platform("1".to_owned()));
    let failure = refused(Content { attachments: vec![file], ..template("") });
    assert!(failure.message.contains("header's parameters"), "{}", failure.message);
}

fn page(names: &[&str], after: Option<&str>) -> Answer {
    let data: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
    let next = after.map(|_| "https://graph.facebook.com/next");
    answer(
        200,
        &json!({"data": data, "paging": {"cursors": {"before": "b", "after": after.unwrap_or("last")}, "next": next}}),
    )
}

#[test]
fn list_templates_page_by_page() {
    let run = execute(&Command::ListTemplates, [page(&["a", "b"], Some("x=1")), page(&["c"], None)]);
    let urls: Vec<&str> = run.requests.iter().map(|request| request.url.as_str()).collect();
    let first = "https://graph.facebook.com/v24.0/419561257915477/message_templates\
        ?fields=id%2Cname%2Clanguage%2Cstatus%2Ccategory%2Ccomponents%2Crejected_reason&limit=250";
    assert_eq!(urls, [first.to_owned(), format!("{first}&after=x%3D1")]);
    let listed = json!([{"name": "a"}, {"name": "b"}, {"name": "c"}]);
    assert_eq!(run.result, Ok(Outcome::Templates(listed.to_string())));
}

#[test]
fn list_templates_never_ends_half_way_in_silence() {
    let endless = (0..8).map(|_| page(&["a"], Some("more")));
    let failure = execute(&Command::ListTemplates, endless).result.unwrap_err();
    assert_eq!(failure.message, "the account has more than the 8 templates that fit");
    let lost = execute(&Command::ListTemplates, [Err(TransportError::Unknown("lost".to_owned()))]);
    assert_eq!(lost.result.unwrap_err().kind, FailureKind::Temporary);
    let strange = execute(&Command::ListTemplates, [answer(200, &json!({"data": 5}))]);
    assert_eq!(strange.result.unwrap_err().kind, FailureKind::Temporary);
}

#[test]
fn submit_template() {
    let template = json!({"name": "cart", "language": "en", "category": "MARKETING", "components": []});
    let command = Command::SubmitTemplate(template.to_string());
    let run = execute(&command, [answer(200, &json!({"id": "1", "status": "PENDING", "category": "UTILITY"}))]);
    let request = &run.requests[0];
    assert_eq!(request.url, "https://graph.facebook.com/v24.0/419561257915477/message_templates");
    assert_eq!((request.method.as_str(), request.idempotent), ("POST", false));
    assert_eq!(json_body(request), template);
    let expected = json!([{"name": "cart", "language": "en", "category": "UTILITY", "components": [], "id": "1", "status": "PENDING"}]);
    assert_eq!(run.result, Ok(Outcome::Templates(expected.to_string())));
    for wrong in ["[]", "no JSON"] {
        let failure = execute(&Command::SubmitTemplate(wrong.to_owned()), []).result.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Rejected);
    }
}

#[test]
fn a_template_that_is_there_is_changed_or_taken_back() {
    let known = json!({"id": "77", "name": "cart", "language": "en", "category": "UTILITY", "components": []});
    let done = || answer(200, &json!({"success": true}));
    let run = execute(&Command::SubmitTemplate(known.to_string()), [done()]);
    let request = &run.requests[0];
    assert_eq!((request.method.as_str(), request.url.as_str()), ("POST", "https://graph.facebook.com/v24.0/77"));
    assert_eq!(json_body(request), json!({"category": "UTILITY", "components": []}));
    assert!(request.idempotent && run.result.is_ok());
    let gone = json!({"id": "77", "name": "cart", "deleted": true});
    let run = execute(&Command::SubmitTemplate(gone.to_string()), [done()]);
    let url = "https://graph.facebook.com/v24.0/419561257915477/message_templates?hsm_id=77&name=cart";
    assert_eq!((run.requests[0].method.as_str(), run.requests[0].url.as_str()), ("DELETE", url));
    assert!(run.result.is_ok());
}

#[test]
fn templates_need_the_account() {
    let channel = channel("WHATSAPP", &json!({"phoneNumberId": "1"}));
    for command in [Command::ListTemplates, Command::SubmitTemplate("{}".to_owned()), Command::RegisterWebhook] {
        let failure = run::<WhatsApp>(&channel, &command, []).result.unwrap_err();
        assert!(failure.message.contains("businessAccountId"), "{}", failure.message);
    }
}
