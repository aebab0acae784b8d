//! Killed at any moment, a process leaves everything that it said it had committed.

use std::io::Read as _;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use testkit::{SOON, Trial, tests};

use crate::random::Random;
use crate::writer::{self, Counts};
use crate::{directory, fast_directory};

pub(crate) fn tests() -> Vec<Trial> {
    tests![&[]; killed_where_commits_are_fast, killed_where_flushing_takes_time]
}

const WRITERS: u64 = 4;

fn killed_where_commits_are_fast() {
    let directory = fast_directory();
    let commits = kill_again_and_again(&directory.path().join("state.db"), 150);
    assert!(commits > 150, "only {commits} commits were told");
}

fn killed_where_flushing_takes_time() {
    let directory = directory();
    let commits = kill_again_and_again(&directory.path().join("state.db"), 100);
    assert!(commits > 100, "only {commits} commits were told");
}

/// How many commits were told in all.
fn kill_again_and_again(path: &Path, rounds: u64) -> u64 {
    let mut before = Counts::new();
    for round in 0..rounds {
        let told = start_and_kill(path, &mut Random::new(round));
        // What was there before this round counts as told.
        before.extend(told);
        before = writer::judge(path, &before).unwrap();
    }
    before.values().sum()
}

/// What the process told until it was killed, a random while after its start or its first commit.
fn start_and_kill(path: &Path, random: &mut Random) -> Counts {
    let mut process = writer::command(path, WRITERS, u64::MAX / 2).spawn().unwrap();
    let mut stdout = process.stdout.take().unwrap();
    let (first, told_first) = mpsc::channel();
    let listener = thread::spawn(move || {
        let mut text = vec![0; 1];
        let has_begun = stdout.read_exact(&mut text).is_ok();
        // Nobody waits for it where the process is killed early.
        let _ = first.send(());
        if has_begun {
            stdout.read_to_end(&mut text).unwrap();
            String::from_utf8(text).unwrap()
        } else {
            String::new()
        }
    });
    if random.below(8) > 0 {
        told_first.recv_timeout(SOON).unwrap();
    }
    // Nothing comes any more: it is a wait that a random while ends.
    let (_keep, nothing) = mpsc::channel::<()>();
    let _ = nothing.recv_timeout(Duration::from_micros(random.below(20_000)));
    process.kill().unwrap();
    process.wait().unwrap();
    writer::told(&listener.join().unwrap())
}
