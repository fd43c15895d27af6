//! Files that a platform did not give while their message was announced: asked
//! for again, for a day, by whichever node finds them due.

use std::time::Duration;

use futures_util::future::join_all;
use patchbay_domain::platform::MediaSource;
use patchbay_store::{StoreError, wanted_files::WantedFiles};
use tokio_util::sync::CancellationToken;

use super::{
    Sessions,
    desk::Desk,
    files::{self, Missing},
    inbound,
};
use crate::retry;

const EVERY: Duration = Duration::from_secs(5);
/// Asked for at once.
const BATCH: u32 = 16;
const LONGEST_PAUSE: chrono::Duration = chrono::Duration::hours(1);
/// The last try is a day after the message.
const TRIES: u32 = 27;

impl Sessions {
    /// Until stopped.
    pub async fn fetch_wanted_files(self, stop: CancellationToken) {
        let mut tick = tokio::time::interval(EVERY);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = tick.tick() => {}
            }
            tokio::select! {
                // What is under way is due again later.
                () = stop.cancelled() => return,
                done = self.fetch_due() => if let Err(error) = done {
                    tracing::warn!(%error, "files that are wanted could not be read; trying again later");
                }
            }
        }
    }

    async fn fetch_due(&self) -> Result<(), StoreError> {
        loop {
            let now = (self.shared.clock)();
            let due = self.shared.store.take_wanted_files(now, BATCH, pause).await?;
            let done = due.is_empty();
            for fetched in join_all(due.iter().map(|wanted| self.fetch_wanted(wanted))).await {
                fetched?;
            }
            if done {
                return Ok(());
            }
        }
    }

    async fn fetch_wanted(&self, wanted: &WantedFiles) -> Result<(), StoreError> {
        // Of its own: the channel may be another node's.
        let desk = Desk::new(wanted.channel_id);
        // Not waited for where its connector is away: other channels' files would wait as well.
        let channel = self.shared.channels.get(wanted.channel_id).await;
        let (mut came, mut again) = (Vec::new(), false);
        for attachment in &wanted.content.attachments {
            let MediaSource::Platform(reference) = &attachment.source else { continue };
            let fetched = match &channel {
                Ok(channel) => files::fetch(&self.shared, &desk, channel, reference, 1).await,
                Err(error) if inbound::passes(error) => Err(Missing::ForNow(error.to_string())),
                Err(error) => Err(Missing::ForGood(error.to_string())),
            };
            match fetched {
                Ok(Some(id)) => {
                    let media = retry::while_unavailable("media", || self.shared.store.media(id)).await?;
                    came.extend(media.map(|media| (reference.clone(), media)));
                }
                Ok(None) => {}
                Err(Missing::ForNow(_)) => again = true,
                Err(Missing::ForGood(reason)) => {
                    tracing::info!(channel.id = %wanted.channel_id, reason, "a file that was wanted will not come");
                }
            }
        }
        let over = !again || wanted.tries + 1 >= TRIES;
        if came.is_empty() && !over {
            return Ok(());
        }
        let now = (self.shared.clock)();
        retry::while_unavailable("files_came", || self.shared.store.files_came(wanted, &came, over, now)).await
    }
}

fn pause(tries: u32) -> chrono::Duration {
    chrono::Duration::minutes(5 << tries.min(10)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_asked_for_over_a_day() {
        let all = (0..TRIES - 1).map(pause).fold(chrono::Duration::minutes(1), |sum, pause| sum + pause);
        assert!((chrono::Duration::hours(23)..chrono::Duration::hours(26)).contains(&all), "{all}");
    }
}
