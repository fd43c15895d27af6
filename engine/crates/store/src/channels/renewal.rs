//! Renewing a channel's tokens: who does it, so that over all nodes only one
//! renewal is under way, and what it brought, kept before it is used.

use std::time::Duration;

use chrono::{DateTime, Utc};
use patchbay_domain::{ChannelId, event::Change};
use uuid::Uuid;

use super::credentials;
use crate::{Store, StoreError, backend::sql, organisation_tx::OrganisationTx};

/// What is known of a channel's access token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenLife {
    pub expires_at: Option<DateTime<Utc>>,
    pub renew_at: Option<DateTime<Utc>>,
    /// After failures that pass: not before.
    pub try_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The caller renews.
    Granted {
        tries: u32,
        /// The renewal before was cut off: what the platform answered is lost.
        cut_off: bool,
    },
    /// Another one is under way.
    Held,
    /// The last one failed, and the next may not begin before then.
    NotBefore(DateTime<Utc>),
}

/// What a renewal brought.
#[derive(Clone, Debug)]
pub struct Renewed {
    /// The channel's sealed secrets as they were when it began.
    pub before: Vec<u8>,
    pub after: Vec<u8>,
    pub expires_at: Option<DateTime<Utc>>,
    pub renew_at: Option<DateTime<Utc>>,
}

type Moment = Option<DateTime<Utc>>;

impl Store {
    /// Nothing where nobody has looked at the channel's token yet.
    pub async fn token_life(&self, id: ChannelId) -> Result<Option<TokenLife>, StoreError> {
        let row: Option<(Moment, Moment, Moment)> =
            sql("select expires_at, renew_at, try_at from token_renewals where channel_id = $1")
                .bind(id)
                .fetch_optional(self)
                .await?;
        Ok(row.map(|(expires_at, renew_at, try_at)| TokenLife { expires_at, renew_at, try_at }))
    }

    /// Begins to count the life of a token that a person brought; one that is counted already goes on.
    pub async fn begin_token_life(&self, id: ChannelId, life: TokenLife) -> Result<(), StoreError> {
        let TokenLife { expires_at, renew_at, try_at: _ } = life;
        sql("insert into token_renewals (channel_id, expires_at, renew_at) values ($1, $2, $3) \
             on conflict (channel_id) do nothing")
        .bind(id)
        .bind(expires_at)
        .bind(renew_at)
        .execute(self.writer())
        .await
        .map(drop)
    }

    /// Takes the channel's renewal, unless another one is under way or it is too early for the next.
    pub async fn claim_renewal(
        &self,
        id: ChannelId,
        holder: Uuid,
        now: DateTime<Utc>,
        lifetime: Duration,
    ) -> Result<Claim, StoreError> {
        // Whoever held it until now and did not give it back was cut off.
        let granted: Option<(i64, bool)> = sql("insert into token_renewals (channel_id, holder, held_until) \
             values ($1, $2, $3) on conflict (channel_id) do update set \
             cut_off = token_renewals.cut_off or token_renewals.holder is not null, \
             holder = excluded.holder, held_until = excluded.held_until \
             where (token_renewals.holder is null or token_renewals.held_until <= $4) \
             and (token_renewals.try_at is null or token_renewals.try_at <= $4) returning tries, cut_off")
        .bind(id)
        .bind(holder)
        .bind(now + lifetime)
        .bind(now)
        .fetch_optional(self.writer())
        .await?;
        if let Some((tries, cut_off)) = granted {
            return Ok(Claim::Granted { tries: u32::try_from(tries).unwrap_or(u32::MAX), cut_off });
        }
        let life = self.token_life(id).await?.unwrap_or_default();
        Ok(life.try_at.filter(|at| *at > now).map_or(Claim::Held, Claim::NotBefore))
    }

