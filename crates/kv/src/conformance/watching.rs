//! Rules of `watch`.

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::thread;

use super::subject::{Subject, delete, put};
use crate::entry::{Change, Entry};
use crate::error::KvError;
use crate::revision::Revision;

fn by_key(changes: impl IntoIterator<Item = Change>) -> BTreeMap<String, Change> {
    changes.into_iter().map(|change| (change.key().to_owned(), change)).collect()
}

fn written(key: &str, value: &str, revision: Revision) -> Change {
    Change::Put(Entry { key: key.into(), value: value.into(), revision })
}

fn deleted(key: &str) -> Change {
    Change::Deleted { key: key.into() }
}

pub(super) fn a_watch_reports_each_change(open: &dyn Fn() -> Subject) {
    let subject = open();
    let empty = subject.list("").revision;
    let start = subject.commit(put("kept", "1").put("deleted", "1").put("changed", "1"));
    subject.commit(put("changed", "2").put("fleeting", "1"));
    let before = subject.commit(delete("deleted").delete("fleeting"));
    let last = subject.commit(put("changed", "3"));
    let changed = written("changed", "3", last);
    let expected = by_key([changed.clone(), deleted("deleted"), deleted("fleeting")]);
    assert_eq!(subject.changes("", start, last), expected);
    assert_eq!(subject.changes("", before, last), by_key([changed]));
    assert_eq!(subject.changes("", empty, last).len(), 4);
}

pub(super) fn a_watch_follows_its_prefixes_only(open: &dyn Fn() -> Subject) {
    let subject = open();
    let start = subject.list("").revision;
    let mut watch = subject.watch(&["a/", "b"], start);
    subject.commit(put("a", "").put("c", ""));
    let first = subject.commit(put("a/1", "x").put("c", "").put("bb", "x"));
    let changes = watch.next().unwrap().unwrap();
    assert_eq!(changes.changed, [written("a/1", "x", first), written("bb", "x", first)]);
    subject.commit(put("c", "").delete("a"));
    let last = subject.commit(put("b", "y"));
    assert_eq!(watch.next().unwrap().unwrap().changed, [written("b", "y", last)]);
}

pub(super) fn a_watch_waits_for_commits(open: &dyn Fn() -> Subject) {
    let subject = open();
    let newest = subject.list("").revision;
    // Each commit wakes each watch: two threads that answer each other get to the end.
    let (mut pings, mut pongs) =
        (subject.watch(&["ping"], newest), subject.watch(&["pong"], newest));
    thread::scope(|scope| {
        let kv = &*subject.kv;
        scope.spawn(move || {
            for _ in 0..20 {
                pings.next().unwrap().unwrap();
                kv.commit(put("pong", "")).unwrap();
            }
        });
        for _ in 0..20 {
            kv.commit(put("ping", "")).unwrap();
            pongs.next().unwrap().unwrap();
        }
    });
}

pub(super) fn a_closer_ends_a_watch(open: &dyn Fn() -> Subject) {
    let subject = open();
    let newest = subject.commit(put("a", ""));
    for prefixes in [&["a"][..], &[]] {
        let mut watch = subject.watch(prefixes, newest);
        let closer = watch.closer();
        let (ready, is_ready) = mpsc::channel();
        let blocked = thread::spawn(move || {
            ready.send(()).unwrap();
            (watch.next().is_none(), watch.next().is_none())
        });
        is_ready.recv().unwrap();
        closer.clone().close();
        assert_eq!(blocked.join().unwrap(), (true, true));
        closer.close();
    }
    // Closed before it waits, and another watch of the same engine is not.
    let (mut closed, mut open) = (subject.watch(&[""], newest), subject.watch(&[""], newest));
    closed.closer().close();
    assert!(closed.next().is_none());
    subject.commit(put("b", ""));
    assert_eq!(open.next().unwrap().unwrap().changed.len(), 1);
}

pub(super) fn dropping_the_engine_ends_its_watches(open: &dyn Fn() -> Subject) {
    let subject = open();
    let newest = subject.list("").revision;
    let mut watch = subject.watch(&[""], newest);
    let blocked = thread::spawn(move || watch.next().is_none());
    drop(subject);
    assert!(blocked.join().unwrap());
}

pub(super) fn a_watch_reports_transactions_whole(open: &dyn Fn() -> Subject) {
    let subject = open();
    let start = subject.list("").revision;
    let mut watch = subject.watch(&["one", "other"], start);
    let commit = |number: u32| {
        let value = number.to_string();
        subject.kv.commit(put("one", &value).put("other", value).put("else", "")).unwrap()
    };
    let last = (0..50).map(commit).max().unwrap();
    loop {
        let changes = watch.next().unwrap().unwrap();
        let [Change::Put(one), Change::Put(other)] = &changes.changed[..] else {
            panic!("{changes:?}")
        };
        assert_eq!((&one.value, one.revision), (&other.value, other.revision));
        if one.revision == last {
            break;
        }
    }
}

pub(super) fn a_watch_of_compacted_changes_is_refused(open: &dyn Fn() -> Subject) {
    let subject = open();
    let start = subject.commit(put("a", "1").put("b", "1"));
    subject.commit(delete("a"));
    subject.compact();
    let oldest = match subject.watch(&["a"], start).next() {
        Some(Err(KvError::Compacted { oldest })) => oldest,
        outcome => panic!("not compacted: {outcome:?}"),
    };
    assert!(oldest > start, "{oldest} after {start}");
    // After a new listing, a watch goes on; from the oldest revision it goes on as well.
    let listing = subject.list("");
    let last = subject.commit(put("b", "2"));
    for after in [oldest, listing.revision] {
        assert_eq!(subject.changes("b", after, last), by_key([written("b", "2", last)]));
    }
}

/// Whether a watch reports [`KvError::Compacted`] or everything: what it follows is never wrong.
pub(super) fn a_follower_loses_nothing_to_compaction(open: &dyn Fn() -> Subject) {
    let subject = open();
    let newest = subject.commit(put("a", "1").put("b", "1").put("c", "1"));
    let mut watch = subject.watch(&["a", "b", "c"], newest);
    subject.commit(put("a", "2").delete("b"));
    subject.compact();
    let last = subject.commit(put("c", "2"));
    let mut table = by_key(["a", "b", "c"].map(|key| written(key, "1", newest)));
    let mut seen = newest;
    while seen < last {
        match watch.next().unwrap() {
            Ok(changes) => {
                seen = changes.revision;
                for change in changes.changed {
                    match &change {
                        Change::Deleted { key } => table.remove(key),
                        _ => table.insert(change.key().to_owned(), change),
                    };
                }
            }
            Err(KvError::Compacted { .. }) => {
                let listing = subject.list("");
                seen = listing.revision;
                table = by_key(listing.entries.into_iter().map(Change::Put));
                watch = subject.watch(&["a", "b", "c"], seen);
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(table, by_key(subject.list("").entries.into_iter().map(Change::Put)));
    assert_eq!(table.into_keys().collect::<Vec<_>>(), ["a", "c"]);
}
