//! One actor per campaign that is sending. It looks again and again how many of
//! its messages wait, and gives the next recipients their turn. It leaves when
//! the campaign pauses, is over, or is another node's.

use std::{sync::Arc, time::Duration};

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, Message, WrapFuture};
use patchbay_domain::{CampaignId, campaign::Course};

use super::{
    Shared,
    turns::{self, Next},
};
use crate::supervision::{Describe, Life, Supervised};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(200);

pub struct CampaignActor {
    life: Life<Self>,
    shared: Arc<Shared>,
    id: CampaignId,
    course: Course,
    at_work: bool,
    /// What came of the last look, in a word.
    last: &'static str,
}

/// The campaign is sending.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Go;

impl Actor for CampaignActor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Context<Self>) {
        context.set_mailbox_capacity(self.shared.mailbox);
        self.look(context);
        context.run_interval(LOOK, Self::look);
    }
}

impl Supervised for CampaignActor {
    type Key = CampaignId;
    type Seed = Shared;
    const KIND: &'static str = "campaign";

    fn begin(id: CampaignId, life: Life<Self>, shared: &Arc<Shared>) -> Self {
        Self { life, shared: Arc::clone(shared), id, course: Course::default(), at_work: false, last: "starting" }
    }
}

impl Handler<Describe> for CampaignActor {
    type Result = String;

    fn handle(&mut self, _: Describe, _: &mut Context<Self>) -> String {
        format!("{}, {} messages ahead at most", self.last, self.course.lead.room(0))
    }
}

impl Handler<Go> for CampaignActor {
    type Result = ();

    fn handle(&mut self, _: Go, context: &mut Context<Self>) {
        fail::fail_point!("campaign::go");
        self.look(context);
    }
}

impl CampaignActor {
    /// One look at a time.
    fn look(&mut self, context: &mut Context<Self>) {
        if self.at_work {
            return;
        }
        self.at_work = true;
        let (shared, id, course) = (Arc::clone(&self.shared), self.id, self.course);
        let work = async move {
            let pool = shared.pool.clone();
            pool.run(async move { turns::look(&shared, id, course).await }).await
        };
        context.spawn(work.into_actor(self).map(|next, actor, context| {
            actor.at_work = false;
            actor.last = next.word();
            match next {
                Next::Later(course) => actor.course = course,
                Next::Rest => {}
                Next::Over => {
                    if actor.life.retire() {
                        context.stop();
                    }
                }
            }
        }));
    }
}
