//! What every figure needs: the program, rounds, medians, times.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;
use std::time::Instant;

use anyhow::{Context as _, Result};
use rustix::process::{Resource, getrlimit, setrlimit};

/// Rounds of each measurement; the subjects take turns, and medians are printed.
pub(super) const ROUNDS: usize = 7;

/// The program that is measured: the release build, or the one that `BENCH_PROGRAM` names.
pub(super) static IMDS: LazyLock<PathBuf> =
    LazyLock::new(|| stated_program().unwrap_or_else(|| "target/release/imds".into()));

/// A program that is built already.
pub(super) fn stated_program() -> Option<PathBuf> {
    std::env::var_os("BENCH_PROGRAM").map(PathBuf::from)
}

/// The middle of the measured values.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Measures the subjects in turns; the median of each.
pub(super) fn medians<T, const N: usize>(
    subjects: [&T; N],
    mut measure: impl FnMut(&T) -> Result<f64>,
) -> Result<[f64; N]> {
    let mut values = [(); N].map(|()| Vec::new());
    for _ in 0..ROUNDS {
        for (subject, values) in subjects.iter().zip(&mut values) {
            values.push(measure(subject)?);
        }
    }
    Ok(values.map(median))
}

/// Lets this process, and servers that it starts, have as many open files as the system permits.
pub(super) fn allow_many_files() -> Result<()> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).context("cannot raise the limit of open files")
}

/// How long a command takes, in milliseconds.
pub(super) fn time(command: &mut Command) -> Result<f64> {
    let start = Instant::now();
    let status = command.status().with_context(|| format!("{command:?}"))?;
    anyhow::ensure!(status.success(), "{command:?}: {status}");
    Ok(start.elapsed().as_secs_f64() * 1000.0)
}

/// Processor time of all programs that were waited for, in milliseconds; the kernel counts in
/// hundredths of a second.
pub(super) fn processor_time() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // What follows the name, which may have blanks: `cutime` and `cstime` of proc(5).
    let fields = stat.rsplit(')').next().context("/proc/self/stat")?.split_whitespace();
    let ticks: Vec<f64> = fields.skip(13).take(2).map(str::parse).collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<f64>() * 10.0)
}
