//! What the engine in memory holds.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::ops::Bound;

use crate::entry::{Change, Changes, Entry, Listing};
use crate::error::KvError;
use crate::lease::Lease;
use crate::newest::DELETIONS;
use crate::revision::Revision;
use crate::transaction::{Attachment, Transaction, Write};

/// The newest record of each key. A deleted key has one too, so that watches can report it.
#[derive(Debug, Default)]
pub(super) struct State {
    revision: Revision,
    /// Deletions up to this revision may be forgotten.
    compacted: Revision,
    records: BTreeMap<String, Record>,
    /// The keys of all records by age.
    history: BTreeSet<(Revision, String)>,
    /// The keys of deleted records by age.
    deletions: BTreeSet<(Revision, String)>,
    /// The keys that are attached to leases.
    leased: BTreeMap<String, Lease>,
}

struct Record {
    revision: Revision,
    /// `None`: deleted.
    value: Option<Vec<u8>>,
}

/// Without the value, which may be a secret.
impl std::fmt::Debug for Record {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:?} at {:?}", self.value.as_ref().map(Vec::len), self.revision)
    }
}

impl State {
    pub(super) fn revision(&self) -> Revision {
        self.revision
    }

    pub(super) fn get(&self, key: &str) -> Option<Entry> {
        self.records.get(key).and_then(|record| record.entry(key))
    }

    pub(super) fn page(&self, prefix: &str, after: Option<&str>, limit: usize) -> Listing {
        let start = after.map_or(prefix, |after| after.max(prefix));
        let mut found = self
            .records
            .range::<str, _>((Bound::Included(start), Bound::Unbounded))
            .take_while(|(key, _)| key.starts_with(prefix))
            .filter(|(key, _)| after != Some(key))
            .filter_map(|(key, record)| record.entry(key));
        let entries: Vec<_> = found.by_ref().take(limit).collect();
        let next = entries.last().filter(|_| found.next().is_some());
        let next = next.map(|entry| entry.key.clone());
        Listing { revision: self.revision, entries, unreadable: Vec::new(), next }
    }

    pub(super) fn commit(&mut self, transaction: Transaction) -> Result<Revision, KvError> {
        for (key, expected) in transaction.comparisons {
            if self.existing(&key) != expected {
                return Err(KvError::Conflict { key });
            }
        }
        let revision = self.revision.next();
        for (key, write) in transaction.writes {
            match write {
                Write::Put { value, lease } => {
                    match lease {
                        Attachment::None => drop(self.leased.remove(&key)),
                        Attachment::To(lease) => drop(self.leased.insert(key.clone(), lease)),
                        Attachment::Kept => {}
                    }
                    self.write(key, Record { revision, value: Some(value) });
                }
                Write::Delete if self.existing(&key).is_some() => {
                    self.leased.remove(&key);
                    self.write(key, Record { revision, value: None });
                }
                Write::Delete => {}
            }
        }
        self.forget();
        Ok(self.revision)
    }

    /// Deletes the keys of a lease. Returns the newest revision.
    pub(super) fn delete_leased(&mut self, lease: Lease) -> Revision {
        let attached = self.leased.iter().filter(|(_, attached)| **attached == lease);
        let keys: Vec<_> = attached.map(|(key, _)| key.clone()).collect();
        let revision = self.revision.next();
        for key in keys {
            self.leased.remove(&key);
            self.write(key, Record { revision, value: None });
        }
        self.forget();
        self.revision
    }

    /// The changes after a revision of the keys that `concerns` selects.
    pub(super) fn changes(
        &self,
        after: Revision,
        concerns: impl Fn(&str) -> bool,
    ) -> Result<Changes, KvError> {
        if after < self.compacted {
            return Err(KvError::Compacted { oldest: self.compacted });
        }
        let newer = self.history.range((after.next(), String::new())..);
        let mut changed: Vec<_> = newer
            .filter(|(_, key)| concerns(key))
            .filter_map(|(_, key)| Some(self.records.get(key)?.change(key)))
            .collect();
        changed.sort_by(|one, other| one.key().cmp(other.key()));
        Ok(Changes { revision: self.revision, changed })
    }

    /// The revision of a key that exists.
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

    /// Forgets the commits of which only deletions older than the newest ones are left.
    fn forget(&mut self) {
        let Some((oldest, _)) = self.deletions.iter().nth_back(usize::from(DELETIONS) - 1) else {
            return;
        };
        let newer = self.deletions.split_off(&(*oldest, String::new()));
        for forgotten in mem::replace(&mut self.deletions, newer) {
            self.compacted = forgotten.0;
            self.history.remove(&forgotten);
            self.records.remove(&forgotten.1);
        }
    }
}

impl Record {
    fn entry(&self, key: &str) -> Option<Entry> {
        let value = self.value.clone()?;
        Some(Entry { key: key.to_owned(), value, revision: self.revision })
    }

    fn change(&self, key: &str) -> Change {
        match self.entry(key) {
            Some(entry) => Change::Put(entry),
            None => Change::Deleted { key: key.to_owned() },
        }
    }
}
