//! Channels by the token of their webhook; and those that were saved before it was kept, which get it afterwards.

use patchbay_domain::ChannelId;
use sqlx::FromRow;
use uuid::Uuid;

use super::{COLUMNS, Channel, ChannelRow};
use crate::{Store, StoreError, backend::sql};

/// A channel of which no token is kept.
#[derive(Clone, Debug)]
pub struct Tokenless {
    pub id: ChannelId,
    pub secrets: Vec<u8>,
    pub version: i64,
}

#[derive(FromRow)]
struct TokenlessRow {
    id: Uuid,
    secrets: Vec<u8>,
    version: i64,
}

impl From<TokenlessRow> for Tokenless {
    fn from(row: TokenlessRow) -> Self {
        let TokenlessRow { id, secrets, version } = row;
        Self { id: id.into(), secrets, version }
    }
}

impl Store {
    /// Every channel, of whichever organisation, whose webhook is set up with this token.
    pub async fn channels_by_webhook_token(&self, token: &str) -> Result<Vec<Channel>, StoreError> {
        let rows: Vec<ChannelRow> =
            sql(format!("select {COLUMNS} from channels where webhook_token = $1 and deleted_at is null order by id"))
                .bind(token)
                .fetch_all(self)
                .await?;
        rows.into_iter().map(Channel::try_from).collect()
    }

    /// In the order of their ids, behind one of them.
    pub async fn channels_without_webhook_token(
        &self,
        after: Option<ChannelId>,
        limit: u32,
    ) -> Result<Vec<Tokenless>, StoreError> {
        let rows: Vec<TokenlessRow> = sql("select id, secrets, version from channels where webhook_token is null \
             and deleted_at is null and id > $1 order by id limit $2")
        .bind(after.map_or(Uuid::nil(), ChannelId::uuid))
        .bind(limit)
        .fetch_all(self)
        .await?;
        Ok(rows.into_iter().map(Tokenless::from).collect())
    }

    /// Unless the channel was saved meanwhile, with whatever token it has then.
    pub async fn add_webhook_token(&self, id: ChannelId, version: i64, token: &str) -> Result<(), StoreError> {
        sql("update channels set webhook_token = $3 where id = $1 and version = $2 and webhook_token is null")
            .bind(id)
            .bind(version)
            .bind(token)
            .execute(self.writer())
            .await
            .map(drop)
    }
}
