//! The connector under check: its channel, and its calls.

use std::sync::Arc;

use patchbay_domain::{
    ChannelId,
    platform::{Acceptance, Command, Event, Manifest, Rejection, Response, Step, TransportError, Webhook},
};
use patchbay_plugin_host::{CallError, ChannelView, Instance, Plugin};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    fixture::{ADDRESS, now},
    settings::Settings,
};

pub struct Subject {
    plugin: Arc<Plugin>,
    pub settings: Settings,
}

pub type Answer = Result<Response, TransportError>;

impl Settings {
    pub fn channel(&self) -> ChannelView {
        ChannelView {
            id: ChannelId::from_uuid(Uuid::from_u128(1)),
            channel_type: self.channel_type.clone(),
            config: Value::Object(self.config.clone()).to_string().into(),
            webhook_url: ADDRESS.to_owned(),
            secrets: Arc::new(self.secrets.clone().into_iter().collect()),
        }
    }
}

impl Subject {
    pub fn new(plugin: Arc<Plugin>, settings: Settings) -> Self {
        Self { plugin, settings }
    }

    pub fn manifest(&self) -> &Manifest {
        self.plugin.manifest()
    }

    pub fn instance(&self) -> Instance {
        self.plugin.instantiate()
    }

    /// The same settings, with this value for every secret.
    pub fn with_every_secret(&self, value: &str) -> Settings {
        let mut settings = self.settings.clone();
        settings.secrets.values_mut().for_each(|secret| value.clone_into(secret));
        settings
    }

    /// Whose channels a webhook concerns: the settings of each address that it names, or those there are.
    pub async fn addressed(&self, webhook: &Webhook) -> Result<Vec<Settings>, CallError> {
        let addresses = self.instance().addresses(webhook).await?;
        let Some(field) = self.manifest().address_field.as_ref().filter(|_| !addresses.is_empty()) else {
            return Ok(vec![self.settings.clone()]);
        };
        let of = |address: String| {
            let mut settings = self.settings.clone();
            settings.config.insert(field.clone(), json!(address));
            settings
        };
        Ok(addresses.into_iter().map(of).collect())
    }

    pub async fn accept(
        &self,
        channel: &ChannelView,
        webhook: &Webhook,
    ) -> Result<Result<Acceptance, Rejection>, CallError> {
        self.instance().accept(channel, webhook).await
    }

    /// What a webhook means to every channel that it concerns.
    pub async fn read(&self, webhook: &Webhook) -> Result<Result<Vec<Event>, String>, CallError> {
        let mut instance = self.instance();
        let mut events = Vec::new();
        for settings in self.addressed(webhook).await? {
            match instance.parse(&settings.channel(), webhook).await? {
                Ok(more) => events.extend(more),
                Err(reason) => return Ok(Err(reason)),
            }
        }
        Ok(Ok(events))
    }

    pub async fn perform(&self, command: &Command) -> Result<Step, CallError> {
        self.instance().perform(&self.settings.channel(), command, now()).await
    }

    pub async fn resume(&self, command: &Command, state: &[u8], answer: Answer) -> Result<Step, CallError> {
        self.instance().resume(&self.settings.channel(), command, state.to_vec(), answer, now()).await
    }
}
