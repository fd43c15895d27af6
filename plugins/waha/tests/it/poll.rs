//! Catching up with what no webhook told.

use crate::support::{Answer, CONTACT, GROUP, ME, asked, execute, failure, lost, payload, recorded, unready};
use patchbay_plugin_sdk::testing::{NOW, Run, answer};
use patchbay_plugin_sdk::{Command, DeliveryState, Event, FailureKind, Outcome, Polled};
use serde_json::{Value, json};

pub const NOW_S: u64 = NOW / 1000;
/// Where a complete round leaves the next one.
pub const NEXT: u64 = NOW_S - 600;

pub fn poll(cursor: Option<&str>) -> Command {
    Command::Poll(cursor.map(str::to_owned))
}

fn since(seconds: u64) -> String {
    json!({"since": seconds}).to_string()
}

fn incoming(number: usize) -> Value {
    payload(json!({"id": format!("false_{CONTACT}_{number:04}"), "timestamp": NOW_S - 10_000 + number as u64}))
}

/// Since when the next round reads; nothing while one is under way.
fn next_since(polled: &Polled) -> Option<u64> {
    let cursor: Value = serde_json::from_str(polled.cursor.as_deref().unwrap()).unwrap();
    cursor["since"].as_u64().filter(|_| cursor.get("begun").is_none())
}

pub fn page(messages: impl IntoIterator<Item = Value>) -> Answer {
    answer(200, &messages.into_iter().collect())
}

