//! Rules of leases.

use super::subject::{Subject, keys, put};
use crate::entry::Change;
use crate::error::KvError;
use crate::lease::Lease;
use crate::transaction::Transaction;

fn put_for(lease: Lease, key: &str) -> Transaction {
    Transaction::new().put_for(lease, key, "")
}

/// Waits until each key was deleted.
fn wait_until_deleted(subject: &Subject, expected: &[&str]) {
    let listing = subject.list("");
    let mut watch = subject.watch(&[""], listing.revision);
    let mut remaining: Vec<_> = keys(&listing);
    remaining.retain(|key| expected.contains(key));
    while !remaining.is_empty() {
        for change in watch.next().unwrap().unwrap().changed {
            assert!(matches!(change, Change::Deleted { .. }), "{change:?}");
            remaining.retain(|key| *key != change.key());
        }
    }
}

fn assert_ended<T: std::fmt::Debug>(outcome: Result<T, KvError>, lease: Lease) {
    match outcome {
        Err(KvError::LeaseEnded { lease: named }) => assert_eq!(named, lease),
        outcome => panic!("not ended: {outcome:?}"),
    }
}

pub(super) fn a_lease_deletes_its_keys_when_its_time_is_over(open: &dyn Fn() -> Subject) {
    let subject = open();
    let (lease, other) =
        (subject.kv.grant(subject.ttl).unwrap(), subject.kv.grant(9 * subject.ttl).unwrap());
    subject.commit(put("plain", "").put_for(lease, "one", "1").put_for(other, "other", ""));
    let last = subject.commit(put_for(lease, "two"));
    let mut watch = subject.watch(&["one", "two"], last);
    assert_eq!(subject.value("one").unwrap(), b"1");
    subject.pass(2 * subject.ttl);
    let changes = watch.next().unwrap().unwrap();
    assert!(changes.revision > last);
    let deleted = |key: &str| Change::Deleted { key: key.into() };
    assert_eq!(changes.changed, [deleted("one"), deleted("two")], "together");
    assert_eq!(keys(&subject.list("")), ["other", "plain"]);
    // The keys can be created again.
    subject.commit(put("one", "").if_revision("one", None));
}

pub(super) fn keep_alive_starts_the_time_again(open: &dyn Fn() -> Subject) {
    let subject = open();
    let [kept_alive, left] = [(), ()].map(|()| subject.kv.grant(subject.ttl).unwrap());
    subject.commit(put_for(kept_alive, "kept alive").put_for(left, "left", ""));
    subject.pass(subject.ttl * 3 / 5);
    subject.kv.keep_alive(kept_alive).unwrap();
    subject.pass(subject.ttl * 3 / 5);
    wait_until_deleted(&subject, &["left"]);
    assert_eq!(keys(&subject.list("")), ["kept alive"]);
    subject.kv.keep_alive(kept_alive).unwrap();
    subject.pass(2 * subject.ttl);
    wait_until_deleted(&subject, &["kept alive"]);
}

pub(super) fn revoking_a_lease_deletes_its_keys_at_once(open: &dyn Fn() -> Subject) {
    let subject = open();
    let [lease, other] = [(), ()].map(|()| subject.kv.grant(subject.ttl).unwrap());
    let start = subject.commit(put_for(lease, "a").put_for(lease, "b", "").put_for(other, "c", ""));
    subject.kv.revoke(lease).unwrap();
    let listing = subject.list("");
    assert_eq!(keys(&listing), ["c"]);
    assert_eq!(subject.changes("", start, listing.revision).len(), 2);
    // A lease without keys ends as well.
    subject.kv.revoke(subject.kv.grant(subject.ttl).unwrap()).unwrap();
}

pub(super) fn a_lease_that_has_ended_refuses(open: &dyn Fn() -> Subject) {
    let subject = open();
    let [revoked, expired] = [(), ()].map(|()| subject.kv.grant(subject.ttl).unwrap());
    subject.commit(put_for(expired, "a"));
    subject.kv.revoke(revoked).unwrap();
    subject.pass(2 * subject.ttl);
    wait_until_deleted(&subject, &["a"]);
    for lease in [revoked, expired] {
        assert_ended(subject.kv.commit(put_for(lease, "b").put("c", "")), lease);
        assert_ended(subject.kv.keep_alive(lease), lease);
        assert_ended(subject.kv.revoke(lease), lease);
    }
    assert_eq!(subject.list("").entries, []);
}

pub(super) fn a_plain_write_detaches_a_key(open: &dyn Fn() -> Subject) {
    let subject = open();
    let lease = subject.kv.grant(subject.ttl).unwrap();
    subject.commit(put_for(lease, "a").put_for(lease, "b", "").put_for(lease, "c", ""));
    subject.commit(put("a", "plain").delete("b"));
    subject.commit(put("b", "plain"));
    subject.kv.revoke(lease).unwrap();
    assert_eq!(keys(&subject.list("")), ["a", "b"]);
}

pub(super) fn a_write_in_place_leaves_a_key_with_its_lease(open: &dyn Fn() -> Subject) {
    let subject = open();
    let lease = subject.kv.grant(subject.ttl).unwrap();
    let first = subject.commit(put_for(lease, "leased").put("plain", "1"));
    let in_place = ["leased", "plain"].iter().fold(Transaction::new(), |all, key| {
        all.if_revision(*key, Some(first)).put_in_place(*key, "2")
    });
    assert!(subject.commit(in_place) > first);
    assert_eq!(subject.value("leased").unwrap(), b"2");
    subject.kv.revoke(lease).unwrap();
    assert_eq!(keys(&subject.list("")), ["plain"]);
    assert_eq!(subject.value("plain").unwrap(), b"2");
}

pub(super) fn a_key_moves_to_another_lease(open: &dyn Fn() -> Subject) {
    let subject = open();
    let [from, to] = [(), ()].map(|()| subject.kv.grant(subject.ttl).unwrap());
    subject.commit(put_for(from, "a"));
    subject.commit(put_for(to, "a"));
    subject.kv.revoke(from).unwrap();
    assert_eq!(keys(&subject.list("")), ["a"]);
    subject.kv.revoke(to).unwrap();
    assert_eq!(subject.list("").entries, []);
}
