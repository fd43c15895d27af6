//! Tells a platform where a channel's webhook is: once for the address and the settings that the channel has, and
//! again when one of them has changed. What passes is tried again; for what does not, a person is asked.

use chrono::{DateTime, Utc};
use patchbay_domain::{
    platform::Command,
    registration::{self, Progress},
    sending::ChannelStatus,
};
use patchbay_store::{
    StoreError,
    channels::registration::{Registration, RegistrationState},
};
use uuid::Uuid;

use super::{Shared, desk::Desk, upkeep};
use crate::channels::ActiveChannel;

/// Does what is due, and says when something is due again.
pub async fn tend(shared: &Shared, desk: &Desk, channel: &ActiveChannel) -> Result<Option<DateTime<Utc>>, StoreError> {
    if !channel.manifest().registers_webhooks() || channel.row.status != ChannelStatus::Active {
        return Ok(None);
    }
    let (store, id, address) = (&shared.store, desk.channel_id, &channel.view.webhook_url);
    let known = store.webhook_registration(id).await?.filter(|known| known.webhook_url == *address);
    match known {
        Some(Registration { state: RegistrationState::Done | RegistrationState::Refused, .. }) => return Ok(None),
        Some(Registration { try_at, .. }) if try_at > (shared.clock)() => return Ok(Some(try_at)),
        _ => {}
    }
    let attempt = Uuid::new_v4();
    let tries = store.begin_webhook_registration(id, address, attempt, (shared.clock)()).await?;
    let answer = upkeep::perform(shared, desk, channel, &Command::RegisterWebhook).await;
    let now = (shared.clock)();
    let progress = registration::after(answer.as_ref().map(drop), tries, rand::random(), now);
    let reason = answer.as_ref().err().map_or("", |failure| failure.message.as_str());
    // What began before a person changed the settings says nothing of them: they are tried at once.
    if !store.end_webhook_registration(id, attempt, progress, reason, now).await? {
        return Ok(Some(now));
    }
    let (word, again) = match progress {
        Progress::Done => ("done", None),
        Progress::Later { at, .. } => ("later", Some(at)),
        Progress::Refused => ("refused", None),
    };
    if progress != Progress::Done {
        tracing::warn!(channel.id = %id, connector.id = channel.manifest().id, tries, progress = word,
            "a webhook could not be registered");
    }
    metrics::counter!("patchbay_webhook_registrations_total", "result" => word).increment(1);
    Ok(again)
}
