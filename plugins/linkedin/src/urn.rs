//! Posts and comments as LinkedIn names them.

use std::fmt;

const PREFIX: &str = "urn:li:";
const COMMENT: &str = "urn:li:comment:(";
/// What can be named and is nothing to comment on.
const NO_POSTS: [&str; 5] = ["comment", "member", "organization", "organizationBrand", "person"];

/// A comment, by the post that it is under and its number.
///
/// One post has several names (activity, share, ugcPost) whose numbers differ, so that none can be made of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    post: String,
    number: String,
}

impl Comment {
    /// Notifications leave the post's `urn:li:` out in one place and write it in another: both are the same comment.
    pub fn parse(text: &str) -> Option<Self> {
        let (post, number) = text.strip_prefix(COMMENT)?.strip_suffix(')')?.rsplit_once(',')?;
        if post.starts_with(PREFIX) { Self::of(post, number) } else { Self::of(&format!("{PREFIX}{post}"), number) }
    }

    pub fn of(post: &str, number: &str) -> Option<Self> {
        (is_post(post) && is_id(number)).then(|| Self { post: post.to_owned(), number: number.to_owned() })
    }

    pub fn post(&self) -> &str {
        &self.post
    }

    pub fn number(&self) -> &str {
        &self.number
    }
}

impl fmt::Display for Comment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{COMMENT}{},{})", self.post, self.number)
    }
}

/// What a conversation is about, which is its thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Thread {
    /// A comment that others answer.
    Comment(Comment),
    /// A post that mentions the page.
    Post(String),
}

impl Thread {
    pub fn parse(text: &str) -> Option<Self> {
        let comment = Comment::parse(text).map(Self::Comment);
        comment.or_else(|| is_post(text).then(|| Self::Post(text.to_owned())))
    }

    pub fn post(&self) -> &str {
        match self {
            Self::Comment(comment) => comment.post(),
            Self::Post(post) => post,
        }
    }
}

/// Whether this names a post, whatever kind of post that is.
pub fn is_post(urn: &str) -> bool {
    let parts = urn.strip_prefix(PREFIX).and_then(|rest| rest.split_once(':'));
    parts.is_some_and(|(kind, id)| is_id(kind) && !NO_POSTS.contains(&kind) && is_id(id))
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::{Comment, Thread, is_post};

    #[test]
    fn two_spellings_are_one_comment() {
        let written = "urn:li:comment:(urn:li:activity:7094,7095)";
        for spelling in [written, "urn:li:comment:(activity:7094,7095)"] {
            let comment = Comment::parse(spelling).unwrap();
            assert_eq!(comment.to_string(), written);
            assert_eq!((comment.post(), comment.number()), ("urn:li:activity:7094", "7095"));
        }
        let other = Comment::parse("urn:li:comment:(ugcPost:7094,7095)").unwrap();
        assert_eq!(other.to_string(), "urn:li:comment:(urn:li:ugcPost:7094,7095)");
    }

    #[test]
    fn what_is_no_comment_is_none() {
        for text in [
            "",
            "urn:li:share:7",
            "urn:li:comment:7",
            "urn:li:comment:(activity:7)",
            "urn:li:comment:(activity:7,)",
            "urn:li:comment:(activity:7,8",
            "urn:li:comment:(person:7,8)",
            "urn:li:comment:(activity:7/../x,8)",
            "urn:li:comment:(urn:li:comment:(activity:7,8),9)",
        ] {
            assert_eq!(Comment::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_thread_is_a_comment_or_a_post() {
        assert!(matches!(Thread::parse("urn:li:comment:(activity:7,8)"), Some(Thread::Comment(_))));
        assert_eq!(Thread::parse("urn:li:share:7"), Some(Thread::Post("urn:li:share:7".to_owned())));
        for text in ["urn:li:person:a", "urn:li:organization:7", "share:7", "urn:li:share:", "urn:li:share:7:8"] {
            assert!(Thread::parse(text).is_none() && !is_post(text), "{text}");
        }
    }
}
