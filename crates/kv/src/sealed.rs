//! Values that only holders of a key can read, in whichever engine.
//!
//! A sealed value is a byte that says the format (1), a nonce of 24 random bytes, and the value encrypted
//! and authenticated by `XChaCha20-Poly1305` together with the name of its key. So a value is only good
//! where it was written. Names of keys, lengths and revisions can be seen by anybody, and who may write
//! to the engine can delete values, or put back older ones.

mod again;
mod keys;

use std::sync::Arc;
use std::time::Duration;

use crate::engine::Kv;
use crate::entry::{Change, Changes, Entry, Listing, Snapshot, UnreadableEntry};
use crate::error::KvError;
use crate::lease::Lease;
use crate::limits::Limits;
use crate::resealed::Resealed;
use crate::revision::Revision;
use crate::transaction::{Transaction, Write};
use crate::watch::Watch;
use keys::OVERHEAD;

pub use keys::SealKeys;

/// An engine with sealed values in another engine.
pub struct Sealed {
    inner: Arc<dyn Kv>,
    keys: SealKeys,
}

impl Sealed {
    /// Seals what goes into `inner`, and opens what comes out.
    pub fn new(inner: Arc<dyn Kv>, keys: SealKeys) -> Self {
        Self { inner, keys }
    }

    /// Seals again what an older key sealed, in small transactions, while others use the engine.
    /// `progress` is called after each page.
    pub fn reseal(&self, progress: impl FnMut(&Resealed)) -> Result<Resealed, KvError> {
        again::reseal(&*self.inner, &self.keys, progress)
    }
}

impl SealKeys {
    fn entry(&self, entry: Entry) -> Result<Entry, UnreadableEntry> {
        let Entry { key, value, revision } = entry;
        match self.open(&key, &value) {
            Some(value) => Ok(Entry { key, value, revision }),
            None => Err(UnreadableEntry {
                key,
                reason: "it was not sealed for this place with one of our keys".to_owned(),
            }),
        }
    }

    fn listing(&self, listing: Listing) -> Listing {
        let Listing { revision, entries, mut unreadable, next } = listing;
        let mut opened = Vec::with_capacity(entries.len());
        for entry in entries {
            match self.entry(entry) {
                Ok(entry) => opened.push(entry),
                Err(entry) => unreadable.push(entry),
            }
        }
        unreadable.sort_by(|one, other| one.key.cmp(&other.key));
        Listing { revision, entries: opened, unreadable, next }
    }

    fn changes(&self, changes: Changes) -> Changes {
        let Changes { revision, changed } = changes;
        let opened = changed.into_iter().map(|change| match change {
            Change::Put(entry) => match self.entry(entry) {
                Ok(entry) => Change::Put(entry),
                Err(entry) => Change::Unreadable(entry),
            },
            other => other,
        });
        Changes { revision, changed: opened.collect() }
    }
}

impl Kv for Sealed {
    fn get_many(&self, keys: &[&str]) -> Result<Snapshot, KvError> {
        let Snapshot { revision, entries } = self.inner.get_many(keys)?;
        let open = |entry: Option<Entry>| entry.map(|entry| self.keys.entry(entry)).transpose();
        Ok(Snapshot {
            revision,
            entries: entries.into_iter().map(|it| it.and_then(open)).collect(),
        })
    }

