//! What was seen last, up to a limit.

use std::{borrow::Borrow, hash::Hash, num::NonZeroUsize};

use lru::LruCache;

/// Grows as it is used: there may be one for each of a hundred thousand conversations, and [`LruCache::new`] takes the
/// memory for all of its places at once.
pub struct Recent<K: Hash + Eq, V> {
    limit: NonZeroUsize,
    entries: LruCache<K, V>,
}

impl<K: Hash + Eq, V> Recent<K, V> {
    pub fn new(limit: NonZeroUsize) -> Self {
        Self { limit, entries: LruCache::unbounded() }
    }

    pub fn put(&mut self, key: K, value: V) {
        self.entries.put(key, value);
        if self.entries.len() > self.limit.get() {
            self.entries.pop_lru();
        }
    }

    /// Found entries count as seen again.
    pub fn get<Q>(&mut self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.entries.get(key)
    }

    pub fn contains<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.entries.contains(key)
    }

    pub fn clear(&mut self) {
        self.entries = LruCache::unbounded();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_not_seen_for_longest_makes_room() {
        let mut recent = Recent::new(NonZeroUsize::new(2).unwrap());
        recent.put("a", 1);
        recent.put("b", 2);
        assert_eq!(recent.get("a"), Some(&1));
        recent.put("c", 3);
        assert!(recent.contains("a") && recent.contains("c"));
        assert_eq!(recent.get("b"), None);
        recent.clear();
        assert_eq!(recent.get("a"), None);
    }
}
