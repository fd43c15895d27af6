//! Tolerant reading.

use patchbay_plugin_meta::json::{self, Body, Raw, Text, body, items, object, read};
use serde::Deserialize;
use serde_json::value::RawValue;

fn text(json: &str) -> Option<String> {
    serde_json::from_str::<Text<'_>>(json).unwrap().owned()
}

#[test]
fn a_scalar_of_any_kind_is_text_and_everything_else_is_none() {
    assert_eq!(text(r#""wamid.1""#).as_deref(), Some("wamid.1"));
    assert_eq!(text(r#""\u00e4\/""#).as_deref(), Some("ä/"));
    assert_eq!(text("1731705721").as_deref(), Some("1731705721"));
    assert_eq!(text("-5").as_deref(), Some("-5"));
    assert_eq!(text("37.44221496582").as_deref(), Some("37.44221496582"));
    assert_eq!(text("true").as_deref(), Some("true"));
    for nothing in [r#""""#, "null", r#"[1,{"a":[2]}]"#, r#"{"a":{"b":[]}}"#] {
        assert_eq!(text(nothing), None, "{nothing}");
    }
}

#[test]
fn seconds_become_milliseconds_unless_they_are_none() {
    let milliseconds = |json| serde_json::from_str::<Text<'_>>(json).unwrap().seconds_as_milliseconds();
    assert_eq!(milliseconds(r#""1749416383""#), Some(1_749_416_383_000));
    assert_eq!(milliseconds("1749416383"), Some(1_749_416_383_000));
    for none in [r#""""#, r#""soon""#, "-1", "1749416383000", "18446744073709551615", "null"] {
        assert_eq!(milliseconds(none), None, "{none}");
    }
}

#[derive(Deserialize)]
struct Outer<'a> {
    #[serde(default, borrow)]
    list: Raw<'a>,
    #[serde(default, borrow)]
    absent: Raw<'a>,
}

#[test]
fn parts_of_another_shape_are_absent() {
    let outer: Outer<'_> = serde_json::from_str(r#"{"list":[1, "two"], "absent": null, "more": 3}"#).unwrap();
    assert_eq!(items(outer.list).iter().map(|raw| raw.get()).collect::<Vec<_>>(), ["1", r#""two""#]);
    assert!(items(outer.absent).is_empty());
    assert_eq!(read::<Vec<u8>>(outer.list), None);
    assert_eq!(read::<String>(outer.absent), None);
}

#[test]
fn an_object_is_made_of_the_parts_that_are_there() {
    let raw = |json: &str| RawValue::from_string(json.to_owned()).unwrap();
    let (one, two) = (raw(r#"{"a": 1}"#), raw("true"));
    assert_eq!(object(&[("x", None)]), "{}");
    assert_eq!(object(&[("x", None), ("y", Some(&one)), ("z", Some(&two))]), r#"{"y":{"a": 1},"z":true}"#);
}

#[test]
fn a_body_is_known_of_another_shape_or_no_json() {
    assert!(matches!(body::<Vec<u8>>("[1, 2]"), Ok(Body::Known(list)) if list == [1, 2]));
    assert!(matches!(body::<Vec<u8>>(r#"{"a": 1}"#), Ok(Body::Other)));
    for broken in ["[1, 2", "", "{\"a\": 1", "[\"a\", {]", "<html>"] {
        assert!(body::<Vec<u8>>(broken).is_err_and(|error| error.contains("not JSON")));
    }
    assert!(json::text(b"[\"\xff\"]").is_err_and(|error| error.contains("not UTF-8")));
}

#[test]
fn half_a_pair_of_escapes_is_replaced_and_nothing_else() {
    for whole in
        ["", r#""ä \u00e4 \ud83d\ude00 \uD83D\uDE00""#, r#""\\ud83d \\\\ud83d \" \/""#, r"\", r"\ä", r"\u", r"\ud8"]
    {
        assert_eq!(json::text(whole.as_bytes()).as_deref(), Ok(whole));
    }
    for (half, replaced) in [
        (r#"["\ud83d", "\uDE00."]"#, r#"["\ufffd", "\ufffd."]"#),
        (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
        (r#""\ude00\ud83d \\\ud83d\\""#, r#""\ufffd\ufffd \\\ufffd\\""#),
        (r#""é\ud83d\u00e4é""#, r#""é\ufffd\u00e4é""#),
    ] {
        assert_eq!(json::text(half.as_bytes()).as_deref(), Ok(replaced));
        assert!(serde_json::from_str::<serde_json::Value>(replaced).is_ok(), "{replaced}");
    }
}
