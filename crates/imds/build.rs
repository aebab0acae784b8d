//! Tells the compiler what `imds --version` shows: the commit, its date, rustc, target and profile. Tells the
//! linker to pack relocations.
//!
//! The output depends on the source, the compiler and `SOURCE_DATE_EPOCH` alone, so two builds of one
//! commit are the same. Without git and outside its repository (a package from a registry, a tarball)
//! there is no commit, unless `IMDS_COMMIT` names it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How many digits of a commit are shown.
const SHORT: usize = 9;

fn main() {
    for variable in ["IMDS_COMMIT", "SOURCE_DATE_EPOCH"] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    println!("cargo::rerun-if-changed=build.rs");
    let git = Git::of_this_package();
    let commit = env_value("IMDS_COMMIT").or_else(|| git.as_ref()?.read(&["rev-parse", "HEAD"]));
    let commit = commit.filter(|commit| commit.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let date = env_value("SOURCE_DATE_EPOCH").and_then(|seconds| date(&seconds)).or_else(|| {
        git.as_ref()?.read(&["show", "--no-patch", "--date=short-local", "--format=%cd", "HEAD"])
    });
    if let Some(git) = &git {
        git.watch();
    }

    let package = env_value("CARGO_PKG_VERSION").unwrap_or_default();
    let short = commit.as_ref().and_then(|commit| commit.get(..SHORT)).or(commit.as_deref());
    let built_from: Vec<_> = short.into_iter().chain(date.as_deref()).collect();
    let version = match &built_from[..] {
        [] => package,
        words => format!("{package} ({})", words.join(" ")),
    };
    let rustc = env_value("RUSTC").and_then(|rustc| output(Command::new(rustc).arg("--version")));
    let facts = [
        ("commit", commit.clone()),
        ("rustc", rustc.map(|line| line.trim_start_matches("rustc ").to_owned())),
        ("target", env_value("TARGET")),
        ("profile", profile()),
        ("features", Some(features())),
    ];
    let facts = facts
        .map(|(name, value)| format!("{name}: {}", value.unwrap_or_else(|| "unknown".to_owned())));
    println!("cargo::rustc-env=IMDS_VERSION={version}");
    // One variable holds one line.
    println!("cargo::rustc-env=IMDS_BUILD={}", facts.join("; "));
    if can_pack_relocations() {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// Whether the program will find a loader that reads packed relocations, which the GNU C library has since
/// 2.36. They take 8 KB instead of 0.7 MB, and less time at each start. The program runs where the C library
/// is as new as this machine's, so that one tells.
fn can_pack_relocations() -> bool {
    let is_for_this_machine = env_value("TARGET") == env_value("HOST");
    let is_gnu = env_value("CARGO_CFG_TARGET_ENV").is_some_and(|it| it == "gnu");
    // Such as "glibc 2.36".
    let version = output(Command::new("getconf").arg("GNU_LIBC_VERSION"));
    let minor = version.as_deref().and_then(|it| it.strip_prefix("glibc 2.")?.parse::<u32>().ok());
    is_for_this_machine && is_gnu && minor.is_some_and(|minor| minor >= 36)
}

/// The repository that this package was written in.
struct Git {
    directory: PathBuf,
}

impl Git {
    /// `None` without git, and where the package was copied into somebody else's repository.
    fn of_this_package() -> Option<Self> {
        let git = Self { directory: env_value("CARGO_MANIFEST_DIR")?.into() };
        (git.read(&["rev-parse", "--show-prefix"])? == "crates/imds/").then_some(git)
    }

    fn read(&self, arguments: &[&str]) -> Option<String> {
        let mut command = Command::new("git");
        // A hook of git sets these for a repository that may be another one.
        for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
            command.env_remove(variable);
        }
        // Dates are those of UTC, wherever it is built.
        output(command.current_dir(&self.directory).env("TZ", "UTC0").args(arguments))
    }

    /// Has this run again when HEAD moves, and not before: each of these files changes with it.
    /// A file that does not exist would have cargo run this on each build.
    fn watch(&self) {
        let branch = self.read(&["symbolic-ref", "--quiet", "HEAD"]);
        for name in ["HEAD", "logs/HEAD", "packed-refs"].into_iter().chain(branch.as_deref()) {
            let Some(path) = self.read(&["rev-parse", "--git-path", name]) else { continue };
            let path = self.directory.join(path);
            if path.exists() {
                println!("cargo::rerun-if-changed={}", path.display());
            }
        }
    }
}

/// The profile by its own name, which only the path of the output tells:
/// `target/⟨profile⟩/build/⟨package⟩/out`.
fn profile() -> Option<String> {
    let out = env_value("OUT_DIR")?;
    let directory = Path::new(&out).ancestors().find(|directory| directory.ends_with("build"));
    let name = directory.and_then(Path::parent).and_then(Path::file_name);
    let name = name.and_then(|name| name.to_str()).map(str::to_owned);
    let level = env_value("OPT_LEVEL")?;
    Some(format!("{}, opt-level {level}", name.or_else(|| env_value("PROFILE"))?))
}

/// The features that are on.
fn features() -> String {
    const PREFIX: &str = "CARGO_FEATURE_";
    let mut names: Vec<_> = env::vars()
        .filter_map(|(name, _)| name.strip_prefix(PREFIX).map(str::to_ascii_lowercase))
        .collect();
    names.sort();
    if names.is_empty() { "none".to_owned() } else { names.join(", ").replace('_', "-") }
}

/// The day of a time in seconds since 1970, such as 2026-11-29.
fn date(unix_seconds: &str) -> Option<String> {
    let days = unix_seconds.parse::<i64>().ok()?.div_euclid(24 * 60 * 60);
    // Days of a civil calendar that begins its years in March, so that leap days come last.
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Some(format!("{year:04}-{month:02}-{day:02}"))
}

fn env_value(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// What a program prints, where it succeeds and prints something.
fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (!text.is_empty()).then_some(text)
}
