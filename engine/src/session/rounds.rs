//! Going round the channels: whose turn it is to be looked after, and telling
//! their sessions.

use std::sync::{Arc, atomic::Ordering};

use actix::{ActorFutureExt, AsyncContext, Context, Handler, Message, WrapFuture};
use chrono::{DateTime, Utc};
use patchbay_domain::ChannelId;
use patchbay_store::jobs::Partitions;

use super::{Sessions, actor::SessionActor, upkeep};

/// The channel is to be looked after.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Tend;

impl Handler<Tend> for SessionActor {
    type Result = ();

    fn handle(&mut self, _: Tend, context: &mut Context<Self>) {
        let (shared, desk) = (Arc::clone(&self.shared), Arc::clone(&self.desk));
        let done = desk.tending();
        let work = async move {
            let pool = shared.pool.clone();
            pool.run(async move {
                upkeep::tend(&shared, &desk).await;
                drop(done);
            })
            .await;
        };
        // A session that is connected again may have made the channel active.
        context.spawn(work.into_actor(self).map(|(), actor, context| actor.look(context)));
    }
}

impl Sessions {
    /// Has the channels of these partitions looked after that are due.
    pub async fn tend_due(&self, partitions: Partitions, owned: &[u32]) {
        self.tend_those(partitions, owned, Some((self.shared.clock)())).await;
    }

    /// The same, due or not.
    pub async fn tend_all(&self, partitions: Partitions, owned: &[u32]) {
        self.tend_those(partitions, owned, None).await;
    }

    async fn tend_those(&self, partitions: Partitions, owned: &[u32], due: Option<DateTime<Utc>>) {
        let types = self.shared.upkeep.types();
        if owned.is_empty() || types.is_empty() {
            return;
        }
        match self.shared.store.channels_to_tend(&types, partitions, owned, due).await {
            Ok(channels) => channels.into_iter().for_each(|channel| self.tend(channel)),
            Err(error) => tracing::warn!(%error, "channels to look after could not be read; trying again"),
        }
    }

    /// Tells the session that the channel is to be looked after, unless that is under way. What is due stays so
    /// until it is done.
    fn tend(&self, channel: ChannelId) {
        let desk = self.shared.desk(channel);
        if desk.tend_asked.swap(true, Ordering::SeqCst) {
            return;
        }
        let actors = self.actors.clone();
        self.shared.pool.detach(async move {
            if let Err(error) = actors.ask(channel, || Tend).await {
                desk.tend_asked.store(false, Ordering::SeqCst);
                tracing::error!(channel.id = %channel, %error, "a session could not be told to look after its channel");
            }
        });
    }
}