pub fn polled(run: Run) -> Polled {
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

fn messages_of(chat: &str, offset: usize, since: u64) -> String {
    format!(
        "/api/default/chats/{chat}/messages?limit=100&offset={offset}&filter.timestamp.gte={since}\
         &sortBy=timestamp&sortOrder=asc&downloadMedia=true"
    )
}

fn paths(run: &Run) -> Vec<&str> {
    run.requests.iter().map(|request| asked(request).1).collect()
}

#[test]
fn all_chats_at_once() {
    let run = execute(&poll(Some(&since(NOW_S - 300))), [page([incoming(2), incoming(1)])]);
    assert_eq!(paths(&run), [messages_of("all", 0, NOW_S - 300)]);
    let polled = polled(run);
    assert_eq!(ids(&polled), ["0001", "0002"]);
    assert_eq!(next_since(&polled), Some(NEXT));
}

#[test]
fn a_message_is_the_same_as_in_its_webhook() {
    let hidden = |raw: Value| {
        payload(
            json!({"from": "123@lid", "id": "false_123@lid_0001", "_data": raw, "replyTo": {"id": "AAAA", "_data": {"a": 1}}}),
        )
    };
    for raw in [
        json!({}),
        json!({"key": {"remoteJidAlt": "11111111111@s.whatsapp.net", "id": "0001"}, "pushName": "Ada", "message": {"x": 1}}),
        json!({"Info": {"SenderAlt": "11111111111@s.whatsapp.net", "PushName": "Ada"}, "Message": {}}),
        json!({"notifyName": "Ada", "key": 7, "Info": "x"}),
    ] {
        let polled = polled(execute(&poll(None), [page([hidden(raw.clone())])]));
        assert_eq!(polled.events, [crate::support::event("message", hidden(raw))]);
    }
}

#[test]
fn the_first_round_looks_back_a_day() {
    for cursor in [None, Some("unreadable")] {
        let run = execute(&poll(cursor), [page([incoming(1)])]);
        assert_eq!(paths(&run), [messages_of("all", 0, NOW_S - 86_400)]);
    }
}

#[test]
fn what_the_business_wrote_comes_with_its_status() {
    let own = |ack: i64| {
        let id = format!("true_{CONTACT}_3EB0");
        payload(json!({"id": id, "fromMe": true, "from": ME, "to": CONTACT, "ack": ack}))
    };
    let read = polled(execute(&poll(None), [page([own(3)])])).events;
    let [Event::Message(echo), Event::Status(status)] = read.as_slice() else { panic!("{read:?}") };
    assert!(echo.echo);
    assert_eq!((status.id.as_deref(), status.state), (Some("3EB0"), DeliveryState::Read));
    assert_eq!(polled(execute(&poll(None), [page([own(0)])])).events.len(), 1);
}

#[test]
fn pages_follow_until_one_is_short() {
    let run = execute(&poll(None), [page((0..100).map(incoming)), page((100..103).map(incoming))]);
    assert_eq!(paths(&run)[1], messages_of("all", 100, NOW_S - 86_400));
    let polled = polled(run);
    assert_eq!((polled.events.len(), next_since(&polled)), (103, Some(NEXT)));
}

#[test]
fn a_long_round_goes_on_with_the_next_poll() {
    let run =
        execute(&poll(Some(&since(5))), (0..8).map(|number| page((0..100).map(|at| incoming(number * 100 + at)))));
    let first = polled(run);
    assert_eq!(first.events.len(), 800);
    let cursor = first.cursor.unwrap();
    let run = execute(&poll(Some(&cursor)), [page([])]);
    assert_eq!(paths(&run), [messages_of("all", 800, 5)]);
    assert_eq!(next_since(&polled(run)), Some(NEXT));
}

fn overview() -> Answer {
    answer(
        200,
        &json!([
            {"id": CONTACT, "lastMessage": {"timestamp": NOW_S - 5}},
            {"id": "status@broadcast", "lastMessage": {"timestamp": NOW_S - 6}},
            {"id": {"_serialized": GROUP}, "lastMessage": {"timestamp": NOW_S - 50}},
            {"id": "222@c.us", "lastMessage": {"timestamp": NOW_S - 500}},
            {"lastMessage": {"timestamp": NOW_S}},
        ]),
    )
}

#[test]
fn an_engine_that_cannot_is_asked_chat_by_chat() {
    let cannot = [
        page([]),
        answer(500, &json!({"statusCode": 500})),
        answer(404, &json!({"message": "Cannot GET", "statusCode": 404})),
        answer(422, &json!({"error": "not implemented by the engine"})),
    ];
    for first in cannot {
        let answers = [first, overview(), page((0..100).map(incoming)), page([incoming(100)]), page([incoming(101)])];
        let run = execute(&poll(Some(&since(NOW_S - 300))), answers);
        let group = GROUP.replace('@', "%40");
        let expected = [
            messages_of("all", 0, NOW_S - 300),
            "/api/default/chats/overview?limit=100&offset=0".to_owned(),
            messages_of("11111111111%40c.us", 0, NOW_S - 300),
            messages_of("11111111111%40c.us", 100, NOW_S - 300),
            messages_of(&group, 0, NOW_S - 300),
        ];
        assert_eq!(paths(&run), expected);
        let polled = polled(run);
        assert_eq!((polled.events.len(), next_since(&polled)), (102, Some(NEXT)));
    }
}

#[test]
fn nothing_new_takes_two_requests() {
    for quiet in [answer(200, &json!([])), answer(404, &json!({"message": "Cannot GET"}))] {
        let polled = polled(execute(&poll(Some(&since(NOW_S - 300))), [page([]), quiet]));
        assert_eq!((polled.events.len(), next_since(&polled)), (0, Some(NEXT)));
    }
}

fn chats(numbers: std::ops::Range<usize>) -> Answer {
    page(numbers.map(|number| json!({"id": format!("1{number:03}@c.us"), "lastMessage": {"timestamp": NOW_S}})))
}

#[test]
fn many_chats_are_read_over_several_polls() {
    let mut cursor = since(NOW_S - 300);
    let mut read = Vec::new();
    let mut listed = 0;
    loop {
        let command = poll(Some(&cursor));
        // What is asked for is answered as it comes: the requests say what that is.
        let mut answers: Vec<Answer> = Vec::new();
        let polled = loop {
            match next(&command, &answers) {
                Ok(polled) => break polled,
                Err(path) if path.contains("/chats/all/") => answers.push(page([])),
                Err(path) if path.contains("/chats/overview") => {
                    let from = listed;
                    listed = (listed + 100).min(150);
                    assert!(path.ends_with(&format!("offset={from}")), "{path}");
                    answers.push(chats(from..listed));
                }
                Err(path) => {
                    let chat = path.split('/').nth(4).unwrap().trim_end_matches("%40c.us").to_owned();
                    let id = format!("false_{chat}@c.us_{chat}");
                    answers.push(page([payload(json!({"id": id, "from": format!("{chat}@c.us")}))]));
                }
            }
        };
        read.extend(ids(&polled).into_iter().map(str::to_owned));
        let is_done = next_since(&polled) == Some(NEXT);
        cursor = polled.cursor.unwrap();
        if is_done {
            break;
        }
    }
    let expected: Vec<String> = (0..150).map(|number| format!("1{number:03}")).collect();
    assert_eq!(read, expected);
}

/// The outcome after these answers, or what is asked for next.
fn next(command: &Command, answers: &[Answer]) -> Result<Polled, String> {
    use patchbay_plugin_sdk::{Connector, Step};
    use patchbay_plugin_waha::Waha;
    let channel = crate::support::channel();
    let mut step = Waha::perform(&channel, command, NOW).unwrap();
    for answer in answers {
        let Step::Request(request) = step else { panic!("an answer too many") };
        step = Waha::resume(&channel, command, &request.state, answer.clone(), NOW).unwrap();
    }
    match step {
        Step::Request(request) => Err(asked(&request).1.to_owned()),
        Step::Done(Outcome::Polled(polled)) => Ok(polled),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_chat_that_cannot_be_read_is_tried_again_for_a_day() {
    let broken = || answer(500, &json!({}));
    let answers = [page([]), overview(), broken(), page([incoming(1)])];
    let soon = polled(execute(&poll(Some(&since(NOW_S - 300))), answers));
    assert_eq!((ids(&soon), next_since(&soon)), (vec!["0001"], Some(NOW_S - 300)));
    let answers = [page([]), overview(), broken(), page([]), page([])];
    let long_ago = polled(execute(&poll(Some(&since(NOW_S - 90_000))), answers));
    assert_eq!(next_since(&long_ago), Some(NOW_S - 86_400));
}

#[test]
fn polls_that_fail() {
    for (answer, kind) in [
        (lost(), FailureKind::Temporary),
        (unready("STARTING"), FailureKind::Temporary),
        (answer(503, &json!({})), FailureKind::Temporary),
        (Ok(recorded("resp_err_401")), FailureKind::Unauthorized),
        (Ok(recorded("resp_err_404_session")), FailureKind::Unauthorized),
    ] {
        assert_eq!(failure(&poll(None), [answer]).kind, kind);
    }
    let neither = [answer(500, &json!({})), answer(500, &json!({}))];
    assert_eq!(failure(&poll(None), neither).kind, FailureKind::Temporary);
    let midway = json!({"since": NOW_S - 300, "begun": NOW_S, "place": {"List": [100, false]}}).to_string();
    assert_eq!(failure(&poll(Some(&midway)), [answer(500, &json!({}))]).kind, FailureKind::Temporary);
}