    /// Keeps what a renewal brought and gives it back, in one step. False where somebody changed the channel's
    /// secrets meanwhile: theirs stay. The holder need not hold it still: what the platform answered counts.
    pub async fn keep_renewed(
        &self,
        id: ChannelId,
        holder: Uuid,
        renewed: &Renewed,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut tx = OrganisationTx::begin_for_channels(self, [id], now).await?;
        // Looked after again when the new token is to be renewed.
        let organisation: Option<(Uuid,)> = sql("update channels set secrets = $3, version = version + 1, \
             updated_at = $4, tend_at = case when tend_at > $5 then $5 else tend_at end where id = $1 and secrets = $2 and deleted_at is null returning organisation_id")
        .bind(id)
        .bind(renewed.before.clone())
        .bind(renewed.after.clone())
        .bind(now)
        .bind(renewed.renew_at)
        .fetch_optional(&mut tx)
        .await?;
        let Some((organisation_id,)) = organisation else {
            release(&mut tx, id, holder).await?;
            tx.commit().await?;
            return Ok(false);
        };
        sql("update token_renewals set expires_at = $2, renew_at = $3, holder = null, held_until = null, \
             cut_off = $4, tries = 0, try_at = null where channel_id = $1")
        .bind(id)
        .bind(renewed.expires_at)
        .bind(renewed.renew_at)
        .bind(false)
        .execute(&mut tx)
        .await?;
        tx.push(organisation_id.into(), Change::ChannelUpdated { channel_id: id })?;
        tx.commit().await?;
        Ok(true)
    }

    /// It failed for a reason that passes. `cut_off` where the platform may have renewed all the same.
    pub async fn put_renewal_off(
        &self,
        id: ChannelId,
        holder: Uuid,
        try_at: DateTime<Utc>,
        cut_off: bool,
    ) -> Result<(), StoreError> {
        sql("update token_renewals set holder = null, held_until = null, cut_off = cut_off or $4, tries = tries + 1, \
             try_at = $3 where channel_id = $1 and holder = $2")
        .bind(id)
        .bind(holder)
        .bind(try_at)
        .bind(cut_off)
        .execute(self.writer())
        .await
        .map(drop)
    }

    /// The platform refuses to renew: the channel stops and a person is asked. False where somebody changed its
    /// secrets meanwhile, or it had stopped already.
    pub async fn refuse_renewal(
        &self,
        id: ChannelId,
        holder: Uuid,
        before: &[u8],
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut tx = OrganisationTx::begin_for_channels(self, [id], now).await?;
        let same: Option<(Uuid,)> = sql("select id from channels where id = $1 and secrets = $2")
            .bind(id)
            .bind(before.to_vec())
            .fetch_optional(&mut tx)
            .await?;
        let stopped = match same {
            Some(_) => credentials::ask(&mut tx, &[(id, reason)]).await?,
            None => 0,
        };
        release(&mut tx, id, holder).await?;
        tx.commit().await?;
        Ok(stopped > 0)
    }

    /// Gives a renewal back that turned out not to be needed.
    pub async fn release_renewal(&self, id: ChannelId, holder: Uuid) -> Result<(), StoreError> {
        sql("update token_renewals set holder = null, held_until = null where channel_id = $1 and holder = $2")
            .bind(id)
            .bind(holder)
            .execute(self.writer())
            .await
            .map(drop)
    }
}

async fn release(tx: &mut OrganisationTx, id: ChannelId, holder: Uuid) -> Result<(), StoreError> {
    sql("update token_renewals set holder = null, held_until = null where channel_id = $1 and holder = $2")
        .bind(id)
        .bind(holder)
        .execute(tx)
        .await
        .map(drop)
}

/// A person brought other secrets: what was known of the token before says nothing of them.
pub(super) async fn forget(tx: &mut OrganisationTx, id: ChannelId) -> Result<(), StoreError> {
    sql("delete from token_renewals where channel_id = $1").bind(id).execute(tx).await.map(drop)
}
