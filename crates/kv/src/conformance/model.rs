//! Any sequence of transactions has the same outcome as in a map that remembers everything.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::subject::Subject;
use crate::entry::{Change, Entry};
use crate::error::KvError;
use crate::revision::Revision;
use crate::transaction::Transaction;

pub(super) fn any_sequence_is_as_in_the_model(open: &dyn Fn() -> Subject) {
    let cases = open().cases;
    let mut runner =
        TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    runner.run(&vec(step(), 0..12), |steps| compare(&open(), &steps)).unwrap();
}

/// One transaction.
type Step = (Vec<(String, Comparison)>, Vec<(String, Option<Vec<u8>>)>);

#[derive(Clone, Copy, Debug)]
enum Comparison {
    /// The key is as it is: mostly true.
    Unchanged,
    /// The key does not exist.
    Absent,
    /// The key was written by the commit with this number, counted from the newest.
    At(usize),
}

/// Few keys, so that transactions meet; some are prefixes of others, and some sort last.
fn key() -> impl Strategy<Value = String> {
    "[ab\u{0}\u{10ffff}]{1,2}"
}

fn step() -> impl Strategy<Value = Step> {
    let comparison = prop_oneof![
        4 => Just(Comparison::Unchanged),
        1 => Just(Comparison::Absent),
        1 => (0..8_usize).prop_map(Comparison::At),
    ];
    let value = prop_oneof![3 => vec(any::<u8>(), 0..3).prop_map(Some), 2 => Just(None)];
    (vec((key(), comparison), 0..3), vec((key(), value), 0..4))
}

/// The same without any cleverness.
struct Model {
    /// The revisions of all commits, and the one before them.
    revisions: Vec<Revision>,
    entries: BTreeMap<String, Entry>,
    /// When a key was last written or deleted.
    touched: BTreeMap<String, Revision>,
}

impl Model {
    fn newest(&self) -> Revision {
        *self.revisions.last().unwrap()
    }

    fn current(&self, key: &str) -> Option<Revision> {
        self.entries.get(key).map(|entry| entry.revision)
    }

    fn expected(&self, key: &str, comparison: Comparison) -> Option<Revision> {
        match comparison {
            Comparison::Unchanged => self.current(key),
            Comparison::Absent => None,
            Comparison::At(age) => self.revisions.iter().nth_back(age).copied(),
        }
    }

    fn changes_something(&self, writes: &BTreeMap<String, Option<Vec<u8>>>) -> bool {
        writes.iter().any(|(key, value)| value.is_some() || self.entries.contains_key(key))
    }

    fn apply(&mut self, writes: BTreeMap<String, Option<Vec<u8>>>, revision: Revision) {
        for (key, value) in writes {
            match value {
                Some(value) => {
                    let entry = Entry { key: key.clone(), value, revision };
                    self.entries.insert(key.clone(), entry);
                    self.touched.insert(key, revision);
                }
                None if self.entries.remove(&key).is_some() => {
                    self.touched.insert(key, revision);
                }
                None => {}
            }
        }
        self.revisions.push(revision);
    }

    fn below(&self, prefix: &str) -> Vec<Entry> {
        let entries = self.entries.values().filter(|entry| entry.key.starts_with(prefix));
        entries.cloned().collect()
    }

    fn changes(&self, after: Revision) -> BTreeMap<String, Change> {
        let newer = self.touched.iter().filter(|(_, touched)| **touched > after);
        let changed = newer.map(|(key, _)| {
            let deleted = || Change::Deleted { key: key.clone() };
            let entry = self.entries.get(key).cloned();
            (key.clone(), entry.map_or_else(deleted, Change::Put))
        });
        changed.collect()
    }
}

fn compare(subject: &Subject, steps: &[Step]) -> Result<(), TestCaseError> {
    let mut model = Model {
        revisions: vec![subject.list("").revision],
        entries: BTreeMap::new(),
        touched: BTreeMap::new(),
    };
    for (comparisons, writes) in steps {
        let mut transaction = Transaction::new();
        let mut conflict = None;
        for (key, comparison) in comparisons {
            let expected = model.expected(key, *comparison);
            if conflict.is_none() && expected != model.current(key) {
                conflict = Some(key.clone());
            }
            transaction = transaction.if_revision(key, expected);
        }
        for (key, value) in writes {
            transaction = match value {
                Some(value) => transaction.put(key, value.clone()),
                None => transaction.delete(key),
            };
        }
        match (subject.kv.commit(transaction), conflict) {
            (Err(KvError::Conflict { key }), Some(expected)) => prop_assert_eq!(key, expected),
            (Ok(revision), None) => {
                let writes = writes.iter().cloned().collect();
                if model.changes_something(&writes) {
                    prop_assert!(revision > model.newest());
                    model.apply(writes, revision);
                } else {
                    prop_assert_eq!(revision, model.newest());
                }
            }
            (outcome, conflict) => prop_assert!(false, "{outcome:?}, expected {conflict:?}"),
        }
        for prefix in ["", "a", "ab", "\u{10ffff}", "\0"] {
            let listing = subject.list(prefix);
            prop_assert_eq!(listing.revision, model.newest());
            prop_assert_eq!(listing.entries, model.below(prefix));
        }
        for key in ["a", "ab", "\u{10ffff}", "\0"] {
            prop_assert_eq!(subject.kv.get(key).unwrap(), model.entries.get(key).cloned());
        }
        for after in &model.revisions {
            prop_assert_eq!(subject.changes("", *after, model.newest()), model.changes(*after));
        }
    }
    Ok(())
}
