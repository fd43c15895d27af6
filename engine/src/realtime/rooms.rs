//! Who looks at which conversation, who types there, and who is there at all. That is over before anybody could read it
//! again: it is no event of the log, and what a client does not take in time it does not hear. Other nodes are told in
//! passing ([`super::signals`]).

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use patchbay_domain::{ConversationId, NodeId, OrganisationId, UserId};
use serde::{Deserialize, Serialize};
use tokio::{sync::mpsc, time::Instant};

use super::{
    presence::{Person, Presence},
    signals::{Said, Saying},
};

/// Conversations that one client looks at.
pub const MOST: usize = 1_000;
/// Notices that wait for a client. What does not fit would be out of date.
const WAITING: usize = 16;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Typing {
    pub conversation_id: ConversationId,
    pub user_id: UserId,
    pub user_name: String,
    /// Or stops.
    pub begins: bool,
}

/// What a client is told in passing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    Typing(Typing),
    Online(UserId),
    Offline(UserId),
}

type Queue = mpsc::Sender<Notice>;

/// Cheap to clone.
#[derive(Clone)]
pub struct Rooms {
    members: Arc<Mutex<Members>>,
    next: Arc<AtomicU64>,
    saying: Saying,
}

#[derive(Default)]
struct Members {
    rooms: HashMap<ConversationId, HashMap<u64, Queue>>,
    houses: HashMap<OrganisationId, HashMap<u64, (UserId, Queue)>>,
    presence: Presence,
}

/// A client, which leaves its rooms when it is dropped.
pub struct Member {
    rooms: Rooms,
    key: u64,
    person: Person,
    queue: Queue,
    joined: HashSet<ConversationId>,
}

impl Rooms {
    pub fn new(saying: Saying) -> Self {
        Self { members: Arc::default(), next: Arc::default(), saying }
    }

    /// Somebody who is let in.
    pub fn member(&self, organisation: OrganisationId, user: UserId) -> (Member, mpsc::Receiver<Notice>) {
        let (queue, told) = mpsc::channel(WAITING);
        let key = self.next.fetch_add(1, Ordering::Relaxed);
        let person = (organisation, user);
        let mut members = self.members();
        members.houses.entry(organisation).or_default().insert(key, (user, queue.clone()));
        let turn = members.presence.comes(person);
        if turn.for_clients {
            members.tell_house(person, &Notice::Online(user));
        }
        if turn.for_nodes {
            self.saying.say(Said::Here { organisation_id: organisation, users: vec![user] });
        }
        drop(members);
        (Member { rooms: self.clone(), key, person, queue, joined: HashSet::new() }, told)
    }

    fn members(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What another node says.
    pub(super) fn heard(&self, node: NodeId, said: Said, now: Instant) {
        let mut members = self.members();
        match said {
            Said::Typing(typing) => members.tell_room(None, typing),
            Said::Here { organisation_id, users } => {
                for user in users {
                    if members.presence.is_at(node, (organisation_id, user), now) {
                        members.tell_house((organisation_id, user), &Notice::Online(user));
                    }
                }
            }
            Said::Gone { organisation_id, user_id } => {
                let person = (organisation_id, user_id);
                if members.presence.left(node, person) {
                    members.tell_house(person, &Notice::Offline(user_id));
                }
            }
        }
    }

    /// Those whom no node has named since then are gone.
    pub(super) fn forget(&self, before: Instant) {
        let mut members = self.members();
        for person in members.presence.forget(before) {
            members.tell_house(person, &Notice::Offline(person.1));
        }
    }

    /// Who is connected here, by organisation.
    pub(super) fn here(&self) -> HashMap<OrganisationId, Vec<UserId>> {
        self.members().presence.here()
    }
}

impl Members {
    /// Everybody in a room but for one.
    fn tell_room(&self, but: Option<u64>, typing: Typing) {
        let Some(room) = self.rooms.get(&typing.conversation_id) else { return };
        let notice = Notice::Typing(typing);
        for (_, queue) in room.iter().filter(|(key, _)| Some(**key) != but) {
            tell(queue, &notice);
        }
    }

    /// Everybody of an organisation but for the one whom it is about.
    fn tell_house(&self, (organisation, about): Person, notice: &Notice) {
        let house = self.houses.get(&organisation).into_iter().flat_map(HashMap::values);
        for (_, queue) in house.filter(|(user, _)| *user != about) {
            tell(queue, notice);
        }
    }

    fn leave(&mut self, id: ConversationId, key: u64) {
        if let Some(room) = self.rooms.get_mut(&id) {
            room.remove(&key);
            if room.is_empty() {
                self.rooms.remove(&id);
            }
        }
    }
}

fn tell(queue: &Queue, notice: &Notice) {
    if queue.try_send(notice.clone()).is_err() {
        metrics::counter!("patchbay_realtime_notices_left_out_total").increment(1);
    }
}

impl Member {
    /// False where it is in as many as it may be in. That the conversation is the caller's to see was checked.
    pub fn join(&mut self, id: ConversationId) -> bool {
        if self.joined.len() >= MOST && !self.joined.contains(&id) {
            return false;
        }
        if self.joined.insert(id) {
            self.rooms.members().rooms.entry(id).or_default().insert(self.key, self.queue.clone());
        }
        true
    }

    pub fn leave(&mut self, id: ConversationId) {
        if self.joined.remove(&id) {
            self.rooms.members().leave(id, self.key);
        }
    }

    pub fn is_in(&self, id: ConversationId) -> bool {
        self.joined.contains(&id)
    }

    /// Tells the others in the room, on whichever node.
    pub fn tell(&self, typing: Typing) {
        self.rooms.saying.say(Said::Typing(typing.clone()));
        self.rooms.members().tell_room(Some(self.key), typing);
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let (organisation, user) = self.person;
        let mut members = self.rooms.members();
        for id in self.joined.drain() {
            members.leave(id, self.key);
        }
        if let Some(house) = members.houses.get_mut(&organisation) {
            house.remove(&self.key);
            if house.is_empty() {
                members.houses.remove(&organisation);
            }
        }
        let turn = members.presence.goes(self.person);
        if turn.for_clients {
            members.tell_house(self.person, &Notice::Offline(user));
        }
        if turn.for_nodes {
            self.rooms.saying.say(Said::Gone { organisation_id: organisation, user_id: user });
        }
    }
}

#[cfg(test)]
mod tests;
