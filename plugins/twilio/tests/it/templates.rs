//! Content templates: sending and listing.

use crate::send::{body, owned, refused};
use crate::support::{Answer, CONTACT, execute, sms, whatsapp};
use patchbay_plugin_sdk::testing::{answer, outgoing};
use patchbay_plugin_sdk::{
    Attachment, Auth, Command, Content, Detail, FailureKind, MediaKind, MediaSource, Outcome, TemplateUse,
    TransportError,
};
use serde_json::{Value, json};

const SID: &str = "HXaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

pub fn template(parameters: &str) -> Content {
    named(SID, parameters)
}

fn named(name: &str, parameters: &str) -> Content {
    let template = TemplateUse { name: name.to_owned(), language: "en".to_owned(), parameters: parameters.to_owned() };
    Content { detail: Some(Detail::Template(template)), ..Content::empty() }
}

#[test]
fn a_template_goes_by_its_sid_with_its_variables() {
    for (parameters, variables) in [
        (r#"{"1": "Ada", "order": 7}"#, Some(r#"{"1":"Ada","order":"7"}"#)),
        (r#"["Ada", 7]"#, Some(r#"{"1":"Ada","2":"7"}"#)),
        ("{}", None),
        ("[]", None),
        ("null", None),
        ("", None),
    ] {
        for channel in [sms(), whatsapp()] {
            let fields = body(&channel, outgoing(CONTACT, template(parameters)));
            let mut expected = vec![("ContentSid", SID)];
            expected.extend(variables.map(|variables| ("ContentVariables", variables)));
            assert_eq!(fields[2..fields.len() - 1], owned(&expected), "{parameters}");
        }
    }
}

#[test]
fn a_template_of_another_form_is_refused() {
    for parameters in ["5", "\"Ada\"", "{", r#"[["Ada"]]"#, r#"{"1": null}"#] {
        assert!(refused(&whatsapp(), template(parameters)).message.contains("a template's parameters must be"));
    }
    for name in ["", "greeting", "HX123", "MGaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "HXzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"] {
        assert!(refused(&whatsapp(), named(name, "")).message.contains("ContentSid"));
    }
    let file = Attachment::new(MediaKind::Image, MediaSource::Url("https://example.com/1".to_owned()));
    let failure = refused(&whatsapp(), Content { attachments: vec![file], ..template("") });
    assert!(failure.message.contains("files do not go with a template"));
}

fn page(sids: &[&str], next: Option<&str>) -> Answer {
    let approval = json!({"name": "x", "status": "approved", "category": "UTILITY"});
    let contents: Vec<Value> = sids
        .iter()
        .map(|sid| json!({"sid": sid, "friendly_name": "f", "language": "en", "approval_requests": approval}))
        .collect();
    answer(200, &json!({"contents": contents, "meta": {"page": 0, "next_page_url": next}}))
}

#[test]
fn templates_are_listed_page_by_page() {
    let next = "https://elsewhere.example/v1/ContentAndApprovals?PageSize=100&PageToken=t%3D1";
    let run = execute(&whatsapp(), &Command::ListTemplates, [page(&["HX1"], Some(next)), page(&["HX2"], None)]);
    let urls: Vec<&str> = run.requests.iter().map(|request| request.url.as_str()).collect();
    let base = "https://content.twilio.com/v1/ContentAndApprovals?PageSize=100";
    assert_eq!(urls, [base.to_owned(), format!("{base}&PageToken=t%3D1")]);
    assert!(run.requests.iter().all(|request| request.idempotent && matches!(request.auth, Auth::Basic(_))));
    let Ok(Outcome::Templates(listed)) = run.result else { panic!("{:?}", run.result) };
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!((&listed[0]["name"], &listed[1]["name"]), (&json!("HX1"), &json!("HX2")));
    assert_eq!((&listed[0]["status"], &listed[0]["category"]), (&json!("approved"), &json!("UTILITY")));
}

#[test]
fn a_list_of_templates_never_ends_half_way_in_silence() {
    let endless = (0..8).map(|_| page(&["HX1"], Some("https://content.twilio.com/v1?Page=1")));
    let failure = execute(&sms(), &Command::ListTemplates, endless).result.unwrap_err();
    assert_eq!(failure.message, "the account has more than the 8 templates that fit");
    let lost = execute(&sms(), &Command::ListTemplates, [Err(TransportError::Unknown("lost".to_owned()))]);
    assert_eq!(lost.result.unwrap_err().kind, FailureKind::Temporary);
    let strange = execute(&sms(), &Command::ListTemplates, [answer(200, &json!({"contents": 5}))]);
    assert_eq!(strange.result.unwrap_err().kind, FailureKind::Temporary);
    let odd = execute(&sms(), &Command::ListTemplates, [answer(200, &json!({"contents": [5, {}]}))]);
    assert!(odd.result.is_ok());
}
