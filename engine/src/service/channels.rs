//! Channels: their settings, whether they work, and where their platforms call. Trying them out is in `trying.rs`.

mod trying;

use std::collections::BTreeSet;

use patchbay_domain::{ChannelId, platform::Manifest, sending::ChannelStatus};
use patchbay_plugin_host::Plugin;
use patchbay_store::channels::{Channel, ChannelSettings, ChannelUpdate, NewChannel};
use serde_json::{Map, Value, json};
pub(super) use trying::candidate;
pub use trying::{ConnectionTest, TestResult, test_connection};

use super::{
    ServiceError, WriteId,
    audit::{Action, Entity},
    channel_settings::{self as settings, Settings, Split},
    fields::Name,
};
use crate::{
    app::App,
    auth::{Admin, Principal},
};

/// A channel as those who may see it see it.
#[derive(Debug)]
pub struct ChannelView {
    pub channel: Channel,
    /// Secrets masked.
    pub config: Settings,
    /// Where the platform calls.
    pub webhook_url: String,
    /// Everybody can read what is written on it.
    pub is_public: bool,
    /// After how many days the content of its messages is deleted.
    pub retention_days: Option<u32>,
}

#[derive(Debug)]
pub struct CreateChannel {
    pub channel_type: String,
    pub name: Name,
    pub config: Settings,
}

/// `None` leaves it.
#[derive(Debug, Default)]
pub struct UpdateChannel {
    pub name: Option<Name>,
    pub is_active: Option<bool>,
    pub config: Option<Settings>,
}

pub async fn list(app: &App, principal: &Principal) -> Result<Vec<ChannelView>, ServiceError> {
    let channels = app.store.channels(principal.organisation_id).await?;
    channels.into_iter().map(|channel| view(app, principal, channel)).collect()
}

pub async fn get(app: &App, principal: &Principal, id: ChannelId) -> Result<ChannelView, ServiceError> {
    view(app, principal, find(app, principal, id).await?)
}

/// Whether everybody can read what is written on channels of this type.
pub fn is_public(app: &App, channel_type: &str) -> bool {
    app.plugins.get(channel_type).is_some_and(|plugin| plugin.manifest().is_public())
}

pub async fn create(
    app: &App,
    admin: &Admin,
    write: WriteId,
    create: CreateChannel,
) -> Result<ChannelView, ServiceError> {
    let CreateChannel { channel_type, name, config } = create;
    let id = ChannelId::from(write.id);
    if write.repeated
        && let Some(made) = app.store.channel_of(admin.organisation_id, id).await?
    {
        return view(app, admin, made);
    }
    let plugin = app.plugins.get(&channel_type).ok_or_else(|| unknown_type(app))?;
    let manifest = plugin.manifest();
    let split = settings::split(manifest, settings::merge(manifest, Split::default(), config))?;
    let address = settings::address(manifest, &split.public);
    let channel = NewChannel {
        id,
        organisation_id: admin.organisation_id,
        channel_type,
        name: name.into_string(),
        secrets: app.keyring.seal(id, &split.secrets)?,
        webhook_token: webhook_token(app, &split),
        config: Value::Object(split.public),
        address,
        created_by: Some(admin.user_id),
    };
    let after = json!({
        "type": channel.channel_type,
        "name": channel.name,
        "config": channel.config,
        "secretsReplaced": split.secrets.into_keys().collect::<Vec<_>>(),
    });
    let audit = admin.did(Action::Create, Entity::Channel, id).with_change(Value::Null, after);
    app.store.create_channel(&channel, Some(&audit), (app.clock)()).await?;
    notice(app, id).await;
    get(app, admin, id).await
}

pub async fn update(
    app: &App,
    admin: &Admin,
    id: ChannelId,
    update: UpdateChannel,
) -> Result<ChannelView, ServiceError> {
    let UpdateChannel { name, is_active, config } = update;
    let channel = find(app, admin, id).await?;
    let status = new_status(channel.status, is_active, config.is_some());
    let (settings, replaced) = match config {
        Some(change) => changed_settings(app, &channel, change).map(|(settings, names)| (Some(settings), names))?,
        None => (None, Vec::new()),
    };
    let update = ChannelUpdate { name: name.map(Name::into_string), settings, status };
    let after = json!({
        "name": update.name.as_ref().unwrap_or(&channel.name),
        "status": update.status.unwrap_or(channel.status),
        "config": update.settings.as_ref().map_or(&channel.config, |settings| &settings.config),
        "secretsReplaced": replaced,
    });
    let audit = admin.did(Action::Update, Entity::Channel, id).with_change(shown(&channel), after);
    if !app.store.update_channel(admin.organisation_id, id, &update, Some(&audit), (app.clock)()).await? {
        return Err(ServiceError::NotFound("channel"));
    }
    notice(app, id).await;
    get(app, admin, id).await
}

/// Its history stays.
pub async fn delete(app: &App, admin: &Admin, id: ChannelId) -> Result<(), ServiceError> {
    let known = find(app, admin, id).await?;
    let audit = admin.did(Action::Delete, Entity::Channel, id).with_change(shown(&known), Value::Null);
    if !app.store.delete_channel(admin.organisation_id, id, Some(&audit), (app.clock)()).await? {
        return Err(ServiceError::NotFound("channel"));
    }
    app.channels.forget(id).await;
    Ok(())
}

