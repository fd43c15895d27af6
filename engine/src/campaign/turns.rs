//! One look of a campaign: how many of its messages wait, whose turn is next,
//! and what each of them is told. A recipient's state changes with the commit
//! of their message; what could not be committed is looked at again.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use patchbay_domain::{
    CampaignId, MessageId,
    campaign::{Contacts, Course, Names, Recipient, Transition},
    conversation::{RuleError, SendMessage},
    sending::Refusal,
};
use patchbay_store::{
    StoreError,
    campaigns::{Addressed, PassedOver, Running},
    conversations::{ChannelKey, Opening},
};
use serde_json::json;

use super::Shared;
use crate::{
    channels::{ActiveChannel, ChannelError},
    conversation::{ConversationError, Request},
};

/// Recipients who have their turn together.
const LOT: u32 = 64;

/// When to look again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Later(Course),
    /// Something stands in the way of everybody, and may pass.
    Rest,
    Over,
}

impl Next {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Later(_) => "sending",
            Self::Rest => "waiting for the channel or the store",
            Self::Over => "over",
        }
    }
}

/// What stands in the way of everybody.
#[derive(Debug, thiserror::Error)]
enum Obstacle {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the channel cannot send: {0}")]
    Channel(String),
}

pub async fn look(shared: &Arc<Shared>, id: CampaignId, course: Course) -> Next {
    match give_turns(shared, id, course).await {
        Ok(next) => next,
        Err(obstacle) => {
            tracing::warn!(campaign.id = %id, error = %obstacle, "a campaign waits");
            Next::Rest
        }
    }
}

async fn give_turns(shared: &Arc<Shared>, id: CampaignId, course: Course) -> Result<Next, Obstacle> {
    let lead = course.lead;
    let Some(running) = shared.store.running_campaign(id, lead.room(0)).await? else { return Ok(Next::Over) };
    if !shared.tenure.covers(running.channel_id) {
        return Ok(Next::Over);
    }
    let channel = match shared.channels.get(running.channel_id).await {
        Ok(channel) if channel.may_send() => channel,
        Ok(_) => return Ok(Next::Rest),
        Err(ChannelError::Unknown) => return give_up(shared, id, &running).await,
        Err(error) => return Err(Obstacle::Channel(error.to_string())),
    };
    let mut waiting = running.waiting;
    let lead = lead.after(waiting);
    while lead.room(waiting) > 0 {
        let limit = lead.room(waiting).min(LOT);
        let next = shared.store.next_recipients(id, limit).await?;
        if next.is_empty() {
            if waiting == 0 && shared.store.complete_campaign(running.organisation_id, id, now(shared)).await? {
                return Ok(Next::Over);
            }
            break;
        }
        waiting += u32::try_from(next.len()).unwrap_or(limit);
        let lot = Lot { shared, id, running: &running, channel: &channel };
        if !lot.take(next).await? {
            return Ok(Next::Rest);
        }
    }
    let given = waiting - running.waiting;
    let (telling, is_due) = course.telling.after(running.waiting, given, now(shared));
    if is_due {
        shared.store.tell_progress(running.organisation_id, id, now(shared)).await?;
    }
    Ok(Next::Later(Course { lead, telling }))
}

fn now(shared: &Shared) -> chrono::DateTime<chrono::Utc> {
    (shared.clock)()
}

/// The channel was deleted.
async fn give_up(shared: &Shared, id: CampaignId, running: &Running) -> Result<Next, Obstacle> {
    let organisation = running.organisation_id;
    shared.store.move_campaign(organisation, id, Transition::Cancel, None, now(shared)).await?;
    tracing::info!(campaign.id = %id, "a campaign was cancelled with its channel");
    Ok(Next::Over)
}

/// Recipients who have their turn together.
struct Lot<'a> {
    shared: &'a Arc<Shared>,
    id: CampaignId,
    running: &'a Running,
    channel: &'a ActiveChannel,
}

/// What became of one turn.
enum Turn {
    Taken,
    PassedOver(PassedOver),
    /// Theirs is still to come.
    PutOff,
}

