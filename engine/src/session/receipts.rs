//! Platforms are told that a conversation was read: beside the way of messages, by whichever node finds that it is to
//! be told. What was read is noted until then, and given up where the platform does not want to know.

use std::{sync::Arc, time::Duration};

use patchbay_domain::{
    ChannelId, ConversationId,
    platform::{Command, FailureKind},
    reading,
};
use patchbay_store::{StoreError, read_receipts::Receipt};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::{SessionError, Sessions, Shared};
use crate::retry;

/// How often it is looked for what another node has left.
const EVERY: Duration = Duration::from_secs(5);
/// Told at once.
const AT_ONCE: usize = 32;
/// Longer than telling one takes.
const LEASE: chrono::Duration = chrono::Duration::minutes(5);
const CAPABILITY: &str = "read-receipts";

impl Sessions {
    /// Somebody here has read this conversation.
    pub async fn tell_read(&self, channel: ChannelId, conversation: ConversationId) -> Result<(), SessionError> {
        let Shared { store, channels, clock, receipts, .. } = &*self.shared;
        if !channels.get(channel).await?.tells(CAPABILITY) {
            return Ok(());
        }
        let wanted = store.want_receipt(conversation, clock()).await;
        if wanted.map_err(|error| SessionError::Unavailable(error.to_string()))? {
            receipts.notify_one();
        }
        Ok(())
    }

    /// Until stopped; what is under way then is told later.
    pub async fn tell_receipts(self, stop: CancellationToken) {
        let mut tick = tokio::time::interval(EVERY);
        let mut under_way = JoinSet::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = tick.tick() => {}
                () = self.shared.receipts.notified() => {}
                Some(ended) = under_way.join_next(), if under_way.len() >= AT_ONCE => note(ended),
            }
            while let Some(ended) = under_way.try_join_next() {
                note(ended);
            }
            match self.due(AT_ONCE.saturating_sub(under_way.len())).await {
                Ok(due) => {
                    for receipt in due {
                        under_way.spawn(tell(Arc::clone(&self.shared), receipt));
                    }
                }
                Err(error) => tracing::warn!(%error, "read receipts could not be looked for; trying again later"),
            }
        }
    }

    async fn due(&self, room: usize) -> Result<Vec<Receipt>, StoreError> {
        let now = (self.shared.clock)();
        match u32::try_from(room) {
            Ok(0) | Err(_) => Ok(Vec::new()),
            Ok(room) => self.shared.store.take_receipts(now, now + LEASE, room).await,
        }
    }
}

fn note(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a read receipt was given up half-way; it is told later");
    }
}

async fn tell(shared: Arc<Shared>, receipt: Receipt) {
    let channel = receipt.channel_id;
    let command = Command::MarkRead(vec![receipt.message.clone()]);
    let told = shared.beside(channel, CAPABILITY, &command).await;
    let again = reading::receipt_again(told.as_ref().map(drop), receipt.tries + 1, rand::random(), (shared.clock)());
    let result = match (&told, again) {
        (Ok(()), _) => "told",
        (Err(_), Some(_)) => "later",
        (Err(failure), None) if failure.kind == FailureKind::Unsupported => "unsupported",
        (Err(failure), None) => {
            let kind = failure.kind.word();
            tracing::info!(channel.id = %channel, kind, "a platform is not told that a message was read");
            "refused"
        }
    };
    metrics::counter!("patchbay_read_receipts_total", "result" => result).increment(1);
    let settle = || shared.store.settle_receipt(&receipt, again);
    if let Err(error) = retry::while_unavailable("settle_receipt", settle).await {
        tracing::error!(channel.id = %channel, %error, "what became of a read receipt could not be noted");
    }
}