    fn page(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Listing, KvError> {
        Ok(self.keys.listing(self.inner.page(prefix, after, limit)?))
    }

    fn keys(&self, prefix: &str) -> Result<Vec<String>, KvError> {
        self.inner.keys(prefix)
    }

    fn commit(&self, transaction: Transaction) -> Result<Revision, KvError> {
        transaction.check(self.limits())?;
        let Transaction { comparisons, mut writes } = transaction;
        for (key, write) in &mut writes {
            if let Write::Put { value, .. } = write {
                *value = self.keys.seal(key, value)?;
            }
        }
        self.inner.commit(Transaction { comparisons, writes })
    }

    fn watch(&self, prefixes: &[&str], after: Revision) -> Result<Watch, KvError> {
        let mut watch = self.inner.watch(prefixes, after)?;
        let keys = self.keys.clone();
        Ok(Watch::new(watch.closer(), move || {
            watch.next().map(|changes| changes.map(|changes| keys.changes(changes)))
        }))
    }

    fn grant(&self, ttl: Duration) -> Result<Lease, KvError> {
        self.inner.grant(ttl)
    }

    fn keep_alive(&self, lease: Lease) -> Result<(), KvError> {
        self.inner.keep_alive(lease)
    }

    fn revoke(&self, lease: Lease) -> Result<(), KvError> {
        self.inner.revoke(lease)
    }

    fn limits(&self) -> Limits {
        let Limits { operations, bytes } = self.inner.limits();
        Limits { operations, bytes: bytes.saturating_sub(operations.saturating_mul(OVERHEAD)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Memory;

    const KEYS: [&str; 2] = [
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=",
    ];

    fn keys(lines: &[&str]) -> SealKeys {
        SealKeys::parse(&lines.join("\n")).unwrap()
    }

    fn sealed(lines: &[&str]) -> Sealed {
        Sealed::new(Arc::new(Memory::new()), keys(lines))
    }

    fn get(kv: &dyn Kv, key: &str) -> Result<Vec<u8>, UnreadableEntry> {
        match kv.get(key) {
            Ok(entry) => Ok(entry.unwrap().value),
            Err(KvError::Unreadable(entry)) => Err(entry),
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn the_engine_below_learns_no_value() {
        let store = sealed(&KEYS[..1]);
        let put = || Transaction::new().put("a", "secret").put("b", "secret");
        store.commit(put()).unwrap();
        let first = store.inner.list("").unwrap().entries;
        store.commit(put()).unwrap();
        let second = store.inner.list("").unwrap().entries;
        let mut values: Vec<_> = first.iter().chain(&second).map(|entry| &entry.value).collect();
        for value in &values {
            assert!(!value.windows(3).any(|part| b"secret".windows(3).any(|it| it == part)));
        }
        values.sort();
        values.dedup();
        assert_eq!(values.len(), 4, "no nonce comes twice");
        assert_eq!(get(&store, "a").unwrap(), b"secret");
    }

    #[test]
    fn what_was_moved_or_changed_is_not_opened() {
        let store = sealed(&KEYS[..1]);
        store.commit(Transaction::new().put("a", "1").put("z", "2")).unwrap();
        let watched_from = store.list("").unwrap().revision;
        let value = store.inner.get("a").unwrap().unwrap().value;
        for place in 0..value.len() {
            let mut changed = value.clone();
            changed[place] ^= 1;
            store.inner.commit(Transaction::new().put("a", changed)).unwrap();
            assert_eq!(get(&store, "a").unwrap_err().key, "a", "byte {place}");
        }
        for value in [value.clone(), Vec::new(), vec![1], b"{}".to_vec()] {
            store.inner.commit(Transaction::new().put("b", value)).unwrap();
            get(&store, "b").unwrap_err();
        }
        assert_eq!(store.keys("").unwrap(), ["a", "b", "z"], "also of what cannot be read");
        let listing = store.list("").unwrap();
        let unreadable: Vec<_> = listing.unreadable.iter().map(|entry| &*entry.key).collect();
        assert_eq!((unreadable, listing.entries.len()), (vec!["a", "b"], 1));
        let changes = store.watch(&[""], watched_from).unwrap().next().unwrap().unwrap();
        assert!(changes.changed.iter().all(|it| matches!(it, Change::Unreadable(_))));
        store.inner.commit(Transaction::new().put("a", value)).unwrap();
        assert_eq!(get(&store, "a").unwrap(), b"1");
    }

    #[test]
    fn a_new_key_takes_the_place_of_an_old_one() {
        let memory = Arc::new(Memory::new());
        let with = |lines: &[&str]| Sealed::new(memory.clone(), keys(lines));
        let write = |lines: &[&str], key: &str| {
            with(lines).commit(Transaction::new().put(key, "1")).unwrap();
        };
        write(&[KEYS[0]], "a");
        // Every host knows the new key before one of them seals with it.
        write(&[KEYS[0], KEYS[1]], "b");
        write(&[KEYS[1], KEYS[0]], "c");
        for lines in [[KEYS[0], KEYS[1]], [KEYS[1], KEYS[0]]] {
            assert_eq!(with(&lines).list("").unwrap().entries.len(), 3);
        }
        let only_new = with(&[KEYS[1]]).list("").unwrap();
        assert_eq!((only_new.entries.len(), only_new.unreadable.len()), (1, 2));
    }
}