impl Lot<'_> {
    /// False where some turns were put off.
    async fn take(&self, next: Vec<(patchbay_domain::RecipientId, String)>) -> Result<bool, Obstacle> {
        let (shared, running) = (self.shared, self.running);
        let openings: Vec<Opening> = next.iter().map(|(_, contact)| self.opening(contact)).collect();
        let row = &self.channel.row;
        let key = ChannelKey {
            organisation_id: row.organisation_id,
            channel_id: row.id,
            channel_type: row.channel_type.clone(),
        };
        let conversations = shared.store.open_conversations(&key, &openings, now(shared)).await?;
        let turns: Vec<_> = next.iter().map(|(id, _)| *id).zip(conversations).collect();
        let addressed = shared.store.addressed(self.id, &turns).await?;
        let turns = addressed.into_iter().map(|addressed| self.turn(addressed));
        // Together, so that they are committed together.
        let turns: Vec<Turn> = stream::iter(turns).buffer_unordered(LOT as usize).collect().await;
        let all = !turns.iter().any(|turn| matches!(turn, Turn::PutOff));
        let passed: Vec<PassedOver> = (turns.into_iter())
            .filter_map(|turn| match turn {
                Turn::PassedOver(passed) => Some(passed),
                Turn::Taken | Turn::PutOff => None,
            })
            .collect();
        if !passed.is_empty() {
            shared.store.pass_over(running.organisation_id, &passed, now(shared)).await?;
        }
        Ok(all)
    }

    fn opening(&self, contact: &str) -> Opening {
        let contacts = Contacts::of(&self.channel.row.channel_type, self.channel.manifest());
        let participant = match Recipient::parse(contacts, contact) {
            Ok(recipient) => recipient.participant(contacts),
            // The rules have become stricter since: the platform decides.
            Err(_) => patchbay_domain::platform::Participant { id: contact.to_owned(), ..Default::default() },
        };
        Opening { thread: participant.id.clone(), group: false, participant }
    }

    async fn turn(&self, addressed: Addressed) -> Turn {
        let Addressed { recipient_id, conversation_id, standing, addressee } = addressed;
        let passed_over =
            |skipped, reason, error: String| Turn::PassedOver(PassedOver { recipient_id, skipped, reason, error });
        if let Some(skip) = standing.skip() {
            return passed_over(true, skip.word(), skip.sentence().to_owned());
        }
        let Running { name, organisation_name, wording, .. } = self.running;
        let names = Names { campaign: name, channel: &self.channel.row.name, organisation: organisation_name };
        let content = match wording.content(&addressee, &names) {
            Ok(content) => content,
            Err(error) => return passed_over(false, "UNSUPPORTED_CONTENT", error.to_string()),
        };
        let send = SendMessage {
            id: MessageId::at(now(self.shared)),
            content,
            sender_user_id: None,
            sender_name: name.clone(),
            campaign_id: Some(self.id),
            ticket_id: None,
            reply_to: None,
            metadata: json!({"campaignId": self.id}),
            scheduled_at: None,
        };
        let request = Request::SendToRecipient { recipient: recipient_id, send: Box::new(send) };
        match self.shared.conversations.ask(conversation_id, request).await {
            Ok(()) => Turn::Taken,
            Err(ConversationError::Rule(RuleError::Refused(refusal))) => match refusal {
                Refusal::ChannelUnauthorized | Refusal::ChannelDisabled => Turn::PutOff,
                Refusal::OptedOut => passed_over(true, refusal.code(), refusal.to_string()),
                refusal => passed_over(false, refusal.code(), refusal.to_string()),
            },
            // The channel may have been deleted meanwhile: the next look knows.
            Err(ConversationError::Unavailable | ConversationError::NotFound) => Turn::PutOff,
            Err(error) => {
                tracing::error!(campaign.id = %self.id, recipient.id = %recipient_id, %error, "a recipient is given up");
                passed_over(false, "INTERNAL_ERROR", "the message could not be stored; it has been logged".to_owned())
            }
        }
    }
}
