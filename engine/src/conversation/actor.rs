//! One actor per active conversation. It holds the conversation as it was last
//! committed, takes one request at a time, and leaves when nobody asks.
//!
//! A request is done when its commit is: the state it keeps is replaced only
//! then. Another node or an operator may have changed the conversation
//! meanwhile; the commit then answers `Stale`, and the actor loads it again.

use std::{collections::HashSet, num::NonZeroUsize, sync::Arc, time::Instant};

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, AtomicResponse, Context, Handler, Message, WrapFuture};
use patchbay_domain::{
    ConversationId, WebhookId,
    conversation::{Conversation, Draft},
    ticket::Ticket,
};
use patchbay_store::{
    audit::NewAudit,
    commit::{Commit, CommitOutcome},
};
use serde_json::{Value, json};

use super::{ConversationError, Input, Request, Sending, Shared};
use crate::{
    recent::Recent,
    supervision::{Describe, Life, Supervised},
};

/// Identifiers of the latest messages, so that a webhook that comes twice is known without asking the store.
const RECENT: NonZeroUsize = NonZeroUsize::new(128).expect("128 is not zero");

/// Where more conversations than this are awake, each leaves with its answer: memory is bounded by it, and a conversation
/// that is asked again is only loaded again.
const CROWD: usize = 10_000;

pub struct ConversationActor {
    life: Life<Self>,
    shared: Arc<Shared>,
    /// Away while a request is being worked on.
    desk: Option<Desk>,
    last_request: Instant,
}

#[derive(Message)]
#[rtype(result = "Result<(), ConversationError>")]
pub struct Perform(pub Request);

impl Actor for ConversationActor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Context<Self>) {
        context.set_mailbox_capacity(self.shared.mailbox);
        context.run_interval(self.shared.idle_after, |actor, context| {
            let idle = actor.desk.is_some() && actor.last_request.elapsed() >= actor.shared.idle_after;
            if idle && actor.life.retire() {
                context.stop();
            }
        });
    }
}

impl Supervised for ConversationActor {
    type Key = ConversationId;
    type Seed = Shared;
    const KIND: &'static str = "conversation";

    fn begin(id: ConversationId, life: Life<Self>, shared: &Arc<Shared>) -> Self {
        let desk = Desk { id, state: None, recent: Recent::new(RECENT), shared: Arc::clone(shared) };
        Self { life, shared: Arc::clone(shared), desk: Some(desk), last_request: Instant::now() }
    }
}

impl Handler<Describe> for ConversationActor {
    type Result = String;

    fn handle(&mut self, _: Describe, _: &mut Context<Self>) -> String {
        match self.desk.as_ref().map(|desk| &desk.state) {
            None => "committing".into(),
            Some(None) => "not loaded".into(),
            Some(Some(conversation)) => format!("version {}", conversation.version),
        }
    }
}

impl Handler<Perform> for ConversationActor {
    type Result = AtomicResponse<Self, Result<(), ConversationError>>;

    fn handle(&mut self, Perform(request): Perform, _: &mut Context<Self>) -> Self::Result {
        fail::fail_point!("conversation::perform");
        self.last_request = Instant::now();
        let desk = self.desk.take();
        let work = async move {
            let Some(mut desk) = desk else { return (None, Err(ConversationError::Unavailable)) };
            let answer = desk.perform(request).await;
            (Some(desk), answer)
        };
        AtomicResponse::new(Box::pin(work.into_actor(self).map(|(desk, answer), actor, context| {
            actor.desk = desk;
            if actor.life.retire_from(CROWD) {
                context.stop();
            }
            answer
        })))
    }
}

/// What an actor has before it while it works.
struct Desk {
    id: ConversationId,
    state: Option<Conversation>,
    recent: Recent<String, ()>,
    shared: Arc<Shared>,
}

impl Desk {
    async fn perform(&mut self, request: Request) -> Result<(), ConversationError> {
        let sending = self.sending(&request).await?;
        // What the store told us it has, of this request.
        let mut stored = HashSet::new();
        loop {
            // Whatever fails from here on has it loaded again.
            let state = match self.state.take() {
                Some(state) => state,
                None => self.shared.loads.run(self.id).await??.ok_or(ConversationError::NotFound)?,
            };
            let mut draft = Draft::new(state.clone());
            self.apply(&mut draft, &request, sending.as_ref(), &stored)?;
            if let Some(person) = request.audit().and_then(|audit| audit.user_id) {
                draft.spare(person);
            }
            if draft.is_empty() && draft.conversation == state {
                self.state = Some(state);
                return Ok(());
            }
            if draft.has_only_repeats(&state) {
                let channel_id = state.channel_id;
                self.state = Some(state);
                let repeats = draft.effects.repeats.into_iter().map(|(id, arrival)| (channel_id, id, arrival));
                return self.shared.repeats.run(repeats.collect()).await?;
            }
            let audit = request.audit().map(|audit| told(audit.clone(), &request, &state, &draft.conversation));
            let next = draft.conversation.clone();
            let sends = !draft.effects.outbox.is_empty();
            let messages: Vec<_> = draft.effects.messages.iter().map(|message| message.external_id.clone()).collect();
            match self.shared.commits.run(next.organisation_id.uuid(), Commit { draft, audit }).await?? {
                CommitOutcome::Committed { version } => {
                    if sends {
                        self.shared.bus.wake(next.channel_id);
                    }
                    for external_id in messages {
                        self.remember(external_id);
                    }
                    self.state = Some(Conversation { version, ..next });
                    return Ok(());
                }
                CommitOutcome::Stale => {}
                CommitOutcome::Withdrawn => {
                    self.state = Some(state);
                    return Ok(());
                }
                CommitOutcome::Duplicates(known) => {
                    self.state = Some(state);
                    metrics::counter!("patchbay_duplicates_total").increment(known.len() as u64);
                    stored.extend(known);
                }
            }
        }
    }

