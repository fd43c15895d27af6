//! What a notification leaves out of a message, such as the comment that it answers. The engine asks `poll` for it before
//! it looks for the conversation; the cursor of that poll says what LinkedIn is to be asked for.

use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lookup {
    /// A comment, and what its notification told of the post.
    Comment {
        urn: String,
        post: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        post_text: Option<String>,
    },
    Post {
        urn: String,
    },
}

impl Lookup {
    pub fn cursor(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// `None` for the cursor of a round.
    pub fn of(cursor: &str) -> Option<Self> {
        serde_json::from_str(cursor).ok()
    }
}
