//! What can be sent in a ticket now, and what became of what was sent.

use chrono::{DateTime, Duration, Utc};
use patchbay_domain::{
    MessageId, TicketId,
    sending::{self, Kind, SendOptions, SendingChannel},
};
use patchbay_store::{messages::MessageView, templates::Template, timeline::Traces};

use super::{ServiceError, tickets};
use crate::{
    app::App,
    auth::Principal,
    channels::{ActiveChannel, ChannelError},
};

/// So many templates are offered.
const TEMPLATES: u32 = 500;
/// Of a long queue so much is counted, and of what was sent so many attempts are looked at.
const QUEUE: u32 = 10_000;
const ATTEMPTS: u32 = 1_000;
/// Limits over a longer time are asked about no further back.
const LOOKBACK: Duration = Duration::days(1);

pub struct Options {
    pub options: SendOptions,
    /// Those that may be used now.
    pub templates: Vec<Template>,
    pub expected_wait: Duration,
    pub queued: u32,
    pub channel: std::sync::Arc<ActiveChannel>,
    pub asked_at: DateTime<Utc>,
}

pub async fn options(app: &App, principal: &Principal, ticket: TicketId) -> Result<Options, ServiceError> {
    let ticket = tickets::get(app, principal, ticket).await?;
    let loaded = app.store.load_conversations(&[ticket.conversation_id]).await?;
    let conversation = loaded.into_iter().find(|known| known.organisation_id == principal.organisation_id);
    let conversation = conversation.ok_or(ServiceError::NotFound("conversation"))?;
    let channel = app.channels.get(ticket.channel_id).await?;
    if channel.row.organisation_id != principal.organisation_id {
        return Err(ChannelError::Unknown.into());
    }
    let asked_at = (app.clock)();
    let sending = SendingChannel { status: channel.row.status, manifest: channel.manifest() };
    let options = SendOptions::at(&sending, &conversation.recipient(), asked_at);
    let templates = match options.of(Kind::Template) {
        Ok(()) => app.store.usable_templates(principal.organisation_id, channel.id(), TEMPLATES).await?,
        Err(_) => Vec::new(),
    };
    let queued = app.store.count_queued(channel.id(), QUEUE).await?;
    let attempts = app.store.recent_attempts(channel.id(), asked_at - LOOKBACK, ATTEMPTS).await?;
    let attempts: Vec<_> = attempts.into_iter().map(|(at, _)| at).collect();
    let paused_for = app.store.paused_until(channel.id()).await?.map_or(Duration::zero(), |until| until - asked_at);
    let expected_wait = sending::expected_wait(&channel.limits, &attempts, queued, asked_at).max(paused_for);
    Ok(Options { options, templates, expected_wait, queued, channel, asked_at })
}

/// A message of a ticket and everything that is known of its way.
pub async fn timeline(
    app: &App,
    principal: &Principal,
    ticket: TicketId,
    id: MessageId,
) -> Result<(MessageView, Traces), ServiceError> {
    tickets::get(app, principal, ticket).await?;
    let organisation = principal.organisation_id;
    let view = app.store.message(organisation, id).await?.filter(|view| view.message.ticket_id == Some(ticket));
    let view = view.ok_or(ServiceError::NotFound("message"))?;
    let traces = app.store.traces(organisation, id).await?;
    Ok((view, traces))
}
