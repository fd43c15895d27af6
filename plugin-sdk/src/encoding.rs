//! The encodings that webhooks use: hexadecimal and `application/x-www-form-urlencoded`.

/// Lower-case hexadecimal.
pub fn to_hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// Hexadecimal of either case; nothing when it is not that.
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

/// The pairs of a query or a form, in order. What is not UTF-8 is replaced, what is not an escape is kept.
pub fn decode_form(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode_component(name), decode_component(value))
        })
        .collect()
}

fn decode_component(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let escaped = match tail {
            [high, low, ..] if first == b'%' => hex_pair(*high, *low),
            _ => None,
        };
        bytes.push(escaped.unwrap_or(if first == b'+' { b' ' } else { first }));
        rest = if escaped.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn hex_pair(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? << 4 | digit(low)?)
}

/// Everything but letters, digits and `-._~` escaped: safe in any part of an address.
pub fn encode_component(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ => {
                encoded.push('%');
                encoded.push_str(&to_hex(&[byte]).to_ascii_uppercase());
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::{decode_form, encode_component, from_hex, to_hex};

    #[test]
    fn hexadecimal_goes_both_ways_and_refuses_anything_else() {
        assert_eq!(to_hex(&[0, 10, 255]), "000aff");
        assert_eq!(from_hex("000aFF"), Some(vec![0, 10, 255]));
        assert_eq!(from_hex(""), Some(vec![]));
        for wrong in ["0", "0g", "é0", "+1"] {
            assert_eq!(from_hex(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn forms_are_decoded_in_order() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let fields = decode_form("From=%2B1415&Body=a+b%20%C3%A4&Body=&empty&=x");
        let expected =
            [pair("From", "+1415"), pair("Body", "a b ä"), pair("Body", ""), pair("empty", ""), pair("", "x")];
        assert_eq!(fields, expected);
        assert_eq!(decode_form(""), []);
    }

    #[test]
    fn what_is_no_escape_stays_and_what_is_no_text_is_replaced() {
        let value = |text: &str| decode_form(text).remove(0).1;
        assert_eq!(value("a=100%"), "100%");
        assert_eq!(value("a=%2"), "%2");
        assert_eq!(value("a=%zz%41"), "%zzA");
        assert_eq!(value("a=%+1"), "% 1");
        assert_eq!(value("a=%FF"), "\u{fffd}");
    }

    #[test]
    fn encoding_is_undone_by_decoding() {
        let text = "a b&c=d/%é~-._";
        assert_eq!(encode_component(text), "a%20b%26c%3Dd%2F%25%C3%A9~-._");
        assert_eq!(decode_form(&encode_component(text)), [(text.to_owned(), String::new())]);
    }
}
