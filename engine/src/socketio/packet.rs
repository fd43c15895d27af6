//! Socket.IO's packets: `<type>[<attachments>-][<namespace>,][<id>][<JSON>]`.

use serde_json::{Value, json};

/// What a client says.
#[derive(Clone, Debug, PartialEq)]
pub struct Packet {
    pub namespace: String,
    pub said: Said,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    Connect {
        auth: Value,
    },
    Disconnect,
    /// With an id where an answer is wanted.
    Event {
        id: Option<u64>,
        name: String,
        arguments: Vec<Value>,
    },
    /// An answer; nothing is asked here.
    Ack,
    /// Bytes go with it, in packets of their own.
    Binary {
        id: Option<u64>,
        attachments: usize,
    },
}

/// The namespace of whoever names none.
pub const ROOT: &str = "/";

impl Packet {
    pub fn read(text: &str) -> Option<Self> {
        let mut letters = text.chars();
        let kind = letters.next()?;
        let rest = letters.as_str();
        let (attachments, rest) = match kind {
            '5' | '6' => rest.split_once('-').and_then(|(count, rest)| Some((count.parse().ok()?, rest)))?,
            _ => (0, rest),
        };
        let (namespace, rest) = match rest.split_once(',') {
            Some((namespace, rest)) if namespace.starts_with('/') => (namespace, rest),
            None if rest.starts_with('/') => (rest, ""),
            _ => (ROOT, rest),
        };
        let data = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
        let digits = rest.get(..rest.len() - data.len())?;
        let id = if digits.is_empty() { None } else { Some(digits.parse().ok()?) };
        let said = match kind {
            '0' if data.is_empty() => Said::Connect { auth: Value::Null },
            '0' => Said::Connect { auth: serde_json::from_str(data).ok()? },
            '1' if data.is_empty() => Said::Disconnect,
            '2' => {
                let mut arguments = serde_json::from_str::<Vec<Value>>(data).ok()?.into_iter();
                let Some(Value::String(name)) = arguments.next() else { return None };
                Said::Event { id, name, arguments: arguments.collect() }
            }
            '3' => Said::Ack,
            '5' => Said::Binary { id, attachments },
            '6' => Said::Binary { id: None, attachments },
            _ => return None,
        };
        Some(Self { namespace: namespace.to_owned(), said })
    }
}

/// The client is in; it keeps `pid` to come back with.
pub fn connected(sid: &str, pid: &str) -> String {
    format!("0{}", json!({"sid": sid, "pid": pid}))
}

/// The client is not let in.
pub fn refused(namespace: &str, message: &str, data: &Value) -> String {
    let place = if namespace == ROOT { String::new() } else { format!("{namespace},") };
    format!("4{place}{}", json!({"message": message, "data": data}))
}

pub fn disconnected() -> String {
    "1".to_owned()
}

/// An event, and what is told with it.
pub fn event(name: &str, arguments: &[Value]) -> String {
    let all: Vec<Value> = std::iter::once(Value::from(name)).chain(arguments.iter().cloned()).collect();
    format!("2{}", Value::Array(all))
}

/// An event of which a place in the log is told last: a client that comes back names the last one that it was told.
pub fn placed(name: &str, data: Value, place: &str) -> String {
    event(name, &[data, place.into()])
}

pub fn answer(id: u64, data: Value) -> String {
    format!("3{id}{}", Value::Array(vec![data]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Option<Said> {
        Packet::read(text).map(|packet| packet.said)
    }

    #[test]
    fn packets_are_read_as_the_protocol_has_them() {
        assert_eq!(said("0"), Some(Said::Connect { auth: Value::Null }));
        assert_eq!(said("0{\"token\":\"a,b\"}"), Some(Said::Connect { auth: json!({"token": "a,b"}) }));
        assert_eq!(said("1"), Some(Said::Disconnect));
        let event = |id, arguments| Some(Said::Event { id, name: "a".to_owned(), arguments });
        assert_eq!(said("2[\"a\"]"), event(None, vec![]));
        assert_eq!(said("212[\"a\",{\"b\":1}]"), event(Some(12), vec![json!({"b": 1})]));
        assert_eq!(said("30[1]"), Some(Said::Ack));
        assert_eq!(said("51-3[\"a\",{}]"), Some(Said::Binary { id: Some(3), attachments: 1 }));
        let elsewhere = Packet::read("0/admin,{\"a\":1}").unwrap();
        assert_eq!((elsewhere.namespace.as_str(), elsewhere.said), ("/admin", Said::Connect { auth: json!({"a": 1}) }));
        assert_eq!(Packet::read("1/admin").unwrap().namespace, "/admin");
    }

    #[test]
    fn what_is_no_packet_is_not_read() {
        for text in [
            "",
            "x",
            "2",
            "2{}",
            "2[]",
            "2[1]",
            "2[\"a\"",
            "0{",
            "5[\"a\"]",
            "5x-[\"a\"]",
            "4{}",
            "9",
            "1x",
            "299999999999999999999[\"a\"]",
            "é",
        ] {
            assert_eq!(Packet::read(text), None, "{text:?}");
        }
    }

    #[test]
    fn what_is_told_is_written_as_the_protocol_has_it() {
        assert_eq!(placed("message:new", json!({"id": "1"}), "7"), "2[\"message:new\",{\"id\":\"1\"},\"7\"]");
        assert_eq!(answer(3, json!({"success": true})), "33[{\"success\":true}]");
        assert_eq!(refused("/admin", "no", &json!({})), "4/admin,{\"data\":{},\"message\":\"no\"}");
        assert_eq!(refused("/", "no", &Value::Null), "4{\"data\":null,\"message\":\"no\"}");
    }
}
