//! The organisation's default WhatsApp channel: the first of its kind, made when it is first set up. Its settings are
//! kept when the platform has accepted them, and not before.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use patchbay_domain::{
    ChannelId,
    platform::{Command, FailureKind, Outcome, Participant},
    sending::ChannelStatus,
};
use patchbay_store::{
    StoreError,
    channels::{Channel, webhook_tokens::Tokenless},
};
use tokio_util::sync::CancellationToken;

use super::{
    ServiceError, WriteId,
    channel_settings::{Settings, VERIFY_TOKEN},
    channels::{self, ChannelView, CreateChannel, UpdateChannel},
    fields::{FromText, Name},
};
use crate::{
    app::App,
    auth::{Admin, Principal},
    session::SessionError,
};

pub const TYPE: &str = "WHATSAPP";
/// What a channel is called whose platform tells no name.
const NAMELESS: &str = "WhatsApp";
/// Channels whose tokens are kept afterwards, at once.
const AT_ONCE: u32 = 200;
/// Until that is tried again.
const PAUSE: Duration = Duration::from_secs(5);

/// What a person changes; what is not mentioned stays.
#[derive(Debug, Default)]
pub struct Change {
    pub config: Settings,
    pub is_active: Option<bool>,
}

/// With its secrets masked; nothing where none was set up yet.
pub async fn get(app: &App, principal: &Principal) -> Result<Option<ChannelView>, ServiceError> {
    match find(app, principal).await? {
        Some(channel) => channels::get(app, principal, channel.id).await.map(Some),
        None => Ok(None),
    }
}

pub(super) async fn find(app: &App, principal: &Principal) -> Result<Option<Channel>, ServiceError> {
    let channels = app.store.channels(principal.organisation_id).await?;
    Ok(channels.into_iter().find(|channel| channel.channel_type == TYPE))
}

/// For what only a channel can do.
pub(super) async fn need(app: &App, principal: &Principal) -> Result<Channel, ServiceError> {
    find(app, principal).await?.ok_or_else(missing)
}

pub(super) fn missing() -> ServiceError {
    ServiceError::Refused {
        code: "CHANNEL_DISABLED",
        message: "no WhatsApp number is set up yet; an administrator does that in the settings".to_owned(),
    }
}

/// Makes or changes it, after the platform was asked whether the new settings work.
pub async fn change(
    app: &App,
    admin: &Admin,
    write: WriteId,
    change: Change,
) -> Result<Option<ChannelView>, ServiceError> {
    let Change { config, is_active } = change;
    let known = find(app, admin).await?;
    if config.is_empty() && is_active.is_none() {
        return get(app, admin).await;
    }
    let asked = match channels::candidate(app, admin, TYPE, known.as_ref(), &config).await? {
        Some(candidate) => Some(accepted(app.sessions.try_out(candidate, Command::TestConnection).await)?),
        None => None,
    };
    let id = match known {
        Some(Channel { id, .. }) => {
            let config = Some(config).filter(|config| !config.is_empty());
            channels::update(app, admin, id, UpdateChannel { name: None, is_active, config }).await?;
            id
        }
        None => {
            let name = asked.as_ref().and_then(|number| number.name.as_deref()).unwrap_or(NAMELESS);
            let name = Name::from_text(name).or_else(|_| Name::from_text(NAMELESS));
            let name = name.map_err(ServiceError::Internal)?;
            let create = CreateChannel { channel_type: TYPE.to_owned(), name, config };
            channels::create(app, admin, write, create).await?.channel.id
        }
    };
    if let Some(number) = asked {
        app.store.channel_accepted(id, number.phone.as_deref(), (app.clock)()).await?;
        app.channels.forget(id).await;
    }
    channels::get(app, admin, id).await.map(Some)
}

/// Whom the platform knows by the number, or why it does not take the settings.
fn accepted(answer: Result<Outcome, SessionError>) -> Result<Participant, ServiceError> {
    let refused = |reason: String| Err(ServiceError::invalid("whatsappConfig", format!("is refused: {reason}")));
    match answer {
        Ok(Outcome::Profile(number)) => Ok(number),
        Ok(_) => Ok(Participant::default()),
        Err(SessionError::Failed(failure)) => match failure.kind {
            FailureKind::Temporary | FailureKind::RateLimited | FailureKind::Unknown => {
                Err(ServiceError::unavailable())
            }
            _ => refused(failure.message),
        },
        Err(SessionError::Connector(error)) => Err(ServiceError::Internal(error)),
        Err(SessionError::UnknownChannel | SessionError::Transport(_) | SessionError::Unavailable(_)) => {
            Err(ServiceError::unavailable())
        }
    }
}

/// Whether what its platform was last asked for may be done.
pub fn works(channel: &Channel) -> bool {
    channel.status == ChannelStatus::Active
}

/// Whether people want it to work: one whose credentials are refused is not switched off.
pub fn is_switched_on(channel: &Channel) -> bool {
    channel.status != ChannelStatus::Disabled
}

/// The channels whose webhook is set up with this token.
pub async fn with_webhook_token(app: &App, token: &str) -> Result<Vec<ChannelId>, ServiceError> {
    let token = app.keyring.webhook_token(token);
    let channels = app.store.channels_by_webhook_token(&token).await?;
    Ok(channels.into_iter().map(|channel| channel.id).collect())
}

/// Channels saved before their tokens were kept get them: until then no handshake finds them. Ends when all have them.
pub async fn keep_webhook_tokens(app: Arc<App>, stop: CancellationToken) {
    let mut after = None;
    loop {
        match keep_some(&app, after).await {
            Ok(None) => return,
            Ok(last) => after = last,
            Err(error) => {
                tracing::warn!(%error, "webhook tokens of older channels could not be kept; trying again");
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(PAUSE) => {}
                }
            }
        }
        if stop.is_cancelled() {
            return;
        }
    }
}

/// Of so many; answers the last one of them.
async fn keep_some(app: &App, after: Option<ChannelId>) -> Result<Option<ChannelId>, StoreError> {
    let channels = app.store.channels_without_webhook_token(after, AT_ONCE).await?;
    for Tokenless { id, secrets, version } in &channels {
        match app.keyring.open(*id, secrets) {
            Ok(secrets) => {
                let Some(token) = secrets.get(VERIFY_TOKEN) else { continue };
                app.store.add_webhook_token(*id, *version, &app.keyring.webhook_token(token)).await?;
            }
            Err(error) => tracing::warn!(%error, channel.id = %id, "a channel's secrets could not be opened"),
        }
    }
    Ok(channels.last().map(|channel| channel.id))
}

/// The platform has proved that it knows the token.
pub async fn webhook_verified(app: &App, ids: &[ChannelId], now: DateTime<Utc>) -> Result<(), ServiceError> {
    Ok(app.store.webhook_verified(ids, now).await?)
}
