//! Who is connected to any node. Each node says who comes and who goes, and repeats from time to time who is there: who is
//! not repeated is gone, as where a node was killed.

use std::collections::HashMap;

use patchbay_domain::{NodeId, OrganisationId, UserId};
use tokio::time::Instant;

pub type Person = (OrganisationId, UserId);

#[derive(Debug, Default)]
pub struct Presence {
    /// Connections here.
    here: HashMap<Person, usize>,
    /// When which node last said that they are there.
    elsewhere: HashMap<Person, HashMap<NodeId, Instant>>,
}

/// What follows where somebody comes or goes here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// To other nodes: it is the first connection here, or was the last.
    pub for_nodes: bool,
    /// To clients: nobody else has one of theirs.
    pub for_clients: bool,
}

impl Presence {
    pub fn comes(&mut self, person: Person) -> Turn {
        let count = self.here.entry(person).or_default();
        *count += 1;
        let is_first = *count == 1;
        Turn { for_nodes: is_first, for_clients: is_first && !self.elsewhere.contains_key(&person) }
    }

    pub fn goes(&mut self, person: Person) -> Turn {
        let Some(count) = self.here.get_mut(&person) else { return Turn::default() };
        *count -= 1;
        if *count > 0 {
            return Turn::default();
        }
        self.here.remove(&person);
        Turn { for_nodes: true, for_clients: !self.elsewhere.contains_key(&person) }
    }

    /// Another node says that somebody is there. True where that is news.
    pub fn is_at(&mut self, node: NodeId, person: Person, now: Instant) -> bool {
        let nodes = self.elsewhere.entry(person).or_default();
        let is_first = nodes.is_empty();
        nodes.insert(node, now);
        is_first && !self.here.contains_key(&person)
    }

    /// Another node says that somebody went. True where nobody else has them.
    pub fn left(&mut self, node: NodeId, person: Person) -> bool {
        let Some(nodes) = self.elsewhere.get_mut(&person) else { return false };
        nodes.remove(&node);
        if !nodes.is_empty() {
            return false;
        }
        self.elsewhere.remove(&person);
        !self.here.contains_key(&person)
    }

    /// Whom no node has named since then. Answers who is gone by that.
    pub fn forget(&mut self, before: Instant) -> Vec<Person> {
        let mut gone = Vec::new();
        self.elsewhere.retain(|person, nodes| {
            nodes.retain(|_, named| *named >= before);
            if nodes.is_empty() && !self.here.contains_key(person) {
                gone.push(*person);
            }
            !nodes.is_empty()
        });
        gone
    }

    /// By organisation.
    pub fn here(&self) -> HashMap<OrganisationId, Vec<UserId>> {
        let mut here: HashMap<_, Vec<_>> = HashMap::new();
        for (organisation, user) in self.here.keys() {
            here.entry(*organisation).or_default().push(*user);
        }
        here
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::DateTime;

    use super::*;

    const NEWS: Turn = Turn { for_nodes: true, for_clients: true };
    const FOR_NODES: Turn = Turn { for_nodes: true, for_clients: false };

    fn ada() -> Person {
        (OrganisationId::at(DateTime::UNIX_EPOCH), UserId::at(DateTime::UNIX_EPOCH))
    }

    #[test]
    fn who_has_several_connections_comes_and_goes_once() {
        let (mut presence, ada) = (Presence::default(), ada());
        assert_eq!([presence.comes(ada), presence.comes(ada)], [NEWS, Turn::default()]);
        assert_eq!(presence.here().into_values().flatten().collect::<Vec<_>>(), [ada.1]);
        assert_eq!(
            [presence.goes(ada), presence.goes(ada), presence.goes(ada)],
            [Turn::default(), NEWS, Turn::default()]
        );
    }

    #[test]
    fn who_is_on_several_nodes_is_gone_with_the_last() {
        let (mut presence, ada, now) = (Presence::default(), ada(), Instant::now());
        let nodes = [NodeId::at(DateTime::UNIX_EPOCH), NodeId::at(DateTime::UNIX_EPOCH)];
        assert_eq!(nodes.map(|node| presence.is_at(node, ada, now)), [true, false]);
        assert_eq!([presence.comes(ada), presence.goes(ada)], [FOR_NODES, FOR_NODES]);
        assert_eq!(nodes.map(|node| presence.left(node, ada)), [false, true]);
        assert!(!presence.left(nodes[0], ada));
    }

    #[test]
    fn whom_nobody_names_any_more_is_gone() {
        let (mut presence, ada, now) = (Presence::default(), ada(), Instant::now());
        let node = NodeId::at(DateTime::UNIX_EPOCH);
        presence.is_at(node, ada, now);
        assert!(presence.forget(now).is_empty());
        assert!(!presence.is_at(node, ada, now + Duration::from_secs(1)), "it is repeated");
        assert!(presence.forget(now + Duration::from_secs(1)).is_empty());
        assert_eq!(presence.forget(now + Duration::from_secs(2)), [ada]);
        assert!(presence.forget(now + Duration::from_secs(3)).is_empty());
    }
}
