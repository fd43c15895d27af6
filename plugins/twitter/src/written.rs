//! A text as it was written, and the files with it. X puts short links in the place of addresses, and one more at the
//! end for a file.

use crate::wire::{at, items, text};
use patchbay_plugin_sdk::{Attachment, MediaKind, MediaSource};
use serde_json::Value;

/// What the links of files lead to.
const FILE_PAGES: [&str; 2] = ["/messages/media/", "pic.twitter.com/"];

/// The text with the addresses that its short links stand for, and without those of the files that came with it.
pub fn written(text: &str, links: &[Value], file: &Value) -> Option<String> {
    let mut replaced: Vec<(&str, &str)> = links.iter().filter_map(|link| replacement(link, file)).collect();
    let own = self::text(file, &["url"]);
    replaced.extend(own.filter(|own| replaced.iter().all(|(short, _)| short != own)).map(|own| (own, "")));
    let cut = replaced.iter().any(|(_, long)| long.is_empty());
    // One may begin as another does: the longer first.
    replaced.sort_by_key(|(short, _)| std::cmp::Reverse(short.len()));
    let written = substitute(text, &replaced);
    let written = if cut { written.trim_end() } else { written.as_str() };
    (!written.is_empty()).then(|| written.to_owned())
}

/// A short link, and what to put in its place.
fn replacement<'a>(link: &'a Value, file: &Value) -> Option<(&'a str, &'a str)> {
    let short = self::text(link, &["url"])?;
    let long = self::text(link, &["expanded_url"]).unwrap_or(short);
    let is_file = !file.is_null()
        && (self::text(file, &["url"]) == Some(short) || FILE_PAGES.iter().any(|page| long.contains(page)));
    Some((short, if is_file { "" } else { long }))
}

/// In one pass: what was put in is not looked at again.
fn substitute(text: &str, replaced: &[(&str, &str)]) -> String {
    let mut written = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        match replaced.iter().find(|(short, _)| rest.starts_with(short)) {
            Some((short, long)) => {
                written.push_str(long);
                rest = rest.strip_prefix(short).unwrap_or_default();
            }
            None => {
                written.push(letter);
                rest = rest.get(letter.len_utf8()..).unwrap_or_default();
            }
        }
    }
    written
}

/// The file of a media object, of a webhook or of a list; nothing for a kind that is not known.
pub fn file(media: &Value) -> Option<Attachment> {
    let kind = match text(media, &["type"])? {
        "photo" => MediaKind::Image,
        // An animated picture arrives as a film.
        "video" | "animated_gif" => MediaKind::Video,
        _ => return None,
    };
    let (url, mime_type) = match kind {
        MediaKind::Video => best_variant(media)?,
        _ => {
            let url = ["media_url_https", "url"].into_iter().find_map(|name| text(media, &[name]))?;
            (url, picture_type(url))
        }
    };
    let mime_type = mime_type.map(str::to_owned);
    Some(Attachment { mime_type, ..Attachment::new(kind, MediaSource::Platform(url.to_owned())) })
}

/// The address of the film of the highest quality, and its type.
fn best_variant(media: &Value) -> Option<(&str, Option<&str>)> {
    let variants = [&["video_info", "variants"][..], &["variants"]];
    let all = variants.into_iter().flat_map(|path| items(media, path));
    let rate = |variant: &Value| {
        let rate = ["bitrate", "bit_rate"].into_iter().find_map(|name| at(variant, &[name]).as_u64());
        (text(variant, &["content_type"]) == Some("video/mp4"), rate.unwrap_or_default())
    };
    let best = all.filter(|variant| text(variant, &["url"]).is_some()).max_by_key(|variant| rate(variant))?;
    Some((text(best, &["url"])?, text(best, &["content_type"])))
}

fn picture_type(url: &str) -> Option<&'static str> {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    match path.rsplit('.').next()?.to_ascii_lowercase().as_str() {
        "jpg" | "jpeg" => Some("image/jpeg"),
        "png" => Some("image/png"),
        "webp" => Some("image/webp"),
        "gif" => Some("image/gif"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{file, written};
    use patchbay_plugin_sdk::{MediaKind, MediaSource};
    use serde_json::{Value, json};

    fn link(short: &str, long: &str) -> Value {
        json!({"url": short, "expanded_url": long})
    }

    #[test]
    fn short_links_become_what_they_stand_for() {
        let links = [link("https://t.co/a", "https://t.co/ab"), link("https://t.co/ab", "https://x.example/?a=b")];
        let text = "see https://t.co/a and https://t.co/ab ";
        let expected = "see https://t.co/ab and https://x.example/?a=b ";
        assert_eq!(written(text, &links, &Value::Null).as_deref(), Some(expected));
        assert_eq!(written("", &links, &Value::Null), None);
        let odd = [json!({"url": ""}), json!({"url": 7}), json!(null), json!({"url": "https://t.co/a"})];
        assert_eq!(written("https://t.co/a", &odd, &Value::Null).as_deref(), Some("https://t.co/a"));
    }

    #[test]
    fn the_link_of_a_file_is_cut() {
        let page = [link("https://t.co/p", "https://twitter.com/messages/media/1")];
        let photo = json!({"type": "photo", "url": "https://t.co/p"});
        assert_eq!(written("Look 👍 https://t.co/p", &page, &photo).as_deref(), Some("Look 👍"));
        assert_eq!(written("Look https://t.co/p", &[], &photo).as_deref(), Some("Look"));
        assert_eq!(written("https://t.co/p", &page, &json!({"type": "photo"})), None);
        // Without a file, it is an address like another.
        let kept = written("https://t.co/p", &page, &Value::Null);
        assert_eq!(kept.as_deref(), Some("https://twitter.com/messages/media/1"));
    }

    #[test]
    fn files() {
        let photo = file(&json!({"type": "photo", "media_url_https": "https://ton.twitter.com/1.1/a.jpg"})).unwrap();
        assert_eq!((photo.kind, photo.mime_type.as_deref()), (MediaKind::Image, Some("image/jpeg")));
        let variant = |rate: Value, kind: &str, url: &str| json!({"bitrate": rate, "content_type": kind, "url": url});
        let video = json!({"type": "video", "video_info": {"variants": [
            variant(json!(null), "application/x-mpegURL", "https://video.twimg.com/list.m3u8"),
            variant(json!(256_000), "video/mp4", "https://video.twimg.com/small.mp4"),
            variant(json!(832_000), "video/mp4", "https://video.twimg.com/large.mp4"),
        ]}});
        let video = file(&video).unwrap();
        let large = MediaSource::Platform("https://video.twimg.com/large.mp4".to_owned());
        assert_eq!((video.kind, video.source), (MediaKind::Video, large));
        let still = json!({"type": "animated_gif", "variants": [{"bit_rate": 0, "content_type": "video/mp4", "url": "https://video.twimg.com/a.mp4"}]});
        assert_eq!(file(&still).unwrap().mime_type.as_deref(), Some("video/mp4"));
        for none in [
            json!({"type": "hologram", "url": "https://x"}),
            json!({"type": "photo"}),
            json!({"type": "video"}),
            json!(1),
        ] {
            assert_eq!(file(&none), None, "{none}");
        }
    }
}
