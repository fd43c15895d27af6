//! Tokens that expire are renewed here: before their end, and once when the
//! platform refuses one. Over all nodes one renewal of a channel is under way,
//! by a lease in the database; whoever needs the token meanwhile waits for it.
//!
//! What the platform answers is committed before it is used. Where that is cut
//! off, the lease runs out and the old refresh token is tried again: a platform
//! that has taken it back refuses it, and a person is asked
//! ([decision 11](../../../docs/decisions/0011-tokens-are-renewed-under-a-lease.md)).

mod error;
mod exchange;
mod life;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use patchbay_domain::{
    ChannelId, attempt,
    platform::{Failure, OAuth2},
    sending::ChannelStatus,
};
use patchbay_plugin_host::{Egress, MediaStore, Redactor};
use patchbay_store::{
    Store, StoreError,
    channels::renewal::{Claim, Renewed, TokenLife},
};
use tokio::{sync::oneshot, time::Instant};
use uuid::Uuid;

use crate::{
    channels::{ActiveChannel, Channels},
    keyring::Keyring,
    pool::Pool,
    retry,
};
use error::RenewalError;
use exchange::{Answer, Tokens};
use life::{life, lifetime, means, next};

/// Longer than the platform has to answer.
const LEASE: Duration = Duration::from_secs(20);
/// How long is waited for somebody else's renewal, and how often is looked.
const PATIENCE: Duration = Duration::from_secs(45);
const LOOK: Duration = Duration::from_millis(200);
/// Whatever a platform asks for: then it is tried again.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(1);

#[derive(Clone)]
pub struct Renewal {
    tools: Arc<Tools>,
}

pub struct Tools {
    pub store: Store,
    pub channels: Channels,
    pub keyring: Keyring,
    pub egress: Egress,
    pub media: Arc<dyn MediaStore>,
    pub pool: Pool,
    pub clock: fn() -> DateTime<Utc>,
}

impl Renewal {
    pub fn new(tools: Tools) -> Self {
        Self { tools: Arc::new(tools) }
    }

    /// The channel with a token that has not expired; none where its own will do.
    pub async fn fresh(&self, channel: &ActiveChannel) -> Result<Option<Arc<ActiveChannel>>, Failure> {
        let now = (self.tools.clock)();
        if channel.token_expires_at.is_none_or(|at| at > now) {
            return Ok(None);
        }
        self.anew(channel).await.transpose()
    }

    /// Whether there is a way to another token.
    pub fn can_renew(&self, channel: &ActiveChannel) -> bool {
        means(channel).is_some()
    }

    /// The channel with another token than the one that was refused; none where its connector renews none.
    pub async fn anew(&self, channel: &ActiveChannel) -> Option<Result<Arc<ActiveChannel>, Failure>> {
        means(channel)?;
        let renewed = self.renew(channel.id(), channel.row.secrets.clone()).await;
        Some(renewed.map_err(|error| error.as_failure((self.tools.clock)())))
    }

    /// Renews a token whose time has come, and says when to look again; none where there is nothing to look after.
    pub async fn tend(&self, channel: &ActiveChannel) -> Result<Option<DateTime<Utc>>, StoreError> {
        let (store, now, id) = (&self.tools.store, (self.tools.clock)(), channel.id());
        let Some((oauth2, _)) = means(channel).filter(|_| channel.row.status == ChannelStatus::Active) else {
            return Ok(None);
        };
        let Some(life) = store.token_life(id).await? else {
            // A person brought it just now: it is taken for new, and is renewed when it is refused all the same.
            let life = life(now, lifetime(oauth2));
            store.begin_token_life(id, life).await?;
            return Ok(life.renew_at);
        };
        if next(&life).is_none_or(|at| at > now) {
            return Ok(next(&life));
        }
        if let Err(error) = self.renew(id, channel.row.secrets.clone()).await {
            tracing::warn!(channel.id = %id, %error, "a token could not be renewed before its end");
        }
        Ok(store.token_life(id).await?.as_ref().and_then(next))
    }

    /// The platform refuses the channel's credentials, whatever it was asked for: the channel stops, and a person is
    /// asked.
    pub async fn stop(&self, id: ChannelId, reason: &str) {
        let Tools { store, channels, clock, .. } = &*self.tools;
        let stop = || store.set_channel_status(id, ChannelStatus::NeedsReauth, Some(reason), clock());
        match retry::while_unavailable("stop_channel", stop).await {
            Ok(true) => channels.forget(id).await,
            Ok(false) => {}
            Err(error) => tracing::error!(channel.id = %id, %error, "a channel whose credentials are refused goes on"),
        }
    }

    /// On the pool, and to its end: whoever waits for it may go away, but what the platform answers must be kept.
    async fn renew(&self, id: ChannelId, stale: Vec<u8>) -> Result<Arc<ActiveChannel>, RenewalError> {
        let (done, renewed) = oneshot::channel();
        let this = self.clone();
        self.tools.pool.detach(async move {
            if done.send(this.renew_stale(id, &stale).await).is_err() {
                tracing::debug!(channel.id = %id, "nobody waits for a renewal any more");
            }
        });
        renewed.await.unwrap_or_else(|_| Err(self.passing("it was broken off".to_owned(), attempt::backoff(1, 1.0))))
    }

