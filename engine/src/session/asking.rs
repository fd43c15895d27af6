//! What platforms are asked beside sending and reading: at once for a person who waits, or where nobody does.

use std::sync::Arc;

use patchbay_domain::{
    ChannelId,
    platform::{Command, Failure, FailureKind, Outcome},
};
use patchbay_store::StoreError;

use super::{SessionError, Sessions, Shared};
use crate::{
    channels::{ActiveChannel, ChannelError},
    egress::command,
};

impl Sessions {
    /// Asks the platform for something now, on behalf of a person who waits.
    pub async fn command(&self, id: ChannelId, request: Command) -> Result<Outcome, SessionError> {
        let desk = self.shared.desk(id);
        let channel = self.shared.channels.get(id).await?;
        let Shared { egress, media, clock, pool, .. } = &*self.shared;
        let (egress, media, clock) = (egress.clone(), Arc::clone(media), *clock);
        let stops = matches!(request, Command::SessionStop | Command::SessionLogout);
        let done =
            pool.run(async move { command::run(&desk.instance, &egress, &channel, &request, clock, &*media).await });
        match done.await {
            Ok(Ok(outcome)) => {
                self.keep_session(id, &outcome, stops).await?;
                Ok(outcome)
            }
            Ok(Err(failure)) => Err(SessionError::Failed(failure)),
            Err(interrupted) => Err(interrupted.error.into()),
        }
    }

    /// The same for a channel that is not kept yet.
    pub async fn try_out(&self, channel: ActiveChannel, request: Command) -> Result<Outcome, SessionError> {
        let Shared { egress, media, clock, pool, .. } = &*self.shared;
        let (egress, media, clock) = (egress.clone(), Arc::clone(media), *clock);
        let instance = tokio::sync::Mutex::new(None);
        let done = pool.run(async move { command::run(&instance, &egress, &channel, &request, clock, &*media).await });
        done.await.map_err(|interrupted| interrupted.error)?.map_err(SessionError::Failed)
    }

    /// What a person's command did to the platform's session is known at once; one that they ended stays so.
    async fn keep_session(&self, id: ChannelId, outcome: &Outcome, stops: bool) -> Result<(), SessionError> {
        let Shared { store, channels, clock, .. } = &*self.shared;
        let unavailable = |error: StoreError| SessionError::Unavailable(error.to_string());
        if stops {
            store.leave_session(id).await.map_err(unavailable)?;
        }
        if let Outcome::Session(change) = outcome
            && store.set_session(id, change, clock()).await.map_err(unavailable)?
        {
            channels.forget(id).await;
        }
        Ok(())
    }
}

impl Shared {
    /// A command for which nobody waits, on an instance of its own: what is sent does not wait for it either. Nothing is
    /// done where the channel's platform is not to be told of people here.
    pub(super) async fn beside(&self, id: ChannelId, capability: &str, request: &Command) -> Result<(), Failure> {
        let failed = |kind, message| Failure { kind, code: None, message, retry_after_ms: None, scope: None };
        let channel = match self.channels.get(id).await {
            Ok(channel) if channel.may_send() && channel.tells(capability) => channel,
            Ok(_) | Err(ChannelError::Unknown) => return Ok(()),
            Err(error) if error.is_retryable() => return Err(failed(FailureKind::Temporary, error.to_string())),
            Err(error) => return Err(failed(FailureKind::Rejected, error.to_string())),
        };
        let instance = tokio::sync::Mutex::new(None);
        let done = command::run(&instance, &self.egress, &channel, request, self.clock, &*self.media).await;
        done.unwrap_or_else(|interrupted| Err(interrupted.as_failure())).map(drop)
    }
}
