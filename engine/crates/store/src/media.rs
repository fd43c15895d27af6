//! Files: what is known of them. The bytes are elsewhere.

use chrono::{DateTime, Utc};
use patchbay_domain::{MediaId, OrganisationId};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Store, StoreError, backend::sql};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    pub id: MediaId,
    pub organisation_id: OrganisationId,
    pub mime_type: String,
    pub file_name: Option<String>,
    pub size: u64,
    /// Hexadecimal.
    pub sha256: String,
    pub created_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct MediaRow {
    id: Uuid,
    organisation_id: Uuid,
    mime_type: String,
    file_name: Option<String>,
    size: i64,
    sha256: String,
    created_at: DateTime<Utc>,
}

impl TryFrom<MediaRow> for Media {
    type Error = StoreError;

    fn try_from(row: MediaRow) -> Result<Self, StoreError> {
        let MediaRow { id, organisation_id, mime_type, file_name, size, sha256, created_at } = row;
        Ok(Self {
            id: id.into(),
            organisation_id: organisation_id.into(),
            mime_type,
            file_name,
            size: u64::try_from(size).map_err(|_| StoreError::Unreadable(format!("a file of {size} bytes")))?,
            sha256,
            created_at,
        })
    }
}

impl Store {
    pub async fn insert_media(&self, media: &Media) -> Result<(), StoreError> {
        let size = i64::try_from(media.size).map_err(|_| StoreError::Unreadable("a file's size".into()))?;
        sql("insert into media (id, organisation_id, mime_type, file_name, size, sha256, created_at) \
             values ($1, $2, $3, $4, $5, $6, $7)")
        .bind(media.id)
        .bind(media.organisation_id)
        .bind(&media.mime_type)
        .bind(media.file_name.as_ref())
        .bind(size)
        .bind(&media.sha256)
        .bind(media.created_at)
        .execute(self.writer())
        .await
        .map(drop)
    }

    /// Whoever asks by the id alone has to hold a signature for it, or check the organisation.
    pub async fn media(&self, id: MediaId) -> Result<Option<Media>, StoreError> {
        let row: Option<MediaRow> = sql("select id, organisation_id, mime_type, file_name, size, sha256, created_at \
             from media where id = $1 and deleted_at is null")
        .bind(id)
        .fetch_optional(self)
        .await?;
        row.map(Media::try_from).transpose()
    }
}
