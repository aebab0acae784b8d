//! Three members, and what befalls them: no acknowledged write is lost, and what is not known is told.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use imds_kv::{Change, Entry, Kv, KvError, Revision, Transaction};
use testkit::{EtcdCluster, Fault, Need, Result, Trial, ensure, eventually, tests};

use crate::conformance::SEAL_KEY;
use crate::fast_directory;

const WRITERS: usize = 3;

/// How many commits must be acknowledged during each fault, by each writer.
const COMMITS: u64 = 10;

pub(crate) fn tests() -> Vec<Trial> {
    tests![&[Need::Etcd, Need::Program("ip")]; no_acknowledged_write_is_lost]
}

/// What a writer was told of its commits.
#[derive(Default)]
struct Told {
    acknowledged: BTreeMap<String, Revision>,
    undone: Vec<String>,
    unknown: Vec<String>,
}

fn no_acknowledged_write_is_lost() -> Result<()> {
    let mut cluster = EtcdCluster::start(&[])?;
    let directory = fast_directory();
    let key = directory.path().join("key");
    fs::write(&key, SEAL_KEY)?;
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600))?;
    // Each client prefers another member.
    let open = |first: u8| {
        let (members, key) = (cluster.addresses(first), key.display());
        imds_kv::open(format!("etcd://{members}?plaintext=allow&seal-key={key}"))
    };
    let clients: Vec<Arc<dyn Kv>> = (0..3).map(open).collect::<Result<_, _>>()?;
    for client in &clients {
        // The thread that speaks with the cluster starts where the first call is made.
        cluster.hub().run(|| client.list(""))??;
    }
    let counts: Vec<_> = (0..WRITERS).map(|_| AtomicU64::new(0)).collect();
    let is_over = AtomicBool::new(false);
    let (told, table) = thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|number| {
                let (kv, count, is_over) = (&*clients[number], &counts[number], &is_over);
                scope.spawn(move || write(kv, number, count, is_over))
            })
            .collect();
        let kv = &*clients[0];
        let follower = scope.spawn(move || follow(kv));
        let faults = inflict(&mut cluster, &counts);
        is_over.store(true, Ordering::Relaxed);
        let told: Vec<_> = writers.into_iter().map(|writer| writer.join().unwrap()).collect();
        let end =
            eventually("the last commit", || kv.commit(Transaction::new().put("end", "")).ok());
        let table = end.map(|_| follower.join().unwrap());
        faults.and(Ok((told, table??)))
    })?;
    judge(&*clients[1], &told, &table)
}

/// Each fault, for as long as each writer needs to commit a few times.
fn inflict(cluster: &mut EtcdCluster, counts: &[AtomicU64]) -> Result<()> {
    let more = |what: &str| {
        let read = || counts.iter().map(|count| count.load(Ordering::Relaxed)).collect::<Vec<_>>();
        let before = read();
        eventually(what, || {
            read().iter().zip(&before).all(|(now, before)| now - before >= COMMITS).then_some(())
        })
    };
    more("commits without a fault")?;
    for fault in [Fault::Killed, Fault::Stopped, Fault::CutOff] {
        let leader = cluster.leader()?;
        cluster.inflict(fault, leader)?;
        more(&format!("commits without the leader, which is {fault}"))?;
        cluster.end(fault, leader)?;
        cluster.wait_until_healthy()?;
    }
    cluster.compact()?;
    more("commits after a compaction")
}

/// Writes each key once, until it is over.
fn write(kv: &dyn Kv, number: usize, count: &AtomicU64, is_over: &AtomicBool) -> Told {
    let mut told = Told::default();
    for round in 0.. {
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        let key = format!("w/{number}/{round:06}");
        let transaction = Transaction::new().if_revision(&key, None).put(&key, &*key);
        match kv.commit(transaction) {
            Ok(revision) => {
                told.acknowledged.insert(key, revision);
                count.fetch_add(1, Ordering::Relaxed);
            }
            Err(KvError::OutcomeUnknown { .. }) => told.unknown.push(key),
            Err(KvError::Unavailable { .. }) => told.undone.push(key),
            Err(error) => panic!("{key}: {error}"),
        }
    }
    told
}

/// A table made from a watch, with a listing where the watch says so, until `end` is written.
fn follow(kv: &dyn Kv) -> Result<BTreeMap<String, Entry>> {
    let mut table = BTreeMap::new();
    let mut watch = kv.watch(&["w/", "end"], Revision::ZERO)?;
    while !table.contains_key("end") {
        let Some(changes) = watch.next() else { testkit::bail!("the watch has ended") };
        match changes {
            Ok(changes) => {
                for change in changes.changed {
                    match change {
                        Change::Put(entry) => drop(table.insert(entry.key.clone(), entry)),
                        Change::Deleted { key } => drop(table.remove(&key)),
                        Change::Unreadable(entry) => testkit::bail!("{entry}"),
                    }
                }
            }
            Err(KvError::Compacted { .. }) => {
                let listing = eventually("a listing", || kv.list("").ok())?;
                watch = kv.watch(&["w/", "end"], listing.revision)?;
                let entries = listing.entries.into_iter();
                table = entries.map(|entry| (entry.key.clone(), entry)).collect();
            }
            // Nobody reports: it goes on from the same place.
            Err(KvError::Unavailable { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(table)
}

fn judge(kv: &dyn Kv, told: &[Told], table: &BTreeMap<String, Entry>) -> Result<()> {
    let listed: BTreeMap<_, _> =
        kv.list("")?.entries.into_iter().map(|entry| (entry.key.clone(), entry)).collect();
    ensure!(*table == listed, "the watch and the listing differ");
    for Told { acknowledged, undone, unknown } in told {
        for (key, revision) in acknowledged {
            let entry = listed.get(key);
            ensure!(entry.is_some_and(|entry| entry.revision == *revision), "{key} is lost");
            ensure!(entry.is_some_and(|entry| entry.value == key.as_bytes()), "{key} is another");
        }
        for key in undone {
            ensure!(!listed.contains_key(key), "{key} is there though it was not to be");
        }
        for entry in unknown.iter().filter_map(|key| listed.get(key)) {
            ensure!(entry.value == entry.key.as_bytes(), "{} is there in part", entry.key);
        }
        ensure!(!acknowledged.is_empty(), "nothing was written");
    }
    Ok(())
}
