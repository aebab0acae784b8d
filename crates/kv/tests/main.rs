//! The engines, as their users meet them.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod cluster;
mod conformance;
mod crash;
mod disk;
mod etcd;
mod file;
mod leases;
mod power;
mod random;
mod reader;
mod trust;
mod unknown;
mod writer;

use std::env;

use testkit::Arguments;

fn main() {
    // Files that tests write are for their owner only, as state must be.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    // Tests start this binary again, as a process that can be killed or lives elsewhere.
    let words: Vec<_> = env::args().skip(1).collect();
    match words.split_first() {
        Some((role, words)) if role == writer::ROLE => return writer::run(words),
        Some((role, words)) if role == disk::ROLE => return disk::run(words),
        Some((role, words)) if role == unknown::ROLE => return unknown::run(words),
        Some((role, words)) if role == leases::ROLE => return leases::run(words),
        _ => {}
    }
    // etcd listens there, and nothing else can be reached.
    testkit::isolate();
    let trials = [
        conformance::tests(),
        file::tests(),
        trust::tests(),
        disk::tests(),
        crash::tests(),
        power::tests(),
        reader::tests(),
        leases::tests(),
        unknown::tests(),
        etcd::tests(),
        cluster::tests(),
    ];
    let trials = trials.into_iter().flatten().collect();
    testkit::run(&Arguments::from_args(), trials).exit();
}

/// A directory that is gone when the value is.
fn directory() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// The same in memory, where the machine has such a place: flushing costs nothing there.
fn fast_directory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| directory())
}
