//! Delivery statuses, and what concerns the account.

use crate::support::{ACCOUNT, BSUID, CONTACT, channel, envelope, ignored, one, parse_body};
use patchbay_plugin_sdk::testing::{NOW, snapshot, webhook};
use patchbay_plugin_sdk::{Connector, DeliveryState, DeliveryStatus, Event, FailureKind, LimitScope, MessageRef};
use patchbay_plugin_whatsapp::WhatsApp;
use serde_json::{Value, json};

fn parse(fields: Value) -> Event {
    let mut status = json!({"id": "wamid.OUT1", "timestamp": "1749416385", "recipient_id": CONTACT});
    status.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    one(parse_body(&envelope("messages", json!({"statuses": [status]}))))
}

fn status(fields: Value) -> DeliveryStatus {
    match parse(fields) {
        Event::Status(status) => status,
        other => panic!("{other:?}"),
    }
}

#[test]
fn status_words() {
    for (word, state) in [
        ("accepted", DeliveryState::Accepted),
        ("sent", DeliveryState::Sent),
        ("delivered", DeliveryState::Delivered),
        ("read", DeliveryState::Read),
        ("played", DeliveryState::Read),
        ("failed", DeliveryState::Failed),
    ] {
        let status = status(json!({"status": word}));
        assert_eq!((status.state, status.failure.is_some()), (state, state == DeliveryState::Failed), "{word}");
        assert_eq!((status.id.as_deref(), status.at), (Some("wamid.OUT1"), 1_749_416_385_000));
    }
    assert_eq!(ignored(parse(json!({"status": "warned"}))), "a message's status warned");
    ignored(parse(json!({"id": "", "status": "sent"})));
}

#[test]
fn status_deleted_removes_the_message() {
    assert_eq!(parse(json!({"status": "deleted"})), Event::MessageDeleted(MessageRef::new(CONTACT, "wamid.OUT1")));
    ignored(parse(json!({"status": "deleted", "recipient_id": ""})));
}

#[test]
fn status_of_a_bsuid_or_a_group_names_its_thread() {
    let user = json!({"status": "sent", "recipient_id": "", "recipient_user_id": BSUID});
    assert_eq!(status(user).thread.as_deref(), Some(BSUID));
    let group = json!({"status": "read", "recipient_id": "Y2FwaV9ncm91cDox", "recipient_type": "group",
        "recipient_participant_id": CONTACT});
    assert_eq!(status(group).thread.as_deref(), Some("Y2FwaV9ncm91cDox"));
    let older = json!({"status": "read", "group_id": "Y2FwaV9ncm91cDox"});
    assert_eq!(status(older).thread.as_deref(), Some("Y2FwaV9ncm91cDox"));
}

#[test]
fn status_carries_the_engines_identifier_back() {
    let status = status(json!({"status": "sent", "biz_opaque_callback_data": "018f3f5e"}));
    assert_eq!(status.correlation.as_deref(), Some("018f3f5e"));
}

#[test]
fn status_without_a_time_came_when_the_webhook_came() {
    assert_eq!(status(json!({"status": "sent", "timestamp": null})).at, NOW);
}

#[test]
fn status_failed_says_why() {
    let failure = |errors: Value| status(json!({"status": "failed", "errors": errors})).failure.unwrap();
    let pair = failure(json!([{"code": 131_056, "title": "(#131056) Pair rate limit"}]));
    assert_eq!((pair.kind, pair.scope), (FailureKind::RateLimited, Some(LimitScope::Recipient)));
    let older = failure(json!([{"code": "131026", "title": "Message undeliverable"}]));
    assert_eq!((older.kind, older.message.as_str()), (FailureKind::Unreachable, "Message undeliverable"));
    assert_eq!(older.code.as_deref(), Some("131026"));
    for nothing in [json!([]), json!(null), json!("another shape"), json!([{"code": 424_242}])] {
        assert_eq!(failure(nothing).kind, FailureKind::Rejected);
    }
}

fn account_change(account: &str, field: &str, value: &Value) -> Vec<Event> {
    let change = json!({"field": field, "value": value});
    let body = json!({"object": "whatsapp_business_account", "entry": [{"id": account, "changes": [change]}]});
    WhatsApp::parse(&channel(), &webhook(body.to_string())).unwrap()
}

#[test]
fn template_status() {
    let template = |value: Value| snapshot(&one(account_change(ACCOUNT, "message_template_status_update", &value)));
    let approved = json!({"event": "APPROVED", "message_template_id": 1_689_556_908_129_832_u64, "reason": "NONE",
        "message_template_name": "order_confirmation", "message_template_language": "en-US"});
    let expected = json!({"name": "order_confirmation", "language": "en-US", "state": "APPROVED"});
    assert_eq!(template(approved), json!({"template": expected}));
    let rejected = json!({"event": "REJECTED", "message_template_name": "cart", "message_template_language": "en",
        "reason": "INVALID_FORMAT", "rejection_info": {"reason": "Variables stand at the end"}});
    let expected = json!({"name": "cart", "language": "en", "state": "REJECTED",
        "reason": "INVALID_FORMAT: Variables stand at the end"});
    assert_eq!(template(rejected), json!({"template": expected}));
    let deleted = json!({"event": "PENDING_DELETION", "message_template_name": "cart", "reason": null});
    assert_eq!(template(deleted), json!({"template": {"name": "cart", "language": "", "state": "PENDING_DELETION"}}));
    ignored(one(account_change(ACCOUNT, "message_template_status_update", &json!({"event": "APPROVED"}))));
}

#[test]
fn account_fields_are_ignored_by_name_and_anothers_are_not_ours() {
    let update = account_change(ACCOUNT, "account_update", &json!({"event": "DISABLED_UPDATE"}));
    assert_eq!(ignored(one(update)), "account_update: DISABLED_UPDATE");
    let quality = account_change(ACCOUNT, "phone_number_quality_update", &json!({"display_phone_number": "1555"}));
    assert_eq!(ignored(one(quality)), "phone_number_quality_update");
    assert_eq!(ignored(one(account_change(ACCOUNT, "brand_new", &json!([1, 2])))), "brand_new");
    assert_eq!(account_change("another", "account_update", &json!({"event": "DISABLED_UPDATE"})), []);
}
