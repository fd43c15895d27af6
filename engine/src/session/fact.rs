//! What a webhook says of the channel itself.

use patchbay_domain::{
    ChannelId,
    platform::{SessionChange, SessionState, TemplateStatus},
    sending::ChannelStatus,
};
use patchbay_store::StoreError;

use super::Shared;

#[derive(Clone)]
pub enum Fact {
    Session(SessionChange),
    Template(TemplateStatus),
}

impl Fact {
    pub async fn store(&self, shared: &Shared, channel: ChannelId) -> Result<(), StoreError> {
        let now = (shared.clock)();
        match self {
            Self::Session(change) if access_is_gone(shared, channel, change).await? => {
                let (status, reason) = (ChannelStatus::NeedsReauth, change.reason.as_deref());
                shared.store.set_channel_status(channel, status, reason, now).await.map(drop)
            }
            Self::Session(change) => shared.store.set_session(channel, change, now).await.map(drop),
            Self::Template(status) => shared.store.set_template_status(channel, status, now).await.map(drop),
        }
    }
}

/// Where a platform has no sessions, one that failed is the account's consent, which somebody took back.
async fn access_is_gone(shared: &Shared, channel: ChannelId, change: &SessionChange) -> Result<bool, StoreError> {
    if change.state != SessionState::Failed {
        return Ok(false);
    }
    match shared.channels.get(channel).await {
        Ok(channel) => Ok(!channel.manifest().can("sessions")),
        Err(error) if error.is_retryable() => Err(StoreError::Unavailable(error.to_string())),
        Err(_) => Ok(false),
    }
}
