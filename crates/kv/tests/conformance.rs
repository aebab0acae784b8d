//! What every store does, whichever it is.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use imds_kv::{
    Change, Entry, Kv, KvError, Listing, MemoryStore, Revision, SqliteStore, Transaction,
};
use testkit::{SOON, Trial};

use crate::fast_directory;

/// Deletions that a store remembers at least.
const DELETIONS: usize = 1024;

const AT_ONCE: Duration = Duration::ZERO;

/// A rule's name, and what proves it on an empty store.
type Rule = (&'static str, fn(&dyn Kv));

/// Every rule, for every store.
pub(crate) fn tests() -> Vec<Trial> {
    let rules: [Rule; 13] = [
        ("a_value_is_there_once_it_is_committed", a_value_is_there_once_it_is_committed),
        ("a_deleted_key_is_free_again", a_deleted_key_is_free_again),
        ("requirements_decide", requirements_decide),
        ("a_conflict_undoes_everything", a_conflict_undoes_everything),
        ("what_changes_nothing_makes_no_revision", what_changes_nothing_makes_no_revision),
        ("listings_are_in_byte_order", listings_are_in_byte_order),
        ("pages_join_to_the_listing", pages_join_to_the_listing),
        ("changes_are_told_once_per_key", changes_are_told_once_per_key),
        ("changes_wait_for_a_commit", changes_wait_for_a_commit),
        ("patience_ends", patience_ends),
        ("old_deletions_are_forgotten", old_deletions_are_forgotten),
        ("no_update_is_lost_between_threads", no_update_is_lost_between_threads),
        ("readers_see_whole_transactions", readers_see_whole_transactions),
    ];
    let memory = rules.map(|(name, rule)| {
        testkit::test(format!("memory::{name}"), &[], move || rule(&MemoryStore::new()))
    });
    let sqlite = rules.map(|(name, rule)| {
        testkit::test(format!("sqlite::{name}"), &[], move || {
            let directory = fast_directory();
            rule(&SqliteStore::open(&directory.path().join("state.db")).unwrap());
        })
    });
    memory.into_iter().chain(sqlite).collect()
}

fn put(key: &str, value: &str) -> Transaction {
    Transaction::new().put(key, value)
}

fn commit(store: &dyn Kv, transaction: Transaction) -> Revision {
    store.commit(transaction).unwrap()
}

/// The key of the requirement that was not met.
fn conflict(store: &dyn Kv, transaction: Transaction) -> String {
    match store.commit(transaction) {
        Err(KvError::Conflict { key }) => key,
        outcome => panic!("no conflict: {outcome:?}"),
    }
}

fn keys(listing: &Listing) -> Vec<&str> {
    listing.entries.iter().map(|entry| entry.key.as_str()).collect()
}

fn a_value_is_there_once_it_is_committed(store: &dyn Kv) {
    assert_eq!(store.get("a").unwrap(), None);
    assert_eq!(store.list("").unwrap(), Listing { revision: Revision::ZERO, entries: vec![] });
    let every_byte: Vec<u8> = (0..=255).collect();
    for (number, value) in [(1, &b"text"[..]), (2, b""), (3, &every_byte), (4, &[7; 10_000])] {
        let revision = commit(store, Transaction::new().put("a", value));
        assert_eq!(revision, Revision::new(number));
        let entry = Entry { key: "a".into(), value: value.to_vec(), revision };
        assert_eq!(store.get("a").unwrap(), Some(entry.clone()));
        assert_eq!(store.list("").unwrap(), Listing { revision, entries: vec![entry] });
    }
}

fn a_deleted_key_is_free_again(store: &dyn Kv) {
    commit(store, put("a", "1").put("b", "1"));
    commit(store, Transaction::new().delete("a"));
    assert_eq!(store.get("a").unwrap(), None);
    assert_eq!(keys(&store.list("").unwrap()), ["b"]);
    let revision = commit(store, put("a", "2").require("a", None));
    assert_eq!(store.get("a").unwrap().unwrap().revision, revision);
}

fn requirements_decide(store: &dyn Kv) {
    let first = commit(store, put("a", "1"));
    let second = commit(store, put("a", "2"));
    let gone = commit(store, put("gone", "1"));
    commit(store, Transaction::new().delete("gone"));
    let cases = [
        ("a", Some(second), true),
        ("a", Some(first), false),
        ("a", Some(Revision::ZERO), false),
        ("a", None, false),
        ("absent", None, true),
        ("absent", Some(second), false),
        ("gone", None, true),
        ("gone", Some(gone), false),
    ];
    for (key, required, is_met) in cases {
        let outcome = store.commit(put("other", "").require(key, required));
        match outcome {
            Ok(_) => assert!(is_met, "{key} at {required:?}"),
            Err(KvError::Conflict { key: named }) => assert_eq!((is_met, &*named), (false, key)),
            Err(error) => panic!("{error}"),
        }
    }
}

fn a_conflict_undoes_everything(store: &dyn Kv) {
    let before = commit(store, put("a", "1"));
    let transaction =
        put("a", "2").put("b", "2").require("a", Some(before)).require("b", Some(before));
    assert_eq!(conflict(store, transaction), "b");
    assert_eq!(store.list("").unwrap().revision, before);
    assert_eq!(store.get("a").unwrap().unwrap().value, b"1");
    assert_eq!(store.get("b").unwrap(), None);
}

fn what_changes_nothing_makes_no_revision(store: &dyn Kv) {
    let newest = commit(store, put("a", "1"));
    assert_eq!(commit(store, Transaction::new()), newest);
    assert_eq!(commit(store, Transaction::new().require("b", None)), newest);
    assert_eq!(commit(store, Transaction::new().delete("b")), newest);
    // Writing what is there already is a change: whoever wrote it last is the one to be compared.
    assert_eq!(commit(store, put("a", "1").delete("b")), Revision::new(newest.get() + 1));
    // Of two writes to one key the later counts.
    commit(store, put("c", "1").delete("c").put("c", "2").delete("a"));
    assert_eq!(store.get("c").unwrap().unwrap().value, b"2");
    assert_eq!(store.get("a").unwrap(), None);
}

fn listings_are_in_byte_order(store: &dyn Kv) {
    let order = [
        "",
        "a",
        "a\0",
        "a/",
        "a/b",
        "a0",
        "aa",
        "b",
        "é",
        "\u{ffff}",
        "\u{10ffff}",
        "\u{10ffff}a",
    ];
    commit(store, order.iter().rev().fold(Transaction::new(), |all, key| all.put(*key, *key)));
    assert_eq!(keys(&store.list("").unwrap()), order);
    for prefix in order.into_iter().chain(["c", "a/b/", "A", "\u{e000}"]) {
        let expected: Vec<_> = order.into_iter().filter(|key| key.starts_with(prefix)).collect();
        assert_eq!(keys(&store.list(prefix).unwrap()), expected, "{prefix:?}");
    }
}

fn pages_join_to_the_listing(store: &dyn Kv) {
    let all: Vec<_> = (0..25).map(|number| format!("i/{number:02}")).collect();
    let around = put("h", "").put("i", "").put("j", "");
    commit(store, all.iter().fold(around, |all, key| all.put(key, "")));
    commit(store, Transaction::new().delete("i/07"));
    let whole = store.list("i/").unwrap();
    assert_eq!(whole.entries.len(), 24);
    for limit in [1, 2, 7, 24, 25, usize::MAX] {
        let mut joined: Vec<Entry> = Vec::new();
        loop {
            let after = joined.last().map(|entry| entry.key.clone());
            let page = store.page("i/", after.as_deref(), limit).unwrap();
            assert!(page.entries.len() <= limit);
            if page.entries.is_empty() {
                break;
            }
            joined.extend(page.entries);
        }
        assert_eq!(joined, whole.entries, "pages of {limit}");
    }
    // A place to go on from may be gone, outside, or not have been there at all.
    let first_after = |after| store.page("i/", Some(after), 1).unwrap().entries.pop();
    for (after, expected) in [
        ("", Some("i/00")),
        ("h", Some("i/00")),
        ("i/", Some("i/00")),
        ("i/07", Some("i/08")),
        ("i/075", Some("i/08")),
        ("i/24", None),
        ("j", None),
    ] {
        assert_eq!(first_after(after).map(|entry| entry.key).as_deref(), expected, "{after}");
    }
    assert_eq!(store.page("i/", None, 0).unwrap().entries, []);
}

fn changes_are_told_once_per_key(store: &dyn Kv) {
    let start = commit(store, put("kept", "1").put("deleted", "1").put("changed", "1"));
    commit(store, put("changed", "2").put("fleeting", "1"));
    commit(store, Transaction::new().delete("deleted").delete("fleeting"));
    let last = commit(store, put("changed", "3"));
    let changes = store.changes(start, AT_ONCE).unwrap();
    assert_eq!(changes.revision, last);
    let changed = Entry { key: "changed".into(), value: b"3".to_vec(), revision: last };
    let deleted = |key: &str| Change::Deleted { key: key.into() };
    let expected = [Change::Put(changed.clone()), deleted("deleted"), deleted("fleeting")];
    assert_eq!(changes.changed, expected);
    let before_last = Revision::new(last.get() - 1);
    assert_eq!(store.changes(before_last, AT_ONCE).unwrap().changed, [Change::Put(changed)]);
    assert_eq!(store.changes(Revision::ZERO, AT_ONCE).unwrap().changed.len(), 4);
}

fn changes_wait_for_a_commit(store: &dyn Kv) {
    thread::scope(|scope| {
        let waiting = scope.spawn(|| store.changes(Revision::ZERO, SOON).unwrap());
        let revision = commit(store, put("a", "1"));
        let changes = waiting.join().unwrap();
        assert_eq!((changes.revision, changes.changed.len()), (revision, 1));
    });
    // Each commit wakes each waiter: two that answer each other get to the end.
    thread::scope(|scope| {
        let play = |own: &'static str, other: &'static str| {
            let mut seen = Revision::new(1);
            for _ in 0..20 {
                let turn = |change: &Change| change.key() == other;
                loop {
                    let changes = store.changes(seen, SOON).unwrap();
                    assert!(changes.revision > seen, "nobody answered");
                    seen = changes.revision;
                    if changes.changed.iter().any(turn) {
                        break;
                    }
                }
                commit(store, put(own, ""));
            }
        };
        scope.spawn(move || play("ping", "pong"));
        scope.spawn(move || play("pong", "ping"));
        commit(store, put("ping", ""));
    });
}

fn patience_ends(store: &dyn Kv) {
    let newest = commit(store, put("a", "1"));
    for after in [newest, Revision::new(newest.get() + 10)] {
        let changes = store.changes(after, Duration::from_millis(20)).unwrap();
        assert_eq!((changes.revision, changes.changed), (newest, vec![]));
    }
}

fn old_deletions_are_forgotten(store: &dyn Kv) {
    let names = |range: std::ops::Range<usize>| range.map(|number| format!("{number:04}"));
    let all = names(0..DELETIONS + 2).fold(put("kept", ""), |all, key| all.put(key, ""));
    let created = commit(store, all);
    let first = commit(store, Transaction::new().delete("0000"));
    let delete = |range| names(range).fold(Transaction::new(), Transaction::delete);
    let enough = commit(store, delete(1..DELETIONS));
    assert_eq!(store.changes(created, AT_ONCE).unwrap().changed.len(), DELETIONS);

    let more = commit(store, delete(DELETIONS..DELETIONS + 1));
    match store.changes(created, AT_ONCE) {
        Err(KvError::Compacted { oldest }) => assert_eq!(oldest, first),
        outcome => panic!("not compacted: {outcome:?}"),
    }
    // The rest of the second deletion and the third are needed to have enough.
    assert_eq!(store.changes(first, AT_ONCE).unwrap().changed.len(), DELETIONS);
    assert_eq!(store.changes(enough, AT_ONCE).unwrap().changed.len(), 1);
    assert_eq!(store.changes(more, AT_ONCE).unwrap().changed, []);

    // A key that is back is no deletion any more: one more can be remembered.
    let back = commit(store, put("0001", "").delete("1025"));
    assert_eq!(store.changes(first, AT_ONCE).unwrap().changed.len(), DELETIONS + 1);
    assert_eq!(store.changes(more, AT_ONCE).unwrap().changed.len(), 2);
    assert_eq!(keys(&store.list("").unwrap()), ["0001", "kept"]);
    assert_eq!(store.list("").unwrap().revision, back);
}

fn no_update_is_lost_between_threads(store: &dyn Kv) {
    const THREADS: u64 = 8;
    const ROUNDS: u64 = 25;
    commit(store, put("counter", "0"));
    let add_one = || loop {
        let entry = store.get("counter").unwrap().unwrap();
        let number: u64 = String::from_utf8(entry.value).unwrap().parse().unwrap();
        let add =
            put("counter", &(number + 1).to_string()).require("counter", Some(entry.revision));
        match store.commit(add) {
            Ok(_) => break,
            Err(KvError::Conflict { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    };
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| (0..ROUNDS).for_each(|_| add_one()));
        }
    });
    let counter = store.get("counter").unwrap().unwrap();
    assert_eq!(counter.value, (THREADS * ROUNDS).to_string().as_bytes());
    assert_eq!(counter.revision, Revision::new(1 + THREADS * ROUNDS));
}

fn readers_see_whole_transactions(store: &dyn Kv) {
    let is_over = AtomicBool::new(false);
    let pair = |value: &str| put("one", value).put("other", value);
    commit(store, pair("start"));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut seen = Revision::ZERO;
                while !is_over.load(Ordering::Relaxed) {
                    let listing = store.list("o").unwrap();
                    let [one, other] = &listing.entries[..] else { panic!("{listing:?}") };
                    assert_eq!((&one.value, one.revision), (&other.value, other.revision));
                    assert_eq!(listing.revision, one.revision);
                    assert!(seen <= listing.revision, "time went back");
                    seen = listing.revision;
                }
            });
        }
        for number in 0..200 {
            commit(store, pair(&number.to_string()));
        }
        is_over.store(true, Ordering::Relaxed);
    });
}
