//! `imds migrate` over large trees, beside ripgrep searching the same trees for the address.

mod text;
mod tree;

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};

use self::tree::{Like, Made};
use super::measure::{IMDS, ROUNDS, median, processor_time, time};

/// Between two looks at the memory of a running program.
const LOOK: Duration = Duration::from_millis(2);

/// Folders, what is made in them, and how many times ripgrep's processor time is the goal.
const TREES: [(&str, Like, u32); 2] =
    [("target/bench-tree", Like::Company, 2), ("target/bench-clusters", Like::Clusters, 3)];

pub(super) fn measure() -> Result<()> {
    for (root, like, goal) in TREES {
        let root = Path::new(root);
        measure_tree(root, &tree::make(root, like)?, goal)?;
    }
    // A tree of one's own, for which no goal is set.
    if let Some(root) = std::env::var_os("BENCH_TREE") {
        println!("{}", root.display());
        measure_tree(Path::new(&root), &tree::Made::default(), 3)?;
    }
    Ok(())
}

fn measure_tree(root: &Path, made: &Made, goal: u32) -> Result<()> {
    let ours = || command(&*IMDS, &["migrate", "--json"], root);
    let theirs = || command("rg", &["169.254.169.254"], root);
    // Both read the tree once before: it is the page cache's from then on.
    let findings = lines(&mut ours())?;
    let mentions = lines(&mut theirs())?;
    let (mut our_times, mut their_times) = (Times::default(), Times::default());
    for _ in 0..ROUNDS {
        their_times.add(theirs())?;
        our_times.add(ours())?;
    }
    let (our_time, their_time) = (median(our_times.wall), median(their_times.wall));
    let (our_work, their_work) = (median(our_times.processor), median(their_times.processor));
    println!("a tree of {} files, {} MiB", made.files, made.mib);
    println!("                        ms of wall time   of processor time   peak memory");
    println!(
        "  rg 169.254.169.254    {their_time:15.0}   {their_work:17.0}   {:7.0} MiB   \
         {mentions} lines",
        peak(&mut theirs())?
    );
    println!(
        "  imds migrate --json   {our_time:15.0}   {our_work:17.0}   {:7.0} MiB   \
         {findings} findings",
        peak(&mut ours())?
    );
    println!(
        "  of ripgrep's          {:15.2}   {:17.2}   (goal: at most {goal})\n",
        our_time / their_time,
        our_work / their_work
    );
    Ok(())
}

/// How long each round took, in milliseconds.
#[derive(Default)]
struct Times {
    wall: Vec<f64>,
    processor: Vec<f64>,
}

impl Times {
    fn add(&mut self, mut command: Command) -> Result<()> {
        let before = processor_time()?;
        self.wall.push(time(command.stdout(output()?))?);
        self.processor.push(processor_time()? - before);
        Ok(())
    }
}

fn command(program: impl AsRef<OsStr>, arguments: &[&str], root: &Path) -> Command {
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
    Ok(String::from_utf8_lossy(&output.stdout).lines().count())
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
