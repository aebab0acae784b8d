//! State that is gone with the process; also what the other stores are compared with.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::ops::Bound;
use std::sync::Mutex;
use std::time::Duration;

use crate::newest::{Newest, lock};
use crate::{Change, Changes, DELETIONS, Entry, Kv, KvError, Listing, Revision, Transaction};

/// A store in memory.
#[derive(Default)]
pub struct MemoryStore {
    state: Mutex<State>,
    newest: Newest,
}

/// The newest record of each key. A deleted key has one too, so that its deletion can be told.
#[derive(Default)]
struct State {
    revision: Revision,
    /// Deletions up to here may be forgotten.
    compacted: Revision,
    records: BTreeMap<String, Record>,
    /// The keys of all records by age.
    history: BTreeSet<(Revision, String)>,
    /// The keys of deleted records by age.
    deletions: BTreeSet<(Revision, String)>,
}

struct Record {
    revision: Revision,
    /// `None`: deleted.
    value: Option<Vec<u8>>,
}

impl MemoryStore {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Kv for MemoryStore {
    fn get(&self, key: &str) -> Result<Option<Entry>, KvError> {
        let state = lock(&self.state);
        Ok(state.records.get(key).and_then(|record| record.entry(key)))
    }

    fn page(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Listing, KvError> {
        let start = after.map_or(prefix, |after| after.max(prefix));
        let state = lock(&self.state);
        let entries = state
            .records
            .range::<str, _>((Bound::Included(start), Bound::Unbounded))
            .take_while(|(key, _)| key.starts_with(prefix))
            .filter(|(key, _)| after != Some(key))
            .filter_map(|(key, record)| record.entry(key))
            .take(limit)
            .collect();
        Ok(Listing { revision: state.revision, entries })
    }

    fn commit(&self, transaction: Transaction) -> Result<Revision, KvError> {
        let revision = lock(&self.state).commit(transaction)?;
        self.newest.advance(revision);
        Ok(revision)
    }

    fn changes(&self, after: Revision, patience: Duration) -> Result<Changes, KvError> {
        self.newest.wait(after, patience);
        lock(&self.state).changes(after)
    }
}

impl State {
    fn commit(&mut self, transaction: Transaction) -> Result<Revision, KvError> {
        for (key, required) in transaction.requirements {
            if self.existing(&key) != required {
                return Err(KvError::Conflict { key });
            }
        }
        let revision = self.revision.next();
        for (key, value) in transaction.writes {
            if value.is_some() || self.existing(&key).is_some() {
                self.write(key, Record { revision, value });
            }
        }
        self.forget();
        Ok(self.revision)
    }

    /// The revision of a key that is there.
    fn existing(&self, key: &str) -> Option<Revision> {
        let record = self.records.get(key)?;
        record.value.is_some().then_some(record.revision)
    }

    fn write(&mut self, key: String, record: Record) {
        if let Some(old) = self.records.get(&key) {
            let place = (old.revision, key.clone());
            self.history.remove(&place);
            self.deletions.remove(&place);
        }
        self.revision = record.revision;
        self.history.insert((record.revision, key.clone()));
        if record.value.is_none() {
            self.deletions.insert((record.revision, key.clone()));
        }
        self.records.insert(key, record);
    }

    /// Forgets the commits that only older deletions than the newest ones are left of.
    fn forget(&mut self) {
        let Some((oldest, _)) = self.deletions.iter().nth_back(usize::from(DELETIONS) - 1) else {
            return;
        };
        let kept = self.deletions.split_off(&(*oldest, String::new()));
        for forgotten in mem::replace(&mut self.deletions, kept) {
            self.compacted = forgotten.0;
            self.history.remove(&forgotten);
            self.records.remove(&forgotten.1);
        }
    }

    fn changes(&self, after: Revision) -> Result<Changes, KvError> {
        if after < self.compacted {
            return Err(KvError::Compacted { oldest: self.compacted });
        }
        let newer = self.history.range((after.next(), String::new())..);
        let mut changed: Vec<_> = newer
            .filter_map(|(_, key)| {
                let record = self.records.get(key)?;
                Some(Change::new(key.clone(), record.revision, record.value.clone()))
            })
            .collect();
        changed.sort_by(|one, other| one.key().cmp(other.key()));
        Ok(Changes { revision: self.revision, changed })
    }
}

impl Record {
    fn entry(&self, key: &str) -> Option<Entry> {
        let value = self.value.clone()?;
        Some(Entry { key: key.to_owned(), value, revision: self.revision })
    }
}
