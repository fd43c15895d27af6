//! Looking after a channel when nothing arrives: its platform session is kept
//! up, it is told where the channel's webhook is, and what happened while nobody
//! listened, or on a platform that calls no webhook, is fetched. What is fetched goes the way of a webhook from there.

use chrono::{DateTime, Duration, Utc};
use patchbay_domain::{
    WebhookId,
    connection::{self, Action, Patience},
    news::{self, News},
    platform::{Command, Failure, FailureKind, Manifest, Outcome, Polled, SessionChange, SessionState},
    sending::ChannelStatus,
};
use patchbay_plugin_host::Plugins;
use patchbay_store::{StoreError, channels::Channel};
use tokio::sync::Semaphore;

use super::{Shared, desk::Desk, registration};
use crate::{
    bus::{Bus, BusError, Direction, Publication},
    channels::{ActiveChannel, ChannelError},
    egress::command,
    ingress::envelope::{Inbound, PolledV1},
};

/// Channels that are looked after at once.
const AT_ONCE: usize = 32;
/// Pages fetched at a time.
const PAGES: u32 = 20;

pub struct Upkeep {
    bus: Bus,
    plugins: Plugins,
    patience: Patience,
    /// What happened before, this node may have missed.
    awake_since: DateTime<Utc>,
    room: Semaphore,
}

impl Upkeep {
    pub fn new(bus: Bus, plugins: Plugins, patience: Patience, awake_since: DateTime<Utc>) -> Self {
        Self { bus, plugins, patience, awake_since, room: Semaphore::new(AT_ONCE) }
    }

    /// Channel types that are looked after.
    pub fn types(&self) -> Vec<String> {
        self.plugins.types_where(Manifest::needs_tending)
    }
}

