//! Files of messages that arrive: each is stored before its message is
//! announced, whether the platform keeps it or the webhook itself held it.

use std::{collections::HashSet, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use patchbay_domain::{
    MediaId,
    platform::{Attachment, Command, MediaSource, Outcome},
};
use patchbay_plugin_host::MediaError;
use patchbay_store::wanted_files::{MISSING, PENDING};

use super::{Shared, desk::Desk, inbound};
use crate::{batch::survive, channels::ActiveChannel, conversation::Input, egress::command, retry};

/// How often a file is asked for before its message goes on without it; then it is asked for again later.
const TRIES: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How an address begins that is the file itself.
const DATA: &str = "data:";

/// Why a file is not there.
#[derive(Debug)]
pub enum Missing {
    /// It may be there later.
    ForNow(String),
    ForGood(String),
}

/// Brings an arriving message's files home, so that it is announced with them. One of `brought`, or one that is stored,
/// is told once more: it has its files, and what is fetched now nobody would need.
pub async fn bring_home(shared: &Shared, desk: &Desk, input: &mut Input, brought: &mut HashSet<String>) {
    let Input::Message { message, .. } = input else { return };
    let is_away = |attachment: &Attachment| match &attachment.source {
        MediaSource::Platform(_) => true,
        MediaSource::Url(url) => url.starts_with(DATA),
        MediaSource::Stored(_) => false,
    };
    let has_files = message.content.attachments.iter().any(is_away);
    if !has_files || !brought.insert(message.id.clone()) || is_stored(shared, desk, &message.id).await {
        return;
    }
    let (mut missing, mut wanted) = (Vec::new(), false);
    for attachment in &mut message.content.attachments {
        match survive(keep(shared, desk, attachment)).await {
            Ok(Ok(())) => {}
            Ok(Err(Missing::ForNow(reason))) => {
                wanted = true;
                missing.push(reason);
            }
            Ok(Err(Missing::ForGood(reason))) => missing.push(reason),
            Err(panicked) => missing.push(panicked.to_string()),
        }
    }
    if missing.is_empty() {
        return;
    }
    if message.metadata.is_null() {
        message.metadata = serde_json::json!({});
    }
    if let Some(metadata) = message.metadata.as_object_mut() {
        metadata.insert(MISSING.into(), missing.into());
        if wanted {
            metadata.insert(PENDING.into(), true.into());
        }
    }
}

async fn is_stored(shared: &Shared, desk: &Desk, id: &str) -> bool {
    let ids = [id];
    let look = || shared.store.known_external_ids(desk.channel_id, &ids);
    match retry::while_unavailable("known_external_ids", look).await {
        Ok(known) => !known.is_empty(),
        Err(error) => {
            tracing::warn!(channel.id = %desk.channel_id, %error, "whether a message is stored could not be read; its files are fetched");
            false
        }
    }
}

async fn keep(shared: &Shared, desk: &Desk, attachment: &mut Attachment) -> Result<(), Missing> {
    let kept = match &attachment.source {
        MediaSource::Platform(reference) => {
            let channel = inbound::channel(shared, desk).await;
            let channel = channel.map_err(|error| Missing::ForGood(error.to_string()))?;
            fetch(shared, desk, &channel, reference, TRIES).await?
        }
        MediaSource::Url(url) if url.starts_with(DATA) => Some(unpack(shared, desk, attachment, url).await?),
        MediaSource::Url(_) | MediaSource::Stored(_) => None,
    };
    let Some(id) = kept else { return Ok(()) };
    // What it turned out to be, whatever it was called on its way.
    let media = retry::while_unavailable("media", || shared.store.media(id)).await;
    if let Some(media) = media.map_err(|error| Missing::ForGood(error.to_string()))? {
        attachment.mime_type = Some(media.mime_type);
        attachment.size = Some(media.size);
        attachment.file_name = attachment.file_name.take().or(media.file_name);
    }
    attachment.source = MediaSource::Stored(id);
    Ok(())
}

/// Nothing, where the connector fetches no files.
pub async fn fetch(
    shared: &Shared,
    desk: &Desk,
    channel: &ActiveChannel,
    reference: &str,
    tries: u32,
) -> Result<Option<MediaId>, Missing> {
    if !channel.manifest().can("media-download") {
        return Ok(None);
    }
    let request = Command::FetchMedia(reference.to_owned());
    let mut pause = FIRST_PAUSE;
    let mut reason = String::new();
    for number in 1..=tries {
        let done = command::run(&desk.instance, &shared.egress, channel, &request, shared.clock, &*shared.media);
        match done.await {
            Ok(Ok(Outcome::Media(id))) => return Ok(Some(id)),
            Ok(Ok(_)) => {
                return Err(Missing::ForGood("the connector answered with something else than a file".into()));
            }
            Ok(Err(failure)) if !command::worth_repeating(&failure) => return Err(Missing::ForGood(failure.message)),
            Ok(Err(failure)) => reason = failure.message,
            Err(interrupted) => reason = interrupted.error.to_string(),
        }
        if number < tries {
            tokio::time::sleep(pause).await;
            pause *= 3;
        }
    }
    Err(Missing::ForNow(reason))
}

/// Nobody can be asked for it again: what passes, a database that is away or a disk that is full, is waited out.
async fn unpack(shared: &Shared, desk: &Desk, attachment: &Attachment, url: &str) -> Result<MediaId, Missing> {
    let (mime, bytes) =
        decode(url).ok_or_else(|| Missing::ForGood("the file's data: address cannot be read".into()))?;
    let (mime, bytes) = (attachment.mime_type.clone().or(mime), Bytes::from(bytes));
    let mut pause = FIRST_PAUSE;
    loop {
        let content = stream::iter([Ok(bytes.clone())]).boxed();
        let saved = shared.media.save(desk.channel_id, mime.clone(), attachment.file_name.clone(), content).await;
        match saved {
            Ok(id) => return Ok(id),
            Err(MediaError::Failed(reason)) => {
                tracing::warn!(channel.id = %desk.channel_id, reason, "a file cannot be stored now; trying again");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            Err(error) => return Err(Missing::ForGood(error.to_string())),
        }
    }
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
