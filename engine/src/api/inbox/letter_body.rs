//! What is sent, as calls say it.

use std::collections::BTreeSet;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use schemars::JsonSchema;
use serde::Deserialize;

use super::query::{KindWord, Moment};
use crate::{
    api::fields::{Check, Field, Noted},
    service::{
        ServiceError,
        fields::{EmailAddress, FromText, MessageText, Subject},
        kinds::Kind,
        writing::{Body, File, Letter, Mail},
    },
};

const MOST_FILES: usize = 20;

/// The fields of every way to send; which are needed, the channel says.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(rename = "Send")]
pub struct LetterBody {
    /// One of SMS WhatsApp Email, where the address of the call does not say it
    channel: Field<String>,
    message: Field<String>,
    from: Field<String>,
    to: Field<String>,
    from_name: Field<String>,
    from_email: Field<String>,
    subject: Field<String>,
    body: Field<String>,
    cc: Field<Addresses>,
    bcc: Field<Addresses>,
    attachments: Field<Vec<FileBody>>,
    /// A moment such as 2026-01-31T12:00:00Z
    scheduled_at: Field<String>,
}

/// One text with commas, or a list.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum Addresses {
    Text(String),
    List(Vec<String>),
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SentFile")]
struct FileBody {
    filename: String,
    /// In base64
    content: String,
    content_type: String,
}

/// What the address of a call says about what is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// With none, the body says it.
    pub kind: Option<Kind>,
    /// The recipient has to be named.
    pub names_recipient: bool,
    pub is_scheduled: bool,
}

impl LetterBody {
    pub fn read(self, asked: Asked) -> Result<Letter, ServiceError> {
        let Self {
            channel,
            message,
            from,
            to,
            from_name,
            from_email,
            subject,
            body,
            cc,
            bcc,
            attachments,
            scheduled_at,
        } = self;
        let mut check = Check::default();
        let kind = match asked.kind {
            Some(kind) => Ok(kind),
            None => check.required::<KindWord>("channel", channel).map(|KindWord(kind)| kind),
        };
        let to = match kind {
            Ok(Kind::Email) => recipient(&mut check, asked, to).map(|to| to.map(EmailAddress::into_string)),
            _ => recipient::<String>(&mut check, asked, to),
        };
        let scheduled_at = if asked.is_scheduled {
            check.required::<Moment>("scheduledAt", scheduled_at).map(Some)
        } else {
            check.optional::<Moment>("scheduledAt", scheduled_at)
        };
        let (from, written) = match kind {
            Ok(Kind::Email) => {
                let from_address = check.optional::<EmailAddress>("fromEmail", from_email);
                let from_name = check.optional::<String>("fromName", from_name);
                let subject = check.required::<Subject>("subject", subject);
                // A form that has one field for all channels calls it the message.
                let body = match body {
                    Field::Absent | Field::Null => check.required::<MessageText>("body", message),
                    given => check.required::<MessageText>("body", given),
                };
                let (cc, bcc) = (addresses(&mut check, "cc", cc), addresses(&mut check, "bcc", bcc));
                let files = files(&mut check, attachments);
                let from = from_address.clone().map(|address| address.map(EmailAddress::into_string));
                let mail = || -> Result<Body, Noted> {
                    Ok(Body::Email(Mail {
                        from_name: from_name?,
                        from_address: from_address?.map(EmailAddress::into_string),
                        subject: subject?.into_string(),
                        body: body?,
                        cc: cc?,
                        bcc: bcc?,
                        files: files?,
                    }))
                };
                (from, mail())
            }
            Ok(Kind::Sms | Kind::WhatsApp) => {
                let text = check.required::<MessageText>("message", message);
                (check.optional::<String>("from", from), text.map(Body::Text))
            }
            Err(noted) => (Err(noted), Err(noted)),
        };
        check.finish(|| {
            Ok(Letter {
                kind: kind?,
                to: to?,
                from: from?,
                body: written?,
                scheduled_at: scheduled_at?.map(|Moment(at)| at),
            })
        })
    }
}

