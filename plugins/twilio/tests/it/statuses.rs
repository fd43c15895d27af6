//! What becomes of a message, in every word of Twilio's.

use crate::support::{CONTACT, form, ignored, one, sms};
use patchbay_plugin_sdk::testing::NOW;
use patchbay_plugin_sdk::{Connector, DeliveryState, DeliveryStatus, Event, FailureKind, Webhook};
use patchbay_plugin_twilio::Twilio;

fn status(more: &[(&str, &str)]) -> Event {
    let fields = [&[("MessageSid", "SM9"), ("From", "+15017122661"), ("To", CONTACT)], more].concat();
    one(Twilio::parse(&sms(), &form(&fields)).unwrap())
}

fn as_status(event: Event) -> DeliveryStatus {
    match event {
        Event::Status(status) => status,
        other => panic!("not a status: {other:?}"),
    }
}

#[test]
fn every_state_has_its_meaning() {
    for (word, state) in [
        ("queued", DeliveryState::Accepted),
        ("accepted", DeliveryState::Accepted),
        ("scheduled", DeliveryState::Accepted),
        ("sending", DeliveryState::Accepted),
        ("sent", DeliveryState::Sent),
        ("partially_delivered", DeliveryState::Sent),
        ("delivered", DeliveryState::Delivered),
        ("read", DeliveryState::Read),
        ("undelivered", DeliveryState::Failed),
        ("failed", DeliveryState::Failed),
        ("canceled", DeliveryState::Failed),
    ] {
        for name in ["MessageStatus", "SmsStatus"] {
            let status = as_status(status(&[(name, word)]));
            assert_eq!((status.id.as_deref(), status.state, status.at), (Some("SM9"), state, NOW), "{word}");
            assert_eq!(status.thread.as_deref(), Some(CONTACT));
            assert_eq!(status.failure.is_some(), state == DeliveryState::Failed);
        }
    }
}

#[test]
fn states_that_are_not_known_are_ignored() {
    assert_eq!(ignored(status(&[("MessageStatus", "pondering")])), "a message's status pondering");
    for word in ["receiving", "received"] {
        assert_eq!(ignored(status(&[("MessageStatus", word)])), format!("a message's status {word}"));
    }
}

#[test]
fn a_read_event_is_read_whatever_its_state() {
    let read = as_status(status(&[("EventType", "READ"), ("MessageStatus", "delivered")]));
    assert_eq!(read.state, DeliveryState::Read);
}

/// The address that Twilio calls was given with the message.
#[test]
fn a_status_names_our_message_where_its_address_does() {
    let callback = form(&[("MessageSid", "SM9"), ("MessageStatus", "sent"), ("To", CONTACT)]);
    let correlation = |query: &str| {
        let url = format!("https://patchbay.example/webhook/1{query}");
        as_status(one(Twilio::parse(&sms(), &Webhook { url, ..callback.clone() }).unwrap())).correlation
    };
    assert_eq!(correlation("?channel=1&patchbay_message=a%26b").as_deref(), Some("a&b"));
    for none in ["", "?patchbay_message=", "?other=1"] {
        assert_eq!(correlation(none), None, "{none}");
    }
}

#[test]
fn a_status_may_say_that_the_recipient_replied_stop() {
    let fields = [("MessageSid", "SM9"), ("MessageStatus", "failed"), ("ErrorCode", "21610"), ("To", CONTACT)];
    let events = Twilio::parse(&sms(), &form(&fields)).unwrap();
    let [Event::Status(status), Event::OptOut(person)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(status.failure.as_ref().map(|failure| failure.kind), Some(FailureKind::Blocked));
    assert_eq!((person.id.as_str(), person.phone.as_deref()), (CONTACT, Some(CONTACT)));
    let nobody = Twilio::parse(&sms(), &form(&fields[..3])).unwrap();
    assert!(matches!(nobody[..], [Event::Status(_)]), "{nobody:?}");
}

#[test]
fn a_failure_tells_why() {
    for (code, kind) in [
        ("30001", FailureKind::RateLimited),
        ("30002", FailureKind::Unauthorized),
        ("30003", FailureKind::Unreachable),
        ("30007", FailureKind::Rejected),
        ("20503", FailureKind::Temporary),
        ("63016", FailureKind::OutsideWindow),
        ("99999", FailureKind::Rejected),
        ("not a number", FailureKind::Rejected),
    ] {
        let failure = as_status(status(&[("MessageStatus", "failed"), ("ErrorCode", code)])).failure.unwrap();
        assert_eq!((failure.kind, failure.code.as_deref()), (kind, Some(code)));
        assert!(failure.message.contains("https://www.twilio.com/docs/errors/"), "{}", failure.message);
    }
    for more in [vec![], vec![("ErrorCode", "")], vec![("ErrorCode", "0")]] {
        let fields = [&[("MessageStatus", "canceled")], &more[..]].concat();
        let failure = as_status(status(&fields)).failure.unwrap();
        assert_eq!((failure.message.as_str(), failure.code), ("the message is canceled", None));
    }
}
