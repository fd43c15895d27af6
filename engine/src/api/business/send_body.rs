//! The body of a message that is sent: as the document has it (`{to, type, content: {…}}`) or flat, as the front end
//! sends it.

use patchbay_domain::{ConversationId, MediaId, platform::MediaKind};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::send_kinds::Special;
use crate::{
    api::fields::{Check, Field, Noted},
    service::{
        ServiceError,
        direct::{Body, Direct, File},
        fields::{MessageText, is_storable},
    },
};

const TYPES: &str = "must be one of text image video audio document template interactive location contact";
const LONGEST_CAPTION: usize = 4_096;
const LONGEST_NAME: usize = 240;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SendMessage")]
pub struct SendBody {
    /// A number with its country; who has none, by the name that their platform has for them
    #[serde(default)]
    to: Field<String>,
    /// In place of `to`
    #[serde(default)]
    conversation_id: Field<ConversationId>,
    /// Which number sends; the default one where it is not said
    #[serde(default)]
    phone_number_id: Field<String>,
    /// text, image, video, audio, document, template, interactive, location or contact
    #[serde(default, rename = "type")]
    kind: Field<String>,
    #[serde(default)]
    content: Field<Parts>,
    #[serde(flatten)]
    flat: Parts,
}

#[derive(Deserialize, JsonSchema, Default)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "MessageParts")]
struct Parts {
    #[serde(default)]
    text: Field<String>,
    #[serde(default)]
    media_url: Field<String>,
    /// A file that was uploaded
    #[serde(default)]
    media_id: Field<MediaId>,
    #[serde(default)]
    caption: Field<String>,
    #[serde(default)]
    filename: Field<String>,
    /// An id, the platform's name or the name that people gave it
    #[serde(default)]
    template_name: Field<String>,
    #[serde(default)]
    language_code: Field<String>,
    #[serde(default)]
    template_components: Field<Vec<Value>>,
    #[serde(flatten)]
    special: Special,
}

/// What stands in `content`, else beside it.
pub(super) fn either<T>(nested: Field<T>, flat: Field<T>) -> Field<T> {
    match nested {
        Field::Absent | Field::Null => flat,
        nested => nested,
    }
}

impl Parts {
    fn over(self, flat: Self) -> Self {
        Self {
            text: either(self.text, flat.text),
            media_url: either(self.media_url, flat.media_url),
            media_id: either(self.media_id, flat.media_id),
            caption: either(self.caption, flat.caption),
            filename: either(self.filename, flat.filename),
            template_name: either(self.template_name, flat.template_name),
            language_code: either(self.language_code, flat.language_code),
            template_components: either(self.template_components, flat.template_components),
            special: self.special.over(flat.special),
        }
    }

    fn read(self, kind: &str, check: &mut Check) -> Result<Body, Noted> {
        let kind = match kind.to_lowercase().as_str() {
            "text" => return Ok(Body::Text(check.required::<MessageText>("text", self.text)?)),
            "template" => return self.template(check),
            "location" => return self.special.location(check),
            "contact" | "contacts" => return self.special.contacts(check),
            "interactive" => return self.special.interactive(check, self.text),
            "image" => MediaKind::Image,
            "video" => MediaKind::Video,
            "audio" => MediaKind::Audio,
            "document" => MediaKind::Document,
            _ => return Err(check.note("type", TYPES)),
        };
        self.file(kind, check)
    }