fn recipient<T: FromText>(check: &mut Check, asked: Asked, to: Field<String>) -> Result<Option<T>, Noted> {
    if asked.names_recipient { check.required("to", to).map(Some) } else { check.optional("to", to) }
}

fn addresses(check: &mut Check, name: &str, field: Field<Addresses>) -> Result<Vec<String>, Noted> {
    let texts = match check.value(name, field)? {
        None => return Ok(Vec::new()),
        Some(Addresses::Text(text)) => vec![text],
        Some(Addresses::List(texts)) => texts,
    };
    let mut found = BTreeSet::new();
    for text in texts.iter().flat_map(|text| text.split(',')).filter(|text| !text.trim().is_empty()) {
        match EmailAddress::from_text(text) {
            Ok(address) => found.insert(address.into_string()),
            Err(_) => return Err(check.note(name, "must be e-mail addresses, with commas between")),
        };
    }
    Ok(found.into_iter().collect())
}

fn files(check: &mut Check, field: Field<Vec<FileBody>>) -> Result<Vec<File>, Noted> {
    let given = check.value("attachments", field)?.unwrap_or_default();
    if given.len() > MOST_FILES {
        return Err(check.note("attachments", "must be at most 20 files"));
    }
    let mut files = Vec::with_capacity(given.len());
    for FileBody { filename: name, content, content_type: mime_type } in given {
        match BASE64_STANDARD.decode(content.trim()) {
            Ok(content) => files.push(File { name, mime_type, content: Bytes::from(content) }),
            Err(_) => return Err(check.note("attachments", "must have their content in base64")),
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(kind: Option<Kind>, body: Value) -> Result<Letter, String> {
        let asked = Asked { kind, names_recipient: kind.is_some(), is_scheduled: false };
        let body: LetterBody = serde_json::from_value(body).unwrap();
        body.read(asked).map_err(|error| error.to_string())
    }

    #[test]
    fn each_channel_asks_for_its_own_fields() {
        assert_eq!(read(Some(Kind::Sms), json!({})).unwrap_err(), "to: is required; message: is required");
        assert_eq!(read(None, json!({"channel": "Email"})).unwrap_err(), "subject: is required; body: is required");
        assert!(read(None, json!({"channel": "Fax", "message": "x"})).unwrap_err().starts_with("channel: must be"));
    }

    #[test]
    fn copies_are_a_list_or_a_text_with_commas() {
        for cc in [json!("B@x.de, a@x.de"), json!(["a@x.de", "b@x.de"])] {
            let body = json!({"to": "c@x.de", "subject": "s", "body": "b", "cc": cc});
            let Body::Email(mail) = read(Some(Kind::Email), body).unwrap().body else { panic!("no mail") };
            assert_eq!(mail.cc, ["a@x.de", "b@x.de"]);
        }
    }

    #[test]
    fn a_mail_goes_to_one_address() {
        let to = |to: &str| read(Some(Kind::Email), json!({"to": to, "subject": "s", "body": "b"}));
        assert_eq!(to("C@x.de").unwrap().to.unwrap(), "c@x.de");
        for wrong in ["a@x.de, b@x.de", "Ana <a@x.de>", "+4915112345678"] {
            assert_eq!(to(wrong).unwrap_err(), "to: must be an e-mail address", "{wrong}");
        }
    }

    #[test]
    fn an_attachment_is_base64() {
        let body = |content| {
            let files = json!([{"filename": "a.txt", "content": content, "contentType": "text/plain"}]);
            json!({"to": "c@x.de", "subject": "s", "body": "b", "attachments": files})
        };
        let Body::Email(mail) = read(Some(Kind::Email), body("aGk=")).unwrap().body else { panic!("no mail") };
        assert_eq!(mail.files[0].content, "hi");
        assert!(read(Some(Kind::Email), body("???")).is_err());
    }
}
