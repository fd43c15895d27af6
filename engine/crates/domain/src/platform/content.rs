//! What a message says, in either direction.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Participant;
use crate::MediaId;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Content {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<Detail>,
}

impl Content {
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..Self::default() }
    }

    /// One word for what a message is, as lists and filters show it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match (&self.detail, self.attachments.first()) {
            (Some(Detail::Location(_)), _) => "location",
            (Some(Detail::Contacts(_)), _) => "contact",
            (Some(Detail::Template(_)), _) => "template",
            (Some(Detail::Choice(_) | Detail::Choices(_)), _) => "interactive",
            (Some(Detail::Email(_)), _) => "email",
            (Some(Detail::Unsupported(_)), _) => "unsupported",
            (None, Some(attachment)) => attachment.kind.word(),
            (None, None) => "text",
        }
    }

    /// What a list shows of it: its text, else its caption, else its kind in brackets.
    #[must_use]
    pub fn preview(&self) -> String {
        let caption = || self.attachments.iter().find_map(|attachment| attachment.caption.clone());
        let title = || match &self.detail {
            Some(Detail::Choice(choice)) => Some(choice.title.clone()),
            Some(Detail::Email(email)) => Some(email.subject.clone()),
            Some(Detail::Template(template)) => Some(template.name.clone()),
            _ => None,
        };
        self.text.clone().or_else(caption).or_else(title).unwrap_or_else(|| format!("[{}]", self.kind()))
    }

    /// What it says after an edit. A platform that tells of a new caption rarely sends the file along, and one
    /// that does sends a reference to it: files that are stored stay.
    #[must_use]
    pub fn edited(self, edit: Self) -> Self {
        let mut known = self.attachments.into_iter();
        let mut attachments = Vec::with_capacity(edit.attachments.len());
        for new in edit.attachments {
            attachments.push(match known.next() {
                Some(known) if new.replaces(&known) => new,
                Some(known) => Attachment { caption: new.caption, ..known },
                None => new,
            });
        }
        let mut text = edit.text;
        if attachments.is_empty() {
            attachments.extend(known);
            let captioned = attachments.first_mut().filter(|file| self.text.is_none() && file.caption.is_some());
            if let Some(file) = captioned.filter(|_| text.is_some()) {
                file.caption = text.take();
            }
        }
        Self { text, attachments, detail: edit.detail }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.as_deref().is_none_or(|text| text.trim().is_empty())
            && self.attachments.is_empty()
            && self.detail.is_none()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    Image,
    Video,
    Audio,
    Voice,
    Document,
    Sticker,
}

impl MediaKind {
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Voice => "voice",
            Self::Document => "document",
            Self::Sticker => "sticker",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    pub kind: MediaKind,
    pub source: MediaSource,
    #[serde(default)]
    pub mime_type: Option<String>,
    #[serde(default)]
    pub file_name: Option<String>,
    #[serde(default)]
    pub size: Option<u64>,
    #[serde(default)]
    pub caption: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
}

impl Attachment {
    /// Whether this is another file than the one known, rather than the same named anew.
    fn replaces(&self, known: &Self) -> bool {
        let stored = |attachment: &Self| matches!(attachment.source, MediaSource::Stored(_));
        self.kind != known.kind || stored(self) || !stored(known)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaSource {
    Platform(String),
    Url(String),
    Stored(MediaId),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    Location(Location),
    Contacts(Vec<Participant>),
    Choice(Choice),
    Choices(Choices),
    Template(TemplateUse),
    Email(Email),
    Unsupported(Value),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Location {
    pub latitude: f64,
    pub longitude: f64,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub address: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    pub id: String,
    pub title: String,
    #[serde(default)]
    pub description: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Choices {
    pub items: Vec<Choice>,
    pub button: Option<String>,
    pub header: Option<String>,
    pub footer: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct TemplateUse {
    pub name: String,
    pub language: String,
    #[serde(default)]
    pub parameters: Value,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Email {
    pub from_name: Option<String>,
    pub from_address: Option<String>,
    pub cc: Vec<String>,
    pub bcc: Vec<String>,
    pub subject: String,
    pub html: Option<String>,
    pub references: Vec<String>,
    pub auto_reply: bool,
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn image(source: MediaSource, caption: &str) -> Attachment {
        Attachment {
            kind: MediaKind::Image,
            source,
            mime_type: Some("image/png".into()),
            file_name: Some("a.png".into()),
            size: Some(5),
            caption: Some(caption.into()),
            public_url: None,
        }
    }

    fn of(attachment: Attachment) -> Content {
        Content { attachments: vec![attachment], ..Content::default() }
    }

    #[test]
    fn an_edit_keeps_the_stored_file() {
        let stored = MediaSource::Stored(MediaId::at(DateTime::UNIX_EPOCH));
        let known = of(image(stored.clone(), "before"));
        let named = Attachment { size: None, ..image(MediaSource::Platform("ref".into()), "after") };
        assert_eq!(known.clone().edited(of(named)), of(image(stored.clone(), "after")));
        assert_eq!(known.edited(Content::text("after")), of(image(stored.clone(), "after")));
        let bare = Attachment { caption: None, ..image(stored, "") };
        let edited = Content { text: Some("before".into()), ..of(bare.clone()) }.edited(Content::text("after"));
        assert_eq!(edited, Content { text: Some("after".into()), ..of(bare) });
    }

    #[test]
    fn an_edit_that_brings_another_kind_of_file_replaces_it() {
        let known = of(image(MediaSource::Stored(MediaId::at(DateTime::UNIX_EPOCH)), "before"));
        let video = Attachment { kind: MediaKind::Video, ..image(MediaSource::Platform("ref".into()), "after") };
        assert_eq!(known.edited(of(video.clone())), of(video));
        assert_eq!(Content::text("a").edited(Content::text("b")), Content::text("b"));
    }
}
