//! Registering the channel's webhook.

use crate::support::{ACCOUNT, Answer, asked, failure, json_body, lost, paths, recorded};
use patchbay_plugin_sdk::testing::{self, Run, answer, run, with_secrets};
use patchbay_plugin_sdk::{Auth, Channel, Command, FailureKind, Outcome};
use patchbay_plugin_twitter::Twitter;
use serde_json::{Value, json};

const URL: &str = "https://patchbay.example/webhook/1";
const EVENTS: [&str; 6] = ["dm.received", "dm.sent", "dm.indicate_typing", "dm.read", "chat.received", "chat.sent"];

fn channel(subscription: &str) -> Channel {
    let config =
        json!({"userId": ACCOUNT, "consumerKey": "key", "accessTokenKey": "token", "subscription": subscription});
    testing::channel("TWITTER", &config)
}

fn register(channel: &Channel, answers: impl IntoIterator<Item = Answer>) -> Run {
    let secrets =
        [("consumerSecret", "1"), ("accessTokenSecret", "2"), ("bearerToken", "3"), ("oauth2AccessToken", "4")];
    with_secrets(secrets, || run::<Twitter>(channel, &Command::RegisterWebhook, answers))
}

fn webhooks(list: Value) -> Answer {
    answer(200, &json!({"data": list, "meta": {"result_count": 1}}))
}

fn subscribed() -> Answer {
    answer(200, &json!({"data": {"subscription": {}}}))
}

#[test]
fn a_new_webhook_gets_every_kind_of_event() {
    let answers = [webhooks(json!([{"id": "1", "url": "https://other.example"}])), recorded("resp_webhook_created")];
    let done = register(&channel("ACTIVITY"), answers.into_iter().chain((0..6).map(|_| subscribed())));
    assert_eq!(done.result, Ok(Outcome::Ok));
    assert_eq!(asked(&done.requests[0]).1, "/2/webhooks?webhook_config.fields=id%2Curl%2Cvalid");
    assert_eq!(
        (asked(&done.requests[1]), json_body(&done.requests[1])),
        (("POST", "/2/webhooks"), json!({"url": URL}))
    );
    assert!(done.requests[..2].iter().all(|request| request.auth == Auth::Bearer("bearerToken".to_owned())));
    for (request, event) in done.requests[2..].iter().zip(EVENTS) {
        assert_eq!(asked(request), ("POST", "/2/activity/subscriptions"));
        assert_eq!(request.auth, Auth::Bearer("oauth2AccessToken".to_owned()));
        let filter = json!({"user_id": ACCOUNT});
        let expected = json!({"event_type": event, "filter": filter, "tag": "patchbay", "webhook_id": "1234567890"});
        assert_eq!(json_body(request), expected);
    }
}

#[test]
fn a_known_webhook_is_checked_and_a_known_subscription_is_fine() {
    let twice = || answer(400, &json!({"title": "Duplicate", "detail": "The subscription already exists."}));
    let conflict = || answer(409, &json!({}));
    let first = [
        webhooks(json!([{"id": "7", "url": URL, "valid": false}])),
        answer(200, &json!({"data": {"attempted": true}})),
    ];
    let others = [twice(), conflict(), subscribed(), subscribed(), subscribed(), subscribed()];
    let done = register(&channel("ACTIVITY"), first.into_iter().chain(others));
    assert_eq!(done.result, Ok(Outcome::Ok));
    assert_eq!(asked(&done.requests[1]), ("PUT", "/2/webhooks/7"));
}

#[test]
fn the_older_system_takes_one_subscription() {
    let answers = [webhooks(json!([{"id": "7", "url": URL}])), answer(200, &json!({})), subscribed()];
    let done = register(&channel("ACCOUNT_ACTIVITY"), answers);
    assert_eq!(done.result, Ok(Outcome::Ok));
    assert_eq!(paths(&done)[2], "/2/account_activity/webhooks/7/subscriptions/all");
    assert!(done.requests[2].headers.iter().any(|header| header.value.starts_with("OAuth ")));
}

#[test]
fn registrations_that_fail() {
    for (answer, kind) in [(lost(), FailureKind::Temporary), (answer(401, &json!({})), FailureKind::Unauthorized)] {
        assert_eq!(register(&channel("ACTIVITY"), [answer]).result.unwrap_err().kind, kind);
    }
    let refused = [webhooks(json!([])), answer(400, &json!({"detail": "the CRC failed"}))];
    assert_eq!(register(&channel("ACTIVITY"), refused).result.unwrap_err().kind, FailureKind::Rejected);
    let unsubscribed = [webhooks(json!([])), recorded("resp_webhook_created"), answer(403, &json!({}))];
    assert_eq!(register(&channel("ACTIVITY"), unsubscribed).result.unwrap_err().kind, FailureKind::Rejected);
    assert!(failure(&Command::RegisterWebhook, [lost()]).message.contains("lost"));
}

#[test]
fn addresses_that_x_does_not_call() {
    for url in [
        "http://patchbay.example/1",
        "https://patchbay.example:8443/1",
        &format!("https://x.example/{}", "a".repeat(190)),
    ] {
        let channel = Channel { webhook_url: url.to_owned(), ..channel("ACTIVITY") };
        assert_eq!(register(&channel, []).result.unwrap_err().kind, FailureKind::Rejected, "{url}");
    }
    let command = Command::RegisterWebhook;
    let without = with_secrets([("consumerSecret", "1")], || run::<Twitter>(&channel("ACTIVITY"), &command, []));
    let without = without.result.unwrap_err();
    assert!(without.kind == FailureKind::Unsupported && without.message.contains("bearerToken"), "{without:?}");
}
