//! Trying a channel out: as it is, and as it would be with other settings.

use patchbay_domain::{
    ChannelId,
    platform::{Command, Failure, FailureKind, Outcome, SessionState},
    sending::ChannelStatus,
};
use patchbay_plugin_host::Plugin;
use patchbay_store::channels::Channel;
use serde_json::{Value, json};

use super::{ChannelView, find, get, notice, open, unknown_type};
use crate::{
    app::App,
    auth::Admin,
    channels::ActiveChannel,
    service::{
        ServiceError,
        audit::{Action, Entity},
        channel_settings::{self as settings, Settings},
    },
    session::SessionError,
};

#[derive(Debug)]
pub struct ConnectionTest {
    pub channel: ChannelView,
    /// Every secret its connector knows, and whether it has a value.
    pub secrets: Vec<(String, bool)>,
    pub result: TestResult,
}

#[derive(Debug)]
pub enum TestResult {
    Passed {
        data: Option<Value>,
    },
    /// The platform said no.
    Failed {
        message: String,
        solution: Option<&'static str>,
    },
    /// Nobody said anything.
    Undecided {
        message: String,
    },
}

/// Asks the platform. A channel whose credentials were refused works again when they are accepted.
pub async fn test_connection(app: &App, admin: &Admin, id: ChannelId) -> Result<ConnectionTest, ServiceError> {
    let channel = find(app, admin, id).await?;
    let secrets = match app.plugins.get(&channel.channel_type) {
        Some(plugin) => secrets_present(app, &plugin, &channel)?,
        None => Vec::new(),
    };
    let mut is_proof = false;
    let result = match app.sessions.command(id, Command::TestConnection).await {
        Ok(outcome) => {
            is_proof = proves(&outcome);
            TestResult::Passed { data: told(outcome) }
        }
        Err(SessionError::Failed(failure)) => failed(failure),
        Err(SessionError::UnknownChannel) => return Err(ServiceError::NotFound("channel")),
        Err(error @ (SessionError::Transport(_) | SessionError::Connector(_) | SessionError::Unavailable(_))) => {
            TestResult::Undecided { message: error.to_string() }
        }
    };
    if is_proof && channel.status == ChannelStatus::NeedsReauth {
        let now = (app.clock)();
        app.store.set_channel_status(id, ChannelStatus::Active, None, now).await?;
        let audit = admin.did(Action::Update, Entity::Channel, id);
        let after = json!({"status": ChannelStatus::Active});
        app.store.audit(&audit.with_change(json!({"status": channel.status}), after), now).await?;
        notice(app, id).await;
    }
    if is_proof {
        app.store.retry_webhook_registration(id, (app.clock)()).await?;
    }
    Ok(ConnectionTest { channel: get(app, admin, id).await?, secrets, result })
}

/// The channel as it would be with these settings, to try them out; nothing where the platform would see no difference.
pub(in crate::service) async fn candidate(
    app: &App,
    admin: &Admin,
    channel_type: &str,
    known: Option<&Channel>,
    change: &Settings,
) -> Result<Option<ActiveChannel>, ServiceError> {
    let plugin = app.plugins.get(channel_type).ok_or_else(|| unknown_type(app))?;
    let manifest = plugin.manifest();
    let before = known.map(|channel| open(app, &plugin, channel)).transpose()?.unwrap_or_default();
    let after = settings::split(manifest, settings::merge(manifest, before.clone(), change.clone()))?;
    if known.is_some() && after.is_same_to_platform(&before) {
        return Ok(None);
    }
    let now = (app.clock)();
    let id = ChannelId::at(now);
    let row = Channel {
        id,
        organisation_id: admin.organisation_id,
        channel_type: channel_type.to_owned(),
        name: String::new(),
        address: settings::address(manifest, &after.public),
        secrets: app.keyring.seal(id, &after.secrets)?,
        config: Value::Object(after.public),
        status: ChannelStatus::Active,
        status_reason: None,
        session_state: None,
        session_phone: None,
        session_since: None,
        session_tries: 0,
        session_wanted: false,
        last_connected_at: None,
        poll_cursor: None,
        polled_at: None,
        webhook_verified_at: None,
        version: 1,
        created_by: Some(admin.user_id),
        created_at: now,
        updated_at: now,
        deleted_at: None,
    };
    Ok(Some(app.channels.candidate(row).await?))
}

fn secrets_present(app: &App, plugin: &Plugin, channel: &Channel) -> Result<Vec<(String, bool)>, ServiceError> {
    let stored = app.keyring.open(channel.id, &channel.secrets)?;
    let present = |name: &str| (name.to_owned(), stored.get(name).is_some());
    Ok(settings::secret_fields(plugin.manifest()).into_iter().map(present).collect())
}

/// Whether the platform's answer shows that messages can be sent: a session that is not connected cannot.
fn proves(outcome: &Outcome) -> bool {
    !matches!(outcome, Outcome::Session(session) if session.state != SessionState::Connected)
}

fn told(outcome: Outcome) -> Option<Value> {
    match outcome {
        Outcome::Profile(profile) => Some(json!({"id": profile.id, "name": profile.name, "phone": profile.phone})),
        Outcome::Session(session) => Some(json!({"state": session.state, "phone": session.phone})),
        _ => None,
    }
}

fn failed(failure: Failure) -> TestResult {
    let solution = match failure.kind {
        FailureKind::Unauthorized => {
            Some("Check the credentials in the channel's settings; the platform refuses them.")
        }
        FailureKind::Temporary | FailureKind::RateLimited | FailureKind::Unknown => {
            return TestResult::Undecided { message: failure.message };
        }
        _ => None,
    };
    TestResult::Failed { message: failure.message, solution }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_platforms_no_is_a_failure() {
        let failure = |kind| Failure { kind, code: None, message: "m".into(), retry_after_ms: None, scope: None };
        let unauthorized = failed(failure(FailureKind::Unauthorized));
        assert!(matches!(unauthorized, TestResult::Failed { solution: Some(_), .. }));
        assert!(matches!(failed(failure(FailureKind::Temporary)), TestResult::Undecided { .. }));
    }
}
