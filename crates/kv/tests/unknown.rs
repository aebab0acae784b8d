//! A commit whose flush fails may be durable, and the error says so.
//!
//! Each test runs this binary again under strace, which makes a flush fail.

use std::env;
use std::path::Path;
use std::process::{Command, Output};

use imds_kv::{Kv, KvError, Sqlite, Transaction};
use testkit::{Need, Result, Trial, ensure, tests};

use crate::directory;

/// The word that makes this binary commit under strace.
pub(crate) const ROLE: &str = "--commit-and-tell";

pub(crate) fn tests() -> Vec<Trial> {
    tests![&[Need::Program("strace")];
        a_failed_flush_leaves_the_outcome_unknown,
        a_later_commit_settles_it,
    ]
}

/// Commits `first`, and tells what came of it; then, if there is such a word, `second`.
pub(crate) fn run(words: &[String]) {
    let [path, keys @ ..] = words else { panic!("{words:?}") };
    let store = Sqlite::open(Path::new(path)).unwrap();
    for key in keys {
        let told = match store.commit(Transaction::new().put(key, "")) {
            Ok(_) => "done".to_owned(),
            Err(error @ KvError::OutcomeUnknown { .. }) => format!("unknown: {error}"),
            Err(error) => format!("{error:?}"),
        };
        let is_seen = store.get(key).unwrap().is_some();
        eprintln!("{key} {is_seen} {told}");
    }
    // As a crash would: nothing is closed, so nothing is moved from the log into the file.
    std::process::abort();
}

/// What the process tells if only its first flush of a commit fails.
fn commit(path: &Path, keys: &[&str]) -> Result<String> {
    Sqlite::open(path)?.commit(Transaction::new().put("before", ""))?;
    // The first commit begins the log: it flushes the log's header, the directory, and the commit.
    let output = strace(path, keys, "inject=fsync,fdatasync:error=EIO:when=3")?;
    Ok(String::from_utf8_lossy(&output.stderr).into_owned())
}

fn strace(path: &Path, keys: &[&str], fault: &str) -> Result<Output> {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e", fault, "--"]);
    Ok(strace.arg(env::current_exe()?).arg(ROLE).arg(path).args(keys).output()?)
}

fn a_failed_flush_leaves_the_outcome_unknown() -> Result<()> {
    let directory = directory();
    let path = directory.path().join("state.db");
    let told = commit(&path, &["a"])?;
    let expected = format!(
        "a false unknown: a commit to {} failed when it was nearly over",
        path.canonicalize()?.display()
    );
    ensure!(told.starts_with(&expected), "{told}");
    // The machine did not lose power, so what could not be flushed is there.
    ensure!(Sqlite::open(&path)?.get("a")?.is_some(), "it was not written");
    Ok(())
}

fn a_later_commit_settles_it() -> Result<()> {
    let directory = directory();
    let path = directory.path().join("state.db");
    let told = commit(&path, &["a", "b"])?;
    ensure!(told.contains("a false unknown") && told.contains("b true done"), "{told}");
    let store = Sqlite::open(&path)?;
    ensure!(store.get("a")?.is_none() && store.get("b")?.is_some(), "{:?}", store.list("")?);
    Ok(())
}
