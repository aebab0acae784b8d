//! What a build from a clean clone costs, and what comes out of it, beside those of another revision.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

use super::instances::{Api, MORE, places};
use super::load::Load;
use super::measure::{ROUNDS, median, processor_time};
use super::server::{Server, token};
use super::start;
use crate::command::{cargo, run};

/// The revision to compare with where none is named.
pub(super) const BEFORE: &str = "HEAD^";
const HERE: &str = "HEAD";

/// Clones, builds and temporary state.
const HOME: &str = "target/bench-build";
const BASE: &str = "127.0.0.1:13388";
const NEW: &str = "127.0.0.1:13389";
const BASE_API: Api = Api { address: "127.0.0.1:13390" };
const NEW_API: Api = Api { address: "127.0.0.1:13391" };

/// How many instances a program has that is asked for pages of them, and how many pages at a time.
const INSTANCES: u32 = 10_000;
const PAGES: usize = 3;

/// Starts per round: one alone is too short to compare.
const STARTS: usize = 10;

struct Build {
    program: PathBuf,
    seconds: f64,
    processor_seconds: f64,
}

/// Builds `base` and `HEAD` from clean clones, one after the other.
pub(crate) fn measure(base: &str) -> Result<()> {
    let base = build("base", base)?;
    let new = build("new", HERE)?;
    println!("\nimds, release build from a clean clone");
    println!("                              base        new   of base");
    row("processor time, s", base.processor_seconds, new.processor_seconds);
    row("elapsed time, s", base.seconds, new.seconds);
    compare(&base.program, &new.program)
}

/// Size, start, responses and pages of two programs; in measurements of time they take turns.
pub(crate) fn compare(base: &Path, new: &Path) -> Result<()> {
    let megabytes = |program: &Path| -> Result<f64> {
        let size = fs::metadata(program).with_context(|| program.display().to_string())?.len();
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        Ok(size as f64 / 1e6)
    };
    row("size, MB", megabytes(base)?, megabytes(new)?);
    pairs("start of serve, ms", starts(base, new)?);
    pairs("GET with a token, processor µs", gets(base, new)?);
    pairs("page of instances, processor ms", pages(base, new)?);
    Ok(())
}

fn row(what: &str, base: f64, new: f64) {
    println!("  {what:30} {base:10.2} {new:10.2}   {:.3}", new / base);
}

/// Clones `revision` as `name`, fetches what it depends on, and measures its build.
fn build(name: &str, revision: &str) -> Result<Build> {
    let clone = std::path::absolute(Path::new(HOME).join(name))?;
    if clone.exists() {
        fs::remove_dir_all(&clone)?;
    }
    let commit = Command::new("git").args(["rev-parse", "--verify", revision]).output()?;
    ensure!(commit.status.success(), "{revision} is not a revision of this repository");
    let commit = String::from_utf8(commit.stdout)?;
    run(Command::new("git").args(["clone", "--quiet", "--shared", "."]).arg(&clone))?;
    let checkout = ["checkout", "--quiet", "--detach", commit.trim()];
    run(Command::new("git").args(checkout).current_dir(&clone))?;
    run(cargo("fetch --quiet --locked").current_dir(&clone))?;

    let target = clone.join("target");
    let (start, before) = (Instant::now(), processor_time()?);
    run(cargo("build --quiet --release --locked --package imds")
        .current_dir(&clone)
        .env("CARGO_TARGET_DIR", &target))?;
    Ok(Build {
        program: target.join("release/imds"),
        seconds: start.elapsed().as_secs_f64(),
        processor_seconds: (processor_time()? - before) / 1000.0,
    })
}

/// The medians of both, and that of the ratios: what burdens the machine burdens both of a pair.
fn pairs(what: &str, pairs: Vec<(f64, f64)>) {
    let ratio = median(pairs.iter().map(|(base, new)| new / base).collect());
    let (base, new): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    println!("  {what:30} {:10.2} {:10.2}   {ratio:.3}", median(base), median(new));
}

/// Measures both so many times. Who is first changes: the other finds the machine as the first left it.
fn in_turns(
    rounds: usize,
    mut base: impl FnMut() -> Result<f64>,
    mut new: impl FnMut() -> Result<f64>,
) -> Result<Vec<(f64, f64)>> {
    let round = |round| {
        if round % 2 == 0 {
            Ok((base()?, new()?))
        } else {
            let new = new()?;
            Ok((base()?, new))
        }
    };
    (0..rounds).map(round).collect()
}

/// The starts of both programs in milliseconds, with state from a start before.
fn starts(base: &Path, new: &Path) -> Result<Vec<(f64, f64)>> {
    let state = tempfile::tempdir_in("target")?;
    let (of_base, of_new) = (state.path().join("base"), state.path().join("new"));
    start::once(base, &of_base, &[])?;
    start::once(new, &of_new, &[])?;
    in_turns(
        ROUNDS * STARTS,
        || start::once(base, &of_base, &[]),
        || start::once(new, &of_new, &[]),
    )
}

/// The processor time of one response by each program, in microseconds.
fn gets(base: &Path, new: &Path) -> Result<Vec<(f64, f64)>> {
    let state = tempfile::tempdir_in("target")?;
    let serve = |program, address, name| {
        let arguments = ["--control", "off", "--access-log", "off"];
        Server::imds(program, address, &state.path().join(name), &arguments)
    };
    let (base, new) = (serve(base, BASE, "base")?, serve(new, NEW, "new")?);
    let (token_of_base, token_of_new) = (token(BASE)?, token(NEW)?);
    in_turns(
        2 * ROUNDS,
        || base.load(BASE, &token_of_base, Load::KEPT_ALIVE),
        || new.load(NEW, &token_of_new, Load::KEPT_ALIVE),
    )
}

/// The processor time of a page of `DescribeInstances`, in milliseconds: of instances with two volumes and two network
/// interfaces each.
fn pages(base: &Path, new: &Path) -> Result<Vec<(f64, f64)>> {
    let state = tempfile::tempdir_in("target")?;
    let serve = |program, api: Api, address, name| {
        let arguments = ["--control", api.address, "--no-auth", "--access-log", "off"];
        let server = Server::imds(program, address, &state.path().join(name), &arguments)?;
        api.launch_all(INSTANCES, &places(0..0), MORE)?;
        anyhow::Ok(server)
    };
    let base = serve(base, BASE_API, BASE, "base")?;
    let new = serve(new, NEW_API, NEW, "new")?;
    in_turns(
        2 * ROUNDS,
        || base.spent(PAGES, || BASE_API.page(INSTANCES)),
        || new.spent(PAGES, || NEW_API.page(INSTANCES)),
    )
}
