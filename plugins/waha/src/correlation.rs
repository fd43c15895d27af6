//! A message may be sent under an identifier of one's own, which engines that support it give back: so what became of it
//! is found also when the answer was lost, and a message that is sent again is recognised by WhatsApp. The engine's own
//! identifier, without its dashes, has the form of WhatsApp's.

/// Where the dashes of a UUID stand.
const PARTS: [usize; 5] = [8, 4, 4, 4, 12];

/// The identifier to send a message under.
pub fn message_id(outgoing: &str) -> Option<String> {
    let digits = outgoing.replace('-', "").to_ascii_uppercase();
    engines_own(&digits).map(|_| digits)
}

/// The engine's identifier of a message that was sent under it.
pub fn engines_own(id: &str) -> Option<String> {
    let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte);
    // A UUID of the version that holds a time.
    if id.len() != 32 || !id.bytes().all(hexadecimal) || id.get(12..13) != Some("7") {
        return None;
    }
    let mut rest = id;
    let mut parts = Vec::with_capacity(PARTS.len());
    for length in PARTS {
        let (part, after) = rest.split_at_checked(length)?;
        parts.push(part);
        rest = after;
    }
    Some(parts.join("-").to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::{engines_own, message_id};

    #[test]
    fn an_identifier_goes_out_and_comes_back() {
        let uuid = "018f3f5e-0000-7000-8000-00000000000a";
        let id = message_id(uuid).unwrap();
        assert_eq!(id, "018F3F5E00007000800000000000000A");
        assert_eq!(engines_own(&id).as_deref(), Some(uuid));
    }

    #[test]
    fn other_identifiers_are_not_ours() {
        for other in ["", "3EB0D1", "018f3f5e00007000800000000000000a", "018F3F5E00004000800000000000000A", "ä"] {
            assert_eq!(engines_own(other), None, "{other}");
        }
        assert_eq!(message_id("out-1"), None);
    }
}
