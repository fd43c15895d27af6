//! Platforms are shown that somebody here types: now, or not at all. Nothing waits for it, and nothing is kept.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex},
    time::Duration,
};

use lru::LruCache;
use patchbay_domain::{
    ConversationId, OrganisationId,
    platform::{Command, TypingSignal},
    reading::{self, TypingTold},
};
use patchbay_store::read_receipts::TypingPlace;
use tokio::{sync::Semaphore, time::timeout};

use super::{Sessions, Shared, desk::lock};

/// Conversations of which it is remembered what their platform was told.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(10_000).expect("ten thousand is not zero");
/// Shown at once.
const AT_ONCE: usize = 32;
/// What takes longer is not worth showing.
const LONGEST: Duration = Duration::from_secs(5);
const CAPABILITY: &str = "typing";

pub struct Typists {
    told: Mutex<LruCache<(OrganisationId, ConversationId), TypingTold>>,
    room: Arc<Semaphore>,
}

impl Default for Typists {
    fn default() -> Self {
        Self { told: Mutex::new(LruCache::new(REMEMBERED)), room: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Sessions {
    /// Somebody of the organisation begins or ends to type in one of its conversations.
    pub fn tell_typing(&self, organisation: OrganisationId, conversation: ConversationId, begins: bool) {
        let (shared, key) = (Arc::clone(&self.shared), (organisation, conversation));
        let mut told = lock(&shared.typists.told);
        let Some(now) = reading::typing(told.get(&key).copied(), begins, (shared.clock)()) else { return };
        let Ok(room) = Arc::clone(&shared.typists.room).try_acquire_owned() else {
            metrics::counter!("patchbay_typing_signals_total", "result" => "put_off").increment(1);
            return;
        };
        told.put(key, now);
        drop(told);
        self.shared.pool.detach(async move {
            let result = timeout(LONGEST, show(&shared, organisation, conversation, begins)).await;
            metrics::counter!("patchbay_typing_signals_total", "result" => result.unwrap_or("late")).increment(1);
            drop(room);
        });
    }
}

/// What came of it, in a word.
async fn show(
    shared: &Shared,
    organisation: OrganisationId,
    conversation: ConversationId,
    begins: bool,
) -> &'static str {
    let TypingPlace { channel_id, thread, last_message } =
        match shared.store.typing_place(organisation, conversation).await {
            Ok(Some(place)) => place,
            Ok(None) => return "unknown",
            Err(error) => {
                tracing::debug!(conversation.id = %conversation, %error, "typing could not be shown");
                return "failed";
            }
        };
    let command = Command::SetTyping(TypingSignal { thread, on: begins, last_message });
    match shared.beside(channel_id, CAPABILITY, &command).await {
        Ok(()) => "shown",
        Err(failure) => {
            tracing::debug!(channel.id = %channel_id, kind = failure.kind.word(), "typing could not be shown");
            "failed"
        }
    }
}
