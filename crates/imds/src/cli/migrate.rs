//! `imds migrate`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::settings::duration;

pub(crate) const MIGRATE_EXAMPLES: &str = "\
Examples:
  imds migrate                           what is found below this folder, and what to do about it
  imds migrate --diff scripts/           the changes, as a patch
  imds migrate --write scripts/          make them
  imds migrate --write --offers infra/   and require IMDSv2 where instances are launched
  imds migrate --check                   for CI: exits with 1 if anything is left
  imds migrate --sarif > migrate.sarif
  imds migrate --write --stdin-name setup.sh - < setup.sh

Findings go to standard output, all else to standard error. What .gitignore and .ignore leave out is
left out. Exits with 1 if --check has findings left, else with 4 if a file could not be read,
scanned or written; the other files are done all the same.";

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

    /// Exit with 1 if a finding is left
    #[arg(long)]
    pub(crate) check: bool,

    /// Also make the changes that decide how instances are launched, such as requiring IMDSv2
    #[arg(long, requires = "change")]
    pub(crate) offers: bool,

    /// The file name of what standard input holds, which tells its language
    #[arg(long, value_name = "NAME")]
    pub(crate) stdin_name: Option<PathBuf>,

    /// How long one file may take; a file that takes longer is skipped and reported
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    pub(crate) time_limit: Duration,
}
