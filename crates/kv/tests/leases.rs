//! Leases of an SQLite file end with the process.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, io, thread};

use imds_kv::{Change, Kv, KvError, Sqlite, Transaction};
use rusqlite::Connection;
use testkit::{Result, Trial, ensure, tests};

use crate::directory;

/// The word that makes this binary hold a lease until it is killed.
pub(crate) const ROLE: &str = "--hold-a-lease";

const LONG: Duration = Duration::from_secs(3600);

pub(crate) fn tests() -> Vec<Trial> {
    tests![&[];
        keys_of_a_killed_process_are_deleted,
        keys_of_a_process_that_ended_are_deleted,
        a_damaged_lease_is_refused,
    ]
}

pub(crate) fn run(words: &[String]) {
    let [path] = words else { panic!("{words:?}") };
    let store = Sqlite::open(Path::new(path)).unwrap();
    fill(&store).unwrap();
    io::stdout().write_all(b".\n").unwrap();
    loop {
        thread::park();
    }
}

/// Two keys with leases, and one that was detached.
fn fill(store: &Sqlite) -> Result<()> {
    let leases = [store.grant(LONG)?, store.grant(LONG)?];
    let transaction = Transaction::new()
        .put("plain", "")
        .put_for(leases[0], "a", "")
        .put_for(leases[1], "b", "")
        .put_for(leases[1], "detached", "");
    store.commit(transaction)?;
    store.commit(Transaction::new().put("detached", ""))?;
    Ok(())
}

/// Fails unless the leases and their keys are gone, and a watch sees it.
fn judge(path: &Path) -> Result<()> {
    let store = Sqlite::open(path)?;
    let listing = store.list("")?;
    let keys: Vec<_> = listing.entries.iter().map(|entry| &*entry.key).collect();
    ensure!(keys == ["detached", "plain"], "{keys:?}");
    let newest = listing.entries.iter().map(|entry| entry.revision).max().unwrap_or_default();
    ensure!(listing.revision > newest, "deleting them is no commit: {listing:?}");
    let Some(changes) = store.watch(&[""], newest)?.next() else { testkit::bail!("no changes") };
    let deleted = |key: &str| Change::Deleted { key: key.into() };
    let changed = changes?.changed;
    ensure!(changed == [deleted("a"), deleted("b")], "{changed:?}");
    // A lease of this process is another one, even if it has the same number.
    let lease = store.grant(LONG)?;
    store.commit(Transaction::new().put_for(lease, "a", ""))?;
    store.revoke(lease)?;
    ensure!(matches!(store.keep_alive(lease), Err(KvError::LeaseEnded { .. })));
    ensure!(store.list("")?.entries == listing.entries);
    // Opening it without leases commits nothing.
    let newest = store.list("")?.revision;
    drop(store);
    ensure!(Sqlite::open(path)?.list("")?.revision == newest);
    Ok(())
}

fn keys_of_a_killed_process_are_deleted() -> Result<()> {
    let directory = directory();
    let path = directory.path().join("state.db");
    let mut process = Command::new(env::current_exe()?)
        .arg(ROLE)
        .arg(&path)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let told = process.stdout.take().map(|mut stdout| stdout.read_exact(&mut [0; 1]));
    process.kill()?;
    process.wait()?;
    ensure!(matches!(told, Some(Ok(()))), "it did not begin");
    judge(&path)
}

fn keys_of_a_process_that_ended_are_deleted() -> Result<()> {
    let directory = directory();
    let path = directory.path().join("state.db");
    fill(&Sqlite::open(&path)?)?;
    judge(&path)
}

/// A damaged lease must not delete another key.
fn a_damaged_lease_is_refused() -> Result<()> {
    let directory = directory();
    let path = directory.path().join("state.db");
    fill(&Sqlite::open(&path)?)?;
    Connection::open(&path)?.execute("UPDATE leased SET key = 'plain' WHERE key = 'a'", [])?;
    let refused = Sqlite::open(&path).err().map(|error| error.to_string());
    ensure!(refused.as_ref().is_some_and(|text| text.contains("lease of plain")), "{refused:?}");
    Ok(())
}
