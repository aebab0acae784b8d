//! Rules of `commit`.

use super::subject::{Subject, delete, keys, put};
use crate::error::KvError;
use crate::revision::Revision;
use crate::transaction::Transaction;

pub(super) fn a_deleted_key_can_be_created_again(open: &dyn Fn() -> Subject) {
    let subject = open();
    subject.commit(put("a", "1").put("b", "1"));
    subject.commit(delete("a"));
    assert_eq!(subject.value("a"), None);
    assert_eq!(keys(&subject.list("")), ["b"]);
    let revision = subject.commit(put("a", "2").if_revision("a", None));
    assert_eq!(subject.kv.get("a").unwrap().unwrap().revision, revision);
}

pub(super) fn comparisons_decide(open: &dyn Fn() -> Subject) {
    let subject = open();
    let first = subject.commit(put("a", "1"));
    let second = subject.commit(put("a", "2"));
    let gone = subject.commit(put("gone", "1"));
    subject.commit(delete("gone"));
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
    for (key, expected, holds) in cases {
        match subject.kv.commit(put("other", "").if_revision(key, expected)) {
            Ok(_) => assert!(holds, "{key} at {expected:?}"),
            Err(KvError::Conflict { key: named }) => assert_eq!((holds, &*named), (false, key)),
            Err(error) => panic!("{error}"),
        }
    }
}

pub(super) fn a_conflict_undoes_everything(open: &dyn Fn() -> Subject) {
    let subject = open();
    let before = subject.commit(put("a", "1"));
    let transaction =
        put("a", "2").put("b", "2").if_revision("a", Some(before)).if_revision("b", Some(before));
    assert_eq!(subject.conflict(transaction), "b");
    let listing = subject.list("");
    assert_eq!((keys(&listing), listing.entries[0].revision), (vec!["a"], before));
    assert_eq!(subject.value("a").unwrap(), b"1");
}

pub(super) fn revisions_grow_with_changes_only(open: &dyn Fn() -> Subject) {
    let subject = open();
    let first = subject.commit(put("a", "1"));
    for nothing in [Transaction::new(), Transaction::new().if_revision("b", None), delete("b")] {
        assert_eq!(subject.commit(nothing), first);
    }
    // Writing the value that is there already is a change: its writer is the last one.
    let second = subject.commit(put("a", "1").delete("b"));
    assert!(second > first);
    assert_eq!(subject.kv.get("a").unwrap().unwrap().revision, second);
    // Of two writes to one key the later counts.
    let third = subject.commit(put("c", "1").delete("c").put("c", "2").delete("a"));
    assert!(third > second);
    assert_eq!(subject.value("c").unwrap(), b"2");
    assert_eq!(subject.value("a"), None);
}

pub(super) fn transactions_are_bounded(open: &dyn Fn() -> Subject) {
    let subject = open();
    let limits = subject.kv.limits();
    let key = |number| format!("{number:07}");
    let keys = |count: usize| (0..count).map(key);
    let compared =
        |count| keys(count).fold(put("a", ""), |all, key| all.if_revision(format!("b{key}"), None));
    let written = |count| keys(count).fold(Transaction::new(), |all, key| all.put(key, ""));
    let long = |bytes: usize| Transaction::new().put("a", vec![7; bytes - 1]);
    let too_large = |transaction: Transaction| {
        let (operations, bytes) = (transaction.operations(), transaction.bytes());
        match subject.kv.commit(transaction) {
            Err(KvError::TooLarge { operations: named, bytes: named_bytes, limits: bound }) => {
                assert_eq!((named, named_bytes, bound), (operations, bytes, limits));
            }
            outcome => panic!("{operations} operations, {bytes} bytes: {outcome:?}"),
        }
    };
    too_large(compared(limits.operations + 1));
    too_large(written(limits.operations + 1));
    too_large(long(limits.bytes + 1));
    assert_eq!(subject.list("").entries, [], "nothing of them was done");
    subject.commit(compared(limits.operations));
    subject.commit(written(limits.operations));
    subject.commit(Transaction::new().put("a", vec![7; limits.bytes * 9 / 10]));
}
