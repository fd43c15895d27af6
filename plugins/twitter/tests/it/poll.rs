//! Catching up with what no webhook told.

use crate::support::{ACCOUNT, Answer, CONTACT, execute, failure, fixture, lost, paths, recorded};
use patchbay_plugin_sdk::testing::{Run, answer, channel, run, snapshot, with_secrets};
use patchbay_plugin_sdk::{Command, Event, FailureKind, Outcome, Polled};
use patchbay_plugin_twitter::Twitter;
use serde_json::{Value, json};

fn poll(cursor: Option<&str>) -> Command {
    Command::Poll(cursor.map(str::to_owned))
}

fn polled(run: Run) -> Polled {
    match run.result {
        Ok(Outcome::Polled(polled)) => polled,
        other => panic!("not polled: {other:?}"),
    }
}

fn ids(polled: &Polled) -> Vec<&str> {
    fn id(event: &Event) -> &str {
        match event {
            Event::Message(message) => &message.id,
            other => panic!("not a message: {other:?}"),
        }
    }
    polled.events.iter().map(id).collect()
}

fn cursor(polled: &Polled) -> Value {
    serde_json::from_str(polled.cursor.as_deref().unwrap()).unwrap()
}

fn event(id: u64) -> Value {
    json!({"id": id.to_string(), "event_type": "MessageCreate", "text": "Hello", "sender_id": CONTACT,
        "dm_conversation_id": format!("{CONTACT}-{ACCOUNT}"), "created_at": "2025-06-08T18:00:00.000Z"})
}

fn page(ids: impl IntoIterator<Item = u64>, next: Option<&str>) -> Answer {
    let events: Vec<Value> = ids.into_iter().map(event).collect();
    answer(200, &json!({"data": events, "meta": {"next_token": next}}))
}

#[test]
fn a_recorded_list() {
    let account = channel("TWITTER", &json!({"userId": "17200003"}));
    let command = poll(Some(r#"{"since":5}"#));
    let mut response = fixture("resp_dm_events_list").response();
    let mut list: Value = response.json().unwrap();
    list["meta"]["next_token"] = json!(null);
    response.body = list.to_string().into_bytes();
    let run = with_secrets([("consumerSecret", "1"), ("oauth2AccessToken", "2")], || {
        run::<Twitter>(&account, &command, [Ok(response)])
    });
    let polled = polled(run);
    assert_eq!(
        cursor(&polled),
        json!({"since": 1_582_838_499_983_564_806_u64, "latest": 1_582_838_499_983_564_806_u64})
    );
    insta::assert_json_snapshot!(snapshot(&polled.events));
}

#[test]
fn a_round_ends_with_what_is_known() {
    let run = execute(&poll(Some(r#"{"since":7}"#)), [page([9, 8, 7, 6], Some("more"))]);
    assert!(paths(&run)[0].starts_with("/2/dm_events?max_results=1&event_types=MessageCreate&"));
    assert!(!paths(&run)[0].contains("pagination_token"));
    let polled = polled(run);
    assert_eq!(ids(&polled), ["8", "9"]);
    assert_eq!(cursor(&polled), json!({"since": 9, "latest": 9}));
}

#[test]
fn the_first_round_looks_back_a_day() {
    let old = json!({"data": [event(9), crate::support::with(event(8), json!({"created_at": "2025-06-07T18:00:00.000Z"}))],
        "meta": {"next_token": "more"}});
    for first in [None, Some("unreadable")] {
        let polled = polled(execute(&poll(first), [answer(200, &old)]));
        assert_eq!((ids(&polled), cursor(&polled)["since"].as_u64()), (vec!["9"], Some(9)));
    }
}

#[test]
fn pages_follow_and_a_long_round_goes_on_with_the_next_poll() {
    let answers = (0..4).map(|number| page([100 - number], Some("next")));
    let run = execute(&poll(Some(r#"{"since":7}"#)), answers);
    assert!(paths(&run)[1].ends_with("&pagination_token=next"));
    for (path, size) in paths(&run).iter().zip([1, 20, 50, 50]) {
        assert!(path.contains(&format!("?max_results={size}&")), "{path}");
    }
    let first = polled(run);
    assert_eq!(ids(&first), ["97", "98", "99", "100"]);
    assert_eq!(cursor(&first), json!({"since": 7, "latest": 100, "page": "next"}));
    let run = execute(&poll(first.cursor.as_deref()), [page([96], None)]);
    assert!(paths(&run)[0].ends_with("&pagination_token=next"));
    let second = polled(run);
    assert_eq!((ids(&second), cursor(&second)), (vec!["96"], json!({"since": 100, "latest": 100})));
}

#[test]
fn nothing_new() {
    for empty in [page([], None), answer(200, &json!({"meta": {"result_count": 0}})), page([7], None)] {
        let polled = polled(execute(&poll(Some(r#"{"since":7}"#)), [empty]));
        assert_eq!((polled.events.len(), cursor(&polled)["since"].as_u64()), (0, Some(7)));
    }
}

#[test]
fn files_and_groups_in_lists() {
    let with = |fields: Value| crate::support::with(event(9), fields);
    let group = with(json!({"dm_conversation_id": "1578398451921985538"}));
    let joined = with(json!({"event_type": "ParticipantsJoin"}));
    let own = with(json!({"id": "10", "sender_id": ACCOUNT, "attachments": {"media_keys": ["7_1", "x_1"]},
        "text": "See https://t.co/v", "entities": {"urls": [{"url": "https://t.co/v", "expanded_url": "https://x.com/messages/media/10"}]}}));
    let media = json!([{"media_key": "7_1", "type": "video", "variants": [{"content_type": "video/mp4", "url": "https://video.twimg.com/a.mp4"}]}]);
    let body = json!({"data": [own, group, joined], "includes": {"media": media}});
    let polled = polled(execute(&poll(Some(r#"{"since":7}"#)), [answer(200, &body)]));
    let [Event::Message(echo)] = polled.events.as_slice() else { panic!("{polled:?}") };
    assert_eq!((echo.echo, echo.thread.as_str(), echo.content.text.as_deref()), (true, CONTACT, Some("See")));
    assert_eq!(echo.content.attachments.len(), 1);
    assert!(echo.content.detail.is_some(), "one file is not known");
}

#[test]
fn polls_that_fail() {
    for (answer, kind) in [
        (lost(), FailureKind::Temporary),
        (answer(503, &json!({})), FailureKind::Temporary),
        (recorded("resp_err_429_88"), FailureKind::RateLimited),
        (recorded("resp_err_401_unauthorized"), FailureKind::Unauthorized),
    ] {
        assert_eq!(failure(&poll(None), [answer]).kind, kind);
    }
}
