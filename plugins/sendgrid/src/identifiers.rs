//! Message-IDs, and which conversation a mail belongs to.
//!
//! A conversation is what one person writes in one thread of mails: the thread's first Message-ID and the person's
//! address. So an answer finds its conversation whatever its subject, a new subject begins a new one, and nobody gets
//! into a conversation of somebody else by naming its mails. Our own Message-IDs carry the conversation in them, for
//! answers that name nothing else.

use patchbay_plugin_sdk::encoding::{from_hex, to_hex};
use patchbay_plugin_sdk::host::{self, Algorithm};

const MARK: &str = "patchbay.";
/// A header line has 998 characters at most, of which a carried conversation takes two per byte.
const LONGEST_CARRIED: usize = 300;
const LONGEST_OWN: usize = 950;
/// What is longer is kept by its digest.
const LONGEST_IDENTIFIER: usize = 400;

/// What one of our own Message-IDs says.
pub struct Own {
    /// The engine's identifier.
    pub id: String,
    pub thread: Option<String>,
}

/// The Message-ID of a mail that we send.
pub fn compose(id: &str, thread: &str, from: &str) -> String {
    let domain = from.rsplit_once('@').map(|(_, domain)| domain).filter(|domain| domain.is_ascii());
    let carried = if thread.len() <= LONGEST_CARRIED { to_hex(thread.as_bytes()) } else { String::new() };
    format!("<{MARK}{id}.{carried}@{}>", domain.unwrap_or("patchbay.invalid"))
}

pub fn own(message_id: &str) -> Option<Own> {
    if message_id.len() > LONGEST_OWN {
        return None;
    }
    let local = message_id.trim_matches(['<', '>']).rsplit_once('@')?.0.strip_prefix(MARK)?;
    let (id, carried) = local.rsplit_once('.')?;
    let thread = from_hex(carried).and_then(|bytes| String::from_utf8(bytes).ok()).filter(|text| !text.is_empty());
    Some(Own { id: id.to_owned(), thread })
}

/// The conversation of a mail from `sender`; `ancestors` are what it answers, oldest first.
pub fn thread(sender: &str, ancestors: &[String], id: Option<&str>) -> String {
    let carried = ancestors.iter().filter_map(|ancestor| own(ancestor)?.thread).find(|thread| is_of(thread, sender));
    let root = || ancestors.first().map(String::as_str).or(id);
    carried.or_else(|| Some(format!("{} {sender}", root()?))).unwrap_or_else(|| sender.to_owned())
}

fn is_of(thread: &str, person: &str) -> bool {
    thread.strip_suffix(person).is_some_and(|before| before.is_empty() || before.ends_with(' '))
}

/// The Message-ID with which the conversation began, if it began with a mail.
pub fn root(thread: &str) -> Option<&str> {
    thread.split_once(' ').map(|(root, _)| root).filter(|root| is_message_id(root))
}

pub fn is_message_id(text: &str) -> bool {
    let inner = text.strip_prefix('<').and_then(|text| text.strip_suffix('>'));
    inner.is_some_and(|inner| !inner.is_empty() && inner.bytes().all(|byte| byte.is_ascii_graphic()))
}

/// In brackets, and no longer than can be kept.
pub fn bracketed(id: &str) -> Option<String> {
    let id = id.trim().trim_matches(['<', '>']);
    if id.is_empty() || id.contains(char::is_whitespace) {
        return None;
    }
    let id = format!("<{id}>");
    let short = id.len() <= LONGEST_IDENTIFIER || own(&id).is_some();
    Some(if short { id } else { digest(&[id.as_bytes()]) })
}

/// An identifier for what has none, the same whenever it comes.
pub fn digest(parts: &[&[u8]]) -> String {
    let hashes: Vec<u8> = parts.iter().flat_map(|part| host::digest(Algorithm::Sha256, part)).collect();
    format!("sha256:{}", to_hex(&host::digest(Algorithm::Sha256, &hashes)))
}