    /// The channel with other secrets than these, by whoever's work.
    async fn renew_stale(&self, id: ChannelId, stale: &[u8]) -> Result<Arc<ActiveChannel>, RenewalError> {
        let Tools { store, clock, .. } = &*self.tools;
        let (holder, deadline) = (Uuid::new_v4(), Instant::now() + PATIENCE);
        loop {
            let channel = self.read(id).await?;
            if channel.row.secrets != stale {
                return Ok(channel);
            }
            match store.claim_renewal(id, holder, clock(), LEASE).await? {
                Claim::Granted { tries, cut_off } => {
                    let renewed = self.renew_claimed(id, stale, holder, tries, cut_off).await;
                    let result = if renewed.is_ok() { "renewed" } else { "failed" };
                    metrics::counter!("patchbay_token_renewals_total", "result" => result).increment(1);
                    return renewed;
                }
                Claim::Held if Instant::now() < deadline => tokio::time::sleep(LOOK).await,
                Claim::Held => {
                    return Err(self.passing("another renewal takes too long".to_owned(), attempt::backoff(1, 1.0)));
                }
                Claim::NotBefore(until) => {
                    return Err(RenewalError::Passing { reason: "the last try failed".to_owned(), until });
                }
            }
        }
    }

    async fn renew_claimed(
        &self,
        id: ChannelId,
        stale: &[u8],
        holder: Uuid,
        tries: u32,
        cut_off: bool,
    ) -> Result<Arc<ActiveChannel>, RenewalError> {
        let Tools { store, egress, media, .. } = &*self.tools;
        // Read again: whoever held it before may have been faster than the look before.
        let channel = self.read(id).await?;
        let Some((oauth2, request)) = means(&channel).filter(|_| channel.row.secrets == stale) else {
            store.release_renewal(id, holder).await?;
            return Ok(channel);
        };
        let answer = egress.exchange(&channel.view, channel.manifest(), &request, &**media).await;
        match exchange::read(answer, &Redactor::of(&channel.view.secrets)) {
            Answer::Tokens(tokens) => {
                fail::fail_point!("renewal::answered");
                self.keep(&channel, oauth2, holder, tokens).await
            }
            Answer::Refused(mut reason) => {
                if cut_off {
                    reason.push_str("; a renewal before was cut off, and what the platform answered to it is lost");
                }
                self.refused(&channel, holder, reason).await
            }
            Answer::Passing { reason, is_lost, wait } => {
                let pause = wait.unwrap_or_default().max(attempt::backoff(tries.saturating_add(1), rand::random()));
                let error = self.passing(reason, pause.min(LONGEST_WAIT));
                if let RenewalError::Passing { until, .. } = &error {
                    store.put_renewal_off(id, holder, *until, is_lost).await?;
                }
                tracing::warn!(channel.id = %id, tries, %error, "trying again later");
                Err(error)
            }
        }
    }

    /// Commits what the platform answered; only then it is used.
    async fn keep(
        &self,
        channel: &ActiveChannel,
        oauth2: &OAuth2,
        holder: Uuid,
        tokens: Tokens,
    ) -> Result<Arc<ActiveChannel>, RenewalError> {
        let Tools { store, keyring, clock, .. } = &*self.tools;
        let id = channel.id();
        let Tokens { access, refresh, lifetime: told } = tokens;
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let mut secrets: BTreeMap<String, String> = channel.view.secrets.iter().map(owned).collect();
        secrets.insert(oauth2.access_token.clone(), access);
        if let Some(refresh) = refresh {
            secrets.insert(oauth2.refresh_token.clone(), refresh);
        }
        let TokenLife { expires_at, renew_at, .. } = life(clock(), told.or_else(|| lifetime(oauth2)));
        let after = keyring.seal(id, &secrets)?;
        let renewed = Renewed { before: channel.row.secrets.clone(), after, expires_at, renew_at };
        let keep = || store.keep_renewed(id, holder, &renewed, clock());
        if retry::while_unavailable("keep_renewed", keep).await? {
            tracing::info!(channel.id = %id, "a token was renewed");
        } else {
            tracing::warn!(channel.id = %id, "a renewed token is not kept: somebody changed the channel's secrets");
        }
        self.read(id).await
    }

    async fn refused(
        &self,
        channel: &ActiveChannel,
        holder: Uuid,
        reason: String,
    ) -> Result<Arc<ActiveChannel>, RenewalError> {
        let Tools { store, clock, .. } = &*self.tools;
        let (id, before) = (channel.id(), &channel.row.secrets);
        let error = RenewalError::Refused(reason);
        let told = error.to_string();
        let refuse = || store.refuse_renewal(id, holder, before, &told, clock());
        retry::while_unavailable("refuse_renewal", refuse).await?;
        let now = self.read(id).await?;
        // Somebody brought other secrets while these were refused.
        if now.row.secrets == *before { Err(error) } else { Ok(now) }
    }

    /// As it is in the database, whatever this node remembers.
    async fn read(&self, id: ChannelId) -> Result<Arc<ActiveChannel>, RenewalError> {
        let channels = &self.tools.channels;
        channels.forget(id).await;
        Ok(channels.get(id).await?)
    }

    fn passing(&self, reason: String, wait: TimeDelta) -> RenewalError {
        RenewalError::Passing { reason, until: (self.tools.clock)() + wait }
    }
}
