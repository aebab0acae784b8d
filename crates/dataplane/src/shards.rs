//! A map in many parts, so that a changed copy shares nearly all of itself with the original.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher, Hash};
use std::sync::Arc;

/// How many parts there are. Copying the map costs about as many reference counts; a change copies one
/// part: of 100,000 entries, 400.
pub(crate) const PARTS: usize = 256;

/// A map whose copies are cheap to make and to change.
#[derive(Clone)]
pub(crate) struct Shards<K, V>(Box<[Arc<HashMap<K, V>>]>);

impl<K, V> Default for Shards<K, V> {
    fn default() -> Self {
        Self((0..PARTS).map(|_| Arc::default()).collect())
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Shards<K, V> {
    pub(crate) fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.0[part(key)].get(key)
    }

    /// The parts: a key is in that of its number ([`part`]). One that is the same as before has not changed.
    pub(crate) fn parts(&self) -> &[Arc<HashMap<K, V>>] {
        &self.0
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.0.iter().flat_map(|part| part.iter())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.iter().map(|part| part.len()).sum()
    }

    /// Gives back what was there before.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        Arc::make_mut(&mut self.0[part(&key)]).insert(key, value)
    }

    /// Gives back what was there before.
    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let part = &mut self.0[part(key)];
        // Not to be copied for nothing.
        if part.contains_key(key) { Arc::make_mut(part).remove(key) } else { None }
    }
}

/// The number of the part that a key is in, below [`PARTS`].
pub(crate) fn part(key: &(impl Hash + ?Sized)) -> usize {
    let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(key);
    usize::try_from(hash % PARTS as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against the map of the standard library, with a copy taken in between.
        #[test]
        fn a_copy_changes_by_itself(
            first in prop::collection::vec((any::<u16>(), any::<bool>()), 0..300),
            then in prop::collection::vec((any::<u16>(), any::<bool>()), 0..300),
        ) {
            let (mut shards, mut plain) = (Shards::default(), HashMap::new());
            let change = |shards: &mut Shards<u16, u16>, plain: &mut HashMap<u16, u16>, steps: &[(u16, bool)]| {
                for &(key, is_insert) in steps {
                    // Keys meet each other again.
                    let key = key % 64;
                    let (found, expected) = if is_insert {
                        (shards.insert(key, key), plain.insert(key, key))
                    } else {
                        (shards.remove(&key), plain.remove(&key))
                    };
                    assert_eq!(found, expected);
                }
            };
            change(&mut shards, &mut plain, &first);
            let (copy, plain_copy) = (shards.clone(), plain.clone());
            change(&mut shards, &mut plain, &then);
            for key in 0..64 {
                prop_assert_eq!(shards.get(&key), plain.get(&key));
                prop_assert_eq!(copy.get(&key), plain_copy.get(&key));
            }
            prop_assert_eq!([shards.len(), copy.len()], [plain.len(), plain_copy.len()]);
        }
    }
}
