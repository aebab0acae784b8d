//! Any sequence of transactions has the same outcome as in a map that remembers everything.

use std::collections::BTreeMap;
use std::time::Duration;

use imds_kv::{
    Change, Changes, Entry, Kv, KvError, Listing, MemoryStore, Revision, SqliteStore, Transaction,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use testkit::{Trial, tests};

use crate::fast_directory;

pub(crate) fn tests() -> Vec<Trial> {
    tests![&[]; memory_is_as_the_model, sqlite_is_as_the_model]
}

fn memory_is_as_the_model() {
    holds(|steps| compare(&MemoryStore::new(), steps));
}

fn sqlite_is_as_the_model() {
    holds(|steps| {
        let directory = fast_directory();
        compare(&SqliteStore::open(&directory.path().join("state.db")).unwrap(), steps)
    });
}

fn holds(property: impl Fn(&[Step]) -> Result<(), TestCaseError>) {
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    runner.run(&vec(step(), 0..12), |steps| property(&steps)).unwrap();
}

/// One transaction: what it requires, and what it writes.
type Step = (Vec<(String, Requirement)>, Vec<(String, Option<Vec<u8>>)>);

#[derive(Clone, Copy, Debug)]
enum Requirement {
    /// The key is as it is: mostly met.
    AsItIs,
    /// The key is not there.
    Absent,
    /// The key was written by this commit.
    At(u64),
}

/// Few keys, so that they meet; such that are prefixes of others, and that sort apart.
fn key() -> impl Strategy<Value = String> {
    "[ab\u{0}\u{10ffff}]{0,2}"
}

fn step() -> impl Strategy<Value = Step> {
    let requirement = prop_oneof![
        4 => Just(Requirement::AsItIs),
        1 => Just(Requirement::Absent),
        1 => (0..8_u64).prop_map(Requirement::At),
    ];
    let value = prop_oneof![3 => vec(any::<u8>(), 0..3).prop_map(Some), 2 => Just(None)];
    (vec((key(), requirement), 0..3), vec((key(), value), 0..4))
}

/// The same, without any of the cleverness.
#[derive(Default)]
struct Model {
    revision: u64,
    entries: BTreeMap<String, Entry>,
    /// When a key was last written or deleted.
    touched: BTreeMap<String, u64>,
}

impl Model {
    /// The outcome, or the key in conflict.
    fn commit(
        &mut self,
        transaction: &[(String, Option<Vec<u8>>)],
        requirements: &[(String, Option<Revision>)],
    ) -> Result<Revision, String> {
        for (key, required) in requirements {
            if self.entries.get(key).map(|entry| entry.revision) != *required {
                return Err(key.clone());
            }
        }
        let last_words: BTreeMap<_, _> = transaction.iter().cloned().collect();
        let revision = self.revision + 1;
        for (key, value) in last_words {
            let is_changed = match value {
                Some(value) => {
                    let entry =
                        Entry { key: key.clone(), value, revision: Revision::new(revision) };
                    self.entries.insert(key.clone(), entry);
                    true
                }
                None => self.entries.remove(&key).is_some(),
            };
            if is_changed {
                self.revision = revision;
                self.touched.insert(key, revision);
            }
        }
        Ok(Revision::new(self.revision))
    }

    fn list(&self, prefix: &str) -> Listing {
        let entries = self.entries.values().filter(|entry| entry.key.starts_with(prefix));
        Listing { revision: Revision::new(self.revision), entries: entries.cloned().collect() }
    }

    fn changes(&self, after: u64) -> Changes {
        let newer = self.touched.iter().filter(|(_, touched)| **touched > after);
        let changed = newer.map(|(key, _)| match self.entries.get(key) {
            Some(entry) => Change::Put(entry.clone()),
            None => Change::Deleted { key: key.clone() },
        });
        Changes { revision: Revision::new(self.revision), changed: changed.collect() }
    }
}

fn compare(store: &dyn Kv, steps: &[Step]) -> Result<(), TestCaseError> {
    let mut model = Model::default();
    for (requirements, writes) in steps {
        let current = |key: &String| model.entries.get(key).map(|entry| entry.revision);
        let requirements: Vec<_> = requirements
            .iter()
            .map(|(key, requirement)| match requirement {
                Requirement::AsItIs => (key.clone(), current(key)),
                Requirement::Absent => (key.clone(), None),
                Requirement::At(number) => (key.clone(), Some(Revision::new(*number))),
            })
            .collect();
        let mut transaction = Transaction::new();
        for (key, required) in &requirements {
            transaction = transaction.require(key, *required);
        }
        for (key, value) in writes {
            transaction = match value {
                Some(value) => transaction.put(key, value.clone()),
                None => transaction.delete(key),
            };
        }
        let outcome = store.commit(transaction).map_err(|error| match error {
            KvError::Conflict { key } => key,
            error => panic!("{error}"),
        });
        prop_assert_eq!(outcome, model.commit(writes, &requirements));
        for prefix in ["", "a", "ab", "\u{10ffff}", "\0"] {
            prop_assert_eq!(store.list(prefix).unwrap(), model.list(prefix));
            prop_assert_eq!(store.get(prefix).unwrap(), model.entries.get(prefix).cloned());
        }
        for after in 0..=model.revision {
            let changes = store.changes(Revision::new(after), Duration::ZERO).unwrap();
            prop_assert_eq!(changes, model.changes(after));
        }
    }
    Ok(())
}