    fn file(self, kind: MediaKind, check: &mut Check) -> Result<Body, Noted> {
        let (id, url) = (check.value("mediaId", self.media_id), check.value("mediaUrl", self.media_url));
        let caption = short(check, "caption", self.caption, LONGEST_CAPTION);
        let name = short(check, "filename", self.filename, LONGEST_NAME);
        let file = match (id?, url?.filter(|url| !url.is_empty())) {
            (Some(id), _) => File::Kept(id),
            (None, Some(url)) => {
                let url = Url::parse(&url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
                File::At(url.ok_or_else(|| check.note("mediaUrl", "must be an address that begins with https://"))?)
            }
            (None, None) => return Err(check.note("mediaUrl", "is required")),
        };
        Ok(Body::File { kind, file, caption: caption?, name: name? })
    }

    fn template(self, check: &mut Check) -> Result<Body, Noted> {
        let name = check.required::<String>("templateName", self.template_name);
        let language = short(check, "languageCode", self.language_code, LONGEST_NAME);
        let components = check.value("templateComponents", self.template_components);
        let components = components?.map_or(Value::Null, Value::Array);
        if !is_storable(&components) {
            return Err(check.note("templateComponents", crate::service::fields::NO_NUL));
        }
        Ok(Body::Template { name: name?, language: language?, components })
    }
}

fn short(check: &mut Check, name: &str, text: Field<String>, most: usize) -> Result<Option<String>, Noted> {
    let text = check.value(name, text)?.filter(|text| !text.is_empty());
    if text.as_ref().is_some_and(|text| text.chars().count() > most || text.contains('\0')) {
        return Err(check.note(name, format!("must be at most {most} characters of plain text")));
    }
    Ok(text)
}

impl SendBody {
    pub fn read(self) -> Result<Direct, ServiceError> {
        let Self { to, conversation_id, phone_number_id, kind, content, flat } = self;
        let mut check = Check::default();
        let conversation_id = check.value("conversationId", conversation_id);
        let to = check.value("to", to).map(|to| to.filter(|to| !to.trim().is_empty()));
        if to == Ok(None) && conversation_id == Ok(None) {
            check.note("to", "is required");
        }
        let phone_number_id = check.value("phoneNumberId", phone_number_id);
        let kind = check.required::<String>("type", kind);
        let content = check.value("content", content);
        let parts = content.map(|content| content.unwrap_or_default().over(flat));
        let body = match (kind, parts) {
            (Ok(kind), Ok(parts)) => parts.read(&kind, &mut check),
            _ => Err(Noted),
        };
        check.finish(|| {
            Ok(Direct {
                to: to?,
                conversation_id: conversation_id?,
                phone_number_id: phone_number_id?.filter(|id| !id.is_empty()),
                body: body?,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: Value) -> Result<Direct, String> {
        let body: SendBody = serde_json::from_value(body).unwrap();
        body.read().map_err(|error| error.to_string())
    }

    #[test]
    fn both_forms_are_taken() {
        for body in [
            json!({"to": "+1234567890", "type": "text", "content": {"text": "hi"}}),
            json!({"to": "+1234567890", "type": "TEXT", "text": "hi", "phoneNumberId": ""}),
        ] {
            let direct = read(body).unwrap();
            assert!(matches!(&direct.body, Body::Text(text) if text.as_str() == "hi"), "{direct:?}");
            assert_eq!(direct.phone_number_id, None);
        }
        let image = json!({"to": "1", "type": "image", "content": {"mediaUrl": "https://x.org/a.png", "caption": "c"}});
        let Body::File { kind: MediaKind::Image, file: File::At(url), caption, .. } = read(image).unwrap().body else {
            panic!("not an image")
        };
        assert_eq!((url.as_str(), caption.as_deref()), ("https://x.org/a.png", Some("c")));
    }

    #[test]
    fn what_is_missing_is_told() {
        assert_eq!(read(json!({"type": "fax"})).unwrap_err(), format!("to: is required; type: {TYPES}"));
        assert_eq!(read(json!({"to": "1", "type": "text"})).unwrap_err(), "text: is required");
        assert_eq!(read(json!({"to": "1", "type": "image"})).unwrap_err(), "mediaUrl: is required");
        let file = json!({"to": "1", "type": "image", "mediaUrl": "file:///etc/passwd"});
        assert_eq!(read(file).unwrap_err(), "mediaUrl: must be an address that begins with https://");
        assert_eq!(read(json!({"to": "1", "type": "template"})).unwrap_err(), "templateName: is required");
    }
}
