//! Messages whose files the platform did not give when they came, and when they
//! are asked for again.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use patchbay_domain::{
    ChannelId, ConversationId, MessageId, OrganisationId,
    event::Change,
    message::Message,
    platform::{Content, MediaSource},
};
use serde_json::Value;
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    backend::sql,
    media::Media,
    organisation_tx::OrganisationTx,
    rows::{Batch, Time, batch},
    search::{Indexed, index_message},
};

/// What a message says of itself while files of it are wanted.
pub const PENDING: &str = "pendingMedia";
/// Why files of a message are not there.
pub const MISSING: &str = "missingMedia";

const FIRST_PAUSE: Duration = Duration::minutes(1);

/// A message that it is time to ask for again.
#[derive(Clone, Debug, PartialEq)]
pub struct WantedFiles {
    pub message_id: MessageId,
    pub conversation_id: ConversationId,
    pub organisation_id: OrganisationId,
    pub channel_id: ChannelId,
    pub content: Content,
    /// Made before this one.
    pub tries: u32,
}

batch! {
    struct WantedRow { message_id: MessageId, tries: i64, due_at: Time }
}

#[derive(FromRow)]
struct Stored {
    id: Uuid,
    conversation_id: Uuid,
    organisation_id: Uuid,
    channel_id: Uuid,
    content: Json<Content>,
    tries: i64,
}

/// Whether a message says of itself that files of it are wanted.
pub(crate) fn wants(message: &Message) -> bool {
    message.metadata.get(PENDING).is_some()
}

/// Notes the messages of which files are wanted.
pub(crate) async fn want(tx: &mut OrganisationTx, messages: Vec<&Message>) -> Result<(), StoreError> {
    let due_at = tx.now() + FIRST_PAUSE;
    let rows: Vec<_> = messages
        .into_iter()
        .map(|message| WantedRow { message_id: message.id, tries: 0, due_at: due_at.into() })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    sql(WantedRow::insert_into("wanted_files")).rows(&rows).execute(tx).await.map(drop)
}

impl Store {
    /// The messages whose files it is time to ask for again. Each is somebody else's to ask for only after `pause`, which
    /// is told how often it was asked for.
    pub async fn take_wanted_files(
        &self,
        now: DateTime<Utc>,
        limit: u32,
        pause: impl Fn(u32) -> Duration,
    ) -> Result<Vec<WantedFiles>, StoreError> {
        let due: Vec<Stored> = sql("select m.id, m.conversation_id, m.organisation_id, m.channel_id, m.content, w.tries \
             from wanted_files w join messages m on m.id = w.message_id where w.due_at <= $1 order by w.due_at limit $2")
        .bind(now)
        .bind(limit)
        .fetch_all(self)
        .await?;
        let tries = |row: &Stored| u32::try_from(row.tries).unwrap_or(u32::MAX);
        let rows: Vec<_> = due
            .iter()
            .map(|row| WantedRow {
                message_id: row.id.into(),
                tries: row.tries,
                due_at: (now + pause(tries(row))).into(),
            })
            .collect();
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        // Of two nodes that saw it, one has it.
        let taken: Vec<(Uuid,)> = sql("update wanted_files set tries = r.tries + 1, due_at = r.due_at from {rows} r \
             where wanted_files.message_id = r.message_id and wanted_files.tries = r.tries returning wanted_files.message_id")
        .rows(&rows)
        .fetch_all(self.writer())
        .await?;
        let mut due: BTreeMap<Uuid, Stored> = due.into_iter().map(|row| (row.id, row)).collect();
        let taken = taken.into_iter().filter_map(|(id,)| due.remove(&id)).map(|row| {
            let tries = tries(&row);
            let Stored { id, conversation_id, organisation_id, channel_id, content: Json(content), tries: _ } = row;
            WantedFiles {
                message_id: id.into(),
                conversation_id: conversation_id.into(),
                organisation_id: organisation_id.into(),
                channel_id: channel_id.into(),
                content,
                tries,
            }
        });
        Ok(taken.collect())
    }

    /// The message has these files now, by the platform's names for them. `over` says that no more of them are asked for.
    pub async fn files_came(
        &self,
        wanted: &WantedFiles,
        came: &[(String, Media)],
        over: bool,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = OrganisationTx::begin(self, [wanted.organisation_id], now).await?;
        let stored: Option<(Json<Content>, Json<Value>, i64, bool)> =
            sql("select content, metadata, sequence, deleted_at is not null from messages \
                 where id = $1 and content_deleted_at is null")
            .bind(wanted.message_id)
            .fetch_optional(&mut tx)
            .await?;
        if let Some((Json(mut content), Json(mut metadata), sequence, is_deleted)) = stored {
            for attachment in &mut content.attachments {
                let MediaSource::Platform(reference) = &attachment.source else { continue };
                let Some((_, media)) = came.iter().find(|(named, _)| named == reference) else { continue };
                attachment.mime_type = Some(media.mime_type.clone());
                attachment.size = Some(media.size);
                attachment.file_name = attachment.file_name.take().or_else(|| media.file_name.clone());
                attachment.source = MediaSource::Stored(media.id);
            }
            let complete = !content.attachments.iter().any(|file| matches!(file.source, MediaSource::Platform(_)));
            if let Some(metadata) = metadata.as_object_mut() {
                if over {
                    metadata.remove(PENDING);
                }
                if complete {
                    metadata.remove(MISSING);
                }
            }
            if !is_deleted {
                // A file may be called something only now.
                let WantedFiles { message_id: id, organisation_id, channel_id, conversation_id, .. } = *wanted;
                let content = &content;
                let indexed = Indexed { id, organisation_id, channel_id, conversation_id, sequence, content };
                index_message(tx.transaction(), indexed).await?;
            }
            sql("update messages set content = $2, metadata = $3, updated_at = $4 where id = $1")
                .bind(wanted.message_id)
                .bind(serde_json::to_value(&content)?)
                .bind(metadata)
                .bind(now)
                .execute(&mut tx)
                .await?;
            let (conversation_id, message_id) = (wanted.conversation_id, wanted.message_id);
            tx.push(wanted.organisation_id, Change::MessageUpdated { conversation_id, message_id })?;
        }
        if over {
            sql("delete from wanted_files where message_id = $1").bind(wanted.message_id).execute(&mut tx).await?;
        }
        tx.commit().await
    }
}
