//! A process that commits until somebody ends it, and what must be left of it.
//!
//! Each of its threads counts. A count is written to two keys, with a key of its own for the last
//! few numbers, all in one transaction, and told to whoever listens once it is committed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, io, thread};

use anyhow::{Result, ensure};
use imds_kv::{Kv, Revision, Sqlite, Transaction};

/// The word that makes this binary be that process.
pub(crate) const ROLE: &str = "--writer";

/// How many numbers back stay.
const STAY: u64 = 3;

/// Until where each thread has counted.
pub(crate) type Counts = BTreeMap<u64, u64>;

/// The process: `threads` which each count `rounds` further than `path` has it.
pub(crate) fn command(path: &Path, threads: u64, rounds: u64) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.arg(ROLE).arg(path).args([threads.to_string(), rounds.to_string()]);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

/// What the process does.
pub(crate) fn run(words: &[String]) {
    let [path, threads, rounds] = words else { panic!("{words:?}") };
    let (threads, rounds): (u64, u64) = (threads.parse().unwrap(), rounds.parse().unwrap());
    let store = Sqlite::open(Path::new(path)).unwrap();
    let before = counts(&store).unwrap();
    thread::scope(|scope| {
        for writer in 0..threads {
            let (store, start) = (&store, before.get(&writer).copied().unwrap_or(0));
            scope.spawn(move || {
                for number in start + 1..=start + rounds {
                    store.commit(count(writer, number)).unwrap();
                    // One write, so that a listener has all of it or nothing.
                    io::stdout().lock().write_all(line(writer, number).as_bytes()).unwrap();
                }
            });
        }
    });
}

/// The numbers that are told in these lines. The last one may be cut off.
pub(crate) fn told(text: &str) -> Counts {
    let lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    lines
        .map(|line| {
            let (writer, number) = line.trim_end().split_once(' ').unwrap();
            (writer.parse().unwrap(), number.parse().unwrap())
        })
        .collect()
}

/// Fails unless the file has everything that was told, and nothing half. Gives what it has.
pub(crate) fn judge(path: &Path, told: &Counts) -> Result<Counts> {
    let counts = counts(&Sqlite::open(path)?)?;
    for (writer, number) in told {
        let stored = counts.get(writer).copied().unwrap_or(0);
        ensure!(stored >= *number, "writer {writer} told {number}, but {stored} is what is left");
    }
    Ok(counts)
}

fn line(writer: u64, number: u64) -> String {
    format!("{writer} {number}\n")
}

fn count(writer: u64, number: u64) -> Transaction {
    // Long enough to need pages of its own, and not always the same number of them.
    let value = format!("{number} ").repeat(7000 + usize::try_from(number % 7).unwrap() * 1000);
    let transaction = Transaction::new()
        .put(format!("one/{writer}"), value.clone())
        .put(format!("other/{writer}"), value)
        .put(last(writer, number), "");
    match number.checked_sub(STAY) {
        Some(old) => transaction.delete(last(writer, old)),
        None => transaction,
    }
}

fn last(writer: u64, number: u64) -> String {
    format!("last/{writer}/{number}")
}

/// Until where each thread has counted. Fails where a transaction is there in part.
fn counts(store: &Sqlite) -> Result<Counts> {
    let listing = store.list("")?;
    let values: BTreeMap<_, _> =
        listing.entries.iter().map(|entry| (entry.key.clone(), &entry.value)).collect();
    let mut expected = BTreeSet::new();
    let mut counts = Counts::new();
    for (one, value) in values.iter().filter(|(key, _)| key.starts_with("one/")) {
        let writer = one.trim_start_matches("one/").parse()?;
        let number: u64 = str::from_utf8(value)?.split(' ').next().unwrap_or_default().parse()?;
        let other = format!("other/{writer}");
        ensure!(values.get(&other) == Some(value), "{other} is not as {one}");
        let oldest = number.saturating_sub(STAY - 1).max(1);
        expected.extend((oldest..=number).map(|number| last(writer, number)));
        expected.extend([one.clone(), other]);
        counts.insert(writer, number);
    }
    ensure!(values.into_keys().collect::<BTreeSet<_>>() == expected, "{listing:?}");
    // Each number was a commit of its own, which had a revision of its own.
    ensure!(listing.revision >= Revision::new(counts.values().sum()), "{listing:?}");
    let newest = listing.entries.iter().map(|entry| entry.revision).max();
    ensure!(listing.revision == newest.unwrap_or(Revision::ZERO), "{listing:?}");
    Ok(counts)
}
