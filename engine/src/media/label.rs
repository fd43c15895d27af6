//! What a file is called and what it is: its content decides before its sender.

use mime::Mime;

const UNKNOWN: &str = "application/octet-stream";
const NAME_CHARACTERS: usize = 200;

/// Containers that may hold what the sender says: (what the content shows, what it may be).
const CONTAINERS: &[(&str, &str)] = &[
    ("application/zip", "application/"),
    ("application/x-ole-storage", "application/"),
    ("video/mp4", "audio/mp4"),
    ("video/webm", "audio/webm"),
    ("audio/m4a", "audio/mp4"),
    ("audio/m4a", "audio/aac"),
    ("audio/ogg", "audio/opus"),
];

/// The type of a file that begins with `head` and was declared to be `declared`.
pub(super) fn mime_type(head: &[u8], declared: Option<&str>) -> String {
    let known = || declared.and_then(|text| text.parse::<Mime>().ok()).map(|declared| declared.to_string());
    shown_type(head, declared).or_else(known).unwrap_or_else(|| UNKNOWN.to_owned())
}

/// The same, where the content shows it; nobody's word is taken for it.
pub(super) fn shown_type(head: &[u8], declared: Option<&str>) -> Option<String> {
    let declared = declared.and_then(|text| text.parse::<Mime>().ok());
    let shown = infer::get(head).map(|kind| kind.mime_type()).or_else(|| is_3gpp(head).then_some("video/3gpp"))?;
    let agrees = |declared: &Mime| {
        let declared = declared.essence_str();
        declared == shown || CONTAINERS.iter().any(|(outer, inner)| *outer == shown && declared.starts_with(inner))
    };
    Some(declared.filter(agrees).map_or_else(|| shown.to_owned(), |declared| declared.to_string()))
}

/// What older telephones film.
fn is_3gpp(head: &[u8]) -> bool {
    head.get(4..10) == Some(b"ftyp3g")
}

/// A name without folders and control characters.
pub(super) fn file_name(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().filter(|letter| !letter.is_control()).take(NAME_CHARACTERS).collect();
    Some(clean.trim().to_owned()).filter(|name| !matches!(name.as_str(), "" | "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    const OGG: &[u8] = b"OggS\0\x02\0\0\0\0\0\0\0\0";
    const ZIP: &[u8] = b"PK\x03\x04\x14\0\0\0\0\0";

    #[test]
    fn content_decides_and_the_sender_is_more_precise() {
        for (head, declared, expected) in [
            (PNG, Some("image/jpeg"), "image/png"),
            (PNG, None, "image/png"),
            (OGG, Some("audio/ogg; codecs=opus"), "audio/ogg; codecs=opus"),
            (ZIP, Some("application/vnd.android.package-archive"), "application/vnd.android.package-archive"),
            (ZIP, Some("text/html"), "application/zip"),
            (b"\0\0\0\x18ftyp3gp4\0\0\x02\0", None, "video/3gpp"),
            (b"hello", Some("text/plain"), "text/plain"),
            (b"hello", Some("nonsense\r\n"), UNKNOWN),
            (b"", None, UNKNOWN),
        ] {
            assert_eq!(mime_type(head, declared), expected, "{declared:?}");
        }
    }

    #[test]
    fn nobodys_word_is_taken_for_what_a_file_does_not_show() {
        assert_eq!(shown_type(b"hello", Some("image/png")), None);
        assert_eq!(shown_type(PNG, Some("text/html")).as_deref(), Some("image/png"));
    }

    #[test]
    fn names_lose_folders_and_control_characters() {
        for (name, expected) in [
            ("Rechnung März.pdf", Some("Rechnung März.pdf")),
            ("../../etc/passwd", Some("passwd")),
            ("C:\\Users\\a\\b.txt", Some("b.txt")),
            ("a\r\nSet-Cookie: b", Some("aSet-Cookie: b")),
            ("..", None),
            ("dir/", None),
            ("\0", None),
        ] {
            assert_eq!(file_name(name).as_deref(), expected, "{name:?}");
        }
        assert_eq!(file_name(&"ä".repeat(500)).unwrap().chars().count(), NAME_CHARACTERS);
    }
}
