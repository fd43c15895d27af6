//! The group commits: attempts that begin, and what became of them.

use chrono::{DateTime, Utc};
use patchbay_domain::{MessageId, NodeId, sending::Refusal};
use patchbay_store::{
    Store,
    sending::{Begin, Begun, Settled},
};

use crate::{batch::survive, retry};

/// What came of an attempt that was to be made.
#[derive(Clone, Copy, Debug)]
pub(super) enum Beginning {
    Begun(Begun),
    /// The contact's wish came after the message was queued.
    Unwanted(Refusal),
    /// Cancelled meanwhile, or taken by another node.
    Gone,
}

pub(super) async fn begin(
    store: &Store,
    batch: Vec<Begin>,
    node: NodeId,
    clock: fn() -> DateTime<Utc>,
) -> Vec<Beginning> {
    let begun = retry::while_unavailable("begin_attempts", || store.begin_attempts(&batch, node, clock())).await;
    match begun {
        Ok(begun) => {
            let of = |message| begun.iter().find(|begun| begun.message_id == message).copied();
            let left: Vec<_> =
                batch.iter().map(|begin| begin.message_id).filter(|message| of(*message).is_none()).collect();
            let unwanted = unwanted(store, &left).await;
            let beginning = |begin: &Begin| {
                let refusal = unwanted.iter().find(|(message, _)| *message == begin.message_id);
                let refused = || refusal.map_or(Beginning::Gone, |(_, refusal)| Beginning::Unwanted(*refusal));
                of(begin.message_id).map_or_else(refused, Beginning::Begun)
            };
            batch.iter().map(beginning).collect()
        }
        // One that cannot be recorded must not hold up the others.
        Err(_) if batch.len() > 1 => {
            let mut begun = Vec::with_capacity(batch.len());
            for one in batch {
                begun.extend(Box::pin(begin(store, vec![one], node, clock)).await);
            }
            begun
        }
        Err(error) => {
            tracing::error!(%error, "an attempt could not be recorded; nothing was sent");
            vec![Beginning::Gone; batch.len()]
        }
    }
}

/// Those of the messages that had no attempt because of their contacts' wishes.
async fn unwanted(store: &Store, messages: &[MessageId]) -> Vec<(MessageId, Refusal)> {
    if messages.is_empty() {
        return Vec::new();
    }
    match retry::while_unavailable("unwanted", || store.unwanted(messages)).await {
        Ok(unwanted) => unwanted,
        Err(error) => {
            tracing::error!(%error, "the wishes of contacts could not be read; nothing was sent");
            Vec::new()
        }
    }
}

pub(super) async fn store_settlements(
    store: &Store,
    batch: Vec<Settled>,
    clock: fn() -> DateTime<Utc>,
) -> Vec<Result<(), String>> {
    let together = survive(retry::while_unavailable("settle", || store.settle(&batch, clock()))).await;
    if matches!(together, Ok(Ok(()))) {
        return vec![Ok(()); batch.len()];
    }
    // One that cannot be stored must not take the others with it.
    let mut results = Vec::with_capacity(batch.len());
    for settled in batch {
        let alone = std::slice::from_ref(&settled);
        let stored = survive(retry::while_unavailable("settle", || store.settle(alone, clock()))).await;
        let stored = stored.map_err(|error| error.to_string());
        results.push(stored.and_then(|stored| stored.map_err(|error| error.to_string())));
    }
    results
}
