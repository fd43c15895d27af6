//! Text in the charset in which it came.

use mail_parser::decoders::charsets::map::charset_decoder;

/// What names no charset, or one that nobody knows, is UTF-8 where it can be, else Western European.
pub fn decode(bytes: &[u8], charset: Option<&str>) -> String {
    let charset = charset.map(|name| name.trim().to_ascii_lowercase()).filter(|name| !name.is_empty());
    match charset.as_deref() {
        None | Some("utf-8" | "utf8" | "us-ascii" | "ascii") => guess(bytes),
        Some(name) => charset_decoder(name.as_bytes()).map_or_else(|| guess(bytes), |decode| decode(bytes)),
    }
}

fn guess(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => match charset_decoder(b"windows-1252") {
            Some(decode) => decode(bytes),
            None => String::from_utf8_lossy(bytes).into_owned(),
        },
    }
}
