//! `imds completions`: what a shell completes `imds` by.

use std::path::Path;
use std::process::ExitCode;

use clap::CommandFactory as _;

use crate::cli::{Cli, CompletionsArgs};
use crate::error::CommandError;
use crate::terminal;

/// The name of the program in `src/bin/ec2-imds.rs`.
const SECOND_NAME: &str = "ec2-imds";

pub(crate) fn run(args: &CompletionsArgs) -> Result<ExitCode, CommandError> {
    let mut script = Vec::new();
    // For the name by which it was called.
    let called = std::env::args_os().next().unwrap_or_default();
    let is_second = Path::new(&called).file_name().is_some_and(|name| name == SECOND_NAME);
    let name = if is_second { SECOND_NAME } else { "imds" };
    clap_complete::generate(args.shell, &mut Cli::command(), name, &mut script);
    terminal::print(script)?;
    Ok(ExitCode::SUCCESS)
}
