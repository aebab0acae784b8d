//! The engine that is proved, and what the rules need beside it.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::Kv;
use crate::entry::{Change, Listing};
use crate::error::KvError;
use crate::revision::Revision;
use crate::transaction::Transaction;
use crate::watch::Watch;

/// An empty engine.
pub struct Subject {
    pub(super) kv: Arc<dyn Kv>,
    /// What the rules' leases have as their time to live. Long enough that a busy machine does not let
    /// one end early.
    pub(super) ttl: Duration,
    /// How many sequences of transactions are compared with the model.
    pub(super) cases: u32,
    pass: Box<dyn Fn(Duration)>,
    compact: Option<Box<dyn Fn()>>,
    belongings: Vec<Box<dyn Any>>,
}

impl Subject {
    /// An empty engine whose leases take as long as they say.
    #[expect(clippy::disallowed_methods, reason = "only a remote engine's time has to pass")]
    pub fn new(kv: Arc<dyn Kv>) -> Self {
        let pass = Box::new(std::thread::sleep);
        let (ttl, cases) = (Duration::from_secs(20), 256);
        Self { kv, ttl, cases, pass, compact: None, belongings: Vec::new() }
    }

    /// Makes the rules' leases shorter than 20 s, for an engine whose time really has to pass.
    #[must_use]
    pub fn with_leases_of(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// Lets time pass by `pass`, without which the rules wait.
    #[must_use]
    pub fn with_time(mut self, pass: impl Fn(Duration) + 'static) -> Self {
        self.pass = Box::new(pass);
        self
    }

    /// Compares fewer sequences with the model than 256, for an engine that takes its time.
    #[must_use]
    pub fn with_cases(mut self, cases: u32) -> Self {
        self.cases = cases;
        self
    }

    /// Makes the engine forget what it can of its history by `compact`, without which the rules
    /// delete thousands of keys.
    #[must_use]
    pub fn with_compaction(mut self, compact: impl Fn() + 'static) -> Self {
        self.compact = Some(Box::new(compact));
        self
    }

    /// Drops `belonging` after the engine, such as its directory.
    #[must_use]
    pub fn with_belonging(mut self, belonging: impl Any) -> Self {
        self.belongings.push(Box::new(belonging));
        self
    }

    /// Lets time pass.
    pub(super) fn pass(&self, time: Duration) {
        (self.pass)(time);
    }

    /// Makes the engine forget what happened before.
    pub(super) fn compact(&self) {
        if let Some(compact) = &self.compact {
            return compact();
        }
        let keys: Vec<_> = (0..3000).map(|number| format!("compact/{number:04}")).collect();
        for chunk in keys.chunks(self.kv.limits().operations.min(128)) {
            self.commit(chunk.iter().fold(Transaction::new(), |all, key| all.put(key, "")));
            self.commit(chunk.iter().fold(Transaction::new(), Transaction::delete));
        }
    }

    pub(super) fn commit(&self, transaction: Transaction) -> Revision {
        self.kv.commit(transaction).unwrap()
    }

    /// The key whose comparison fails.
    pub(super) fn conflict(&self, transaction: Transaction) -> String {
        match self.kv.commit(transaction) {
            Err(KvError::Conflict { key }) => key,
            outcome => panic!("no conflict: {outcome:?}"),
        }
    }

    pub(super) fn list(&self, prefix: &str) -> Listing {
        self.kv.list(prefix).unwrap()
    }

    pub(super) fn value(&self, key: &str) -> Option<Vec<u8>> {
        self.kv.get(key).unwrap().map(|entry| entry.value)
    }

    pub(super) fn watch(&self, prefixes: &[&str], after: Revision) -> Watch {
        self.kv.watch(prefixes, after).unwrap()
    }

    /// What changed below `prefix` after `after`, up to a commit at `until` which wrote there: the
    /// newest of each key, though it may come in several parts.
    pub(super) fn changes(
        &self,
        prefix: &str,
        after: Revision,
        until: Revision,
    ) -> BTreeMap<String, Change> {
        let mut watch = self.watch(&[prefix], after);
        let (mut changed, mut seen) = (BTreeMap::new(), after);
        while seen < until {
            let changes = watch.next().unwrap().unwrap();
            assert!(changes.revision > seen, "{changes:?} is not later than {seen}");
            assert!(!changes.changed.is_empty(), "nothing changed: {changes:?}");
            let keys: Vec<_> = changes.changed.iter().map(Change::key).collect();
            assert!(keys.is_sorted_by(|one, other| one < other), "{keys:?}");
            seen = changes.revision;
            changed.extend(changes.changed.into_iter().map(|it| (it.key().to_owned(), it)));
        }
        changed
    }
}

pub(super) fn put(key: &str, value: &str) -> Transaction {
    Transaction::new().put(key, value)
}

pub(super) fn delete(key: &str) -> Transaction {
    Transaction::new().delete(key)
}

pub(super) fn keys(listing: &Listing) -> Vec<&str> {
    listing.entries.iter().map(|entry| entry.key.as_str()).collect()
}
