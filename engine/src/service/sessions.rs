//! Sessions: phones that are paired through WAHA, each a channel of its own. What is done to them on their server is in
//! [`linking`].
//!
//! Whoever does something with a session has it from [`reach`] or [`manage`], which are the only rules about who may.

pub mod linking;

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use patchbay_domain::{ChannelId, hierarchy::manages, platform::Command};
use patchbay_store::{
    StoreError,
    channels::{Channel, NewChannel},
};
use serde_json::{Value, json};

use super::{
    ServiceError, WriteId,
    audit::{Action, Entity},
    channel_settings::Settings,
    channels::{self, CreateChannel},
    fields::{FromText, Name, SessionName},
};
use crate::{
    app::App,
    auth::{Admin, Principal},
};

/// The type of channels that are sessions.
pub const CHANNEL_TYPE: &str = "WAHA";

#[derive(Debug)]
pub struct CreateSession {
    pub name: SessionName,
    /// A server of its own; with none it is made on the one that the configuration names.
    pub server: Option<Settings>,
}

/// A session, and when something was last written on it.
pub struct Listed {
    pub channel: Channel,
    pub last_message_at: Option<DateTime<Utc>>,
}

/// The session, for those who manage it and those to whom it is given. Another organisation's is not there.
pub async fn reach(app: &App, principal: &Principal, id: ChannelId) -> Result<Channel, ServiceError> {
    let channel = app.store.channel_of(principal.organisation_id, id).await?;
    let channel = channel.filter(|channel| channel.channel_type == CHANNEL_TYPE);
    let channel = channel.ok_or(ServiceError::NotFound("session"))?;
    if manages(principal, channel.created_by) {
        return Ok(channel);
    }
    let given = app.store.channels_assigned_to(principal.organisation_id, principal.user_id).await?;
    if given.contains(&id) {
        Ok(channel)
    } else {
        Err(ServiceError::Forbidden("this session is not assigned to you, nor to a team of yours".to_owned()))
    }
}

/// The session, for the owner and whoever made it.
pub async fn manage(app: &App, principal: &Principal, id: ChannelId) -> Result<Channel, ServiceError> {
    let channel = reach(app, principal, id).await?;
    if manages(principal, channel.created_by) {
        Ok(channel)
    } else {
        Err(ServiceError::Forbidden("only the owner, and whoever made this session, may do this".to_owned()))
    }
}

/// Those that the caller reaches, the newest first.
pub async fn list(app: &App, principal: &Principal) -> Result<Vec<Listed>, ServiceError> {
    let organisation = principal.organisation_id;
    let given = app.store.channels_assigned_to(organisation, principal.user_id).await?;
    let mut channels = app.store.channels(organisation).await?;
    channels.retain(|channel| {
        channel.channel_type == CHANNEL_TYPE && (manages(principal, channel.created_by) || given.contains(&channel.id))
    });
    channels.reverse();
    let written = app.store.channels_last_written(organisation, CHANNEL_TYPE).await?;
    let written: HashMap<ChannelId, DateTime<Utc>> = written.into_iter().collect();
    let listed = |channel: Channel| Listed { last_message_at: written.get(&channel.id).copied(), channel };
    Ok(channels.into_iter().map(listed).collect())
}

pub async fn get(app: &App, principal: &Principal, id: ChannelId) -> Result<Listed, ServiceError> {
    let channel = reach(app, principal, id).await?;
    let written = app.store.channels_last_written(principal.organisation_id, CHANNEL_TYPE).await?;
    let last_message_at = written.into_iter().find(|(written, _)| *written == id).map(|(_, at)| at);
    Ok(Listed { channel, last_message_at })
}

/// It is there and down: whoever asks for its code starts it.
pub async fn create(app: &App, admin: &Admin, write: WriteId, create: CreateSession) -> Result<Channel, ServiceError> {
    let CreateSession { name, server } = create;
    let (id, organisation) = (ChannelId::from(write.id), admin.organisation_id);
    if write.repeated
        && let Some(made) = app.store.channel_of(organisation, id).await?
    {
        return Ok(made);
    }
    let channels = app.store.channels(organisation).await?;
    if channels.iter().any(|known| known.channel_type == CHANNEL_TYPE && known.name == name.as_str()) {
        return Err(taken());
    }
    match server {
        Some(mut config) => {
            config.entry("session").or_insert_with(|| name.as_str().into());
            let name =
                Name::from_text(name.as_str()).map_err(|problem| ServiceError::invalid("session_name", problem))?;
            let create = CreateChannel { channel_type: CHANNEL_TYPE.to_owned(), name, config };
            channels::create(app, admin, write, create).await?;
        }
        None => host(app, admin, id, name).await?,
    }
    reach(app, admin, id).await
}

/// Makes a channel on the server that the configuration names, whose keys stay there.
async fn host(app: &App, admin: &Admin, id: ChannelId, name: SessionName) -> Result<(), ServiceError> {
    if app.config.waha.is_none() {
        let message = "no WAHA server is configured (waha.base_url); name one in config, with baseUrl and apiKey";
        return Err(ServiceError::Refused { code: "NO_SERVER", message: message.to_owned() });
    }
    let name = name.into_string();
    let channel = NewChannel {
        id,
        organisation_id: admin.organisation_id,
        channel_type: CHANNEL_TYPE.to_owned(),
        name: name.clone(),
        config: json!({"session": name}),
        secrets: app.keyring.seal(id, &BTreeMap::new())?,
        address: Some(name.clone()),
        webhook_token: None,
        created_by: Some(admin.user_id),
    };
    let after = json!({"type": CHANNEL_TYPE, "name": name, "config": channel.config});
    let audit = admin.did(Action::Create, Entity::Channel, id).with_change(Value::Null, after);
    let made = app.store.create_hosted_channel(&channel, &name, Some(&audit), (app.clock)()).await;
    made.map_err(|error| match error {
        StoreError::Conflict(_) => taken(),
        error => error.into(),
    })?;
    channels::notice(app, id).await;
    Ok(())
}

fn taken() -> ServiceError {
    ServiceError::conflict("SESSION_EXISTS", "a session of this name exists already")
}

/// Its history stays.
pub async fn delete(app: &App, admin: &Admin, id: ChannelId) -> Result<(), ServiceError> {
    manage(app, admin, id).await?;
    // The phone is to be free; a server that cannot be reached does not keep the session here.
    if let Err(error) = app.sessions.command(id, Command::SessionLogout).await {
        tracing::warn!(channel.id = %id, %error, "a session that is deleted could not be logged out");
    }
    channels::delete(app, admin, id).await
}
