//! Every session of this node, by its identifier, and how many each user has.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use patchbay_domain::UserId;

use super::Session;

/// Connections that one user has at the same time.
pub const MOST_OF_A_USER: usize = 50;

/// Cheap to clone.
#[derive(Clone, Default)]
pub struct Sessions {
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    sessions: HashMap<String, Arc<Session>>,
    users: HashMap<UserId, usize>,
}

/// One of a user's connections, until it is dropped.
pub struct Seat {
    sessions: Sessions,
    user: UserId,
}

impl Sessions {
    /// An identifier that nobody guesses: whoever has it hears what its client hears.
    pub fn identifier() -> String {
        BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 18]>())
    }

    pub fn add(&self, session: Arc<Session>) {
        self.known().sessions.insert(session.id.clone(), session);
    }

    pub fn find(&self, id: &str) -> Option<Arc<Session>> {
        self.known().sessions.get(id).cloned()
    }

    pub fn remove(&self, id: &str) {
        self.known().sessions.remove(id);
    }

    /// None where the user has as many as one may have.
    pub fn seat(&self, user: UserId) -> Option<Seat> {
        let mut known = self.known();
        let count = known.users.entry(user).or_default();
        if *count >= MOST_OF_A_USER {
            return None;
        }
        *count += 1;
        Some(Seat { sessions: self.clone(), user })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut known = self.sessions.known();
        let left = known.users.get(&self.user).map_or(0, |count| count.saturating_sub(1));
        if left == 0 {
            known.users.remove(&self.user);
        } else {
            known.users.insert(self.user, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn a_user_has_so_many_connections_and_a_place_is_free_again() {
        let (sessions, user) = (Sessions::default(), UserId::at(DateTime::UNIX_EPOCH));
        let mut seats: Vec<_> = (0..MOST_OF_A_USER).map(|_| sessions.seat(user).unwrap()).collect();
        assert!(sessions.seat(user).is_none());
        assert!(sessions.seat(UserId::at(DateTime::UNIX_EPOCH)).is_some(), "one user's haste is not another's");
        drop(seats.pop());
        seats.push(sessions.seat(user).unwrap());
        drop(seats);
        assert!(sessions.known().users.is_empty());
    }

    #[test]
    fn identifiers_differ() {
        assert_ne!(Sessions::identifier(), Sessions::identifier());
        assert_eq!(Sessions::identifier().len(), 24);
    }
}
