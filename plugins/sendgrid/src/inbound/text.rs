//! What a mail says, for those who read no HTML.

use mail_parser::decoders::html::html_to_text;

/// Of longer HTML, the beginning is enough to read: the whole is kept beside it.
pub const LONGEST_HTML: usize = 512 * 1024;

/// The text, else what the HTML says.
pub fn plain(text: Option<String>, html: Option<&str>) -> Option<String> {
    let written = text.filter(|text| !text.trim().is_empty());
    written.or_else(|| Some(html_to_text(beginning(html?, LONGEST_HTML)))).filter(|text| !text.trim().is_empty())
}

/// At most so many bytes, in whole characters.
pub fn beginning(text: &str, limit: usize) -> &str {
    text.get(..text.floor_char_boundary(limit)).unwrap_or(text)
}
