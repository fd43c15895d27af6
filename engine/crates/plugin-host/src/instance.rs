//! Calls of a connector. An instance belongs to one channel session, is made at the first call, is reused
//! between calls, and is thrown away whenever a call fails, so that no broken memory is called again.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use patchbay_domain::{
    ChannelId,
    platform::{Acceptance, Command, Event, Rejection, Response, Step, TransportError, Webhook},
};
use wasmtime::{PoolConcurrencyLimitError, Store, Trap};

use crate::{
    CallError, ChannelView, Plugin,
    bindings::Connector,
    plugin::Code,
    state::State,
    translate::{inward, outward},
};

pub struct Instance {
    plugin: Arc<Plugin>,
    live: Option<Live>,
}

impl Instance {
    pub(crate) fn new(plugin: Arc<Plugin>) -> Self {
        Self { plugin, live: None }
    }

    pub fn plugin(&self) -> &Arc<Plugin> {
        &self.plugin
    }

    /// Which channels' addresses a webhook speaks of.
    pub async fn addresses(&mut self, webhook: &Webhook) -> Result<Vec<String>, CallError> {
        let mut live = self.enter(None, webhook.body.len()).await?;
        let answer = live.connector.call_addresses(&mut live.store, &inward::webhook(webhook)).await;
        self.leave("addresses", live, answer)
    }

    /// Is the webhook authentic, and what is the answer?
    pub async fn accept(
        &mut self,
        channel: &ChannelView,
        webhook: &Webhook,
    ) -> Result<Result<Acceptance, Rejection>, CallError> {
        let mut live = self.enter(Some(channel), webhook.body.len()).await?;
        let (view, webhook) = (inward::channel(channel), inward::webhook(webhook));
        let answer = live.connector.call_accept(&mut live.store, &view, &webhook).await;
        let answer = self.leave("accept", live, answer)?;
        Ok(answer.map(outward::acceptance).map_err(outward::rejection))
    }

    /// What happened, by this webhook.
    pub async fn parse(
        &mut self,
        channel: &ChannelView,
        webhook: &Webhook,
    ) -> Result<Result<Vec<Event>, String>, CallError> {
        let mut live = self.enter(Some(channel), webhook.body.len()).await?;
        let (view, webhook) = (inward::channel(channel), inward::webhook(webhook));
        let answer = live.connector.call_parse(&mut live.store, &view, &webhook).await;
        let answer = self.leave("parse", live, answer)?;
        match answer {
            Ok(events) => self.keeps_contract("parse", outward::events(events)).map(Ok),
            Err(reason) => Ok(Err(reason)),
        }
    }

    /// Begins a command.
    pub async fn perform(
        &mut self,
        channel: &ChannelView,
        command: &Command,
        now: DateTime<Utc>,
    ) -> Result<Step, CallError> {
        let mut live = self.enter(Some(channel), 0).await?;
        let (view, command) = (inward::channel(channel), inward::command(command));
        let answer = live.connector.call_perform(&mut live.store, &view, &command, inward::time(now)).await;
        let step = self.leave("perform", live, answer)?;
        self.keeps_contract("perform", outward::step(step))
    }

    /// Goes on with a command after its request, with the state that the request carried.
    pub async fn resume(
        &mut self,
        channel: &ChannelView,
        command: &Command,
        state: Vec<u8>,
        response: Result<Response, TransportError>,
        now: DateTime<Utc>,
    ) -> Result<Step, CallError> {
        let given = state.len() + response.as_ref().map_or(0, |response| response.body.len());
        let mut live = self.enter(Some(channel), given).await?;
        let (view, command) = (inward::channel(channel), inward::command(command));
        let response = inward::response(response);
        let answer = live
            .connector
            .call_resume(&mut live.store, &view, &command, &state, response.as_ref(), inward::time(now))
            .await;
        let step = self.leave("resume", live, answer)?;
        self.keeps_contract("resume", outward::step(step))
    }

    /// Takes the running instance out, or makes one. A call that is given up half-way leaves none behind.
    async fn enter(&mut self, channel: Option<&ChannelView>, given: usize) -> Result<Live, CallError> {
        let owner = channel.map(|channel| channel.id);
        // One channel's memory is never shown to another.
        let mut live = match self.live.take().filter(|live| live.owner == owner) {
            Some(live) => live,
            None => Live::new(&self.plugin.code, owner).await.inspect_err(|error| self.count("start", error))?,
        };
        live.begin(&self.plugin.code, channel, given);
        Ok(live)
    }

    fn leave<T>(&mut self, call: &'static str, live: Live, answer: wasmtime::Result<T>) -> Result<T, CallError> {
        match answer {
            Ok(answer) => {
                self.live = Some(live).filter(|live| !live.store.data().is_worn());
                Ok(answer)
            }
            Err(error) => {
                let error = live.explain(&self.plugin.code, &error);
                self.count(call, &error);
                Err(error)
            }
        }
    }

    fn keeps_contract<T>(&mut self, call: &'static str, answer: Result<T, outward::Broken>) -> Result<T, CallError> {
        answer.map_err(|broken| {
            self.live = None;
            let error = CallError::Contract(broken);
            self.count(call, &error);
            error
        })
    }

    fn count(&self, call: &'static str, error: &CallError) {
        metrics::counter!("patchbay_connector_failures_total",
            "connector" => self.plugin.manifest().id.clone(), "call" => call, "reason" => error.word())
        .increment(1);
    }
}

/// A connector with its memory.
pub struct Live {
    pub store: Store<State>,
    pub connector: Connector,
    owner: Option<ChannelId>,
}

impl Live {
    pub async fn new(code: &Code, owner: Option<ChannelId>) -> Result<Self, CallError> {
        let mut store = Store::new(code.pre.engine(), State::new(&code.config));
        store.limiter(|state| state);
        store.epoch_deadline_callback(|mut store| Ok(store.data_mut().next_turn()));
        store.set_epoch_deadline(1);
        store.set_hostcall_fuel(code.config.output_bytes);
        match code.pre.instantiate_async(&mut store).await {
            Ok(connector) => Ok(Self { store, connector, owner }),
            Err(error) => Err(explain(&store, code, &error, CallError::Host)),
        }
    }

    pub fn begin(&mut self, code: &Code, channel: Option<&ChannelView>, given: usize) {
        self.store.data_mut().begin(channel, &code.config);
        self.store.set_epoch_deadline(1);
        // It may hash all that it was given, and answer with as much as the limit says.
        self.store.set_hostcall_fuel(code.config.output_bytes.saturating_add(given));
    }

    pub fn explain(&self, code: &Code, error: &wasmtime::Error) -> CallError {
        explain(&self.store, code, error, CallError::Contract)
    }
}

/// What neither a limit nor a trap explains is `otherwise`: in a call, an answer that cannot be read.
fn explain(
    store: &Store<State>,
    code: &Code,
    error: &wasmtime::Error,
    otherwise: fn(String) -> CallError,
) -> CallError {
    let config = &code.config;
    if store.data().ran_out_of_memory() {
        return CallError::OutOfMemory { limit: config.memory_bytes };
    }
    if error.is::<PoolConcurrencyLimitError>() {
        return CallError::Busy { limit: config.instances };
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => CallError::Deadline { limit: config.call_deadline },
        Some(trap) => CallError::Trap(trap.to_string()),
        None => {
            let reason = error.root_cause().to_string();
            // wasmtime keeps the type of this error to itself.
            if reason.contains("fuel allocated for hostcalls has been exhausted") {
                return CallError::OutputTooLarge { limit: config.output_bytes };
            }
            otherwise(reason)
        }
    }
}
