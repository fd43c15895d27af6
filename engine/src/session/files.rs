//! Files of messages that arrive: each is stored before its message is
//! announced, whether the platform keeps it or the webhook itself held it.

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use patchbay_domain::{
    MediaId,
    platform::{Attachment, Command, MediaSource, Outcome},
};

use super::{Shared, desk::Desk};
use crate::{conversation::Input, egress::command};

/// How often a file is asked for before its message goes on without it.
const TRIES: u32 = 4;
/// How an address begins that is the file itself.
const DATA: &str = "data:";

/// Brings an arriving message's files home, so that it is announced with them.
pub async fn bring_home(shared: &Shared, desk: &Desk, input: &mut Input) {
    let Input::Message { message, .. } = input else { return };
    let mut missing = Vec::new();
    for attachment in &mut message.content.attachments {
        if let Err(reason) = keep(shared, desk, attachment).await {
            missing.push(reason);
        }
    }
    if !missing.is_empty() {
        if message.metadata.is_null() {
            message.metadata = serde_json::json!({});
        }
        if let Some(metadata) = message.metadata.as_object_mut() {
            metadata.insert("missingMedia".into(), missing.into());
        }
    }
}

async fn keep(shared: &Shared, desk: &Desk, attachment: &mut Attachment) -> Result<(), String> {
    let kept = match &attachment.source {
        MediaSource::Platform(reference) => fetch(shared, desk, reference).await?,
        MediaSource::Url(url) if url.starts_with(DATA) => Some(unpack(shared, desk, attachment, url).await?),
        MediaSource::Url(_) | MediaSource::Stored(_) => None,
    };
    let Some(id) = kept else { return Ok(()) };
    // What it turned out to be, whatever it was called on its way.
    if let Some(media) = shared.store.media(id).await.map_err(|error| error.to_string())? {
        attachment.mime_type = Some(media.mime_type);
        attachment.size = Some(media.size);
        attachment.file_name = attachment.file_name.take().or(media.file_name);
    }
    attachment.source = MediaSource::Stored(id);
    Ok(())
}

/// Nothing, where the connector fetches no files.
async fn fetch(shared: &Shared, desk: &Desk, reference: &str) -> Result<Option<MediaId>, String> {
    let channel = shared.channels.get(desk.channel_id).await.map_err(|error| error.to_string())?;
    if !channel.manifest().can("media-download") {
        return Ok(None);
    }
    let request = Command::FetchMedia(reference.to_owned());
    let mut pause = std::time::Duration::from_millis(200);
    let mut reason = String::new();
    for _ in 0..TRIES {
        let done = command::run(&desk.instance, &shared.egress, &channel, &request, shared.clock, &*shared.media);
        match done.await {
            Ok(Ok(Outcome::Media(id))) => return Ok(Some(id)),
            Ok(Ok(_)) => return Err("the connector answered with something else than a file".into()),
            Ok(Err(failure)) if !command::worth_repeating(&failure) => return Err(failure.message),
            Ok(Err(failure)) => reason = failure.message,
            Err(interrupted) => reason = interrupted.error.to_string(),
        }
        tokio::time::sleep(pause).await;
        pause *= 3;
    }
    Err(reason)
}

async fn unpack(shared: &Shared, desk: &Desk, attachment: &Attachment, url: &str) -> Result<MediaId, String> {
    let (mime, bytes) = decode(url).ok_or("the file's data: address cannot be read")?;
    let mime = attachment.mime_type.clone().or(mime);
    let bytes = stream::once(async { Ok(Bytes::from(bytes)) }).boxed();
    let saved = shared.media.save(desk.channel_id, mime, attachment.file_name.clone(), bytes).await;
    saved.map_err(|error| error.to_string())
}

/// The type, where it is told, and the bytes.
fn decode(url: &str) -> Option<(Option<String>, Vec<u8>)> {
    let (head, data) = url.strip_prefix(DATA)?.split_once(',')?;
    let mime = head.strip_suffix(";base64")?;
    Some((Some(mime.to_owned()).filter(|mime| !mime.is_empty()), BASE64_STANDARD.decode(data).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_the_file() {
        let pdf = Some("application/pdf".to_owned());
        assert_eq!(decode("data:application/pdf;base64,JVBERg=="), Some((pdf, b"%PDF".to_vec())));
        assert_eq!(decode("data:;base64,"), Some((None, Vec::new())));
        for wrong in ["data:", "data:text/plain,hello", "data:text/plain;base64,%", "https://example.com/a,b"] {
            assert_eq!(decode(wrong), None, "{wrong}");
        }
    }
}
