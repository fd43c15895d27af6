//! What the connector is asked to send, where it may be sent.

use patchbay_domain::{
    platform::{MediaSource, Outgoing},
    sending::{Refusal, SendingChannel, SendingRecipient, may_send},
};
use patchbay_store::sending::Due;

use super::Sender;
use crate::channels::ActiveChannel;

/// How long a platform may fetch a file that is sent by its address.
const PUBLIC_FILE_MINUTES: i64 = 60;

impl Sender {
    /// A scheduled message may have outlived its window, a queued one its recipient's consent.
    pub(super) fn still_allowed(&self, due: &Due, channel: &ActiveChannel) -> Result<(), Refusal> {
        let recipient = SendingRecipient {
            opted_out: due.opted_out,
            unreachable: due.unreachable,
            last_inbound_at: due.last_inbound_at,
        };
        let sending = SendingChannel { status: channel.row.status, manifest: channel.manifest() };
        may_send(&sending, &recipient, &due.message.content, (self.clock)())
    }

    pub(super) fn outgoing(&self, due: &Due) -> Outgoing {
        let mut content = due.message.content.clone();
        for attachment in &mut content.attachments {
            if let MediaSource::Stored(id) = attachment.source {
                let until = (self.clock)() + chrono::Duration::minutes(PUBLIC_FILE_MINUTES);
                attachment.public_url = Some(format!("{}{}", self.public_url, self.keyring.media_path(id, until)));
            }
        }
        Outgoing {
            id: due.message.id.to_string(),
            to: due.recipient.clone(),
            thread: due.thread.clone(),
            content,
            reply_to: due.message.reply_to.clone(),
            last_inbound_at: due.last_inbound_at,
            metadata: due.message.metadata.clone(),
        }
    }
}
