//! The flags of `imds migrate`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use imds_migrate::Levels;

use crate::settings::duration;

pub(crate) const MIGRATE_EXAMPLES: &str = "\
Examples:
  imds migrate                           what is found below this folder, and what to do about it
  imds migrate --diff scripts/           the changes, as a patch
  imds migrate --write scripts/          make them
  imds migrate --write --offers infra/   and require IMDSv2 where instances are launched
  imds migrate --check                   for CI: exits with 1 if anything is left
  imds migrate --check --rules hop-limit-too-low=off,not-understood=error
  imds migrate --sarif > migrate.sarif
  imds migrate --write --stdin-name setup.sh - < setup.sh

Findings go to standard output, all else to standard error. Files that .gitignore and .ignore
leave out are left out. Exits with 1 if --check has findings left whose rule is a warning or an
error, else with 4 if a file could not be read, scanned or written; the other files are done.

Rules: tokenless-request (error), unclear-request (warning), old-library (error),
tokens-not-required (warning), hop-limit-too-low (warning), not-understood (note).
Levels: off, note, warning, error. The file .imds-migrate.toml sets them as well: [rules], then
lines such as hop-limit-too-low = \"off\".";

#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct MigrateArgs {
    /// The files and folders to read; `-` is standard input
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,

    /// Print the changes as a patch
    #[arg(long, group = "form", group = "change")]
    pub(crate) diff: bool,

    /// Make the changes and print what is left; standard input is printed as it is afterwards
    #[arg(long, group = "form", group = "change")]
    pub(crate) write: bool,

    /// Print each finding as one line of JSON
    #[arg(long, group = "form")]
    pub(crate) json: bool,

    /// Print the findings as SARIF 2.1.0
    #[arg(long, group = "form")]
    pub(crate) sarif: bool,

    /// Exit with 1 if a finding is left whose rule is a warning or an error
    #[arg(long)]
    pub(crate) check: bool,

    /// Set levels of rules, such as hop-limit-too-low=off; `all` is every rule
    #[arg(long, value_name = "RULE=LEVEL,…", default_value = "", hide_default_value = true)]
    pub(crate) rules: Levels,

    /// Read levels of rules from this file [default: .imds-migrate.toml, if there is one]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Also make the changes that decide how instances are launched, such as requiring IMDSv2
    #[arg(long, requires = "change")]
    pub(crate) offers: bool,

    /// The file name of what standard input holds, which tells its language
    #[arg(long, value_name = "NAME")]
    pub(crate) stdin_name: Option<PathBuf>,

    /// Processor time that one file may take; a file that takes longer is skipped and reported
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = some_time)]
    pub(crate) time_limit: Duration,

    /// Scan what standard input asks for: the process that `imds migrate` starts
    #[arg(long, hide = true, exclusive = true)]
    pub(crate) worker: bool,
}

/// A duration in which something can be done.
fn some_time(text: &str) -> Result<Duration, String> {
    let limit = duration(text)?;
    if limit.is_zero() { Err("a file needs some time: at least 1ms".to_owned()) } else { Ok(limit) }
}
