//! Whenever power is lost, what was told to be committed is on the disk.
//!
//! A process commits and tells, and strace writes down what it asks of the kernel. From that the
//! files are made as they may be after power was lost: with everything that had been flushed, and
//! with nothing, everything or something of the rest.

mod disk;
mod trace;

use std::fs;
use std::path::PathBuf;

use testkit::{Context as _, Need, Result, Trial, ensure, tests};

use crate::random::Random;
use crate::writer::{self, Counts};
use crate::{directory, fast_directory};
use disk::Disk;
use trace::{Call, Moment, What};

pub(crate) fn tests() -> Vec<Trial> {
    tests![&[Need::Program("strace")]; nothing_told_is_lost_with_power]
}

const WRITERS: u64 = 3;
/// Enough to fill the log, which is then moved into the file and begun anew.
const ROUNDS: u64 = 32;

/// How often something of what can be lost is taken to be lost, at each moment.
const MIXTURES: usize = 4;

/// Where the process kept its state, in a directory that it made.
const STATE: &str = "made/state.db";

fn nothing_told_is_lost_with_power() -> Result<()> {
    let recording = Recording::new()?;
    let mut random = Random::new(1);
    // A number is told only once nothing that it needs can be lost.
    for (moment, _) in &recording.tells {
        recording.judge(*moment, || false)?;
    }
    // Whatever else becomes of what can be lost, nothing is half there, and the file can be used.
    for moment in &recording.turns {
        recording.judge(*moment, || false)?;
        recording.judge(*moment, || true)?;
        for _ in 0..MIXTURES {
            recording.judge(*moment, || random.below(2) == 0)?;
        }
    }
    // The judgement can be another: it is where nothing is ever flushed.
    let end = recording.tells.last().map_or(0, |(moment, _)| *moment);
    let unflushed = Recording { disk: recording.disk.without_flushes(), ..recording };
    ensure!(unflushed.judge(end, || false).is_err(), "nothing is lost without flushes either");
    Ok(())
}

struct Recording {
    /// The directory that it was recorded in.
    place: PathBuf,
    disk: Disk,
    /// What was told, and when.
    tells: Vec<(Moment, Counts)>,
    /// Right before flushes, when most is at stake, and right before and after a name changes.
    turns: Vec<Moment>,
}

impl Recording {
    fn new() -> Result<Self> {
        let directory = directory();
        let place = directory.path().to_owned();
        let command = writer::command(&place.join(STATE), WRITERS, ROUNDS);
        let calls = trace::record(&command, &place)?;

        let log_begun = calls.iter().filter(|call| begins_log(call)).count();
        ensure!(log_begun > 1, "the log was never begun anew");
        let tells: Vec<_> = calls.iter().filter_map(told).collect();
        ensure!(tells.len() as u64 == WRITERS * ROUNDS, "{} numbers were told", tells.len());
        let turns = calls.iter().flat_map(turns).collect();
        Ok(Self { place, disk: Disk::new(calls), tells, turns })
    }

    /// Fails unless everything is there that was told before power was lost at `moment`.
    fn judge(&self, moment: Moment, keeps: impl FnMut() -> bool) -> Result<()> {
        let directory = fast_directory();
        for (path, content) in self.disk.after_loss_at(moment, keeps) {
            let path = directory.path().join(path.strip_prefix(&self.place)?);
            fs::create_dir_all(path.parent().unwrap_or(&path))?;
            fs::write(path, content)?;
        }
        let told = self.tells.iter().filter(|(start, _)| *start <= moment);
        let told = told.flat_map(|(_, counts)| counts.clone()).collect();
        let judged = writer::judge(&directory.path().join(STATE), &told);
        judged.map(drop).with_context(|| format!("after power was lost at line {moment}"))
    }
}

fn told(call: &Call) -> Option<(Moment, Counts)> {
    let What::Tell(bytes) = &call.what else { return None };
    Some((call.start, writer::told(str::from_utf8(bytes).ok()?)))
}

fn turns(call: &Call) -> Vec<Moment> {
    match call.what {
        What::Tell(_) | What::Write(..) | What::Truncate(..) => vec![],
        What::Flush(_) => vec![call.start],
        _ => vec![call.start, call.end + 1],
    }
}

fn begins_log(call: &Call) -> bool {
    matches!(&call.what, What::Write(path, 0, _) if path.ends_with("state.db-wal"))
}
