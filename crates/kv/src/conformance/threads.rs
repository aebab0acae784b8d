//! Rules of many threads at once.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::subject::{Subject, put};
use crate::engine::Kv;
use crate::entry::Change;
use crate::error::KvError;
use crate::revision::Revision;
use crate::transaction::Transaction;

const THREADS: u64 = 8;
const ROUNDS: u64 = 25;

/// Adds one to the number at `key` by compare and commit.
fn add_one(kv: &dyn Kv, key: &str) {
    loop {
        let entry = kv.get(key).unwrap().unwrap();
        let number: u64 = String::from_utf8(entry.value).unwrap().parse().unwrap();
        let add = put(key, &(number + 1).to_string()).if_revision(key, Some(entry.revision));
        match kv.commit(add) {
            Ok(revision) => return assert!(revision > entry.revision),
            Err(KvError::Conflict { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

pub(super) fn no_update_is_lost_between_threads(open: &dyn Fn() -> Subject) {
    let subject = open();
    let kv = &*subject.kv;
    subject.commit(put("counter", "0"));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| (0..ROUNDS).for_each(|_| add_one(kv, "counter")));
        }
    });
    let count = (THREADS * ROUNDS).to_string();
    assert_eq!(subject.value("counter").unwrap(), count.as_bytes());
}

pub(super) fn readers_see_whole_transactions(open: &dyn Fn() -> Subject) {
    let subject = open();
    let kv = &*subject.kv;
    let is_over = &AtomicBool::new(false);
    let pair = |value: &str| put("one", value).put("other", value);
    subject.commit(pair("start"));
    thread::scope(|scope| {
        for reader in 0..4 {
            scope.spawn(move || {
                let mut seen = Revision::ZERO;
                while !is_over.load(Ordering::Relaxed) {
                    let (revision, entries) = if reader % 2 == 0 {
                        let listing = kv.list("o").unwrap();
                        (listing.revision, listing.entries)
                    } else {
                        let snapshot = kv.get_many(&["one", "other"]).unwrap();
                        let entries = snapshot.entries.into_iter();
                        (snapshot.revision, entries.map(|it| it.unwrap().unwrap()).collect())
                    };
                    let [one, other] = &entries[..] else { panic!("{entries:?}") };
                    assert_eq!((&one.value, one.revision), (&other.value, other.revision));
                    assert!(revision >= one.revision);
                    assert!(seen <= revision, "time went back");
                    seen = revision;
                }
            });
        }
        for number in 0..200 {
            subject.commit(pair(&number.to_string()));
        }
        is_over.store(true, Ordering::Relaxed);
    });
}

/// A table made from a watch alone is the table that the writers left.
pub(super) fn a_watch_misses_nothing_of_many_writers(open: &dyn Fn() -> Subject) {
    let subject = open();
    let kv = &*subject.kv;
    let mut watch = subject.watch(&["w/", "end"], subject.list("").revision);
    let table = thread::scope(|scope| {
        let follower = scope.spawn(move || {
            let mut table = BTreeMap::new();
            let mut is_over = false;
            while !is_over {
                for change in watch.next().unwrap().unwrap().changed {
                    match change {
                        Change::Put(entry) if entry.key == "end" => is_over = true,
                        Change::Put(entry) => drop(table.insert(entry.key.clone(), entry)),
                        Change::Deleted { key } => drop(table.remove(&key)),
                        Change::Unreadable(entry) => panic!("{entry}"),
                    }
                }
            }
            table
        });
        let writers: Vec<_> = (0..THREADS)
            .map(|writer| {
                scope.spawn(move || {
                    for round in 0..ROUNDS {
                        let key = |round: u64| format!("w/{writer}/{}", round % 5);
                        let transaction = Transaction::new()
                            .put(key(round), round.to_string())
                            .delete(key(round + 2));
                        kv.commit(transaction).unwrap();
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        subject.commit(put("end", ""));
        follower.join().unwrap()
    });
    assert_eq!(table.into_values().collect::<Vec<_>>(), subject.list("w/").entries);
}
