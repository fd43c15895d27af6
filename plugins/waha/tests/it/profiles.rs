//! What is known of people.

use crate::support::{Answer, CONTACT, GROUP, asked, execute, failure, lost, recorded};
use patchbay_plugin_sdk::testing::answer;
use patchbay_plugin_sdk::{Command, FailureKind, Outcome, Participant, ParticipantsPage};
use serde_json::{Value, json};

fn fetch(id: &str) -> Command {
    Command::FetchProfile(id.to_owned())
}

fn ok(body: Value) -> Answer {
    answer(200, &body)
}

fn paths(run: &patchbay_plugin_sdk::testing::Run) -> Vec<&str> {
    run.requests.iter().map(|request| asked(request).1).collect()
}

#[test]
fn a_hidden_identifier_is_resolved() {
    let names = json!({"id": "123@lid", "name": null, "pushname": "Ada"});
    let picture = json!({"profilePictureURL": "https://pps.whatsapp.net/a.jpg"});
    let run = execute(&fetch("123@lid"), [ok(json!({"lid": "123@lid", "pn": CONTACT})), ok(names), ok(picture)]);
    let expected = Participant {
        aliases: vec![CONTACT.to_owned()],
        name: Some("Ada".to_owned()),
        phone: Some("+11111111111".to_owned()),
        avatar_url: Some("https://pps.whatsapp.net/a.jpg".to_owned()),
        ..Participant::new("123@lid")
    };
    assert_eq!(run.result, Ok(Outcome::Profile(expected)));
    let expected = [
        "/api/default/lids/123%40lid",
        "/api/contacts?contactId=123%40lid&session=default",
        "/api/contacts/profile-picture?contactId=123%40lid&session=default",
    ];
    assert_eq!(paths(&run), expected);
}

#[test]
fn a_number_has_a_hidden_identifier_too() {
    let run = execute(&fetch(CONTACT), [ok(json!({"lid": "123@lid", "pn": CONTACT})), ok(json!({})), ok(json!({}))]);
    let phone = Some("+11111111111".to_owned());
    let expected = Participant { aliases: vec!["123@lid".to_owned()], phone, ..Participant::new(CONTACT) };
    assert_eq!(run.result, Ok(Outcome::Profile(expected)));
    assert_eq!(paths(&run)[0], "/api/default/lids/pn/11111111111");
}

#[test]
fn what_waha_cannot_tell_stays_out() {
    let absent = || answer(404, &json!({"message": "Cannot GET", "statusCode": 404}));
    let crash = || answer(500, &json!({}));
    let page =
        || Ok(patchbay_plugin_sdk::Response { status: 200, headers: vec![], body: b"<html>".to_vec(), saved: None });
    let run = execute(&fetch("123@lid"), [absent(), crash(), page()]);
    assert_eq!(run.result, Ok(Outcome::Profile(Participant::new("123@lid"))));
    let group = execute(&fetch(GROUP), [ok(json!({"name": "Family"})), absent()]);
    let expected = Participant { name: Some("Family".to_owned()), ..Participant::new(GROUP) };
    assert_eq!(group.result, Ok(Outcome::Profile(expected)));
}

#[test]
fn a_profile_that_cannot_be_asked_for() {
    assert_eq!(failure(&fetch("nobody"), []).kind, FailureKind::Rejected);
    assert_eq!(failure(&fetch(CONTACT), [lost()]).kind, FailureKind::Temporary);
    assert_eq!(failure(&fetch(CONTACT), [Ok(recorded("resp_err_401"))]).kind, FailureKind::Unauthorized);
}

fn list(cursor: Option<&str>) -> Command {
    Command::ListContacts(cursor.map(str::to_owned))
}

#[test]
fn contacts_are_people() {
    let contacts = json!([
        {"id": CONTACT, "name": "Ada", "pushname": "A"},
        {"id": {"_serialized": "222@c.us"}, "pushname": "Grace"},
        {"id": "123@lid", "shortName": "Alan"},
        {"id": GROUP, "name": "Family"},
        {"id": "333@c.us", "name": "Shop", "isMe": true},
        {"name": "nobody"},
    ]);
    let run = execute(&list(None), [ok(contacts)]);
    let person = |id: &str, name: &str, phone: Option<&str>| Participant {
        name: Some(name.to_owned()),
        phone: phone.map(str::to_owned),
        ..Participant::new(id)
    };
    let items = vec![
        person(CONTACT, "Ada", Some("+11111111111")),
        person("222@c.us", "Grace", Some("+222")),
        person("123@lid", "Alan", None),
    ];
    assert_eq!(run.result, Ok(Outcome::Contacts(ParticipantsPage { items, cursor: None })));
    assert_eq!(paths(&run), ["/api/contacts/all?session=default&limit=100&offset=0&sortBy=id"]);
}

#[test]
fn contacts_come_in_pages() {
    let cursor_after = |count: usize, cursor: Option<&str>| {
        let contacts: Vec<Value> = (0..count).map(|number| json!({"id": format!("{number}@c.us")})).collect();
        let run = execute(&list(cursor), [ok(json!(contacts))]);
        let offset = format!("offset={}&", cursor.unwrap_or("0"));
        assert!(paths(&run)[0].contains(&offset));
        match run.result {
            Ok(Outcome::Contacts(page)) => page.cursor,
            other => panic!("no contacts: {other:?}"),
        }
    };
    assert_eq!(cursor_after(100, None).as_deref(), Some("100"));
    assert_eq!(cursor_after(100, Some("100")).as_deref(), Some("200"));
    assert_eq!(cursor_after(99, Some("200")), None);
    assert_eq!(cursor_after(101, None), None);
    assert_eq!(failure(&list(None), [ok(json!({}))]).kind, FailureKind::Temporary);
}
