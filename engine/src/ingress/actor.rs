//! One ingress actor per HTTP worker. It keeps connector instances for the
//! channels it sees most, so that accepting a webhook costs a call and no more.
//!
//! Calls run on the worker pool; several are under way at once. It keeps no
//! state that a restart would lose.

use std::{num::NonZeroUsize, sync::Arc};

use actix::{Actor, Context, Handler, Message, ResponseFuture};
use lru::LruCache;
use patchbay_domain::{
    ChannelId,
    platform::{Acceptance, Rejection, Webhook},
};
use patchbay_plugin_host::{CallError, Instance, Plugin};
use tokio::sync::Mutex;

use crate::{
    channels::ActiveChannel,
    pool::Pool,
    supervision::{Describe, Life, Supervised},
};

const INSTANCES: NonZeroUsize = NonZeroUsize::new(64).expect("sixty-four is not zero");
const MAILBOX: usize = 1_024;

pub struct IngressActor {
    /// Taken out while in use; a second call for the same channel makes another.
    instances: Arc<Mutex<LruCache<ChannelId, Instance>>>,
    accepted: u64,
    pool: Pool,
}

#[derive(Message)]
#[rtype(result = "Result<Result<Acceptance, Rejection>, CallError>")]
pub struct Accept {
    pub channel: Arc<ActiveChannel>,
    pub webhook: Arc<Webhook>,
}

#[derive(Message)]
#[rtype(result = "Result<Vec<String>, CallError>")]
pub struct Addresses {
    pub plugin: Arc<Plugin>,
    pub webhook: Arc<Webhook>,
}

impl Actor for IngressActor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Context<Self>) {
        context.set_mailbox_capacity(MAILBOX);
    }
}

impl Supervised for IngressActor {
    type Key = usize;
    type Seed = Pool;
    const KIND: &'static str = "ingress";

    fn begin(_: usize, _: Life<Self>, pool: &Arc<Pool>) -> Self {
        let instances = Arc::new(Mutex::new(LruCache::new(INSTANCES)));
        Self { instances, accepted: 0, pool: Pool::clone(pool) }
    }
}

impl Handler<Describe> for IngressActor {
    type Result = String;

    fn handle(&mut self, _: Describe, _: &mut Context<Self>) -> String {
        format!("{} webhooks seen", self.accepted)
    }
}

impl Handler<Accept> for IngressActor {
    type Result = ResponseFuture<Result<Result<Acceptance, Rejection>, CallError>>;

    fn handle(&mut self, Accept { channel, webhook }: Accept, _: &mut Context<Self>) -> Self::Result {
        fail::fail_point!("ingress::accept");
        self.accepted += 1;
        let instances = Arc::clone(&self.instances);
        let pool = self.pool.clone();
        let call = async move {
            let kept = instances.lock().await.pop(&channel.id());
            let mut instance = kept
                .filter(|instance| instance.plugin().digest() == channel.plugin.digest())
                .unwrap_or_else(|| channel.plugin.instantiate());
            let answer = instance.accept(&channel.view, &webhook).await;
            instances.lock().await.put(channel.id(), instance);
            answer
        };
        Box::pin(async move { pool.run(call).await })
    }
}

impl Handler<Addresses> for IngressActor {
    type Result = ResponseFuture<Result<Vec<String>, CallError>>;

    fn handle(&mut self, Addresses { plugin, webhook }: Addresses, _: &mut Context<Self>) -> Self::Result {
        let pool = self.pool.clone();
        Box::pin(async move { pool.run(async move { plugin.instantiate().addresses(&webhook).await }).await })
    }
}
