//! Instruction counts of the hot calls, compared with those that are kept in the repository.
//!
//! callgrind counts the instructions of one call, so the result does not depend on the load of the
//! machine. It does depend on the compiler and on the processor's features, which is why they are
//! kept beside the counts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::command::cargo;
use crate::install;

const PACKAGE: &str = "instruction-counts";
/// Optimized for this in the dev profile as a release has them: a profile of its own would compile their
/// dependencies, and every grammar, once more than the tests do.
const OPTIMIZED: [&str; 7] =
    [PACKAGE, "imds-account", "imds-control", "imds-core", "imds-ec2", "imds-kv", "imds-migrate"];
const PROFILE: [&str; 3] = ["debug=false", "debug-assertions=false", "overflow-checks=false"];
const KEPT: &str = "crates/instruction-counts/counts.json";
/// Where callgrind's profiles are left for `callgrind_annotate`.
const PROFILES: &str = "target/instruction-counts";
/// How much a count may grow. The seeds of hash maps, which differ from run to run, move a count by
/// less than a thousandth.
const TOLERANCE: f64 = 0.05;

/// What the counts depend on beside the code. Growth between two of them may be theirs.
#[derive(Deserialize, Eq, PartialEq, Serialize)]
struct Toolchain {
    rustc: String,
    cc: String,
    valgrind: String,
}

#[derive(Deserialize, Serialize)]
struct Counts {
    toolchain: Toolchain,
    /// As callgrind presents it: architecture and features.
    processor: String,
    /// Instructions of each call.
    instructions: IndexMap<String, u64>,
}

/// Counts, and compares with what is kept, or keeps the new counts.
pub(crate) fn run(bless: bool) -> Result<()> {
    install::debian(&[("valgrind", "valgrind")])?;
    let counts = count(&build()?)?;
    if bless {
        fs::write(KEPT, serde_json::to_string_pretty(&counts)? + "\n").context(KEPT)?;
        println!("instruction counts: kept in {KEPT}");
        return Ok(());
    }
    let kept = fs::read_to_string(KEPT).with_context(|| format!("{KEPT}: {BLESS}"))?;
    let kept: Counts = serde_json::from_str(&kept).context(KEPT)?;
    compare(&kept, &counts)
}

const BLESS: &str = "`cargo xtask counts --bless` keeps the new counts";

/// The program that makes the calls.
fn build() -> Result<PathBuf> {
    println!("instruction counts: building");
    // For the whole workspace: dependencies have the features that they have for the tests.
    let mut build = cargo("build --workspace --message-format=json-render-diagnostics --bench");
    build.arg(PACKAGE);
    let manifest = fs::read_to_string("Cargo.toml").context("Cargo.toml")?;
    let manifest: toml::Table = manifest.parse().context("Cargo.toml")?;
    let release = &manifest["profile"]["release"];
    for package in OPTIMIZED {
        let stated = release["package"].get(package).unwrap_or(release);
        let level = format!("opt-level={}", stated["opt-level"]);
        for setting in PROFILE.into_iter().chain([&*level]) {
            build.args(["--config", &format!("profile.dev.package.{package}.{setting}")]);
        }
    }
    let output = build.stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "cargo build --bench {PACKAGE}: {}", output.status);
    let messages = String::from_utf8(output.stdout)?;
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let built = messages.filter(|message| message["target"]["name"] == PACKAGE);
    let mut program = built.filter_map(|message| message["executable"].as_str().map(PathBuf::from));
    program.next().context("cargo does not say where the program is")
}

fn count(program: &Path) -> Result<Counts> {
    let names = first_lines(&mut Command::new(program), usize::MAX)?;
    fs::create_dir_all(PROFILES)?;
    let mut processor = String::new();
    let mut instructions = IndexMap::new();
    for name in names.lines() {
        let profile = format!("{PROFILES}/{name}.out");
        let mut valgrind = Command::new("valgrind");
        valgrind
            .args(["--quiet", "--tool=callgrind", "--collect-atstart=no"])
            .arg("--toggle-collect=*instruction_counts*counted*")
            .arg(format!("--callgrind-out-file={profile}"))
            .arg(program)
            .arg(name);
        processor = first_lines(&mut valgrind, 1)?;
        instructions.insert(name.to_owned(), total(Path::new(&profile))?);
    }
    let line = |program| first_lines(Command::new(program).arg("--version"), 1);
    let toolchain =
        Toolchain { rustc: line("rustc")?, cc: line("cc")?, valgrind: line("valgrind")? };
    Ok(Counts { toolchain, processor, instructions })
}

/// The instructions of a profile.
fn total(profile: &Path) -> Result<u64> {
    let text = fs::read_to_string(profile).with_context(|| profile.display().to_string())?;
    let total = text.lines().find_map(|line| line.strip_prefix("summary: "));
    let total = total.and_then(|total| total.trim().parse().ok());
    let total = total.with_context(|| format!("{}: no summary", profile.display()))?;
    ensure!(total > 0, "{}: callgrind has not found the counted function", profile.display());
    Ok(total)
}

fn compare(kept: &Counts, counts: &Counts) -> Result<()> {
    if kept.processor != counts.processor {
        let message = format!(
            "instruction counts: those kept are of a processor {:?}, this one is {:?}",
            kept.processor, counts.processor
        );
        if std::env::var_os("CI").is_some() {
            bail!("{message}; run this where the processor is the same, or bless on this one");
        }
        println!("{message}: SKIPPED");
        return Ok(());
    }
    let mut broken = Vec::new();
    println!("instruction counts:");
    for (name, &count) in &counts.instructions {
        let Some(&before) = kept.instructions.get(name) else {
            println!("  {name:24} {count:12}");
            broken.push(format!("{name}: there is no count to compare with"));
            continue;
        };
        let growth = growth(before, count);
        println!("  {name:24} {count:12}   {:+6.2} %", growth * 100.0);
        if growth > TOLERANCE {
            broken.push(format!(
                "{name}: {before} instructions have become {count}; \
                 `callgrind_annotate {PROFILES}/{name}.out` shows where they are"
            ));
        }
    }
    for name in kept.instructions.keys().filter(|name| !counts.instructions.contains_key(*name)) {
        broken.push(format!("{name}: it is counted no longer"));
    }
    if broken.is_empty() {
        return Ok(());
    }
    bail!(
        "instruction counts may grow by {} % of {KEPT}:\n  {}\nIf this is meant, {BLESS}.{}",
        TOLERANCE * 100.0,
        broken.join("\n  "),
        kept.toolchain.advice(&counts.toolchain)
    )
}

fn growth(before: u64, count: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let (before, count) = (before as f64, count as f64);
    count / before - 1.0
}

impl Toolchain {
    /// What to do about growth where counts are made with another toolchain than those kept.
    fn advice(&self, here: &Self) -> String {
        if self == here {
            return String::new();
        }
        format!(
            "\nThe kept counts are of another toolchain, which may be the reason. Check out the commit \
             that this one is based on, and bless there first:\n  kept: {}\n  here: {}",
            self.line(),
            here.line()
        )
    }

    fn line(&self) -> String {
        format!("{}; {}; {}", self.rustc, self.cc, self.valgrind)
    }
}

/// What a command prints, at most so many lines, without the end of the last.
fn first_lines(command: &mut Command, count: usize) -> Result<String> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?}: {}\n{errors}", output.status);
    let text = String::from_utf8(output.stdout).with_context(|| format!("{command:?}"))?;
    Ok(text.lines().take(count).collect::<Vec<_>>().join("\n"))
}
