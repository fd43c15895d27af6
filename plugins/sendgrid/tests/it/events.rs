//! What became of mails.

use crate::support::{FROM, channel, channel_with, ignored, one, parse_reports};
use patchbay_plugin_sdk::testing::{NOW, webhook};
use patchbay_plugin_sdk::{Connector, DeliveryState, DeliveryStatus, Event, FailureKind};
use patchbay_plugin_sendgrid::SendGrid;
use serde_json::{Value, json};

fn report(fields: Value) -> Value {
    let mut report = json!({
        "email": "Ada@Example.org", "timestamp": 1_461_095_246, "sg_event_id": "e", "event": "delivered",
        "sg_message_id": "LRzXl.filter1.2.3", "patchbay_message": "out-1", "patchbay_to": "ada@example.org",
        "patchbay_from": FROM,
    });
    report.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    report
}

fn status(fields: Value) -> DeliveryStatus {
    match one(parse_reports(json!([report(fields)]))) {
        Event::Status(status) => status,
        other => panic!("not a status: {other:?}"),
    }
}

#[test]
fn every_kind_of_event_has_its_state() {
    for (kind, state) in [
        ("processed", DeliveryState::Sent),
        ("deferred", DeliveryState::Sent),
        ("delivered", DeliveryState::Delivered),
        ("open", DeliveryState::Read),
        ("click", DeliveryState::Read),
        ("bounce", DeliveryState::Failed),
        ("dropped", DeliveryState::Failed),
    ] {
        let status = status(json!({"event": kind}));
        assert_eq!((status.state, status.at), (state, 1_461_095_246_000), "{kind}");
        assert_eq!((status.id.as_deref(), status.correlation.as_deref()), (Some("LRzXl"), Some("out-1")));
        assert_eq!(status.failure.is_some(), state == DeliveryState::Failed);
    }
}

#[test]
fn a_failure_is_told_of_the_address_or_of_the_mail() {
    let kind = |fields| status(fields).failure.unwrap().kind;
    assert_eq!(kind(json!({"event": "bounce", "type": "bounce"})), FailureKind::Unreachable);
    assert_eq!(kind(json!({"event": "bounce"})), FailureKind::Unreachable);
    assert_eq!(kind(json!({"event": "bounce", "type": "blocked"})), FailureKind::Rejected);
    assert_eq!(kind(json!({"event": "bounce", "type": "brand_new"})), FailureKind::Rejected);
    for reason in ["Bounced Address", "Unsubscribed Address", "Invalid", "Spam Reporting Address", "Brand new"] {
        assert_eq!(kind(json!({"event": "dropped", "reason": reason})), FailureKind::Unreachable, "{reason}");
    }
    for reason in ["Spam Content (if Spam Checker app enabled)", "Invalid SMTPAPI header"] {
        assert_eq!(kind(json!({"event": "dropped", "reason": reason})), FailureKind::Rejected, "{reason}");
    }
    let bounce = status(json!({"event": "bounce", "reason": "550 no such user", "status": "5.1.1"})).failure.unwrap();
    assert_eq!((bounce.message.as_str(), bounce.code.as_deref()), ("550 no such user", Some("5.1.1")));
}

#[test]
fn consent_is_the_persons() {
    for kind in ["spamreport", "unsubscribe", "group_unsubscribe"] {
        let Event::OptOut(person) = one(parse_reports(json!([report(json!({"event": kind}))]))) else {
            panic!("{kind}")
        };
        assert_eq!((person.id.as_str(), person.email.as_deref()), ("ada@example.org", Some("ada@example.org")));
    }
    let back = one(parse_reports(json!([report(json!({"event": "group_resubscribe"}))])));
    assert!(matches!(back, Event::OptIn(person) if person.id == "ada@example.org"));
    let nobody = one(parse_reports(json!([report(json!({"event": "unsubscribe", "email": 5}))])));
    assert_eq!(ignored(nobody), "a consent of nobody");
}