pub(super) async fn find(app: &App, principal: &Principal, id: ChannelId) -> Result<Channel, ServiceError> {
    app.store.channel_of(principal.organisation_id, id).await?.ok_or(ServiceError::NotFound("channel"))
}

fn view(app: &App, principal: &Principal, channel: Channel) -> Result<ChannelView, ServiceError> {
    let public = match &channel.config {
        Value::Object(public) => public.clone(),
        _ => Map::new(),
    };
    let plugin = app.plugins.get(&channel.channel_type);
    let manifest = plugin.as_ref().map(|plugin| plugin.manifest());
    let is_public = manifest.is_some_and(Manifest::is_public);
    let retention_days = manifest.and_then(|manifest| manifest.retention_days(&channel.config));
    let split = match &plugin {
        Some(plugin) => open(app, plugin, &channel)?,
        None => Split { public, ..Split::default() },
    };
    let config = settings::show(&split, principal.role.is_admin());
    let webhook_url = format!("{}/webhook/{}", app.config.server.public_url, channel.id);
    Ok(ChannelView { channel, config, webhook_url, is_public, retention_days })
}

/// The settings as they were given.
fn open(app: &App, plugin: &Plugin, channel: &Channel) -> Result<Split, ServiceError> {
    let stored = app.keyring.open(channel.id, &channel.secrets)?;
    let value = |name: &str| Some((name.to_owned(), stored.get(name)?.to_string()));
    let secrets = settings::secret_fields(plugin.manifest()).into_iter().filter_map(value).collect();
    let public = channel.config.as_object().cloned().unwrap_or_default();
    Ok(Split { public, secrets })
}

/// What the audit log tells of a channel as it is: no secret.
fn shown(channel: &Channel) -> Value {
    json!({"name": channel.name, "status": channel.status, "config": channel.config, "secretsReplaced": []})
}

/// And the names of the secrets that are others now.
fn changed_settings(
    app: &App,
    channel: &Channel,
    change: Settings,
) -> Result<(ChannelSettings, Vec<String>), ServiceError> {
    let plugin = app.plugins.get(&channel.channel_type).ok_or_else(|| unknown_type(app))?;
    let manifest = plugin.manifest();
    let known = open(app, &plugin, channel)?;
    let before = known.secrets.clone();
    let split = settings::split(manifest, settings::merge(manifest, known, change))?;
    let address = settings::address(manifest, &split.public);
    let secrets = app.keyring.seal(channel.id, &split.secrets)?;
    let names: BTreeSet<&String> = before.keys().chain(split.secrets.keys()).collect();
    let replaced = names.into_iter().filter(|name| before.get(*name) != split.secrets.get(*name)).cloned().collect();
    let webhook_token = webhook_token(app, &split);
    Ok((ChannelSettings { config: Value::Object(split.public), secrets, address, webhook_token }, replaced))
}

fn webhook_token(app: &App, split: &Split) -> Option<String> {
    split.secrets.get(settings::VERIFY_TOKEN).map(|token| app.keyring.webhook_token(token))
}

/// New settings deserve a new try; a switch that is not moved changes nothing.
fn new_status(status: ChannelStatus, is_active: Option<bool>, new_settings: bool) -> Option<ChannelStatus> {
    match (status, is_active) {
        (ChannelStatus::Disabled, Some(true)) => Some(ChannelStatus::Active),
        (ChannelStatus::Active | ChannelStatus::NeedsReauth, Some(false)) => Some(ChannelStatus::Disabled),
        (ChannelStatus::NeedsReauth, _) if new_settings => Some(ChannelStatus::Active),
        _ => None,
    }
}

/// The channel's session looks at it anew: what waited may go on.
pub(super) async fn notice(app: &App, id: ChannelId) {
    app.channels.forget(id).await;
    if let Err(error) = app.sessions.announce(&app.bus, id).await {
        // The change is committed; the node that works the channel finds out when it next looks.
        tracing::warn!(channel.id = %id, %error, "a changed channel could not be announced");
    }
}

fn unknown_type(app: &App) -> ServiceError {
    let manifests = app.plugins.list().into_iter().filter_map(|plugin| plugin.manifest);
    let types: Vec<String> = manifests.flat_map(|manifest| manifest.channel_types).collect();
    ServiceError::invalid("type", format!("must be one of {}, for which connectors are loaded", types.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_that_is_not_moved_changes_nothing() {
        use ChannelStatus::{Active, Disabled, NeedsReauth};
        assert_eq!(new_status(Active, Some(true), false), None);
        assert_eq!(new_status(NeedsReauth, Some(true), false), None);
        assert_eq!(new_status(Disabled, None, true), None);
        assert_eq!(new_status(Disabled, Some(true), false), Some(Active));
        assert_eq!(new_status(NeedsReauth, Some(false), true), Some(Disabled));
        assert_eq!(new_status(NeedsReauth, None, true), Some(Active));
    }
}
