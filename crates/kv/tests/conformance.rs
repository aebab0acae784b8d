//! Every engine of this crate keeps the contract, at the bounds that all engines have.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use imds_kv::conformance::{RULES, Rule, Subject};
use imds_kv::{Change, Kv, KvError, Limits, Memory, Sqlite, Transaction};
use testkit::{Etcd, Need, Trial, tests};

use crate::fast_directory;

/// Deletions that an engine in this process remembers at least.
const DELETIONS: usize = 1024;

pub(crate) fn tests() -> Vec<Trial> {
    let memory = rules("memory", memory);
    let sqlite = rules("sqlite", sqlite);
    let more = tests![&[];
        memory_remembers_enough_deletions,
        sqlite_remembers_enough_deletions,
        a_local_engine_commits_a_launch_of_1000,
    ];
    let etcd = RULES.iter().map(|rule| {
        let name = format!("etcd::{}", rule.name);
        testkit::test(name, &[Need::Etcd], move || etcd(*rule))
    });
    memory.chain(sqlite).chain(etcd).chain(more).collect()
}

fn rules(engine: &str, open: fn() -> Subject) -> impl Iterator<Item = Trial> {
    RULES.iter().map(move |rule| {
        testkit::test(format!("{engine}::{}", rule.name), &[], move || (rule.prove)(&open))
    })
}

fn memory() -> Subject {
    let kv = Arc::new(Memory::with_limits(Limits::PORTABLE));
    let clock = Arc::downgrade(&kv);
    Subject::new(kv).with_time(move |time| clock.upgrade().unwrap().advance_clock(time))
}

fn sqlite() -> Subject {
    let directory = fast_directory();
    let path = directory.path().join("state.db");
    let kv = Arc::new(Sqlite::open_with_limits(&path, Limits::PORTABLE).unwrap());
    let clock = Arc::downgrade(&kv);
    Subject::new(kv)
        .with_time(move |time| clock.upgrade().unwrap().advance_clock(time))
        .with_belonging(directory)
}

/// Any 32 bytes.
pub(crate) const SEAL_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// Proves a rule on sealed values in an etcd that nobody else writes to: each engine has keys of its own there.
fn etcd(rule: Rule) -> testkit::Result<()> {
    let etcd = Arc::new(Etcd::start()?);
    let directory = fast_directory();
    let key = directory.path().join("key");
    std::fs::write(&key, SEAL_KEY)?;
    let opened = AtomicU32::new(0);
    let open = || {
        let number = opened.fetch_add(1, Ordering::Relaxed);
        let url = format!("etcd://{}/test-{number}?seal-key={}", etcd.address(), key.display());
        let kv = imds_kv::open(url).unwrap();
        let etcd = Arc::clone(&etcd);
        // Its clock cannot be moved.
        Subject::new(kv)
            .with_leases_of(Duration::from_secs(8))
            // A watch from the past takes a tenth of a second to begin.
            .with_cases(4)
            .with_compaction(move || etcd.compact().unwrap())
    };
    (rule.prove)(&open);
    Ok(())
}

fn memory_remembers_enough_deletions() {
    remembers_enough_deletions(&Memory::new());
}

fn sqlite_remembers_enough_deletions() {
    let directory = fast_directory();
    remembers_enough_deletions(&Sqlite::open(&directory.path().join("state.db")).unwrap());
}

/// The 1,024 newest, and all others of the oldest commit among them.
fn remembers_enough_deletions(kv: &dyn Kv) {
    let names = |range: std::ops::Range<usize>| range.map(|number| format!("{number:04}"));
    let commit = |transaction| kv.commit(transaction).unwrap();
    let changes = |after| kv.watch(&[""], after).unwrap().next().unwrap();
    let count = |after| changes(after).unwrap().changed.len();
    let put = |key: &str| Transaction::new().put(key, "");
    let created = commit(names(0..DELETIONS + 2).fold(put("kept"), |all, key| all.put(key, "")));
    let first = commit(Transaction::new().delete("0000"));
    let delete = |range| names(range).fold(Transaction::new(), Transaction::delete);
    let enough = commit(delete(1..DELETIONS));
    assert_eq!(count(created), DELETIONS);

    let more = commit(delete(DELETIONS..DELETIONS + 1));
    match changes(created) {
        Err(KvError::Compacted { oldest }) => assert_eq!(oldest, first),
        outcome => panic!("not compacted: {outcome:?}"),
    }
    // The rest of the second deletion and the third are needed to have enough.
    assert_eq!((count(first), count(enough)), (DELETIONS, 1));

    // A key that exists again is not a deletion: one more can be remembered.
    commit(put("0001").delete("1025"));
    assert_eq!((count(first), count(more)), (DELETIONS + 1, 2));
    let changed = changes(more).unwrap().changed;
    assert!(matches!(&changed[0], Change::Put(entry) if entry.key == "0001"), "{changed:?}");
    let keys: Vec<_> = kv.list("").unwrap().entries.into_iter().map(|entry| entry.key).collect();
    assert_eq!(keys, ["0001", "kept"]);
}

/// Each instance with its record, 16 KiB of user data in base64, tags and 64 addresses.
fn a_local_engine_commits_a_launch_of_1000() {
    let directory = fast_directory();
    let sqlite = Sqlite::open(&directory.path().join("state.db")).unwrap();
    for kv in [&Memory::new() as &dyn Kv, &sqlite] {
        let transaction = (0..1000).fold(Transaction::new(), |all, instance| {
            let all = all.put(format!("instances/{instance}"), vec![7; 24_000]);
            let all = all.put(format!("tags/{instance}"), vec![7; 1000]);
            (0..64).fold(all, |all, address| {
                let key = format!("addresses/{instance}/{address}");
                all.if_revision(key.clone(), None).put(key, vec![7; 60])
            })
        });
        let count = transaction.operations();
        kv.commit(transaction).unwrap();
        assert_eq!(kv.list("").unwrap().entries.len(), count);
    }
}
