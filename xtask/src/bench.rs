//! The project's figures, each measured beside a named peer in the same run.

mod build;
mod client;
mod control;
mod exec;
mod migrate;
mod requests;
mod server;
mod start;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::{cargo, install};

/// Rounds of each measurement; the subjects take turns, and medians are printed.
const ROUNDS: usize = 7;

/// The program that is measured: the release build.
const IMDS: &str = "target/release/imds";

/// What ours is measured with and beside.
const PEERS: [install::Package; 4] =
    [("nginx", "nginx-light"), ("wrk", "wrk"), ("unshare", "util-linux"), ("rg", "ripgrep")];

/// A part's name, and what measures it.
type Part = (&'static str, fn() -> Result<()>);

/// What is measured.
pub(crate) const PARTS: [Part; 6] = [
    ("start", start::measure),
    ("requests", requests::measure),
    ("control", control::measure),
    ("exec", exec::measure),
    ("migrate", migrate::measure),
    ("client", client::measure),
];

/// The figures of one part, or of all.
pub(crate) fn run(part: Option<&str>) -> Result<()> {
    install::debian(&PEERS)?;
    crate::run(&mut cargo("build --release --package imds"))?;
    println!("\nMedians of {ROUNDS} rounds; the subjects take turns.\n");
    for (name, measure) in PARTS {
        if part.is_none_or(|wanted| wanted == name) {
            measure()?;
        }
    }
    Ok(())
}

/// The build of `HEAD` beside that of `base`, which takes as long as both.
pub(crate) fn build(base: Option<&str>) -> Result<()> {
    install::debian(&PEERS)?;
    build::measure(base.unwrap_or(build::BEFORE))
}

/// Two programs beside each other that are built already.
pub(crate) fn compare(base: &str, new: &str) -> Result<()> {
    install::debian(&PEERS)?;
    build::compare(Path::new(base), Path::new(new))
}

/// The middle of the measured values.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// How long a command takes, in milliseconds.
fn time(command: &mut Command) -> Result<f64> {
    let start = Instant::now();
    let status = command.status().with_context(|| format!("{command:?}"))?;
    anyhow::ensure!(status.success(), "{command:?}: {status}");
    Ok(start.elapsed().as_secs_f64() * 1000.0)
}

/// Processor time of all programs that were waited for, in milliseconds; the kernel counts in
/// hundredths of a second.
fn processor_time() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // What follows the name, which may have blanks: `cutime` and `cstime` of proc(5).
    let fields = stat.rsplit(')').next().context("/proc/self/stat")?.split_whitespace();
    let ticks: Vec<f64> = fields.skip(13).take(2).map(str::parse).collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<f64>() * 10.0)
}
