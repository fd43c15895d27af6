//! What the other side is told of people here: that one of them has read what it wrote, or is about to answer. Both are
//! best effort, on platforms that show it: neither is ever an error of whoever reads or writes.

use patchbay_domain::{ChannelId, ConversationId};

use crate::{app::App, auth::Principal};

/// Somebody types in one of their organisation's conversations, or has stopped.
pub fn typing(app: &App, principal: &Principal, id: ConversationId, begins: bool) {
    app.sessions.tell_typing(principal.organisation_id, id, begins);
}

/// What is unread no more in this conversation is told to its platform, in its own time.
pub(super) async fn was_read(app: &App, channel: ChannelId, id: ConversationId) {
    if let Err(error) = app.sessions.tell_read(channel, id).await {
        tracing::warn!(conversation.id = %id, %error, "a platform will not be told that a conversation was read");
    }
}
