//! `imds migrate` over a large tree, beside ripgrep searching the same tree for the address.

mod tree;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::{IMDS, ROUNDS, median, time};

/// Between two looks at the memory of a running program.
const LOOK: Duration = Duration::from_millis(2);

pub(super) fn measure() -> Result<()> {
    let root = Path::new("target/bench-tree");
    let made = tree::make(root)?;
    let ours = || command(IMDS, &["migrate", "--json"], root);
    let theirs = || command("rg", &["169.254.169.254"], root);
    // Both read the tree once before: it is the page cache's from then on.
    let findings = lines(&mut ours())?;
    let mentions = lines(&mut theirs())?;
    let (mut our_times, mut their_times) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        their_times.push(time(theirs().stdout(output()?))?);
        our_times.push(time(ours().stdout(output()?))?);
    }
    let (our_time, their_time) = (median(our_times), median(their_times));
    println!("a tree of {} files, {} MiB: ms of wall time, peak memory", made.files, made.mib);
    println!(
        "  rg 169.254.169.254    {their_time:6.0}   {:4.0} MiB   {mentions} lines",
        peak(&mut theirs())?
    );
    println!(
        "  imds migrate --json   {our_time:6.0}   {:4.0} MiB   {findings} findings   \
         {:.2} of ripgrep's time (goal: at most 2)\n",
        peak(&mut ours())?,
        our_time / their_time
    );
    Ok(())
}

fn command(program: &str, arguments: &[&str], root: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).arg(root).stderr(Stdio::null());
    command
}

/// A real file: some programs take a shortcut where their output goes nowhere.
fn output() -> Result<fs::File> {
    fs::File::create("target/bench-migrate.out").context("target/bench-migrate.out")
}

fn lines(command: &mut Command) -> Result<usize> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    Ok(output.stdout.iter().filter(|byte| **byte == b'\n').count())
}

/// The most memory a run had resident, in MiB; in a run of its own, because looking takes time.
fn peak(command: &mut Command) -> Result<f64> {
    let mut process = command.stdout(output()?).spawn()?;
    let status = format!("/proc/{}/status", process.id());
    let mut kib = 0.0;
    while process.try_wait()?.is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        kib = line.and_then(|l| l.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(kib);
        thread::park_timeout(LOOK);
    }
    Ok(kib / 1024.0)
}
