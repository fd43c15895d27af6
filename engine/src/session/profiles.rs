//! Who somebody is, where webhooks do not say: the platform is asked once for
//! each person, beside the way of their messages. What it answers is learned
//! like any other news of a contact.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use patchbay_domain::{
    ConversationId,
    platform::{Command, Outcome},
};
use patchbay_store::{StoreError, conversations::UnknownPerson};

use super::{
    Shared,
    desk::{Desk, lock},
    lanes,
};
use crate::{channels::ActiveChannel, conversation::Input, egress::command, retry};

/// People of one channel who wait to be asked about. Who finds no room is asked about when they next write.
const WAITING: usize = 256;

/// Conversations that the session had not seen before.
#[derive(Default)]
pub struct Strangers(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    conversations: VecDeque<ConversationId>,
    at_work: bool,
}

impl Strangers {
    pub fn put(&self, id: ConversationId) {
        let mut waiting = lock(&self.0);
        if waiting.conversations.len() < WAITING {
            waiting.conversations.push_back(id);
        } else {
            metrics::counter!("patchbay_profiles_total", "result" => "put_off").increment(1);
        }
    }

    /// False where there is nothing to do or somebody does it.
    fn begin(&self) -> bool {
        let mut waiting = lock(&self.0);
        let begins = !waiting.at_work && !waiting.conversations.is_empty();
        waiting.at_work |= begins;
        begins
    }

    /// With none left the work is over.
    fn next(&self) -> Option<ConversationId> {
        let mut waiting = lock(&self.0);
        let next = waiting.conversations.pop_front();
        waiting.at_work = next.is_some();
        next
    }
}

/// Asks about those who wait, one after the other, unless that is being done.
pub fn ask(shared: &Arc<Shared>, desk: &Arc<Desk>) {
    if !desk.strangers.begin() {
        return;
    }
    let work = Work { shared: Arc::clone(shared), desk: Arc::clone(desk) };
    shared.pool.detach(async move {
        while let Some(id) = work.desk.strangers.next() {
            if let Err(error) = fetch(&work.shared, &work.desk, id).await {
                tracing::warn!(conversation.id = %id, %error, "a profile could not be fetched");
            }
        }
    });
}

/// Somebody else may begin when this ends, however it does.
struct Work {
    shared: Arc<Shared>,
    desk: Arc<Desk>,
}

impl Drop for Work {
    fn drop(&mut self) {
        lock(&self.desk.strangers.0).at_work = false;
    }
}

async fn fetch(shared: &Shared, desk: &Desk, id: ConversationId) -> Result<(), String> {
    let channel = shared.channels.get(desk.channel_id).await.map_err(|error| error.to_string())?;
    if !channel.may_send() {
        return Ok(());
    }
    let store = &shared.store;
    let taken =
        retry::while_unavailable("take_unknown_person", || store.take_unknown_person(id, (shared.clock)())).await;
    let Some(person) = taken.map_err(|error| error.to_string())? else { return Ok(()) };
    let result = match learn(shared, desk, &channel, id, &person).await {
        Ok(result) => result,
        Err(error) => {
            give_back(shared, &person).await.map_err(|error| error.to_string())?;
            return Err(error);
        }
    };
    metrics::counter!("patchbay_profiles_total", "result" => result).increment(1);
    Ok(())
}

/// What came of it, in a word. An error may pass.
async fn learn(
    shared: &Shared,
    desk: &Desk,
    channel: &ActiveChannel,
    id: ConversationId,
    person: &UnknownPerson,
) -> Result<&'static str, String> {
    let request = Command::FetchProfile(person.external_id.clone());
    let done = command::run(&desk.instance, &shared.egress, channel, &request, shared.clock, &*shared.media).await;
    match done.unwrap_or_else(|interrupted| Err(interrupted.as_failure())) {
        Ok(Outcome::Profile(mut profile)) => {
            if profile.id.is_empty() {
                profile.id.clone_from(&person.external_id);
            }
            let input = vec![Input::Contact(profile)];
            lanes::receive(shared, id, input).await.map(|()| "learned").map_err(|error| error.to_string())
        }
        Ok(_) => Ok("unsupported"),
        Err(failure) if command::worth_repeating(&failure) => {
            Err(format!("the platform's answer was {}", failure.kind.word()))
        }
        Err(_) => Ok("refused"),
    }
}

async fn give_back(shared: &Shared, person: &UnknownPerson) -> Result<(), StoreError> {
    retry::while_unavailable("give_person_back", || shared.store.give_person_back(person.identity_id)).await
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn one_works_at_a_time_and_what_waits_is_bounded() {
        let strangers = Strangers::default();
        assert!(!strangers.begin(), "nobody waits");
        let id = ConversationId::at(DateTime::UNIX_EPOCH);
        for _ in 0..=WAITING {
            strangers.put(id);
        }
        assert!(strangers.begin());
        assert!(!strangers.begin(), "somebody is at work");
        for _ in 0..WAITING {
            assert_eq!(strangers.next(), Some(id));
        }
        assert_eq!(strangers.next(), None);
        strangers.put(id);
        assert!(strangers.begin());
    }
}