#[test]
fn a_message_is_found_by_what_is_there() {
    let id = |text: &str| status(json!({"sg_message_id": text})).id;
    assert_eq!(id("14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0").as_deref(), Some("14c5d75ce93.dfd.64b469"));
    assert_eq!(id("abc.recvd-canary-1.2").as_deref(), Some("abc"));
    assert_eq!(id("abc.brandnew.1").as_deref(), Some("abc"));
    assert_eq!(id("abc").as_deref(), Some("abc"));
    assert_eq!(id("filter0001.16648.5515E0B88.0"), None, "it names only the server");
    let bare = json!({"event": "delivered", "email": "a@b", "smtp-id": "<patchbay.out-7.@example.com>"});
    let Event::Status(found) = one(parse_reports(json!([bare]))) else { panic!("no status") };
    assert_eq!((found.id, found.correlation.as_deref(), found.at), (None, Some("out-7"), NOW));
    let lost = one(parse_reports(json!([{"event": "delivered", "sg_message_id": "filter1.2"}])));
    assert_eq!(ignored(lost), "an event of no message that can be told");
}

#[test]
fn a_time_may_be_a_fraction_and_is_never_in_the_future() {
    let at = |timestamp: Value| status(json!({"timestamp": timestamp})).at;
    assert_eq!(at(json!(1_461_095_246.5)), 1_461_095_246_500);
    assert_eq!(at(json!(" 1461095246 ")), 1_461_095_246_000);
    for none in
        [json!(1_461_095_246_000_u64), json!(u64::MAX), json!(-1), json!(0), json!("soon"), json!("inf"), json!({})]
    {
        assert_eq!(at(none.clone()), NOW, "{none}");
    }
}

#[test]
fn what_becomes_of_a_copy_says_nothing_of_the_message() {
    let copy = one(parse_reports(json!([report(json!({"event": "bounce", "email": "copied@example.net"}))])));
    assert_eq!(ignored(copy), "what became of a copy");
}

#[test]
fn an_event_counts_once_and_a_shared_webhook_is_split() {
    let events = json!([
        report(json!({"sg_event_id": "1"})),
        report(json!({"sg_event_id": "1"})),
        report(json!({"sg_event_id": "2", "patchbay_from": "sales@example.com"})),
        report(json!({"sg_event_id": "3", "event": "open"})),
    ]);
    assert_eq!(parse_reports(events.clone()).len(), 2);
    let webhook = webhook(events.to_string());
    assert_eq!(SendGrid::addresses(&webhook), [FROM, "sales@example.com"]);
    let sales = channel_with(json!({"fromEmail": "Sales@example.com"}));
    assert_eq!(SendGrid::parse(&sales, &webhook).unwrap().len(), 1);
}

#[test]
fn one_strange_event_spoils_no_other() {
    let events = parse_reports(json!([
        5, null, {}, {"event": 7}, report(json!({"event": "account_status_change"})), report(json!({"sg_event_id": "x", "timestamp": "1461095246"})),
        {"event": "account_status_change"},
    ]));
    let (statuses, others): (Vec<_>, Vec<_>) = events.into_iter().partition(|event| matches!(event, Event::Status(_)));
    assert_eq!(statuses.len(), 1);
    let reasons: Vec<String> = others.into_iter().map(ignored).collect();
    assert_eq!(reasons, ["an event without a kind", "an event of another kind: account_status_change"]);
}

#[test]
fn other_json_is_ignored_and_what_is_no_json_is_an_error() {
    for other in ["{}", "5", "null", r#""text""#] {
        assert_eq!(ignored(one(SendGrid::parse(&channel(), &webhook(other)).unwrap())), "not a list of events");
    }
    assert_eq!(parse_reports(json!([])), []);
    for broken in ["", "[", "[{\"event\":"] {
        assert!(SendGrid::parse(&channel(), &webhook(broken)).is_err(), "{broken}");
        assert!(SendGrid::addresses(&webhook(broken)).is_empty());
    }
}