#[derive(Debug, thiserror::Error)]
enum UpkeepError {
    #[error(transparent)]
    Channel(#[from] ChannelError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("what was fetched could not be published: {0}")]
    Bus(#[from] BusError),
    #[error("what was fetched cannot be written down: {0}")]
    Events(#[from] serde_json::Error),
}

/// Does what is due for the channel, and notes when something is due again.
pub async fn tend(shared: &Shared, desk: &Desk) {
    let Ok(_room) = shared.upkeep.room.acquire().await else { return };
    // Another node looks after it.
    if !shared.tenure.covers(desk.channel_id) {
        return;
    }
    let begun = (shared.clock)();
    if let Err(error) = look_after(shared, desk, begun).await {
        tracing::warn!(channel.id = %desk.channel_id, %error, "a channel could not be looked after; trying again later");
        let later = (shared.clock)() + shared.upkeep.patience.starting;
        if let Err(error) = set_tend_at(shared, desk, later, begun).await {
            tracing::debug!(channel.id = %desk.channel_id, %error, "when to look after a channel again is not noted");
        }
    }
}

async fn look_after(shared: &Shared, desk: &Desk, begun: DateTime<Utc>) -> Result<(), UpkeepError> {
    let channel = shared.channels.get(desk.channel_id).await?;
    let manifest = channel.manifest();
    let mut again = (shared.clock)() + shared.upkeep.patience.ask_every;
    let renewal = shared.egress.renewal.tend(&channel).await?;
    let registration = registration::tend(shared, desk, &channel).await?;
    if manifest.can("sessions") {
        again = keep_session(shared, desk, &channel).await?;
    }
    again = [renewal, registration].into_iter().flatten().fold(again, DateTime::min);
    // Whatever the session's answer changed.
    let row = current(shared, desk).await?;
    let now = (shared.clock)();
    if let Some(at) = fetch_at(&row, manifest, shared.upkeep.awake_since) {
        again = if at > now { again.min(at) } else { again.min(fetch(shared, desk, &channel, &row).await?) };
    }
    let meanwhile = (begun, (shared.clock)());
    shared.store.set_tend_at(desk.channel_id, row.session_since, again, meanwhile).await?;
    Ok(())
}

async fn set_tend_at(shared: &Shared, desk: &Desk, at: DateTime<Utc>, begun: DateTime<Utc>) -> Result<(), UpkeepError> {
    let row = current(shared, desk).await?;
    let meanwhile = (begun, (shared.clock)());
    Ok(shared.store.set_tend_at(desk.channel_id, row.session_since, at, meanwhile).await?)
}

async fn current(shared: &Shared, desk: &Desk) -> Result<Channel, UpkeepError> {
    let row = shared.store.channel(desk.channel_id).await?.filter(|row| row.deleted_at.is_none());
    Ok(row.ok_or(ChannelError::Unknown)?)
}

/// Asks how the session is and does what the rule says; answers when to ask again.
async fn keep_session(shared: &Shared, desk: &Desk, channel: &ActiveChannel) -> Result<DateTime<Utc>, UpkeepError> {
    let patience = &shared.upkeep.patience;
    let asked = perform(shared, desk, channel, &Command::SessionStatus).await;
    learn(shared, desk, &asked).await?;
    let now = (shared.clock)();
    if let Err(failure) = &asked {
        if is_out_of_reach(failure) {
            note_out_of_reach(shared, desk, failure).await?;
        }
        return Ok(later(failure, patience.starting, patience, now));
    }
    let row = current(shared, desk).await?;
    let plan = connection::next(&row.connection(), patience, now);
    let command = match plan.action {
        Action::Nothing => return Ok(plan.ask_again),
        Action::Start => Command::SessionStart,
        Action::Restart => Command::SessionRestart,
    };
    tracing::info!(channel.id = %desk.channel_id, tries = row.session_tries, command = command.word(),
        "a session does not come up; it begins anew");
    metrics::counter!("patchbay_session_recoveries_total", "command" => command.word()).increment(1);
    // Counted first: what follows may not come back.
    shared.store.count_session_try(desk.channel_id, now).await?;
    let done = perform(shared, desk, channel, &command).await;
    learn(shared, desk, &done).await?;
    if let Err(failure) = done {
        tracing::warn!(channel.id = %desk.channel_id, kind = failure.kind.word(), "a session could not begin anew");
    }
    Ok(plan.ask_again)
}

pub(super) async fn perform(
    shared: &Shared,
    desk: &Desk,
    channel: &ActiveChannel,
    command: &Command,
) -> Result<Outcome, Failure> {
    command::run(&desk.instance, &shared.egress, channel, command, shared.clock, &*shared.media)
        .await
        .unwrap_or_else(|interrupted| Err(interrupted.as_failure()))
}

/// What an answer says of the channel's session.
async fn learn(shared: &Shared, desk: &Desk, answer: &Result<Outcome, Failure>) -> Result<(), StoreError> {
    if let Ok(Outcome::Session(change)) = answer
        && shared.store.confirm_session(desk.channel_id, change, (shared.clock)()).await?
    {
        shared.channels.forget(desk.channel_id).await;
    }
    Ok(())
}

fn is_out_of_reach(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::Temporary | FailureKind::Unknown)
}

/// A session that was connected counts as lost until it answers again: what arrives meanwhile is fetched then.
async fn note_out_of_reach(shared: &Shared, desk: &Desk, failure: &Failure) -> Result<(), UpkeepError> {
    if current(shared, desk).await?.session_state != Some(SessionState::Connected) {
        return Ok(());
    }
    let lost = SessionChange { state: SessionState::Disconnected, phone: None, reason: Some(failure.message.clone()) };
    Ok(learn(shared, desk, &Ok(Outcome::Session(lost))).await?)
}

/// After a failure: not before the platform asks for it, and not for ever.
fn later(failure: &Failure, wait: Duration, patience: &Patience, now: DateTime<Utc>) -> DateTime<Utc> {
    let asked = failure.retry_after_ms.and_then(|wait| i64::try_from(wait).ok()).map_or(wait, Duration::milliseconds);
    now + asked.min(patience.longest).max(wait)
}

/// When news have to be fetched; `None` where nothing is to be.
fn fetch_at(row: &Channel, manifest: &Manifest, awake_since: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let up_since = match (manifest.can("sessions"), row.session_state) {
        (true, Some(SessionState::Connected)) => row.session_since.map_or(awake_since, |since| since.max(awake_since)),
        (true, _) => return None,
        (false, _) => awake_since,
    };
    if row.status != ChannelStatus::Active {
        return None;
    }
    let (catches_up, every) = (manifest.can("catch-up"), poll_every(manifest));
    news::fetch_at(&News { fetched_at: row.polled_at, up_since, catches_up, every })
}

fn poll_every(manifest: &Manifest) -> Option<Duration> {
    manifest.poll_every_ms.and_then(|every| i64::try_from(every).ok()).map(Duration::milliseconds)
}

/// Fetches page after page until nothing is new or the cursor stays where it is; answers when to go on. Published
/// first, then noted: what is fetched twice is recognised.
async fn fetch(
    shared: &Shared,
    desk: &Desk,
    channel: &ActiveChannel,
    row: &Channel,
) -> Result<DateTime<Utc>, UpkeepError> {
    let begun = (shared.clock)();
    let mut cursor = row.poll_cursor.clone();
    for _ in 0..PAGES {
        let answer = perform(shared, desk, channel, &Command::Poll(cursor.clone())).await;
        learn(shared, desk, &answer).await?;
        let Polled { events, cursor: reached } = match answer {
            Ok(Outcome::Polled(polled)) => polled,
            Ok(_) => return Ok(refused(shared, desk, channel, &odd())),
            Err(failure) => return Ok(refused(shared, desk, channel, &failure)),
        };
        let is_last = events.is_empty() || reached.is_none() || reached == cursor;
        if !events.is_empty() {
            metrics::counter!("patchbay_polled_events_total").increment(events.len() as u64);
            let id = WebhookId::at((shared.clock)());
            let (channel_id, key) = (desk.channel_id, id.uuid());
            let payload = serde_json::to_string(&Inbound::PolledV1(PolledV1 { id, channel_id, events }))?;
            shared.upkeep.bus.publish(Direction::Inbound, Publication { channel_id, key, payload }).await?;
        }
        cursor = reached.or(cursor);
        let done_at = is_last.then_some(begun);
        shared.store.set_poll_cursor(desk.channel_id, cursor.as_deref(), done_at).await?;
        if is_last {
            return Ok(begun + poll_every(channel.manifest()).unwrap_or(shared.upkeep.patience.ask_every));
        }
    }
    // A platform that never runs out of news must not keep us busy.
    Ok((shared.clock)() + shared.upkeep.patience.starting)
}

fn odd() -> Failure {
    let message = "the connector answered a poll with something else than events".to_owned();
    Failure { kind: FailureKind::Rejected, code: None, message, retry_after_ms: None, scope: None }
}

fn refused(shared: &Shared, desk: &Desk, channel: &ActiveChannel, failure: &Failure) -> DateTime<Utc> {
    tracing::warn!(channel.id = %desk.channel_id, connector.id = channel.manifest().id, kind = failure.kind.word(),
        "news could not be fetched; trying again later");
    let patience = &shared.upkeep.patience;
    let wait = if command::worth_repeating(failure) { patience.starting } else { patience.ask_every };
    later(failure, wait, patience, (shared.clock)())
}
