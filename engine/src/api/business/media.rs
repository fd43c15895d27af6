//! `/media/upload`: files that messages take along.

use actix_multipart::Multipart;
use actix_web::{HttpResponse, web};
use patchbay_domain::MediaId;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Answer, Error, ok};
use crate::{
    api::{description::Described, endpoint::post, media::take_file, repeatable::Longest},
    app::App,
    auth::Principal,
    service::media,
};

/// What the platform takes, and how their content shows itself.
const KINDS: &[&str] = &[
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "video/mp4",
    "video/3gpp",
    "video/quicktime",
    "video/mpeg",
    "audio/mpeg",
    "audio/ogg",
    "audio/opus",
    "audio/amr",
    "audio/mp4",
    "audio/m4a",
    "application/pdf",
    "application/msword",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.ms-excel",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
];

pub fn endpoints() -> Vec<Described> {
    vec![
        post("", upload)
            .takes_up_to(Longest::File)
            .does("Upload a file, as `file` of a form")
            .takes_bytes()
            .answers::<Answer<Uploaded>>(),
    ]
}

#[derive(Serialize, JsonSchema)]
struct Uploaded {
    id: MediaId,
    url: String,
    filename: String,
    originalname: Option<String>,
    mimetype: String,
    size: u64,
    #[serde(rename = "type")]
    kind: &'static str,
}

async fn upload(app: web::Data<App>, principal: Principal, form: Multipart) -> Result<HttpResponse, Error> {
    let kept = take_file(&app, &principal, Some(KINDS), form).await?;
    let url = media::address(&app, kept.id);
    let (id, originalname, mimetype, size) = (kept.id, kept.file_name.clone(), kept.mime_type.clone(), kept.size);
    let kind = media::attachment(kept).kind.word();
    Ok(ok(&Uploaded { id, url, filename: id.to_string(), originalname, mimetype, size, kind }))
}
