//! What a poll remembers for the next one.

use crate::poll::{NEXT, NOW_S, page, poll, polled};
use crate::support::{Answer, CONTACT, execute, payload};
use patchbay_plugin_sdk::{DeliveryState, Event};
use serde_json::{Value, json};

#[test]
fn what_was_handed_over_is_no_news() {
    let at = |id: &str, time: u64| payload(json!({"id": format!("false_{CONTACT}_{id}"), "timestamp": time}));
    let own = |ack: i64| {
        let fields = json!({"id": format!("true_{CONTACT}_3EB0"), "fromMe": true, "timestamp": NOW_S - 20, "ack": ack});
        payload(fields)
    };
    let first = polled(execute(&poll(None), [page([at("OLD", NEXT - 1), at("NEW", NEXT), own(1)])]));
    assert_eq!(first.events.len(), 4);
    let cursor = first.cursor.unwrap();
    let again = polled(execute(&poll(Some(&cursor)), [page([at("NEW", NEXT), own(1)])]));
    assert_eq!((again.events.len(), again.cursor.as_ref()), (0, Some(&cursor)));
    let late = polled(execute(&poll(Some(&cursor)), [page([at("OLD", NEXT - 1), at("LATE", NEXT), own(3)])]));
    let [Event::Message(old), Event::Message(late), Event::Message(_), Event::Status(status)] = late.events.as_slice()
    else {
        panic!("{late:?}")
    };
    assert_eq!((old.id.as_str(), late.id.as_str(), status.state), ("OLD", "LATE", DeliveryState::Read));
}

#[test]
fn a_cursor_stays_small() {
    let busy = (0..1000)
        .map(|number| payload(json!({"id": format!("false_{CONTACT}_{number:04}"), "timestamp": NEXT + number / 2})));
    let messages: Vec<Value> = busy.collect();
    let pages: Vec<Answer> = messages.chunks(100).map(|messages| page(messages.to_vec())).collect();
    let first = polled(execute(&poll(None), pages[..8].to_vec()));
    let cursor = first.cursor.unwrap();
    let seen = |cursor: &str| serde_json::from_str::<Value>(cursor).unwrap()["seen"].as_object().unwrap().len();
    assert_eq!(seen(&cursor), 500);
    let rest = polled(execute(&poll(Some(&cursor)), [pages[8].clone(), pages[9].clone(), page([])]));
    assert_eq!((rest.events.len(), seen(&rest.cursor.unwrap())), (200, 500));
}