    /// Applies the rules. Messages that are known already are left out.
    fn apply(
        &mut self,
        draft: &mut Draft,
        request: &Request,
        sending: Option<&Sending>,
        stored: &HashSet<String>,
    ) -> Result<(), ConversationError> {
        let now = (self.shared.clock)();
        match request.clone() {
            Request::Receive(inputs) => {
                let repeats = self.repeats(&inputs, stored);
                for input in inputs.iter().filter(|input| !is_repeated_consent(input, &repeats)).cloned() {
                    self.receive(draft, input, stored, now);
                }
            }
            Request::Send { send, audit: _ } => {
                let sending = sending.ok_or(ConversationError::NotFound)?;
                draft.send(*send, sending.status, &sending.manifest, now)?;
            }
            Request::SendToRecipient { recipient, send } => {
                let sending = sending.ok_or(ConversationError::NotFound)?;
                draft.send_to_recipient(recipient, *send, sending.status, &sending.manifest, now)?;
            }
            Request::OpenTicket { id, subject, priority, assignee_id, audit: _ } => {
                draft.open_ticket(id, subject, priority, assignee_id, now)?;
            }
            Request::UpdateTicket { id, update, audit: _ } => draft.update_ticket(id, update, now)?,
            Request::MarkRead => draft.mark_read(),
        }
        Ok(())
    }

    /// The webhooks of which every message is known.
    fn repeats(&mut self, inputs: &[Input], stored: &HashSet<String>) -> HashSet<WebhookId> {
        let (mut known, mut new) = (HashSet::new(), HashSet::new());
        for input in inputs {
            if let Input::Message { message, arrival, .. } = input {
                let kind = if self.knows(&message.id, stored) { &mut known } else { &mut new };
                kind.insert(arrival.webhook_id);
            }
        }
        &known - &new
    }

    fn knows(&mut self, external_id: &str, stored: &HashSet<String>) -> bool {
        stored.contains(external_id) || self.recent.get(external_id).is_some()
    }

    fn receive(
        &mut self,
        draft: &mut Draft,
        input: Input,
        stored: &HashSet<String>,
        now: chrono::DateTime<chrono::Utc>,
    ) {
        match input {
            Input::Message { id, message, arrival } => {
                // A test makes one message of many fail with it.
                fail::fail_point!("conversation::receive", message.content.text.as_deref() == Some("panic"), |_| ());
                let twice = draft.effects.messages.iter().any(|known| known.external_id.as_ref() == Some(&message.id));
                if self.knows(&message.id, stored) {
                    draft.repeated(message.id, arrival);
                } else if !twice {
                    draft.receive(id, *message, self.shared.policy, now);
                    draft.arrived(id, arrival);
                }
            }
            Input::Reaction(reaction) => draft.react(reaction),
            Input::Edit(edit) => draft.edit(edit),
            Input::Deletion(message) => draft.delete(message),
            Input::Contact(participant) => draft.learn(participant),
            Input::OptedOut(_) => draft.set_opted_out(true),
            Input::OptedIn(_) => draft.set_opted_out(false),
        }
    }

    async fn sending(&mut self, request: &Request) -> Result<Option<Sending>, ConversationError> {
        if !matches!(request, Request::Send { .. } | Request::SendToRecipient { .. }) {
            return Ok(None);
        }
        if self.state.is_none() {
            self.state = self.shared.loads.run(self.id).await??;
        }
        let channel_id = self.state.as_ref().ok_or(ConversationError::NotFound)?.channel_id;
        let channel = self.shared.channels.get(channel_id).await?;
        Ok(Some(Sending { status: channel.row.status, manifest: channel.manifest().clone() }))
    }

    fn remember(&mut self, external_id: Option<String>) {
        if let Some(external_id) = external_id {
            self.recent.put(external_id, ());
        }
    }
}

/// Consent has no identifier of its own: it is known by the messages it came with. What somebody said before they changed
/// their mind must not count again because a platform repeats it.
fn is_repeated_consent(input: &Input, repeats: &HashSet<WebhookId>) -> bool {
    match input {
        Input::OptedOut(arrival) | Input::OptedIn(arrival) => repeats.contains(&arrival.webhook_id),
        _ => false,
    }
}

/// With what was before and what is now, of the case that a person changed.
fn told(audit: NewAudit, request: &Request, before: &Conversation, after: &Conversation) -> NewAudit {
    let shown = |ticket: &Ticket| {
        let Ticket { subject, status, priority, assignee_id, .. } = ticket;
        json!({"subject": subject, "status": status, "priority": priority, "assigneeId": assignee_id})
    };
    let after = after.ticket.as_ref().map_or(Value::Null, shown);
    match request {
        Request::UpdateTicket { .. } => audit.with_change(before.ticket.as_ref().map_or(Value::Null, shown), after),
        Request::OpenTicket { .. } => audit.with_change(Value::Null, after),
        Request::Send { send, .. } => {
            let sent =
                json!({"ticketId": send.ticket_id, "kind": send.content.kind(), "scheduledAt": send.scheduled_at});
            audit.with_change(Value::Null, sent)
        }
        Request::SendToRecipient { .. } | Request::Receive(_) | Request::MarkRead => audit,
    }
}

impl Request {
    fn audit(&self) -> Option<&NewAudit> {
        match self {
            Self::Send { audit, .. } | Self::OpenTicket { audit, .. } | Self::UpdateTicket { audit, .. } => {
                audit.as_ref()
            }
            Self::SendToRecipient { .. } | Self::Receive(_) | Self::MarkRead => None,
        }
    }
}
