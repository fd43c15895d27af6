use serde_json::{Value, json};

use super::*;
use crate::{api::business::send_body::SendBody, service::direct::Direct};

fn read(body: Value) -> Result<(Option<String>, Detail), String> {
    let body: SendBody = serde_json::from_value(body).unwrap();
    let Direct { body, .. } = body.read().map_err(|error| error.to_string())?;
    let Body::Special { text, detail } = body else { panic!("{body:?}") };
    Ok((text, detail))
}

#[test]
fn a_place_is_an_object_or_stands_by_itself() {
    let place = json!({"latitude": 52.5, "longitude": 13.4, "name": "Office", "address": " "});
    for body in [
        json!({"to": "1", "type": "location", "content": place}),
        json!({"to": "1", "type": "LOCATION", "content": {"location": place}}),
        json!({"to": "1", "type": "location", "location": place}),
    ] {
        let (text, detail) = read(body).unwrap();
        let Detail::Location(known) = &detail else { panic!("{detail:?}") };
        assert_eq!((text, known.name.as_deref(), known.address.as_deref()), (None, Some("Office"), None));
        let shown = json!(Shown::from(&detail));
        assert_eq!(shown["location"]["latitude"], 52.5, "{shown}");
    }
    let beyond = json!({"to": "1", "type": "location", "location": {"latitude": 91, "longitude": 0}});
    assert_eq!(read(beyond).unwrap_err(), format!("location: {LOCATION}"));
    assert_eq!(read(json!({"to": "1", "type": "location"})).unwrap_err(), "latitude: is required");
}

#[test]
fn people_are_cards_of_either_form() {
    for card in [
        json!({"name": "Ann", "phoneNumber": "+4915112345678", "email": "ann@example.com"}),
        json!({"name": {"formatted_name": "Ann", "first_name": "Ann"}, "phones": [{"phone": "+4915112345678", "type": "HOME"}],
            "emails": [{"email": "ann@example.com"}]}),
    ] {
        let (_, detail) = read(json!({"to": "1", "type": "contact", "contacts": [card]})).unwrap();
        let shown = json!(Shown::from(&detail));
        let expected = json!([{"name": "Ann", "phoneNumber": "+4915112345678", "email": "ann@example.com"}]);
        assert_eq!(shown["contacts"], expected);
        assert!(read(json!({"to": "1", "type": "contacts", "content": shown})).is_ok(), "as it is shown");
    }
    for wrong in [
        json!([]),
        json!([{"phoneNumber": "1"}]),
        json!([{"name": "Ann", "email": "x"}]),
        json!([{"name": "Ann", "phones": [{"phone": "1"}, {"phone": "2"}]}]),
    ] {
        let told = read(json!({"to": "1", "type": "contact", "contacts": wrong})).unwrap_err();
        assert_eq!(told, format!("contacts: {CONTACTS}"));
    }
}

#[test]
fn choices_are_buttons_a_list_or_items() {
    let item = json!({"id": "yes", "title": "Yes"});
    for interactive in [
        json!({"type": "button", "body": {"text": "Sure?"}, "footer": {"text": "f"},
            "action": {"buttons": [{"type": "reply", "reply": item}]}}),
        json!({"type": "list", "body": {"text": "Sure?"}, "footer": {"text": "f"},
            "action": {"button": "Open", "sections": [{"title": "Answers", "rows": [item]}]}}),
        json!({"items": [item], "footer": "f"}),
    ] {
        let body = json!({"to": "1", "type": "interactive", "text": "Sure?", "interactive": interactive});
        let (text, detail) = read(body).unwrap();
        let Detail::Choices(choices) = &detail else { panic!("{detail:?}") };
        assert_eq!((text.as_deref(), choices.footer.as_deref()), (Some("Sure?"), Some("f")));
        assert_eq!((choices.items.len(), choices.items[0].title.as_str()), (1, "Yes"));
        let mut shown = json!(Shown::from(&detail));
        shown["text"] = json!(text);
        assert!(read(json!({"to": "1", "type": "interactive", "content": shown})).is_ok(), "as it is shown");
    }
}

#[test]
fn what_cannot_be_said_is_told() {
    let item = json!({"id": "yes", "title": "Yes"});
    let section = json!({"rows": [item]});
    for wrong in [
        json!({"items": []}),
        json!({"items": [{"id": "yes", "title": " "}]}),
        json!({"action": {"sections": [section, section]}}),
        json!({"items": [item], "header": {"type": "image", "image": {"id": "1"}}}),
    ] {
        let body = json!({"to": "1", "type": "interactive", "text": "Sure?", "interactive": wrong});
        assert_eq!(read(body).unwrap_err(), format!("interactive: {INTERACTIVE}"));
    }
    let wordless = json!({"to": "1", "type": "interactive", "interactive": {"items": [item]}});
    assert_eq!(read(wordless).unwrap_err(), "text: is required");
}
