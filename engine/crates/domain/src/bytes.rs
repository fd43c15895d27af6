//! Bytes inside JSON: as text where they are text, else in base64, so that a
//! stored webhook stays readable and every byte of it survives.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Encoded<T> {
    Text(T),
    Base64(String),
}

pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    match std::str::from_utf8(bytes) {
        // PostgreSQL keeps no NUL in text.
        Ok(text) if !text.contains('\0') => Encoded::Text(text).serialize(serializer),
        _ => Encoded::<&str>::Base64(BASE64_STANDARD.encode(bytes)).serialize(serializer),
    }
}

pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    match Encoded::<String>::deserialize(deserializer)? {
        Encoded::Text(text) => Ok(text.into_bytes()),
        Encoded::Base64(text) => BASE64_STANDARD.decode(text).map_err(serde::de::Error::custom),
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Wrapped(#[serde(with = "crate::bytes")] Vec<u8>);

    #[test]
    fn every_byte_survives() {
        for bytes in [b"{\"a\":\"\\u00e4\"}\r\n".to_vec(), vec![0xff, 0, 1], "ä\0".as_bytes().to_vec(), vec![]] {
            let json = serde_json::to_string(&Wrapped(bytes.clone())).unwrap();
            assert!(!json.contains("\\u0000"), "{json}");
            assert_eq!(serde_json::from_str::<Wrapped>(&json).unwrap(), Wrapped(bytes));
        }
    }
}
