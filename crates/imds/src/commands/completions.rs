//! `imds completions`: what a shell completes `imds` by.

use std::process::ExitCode;

use clap::CommandFactory as _;

use crate::cli::{Cli, CompletionsArgs};
use crate::error::CommandError;
use crate::terminal;

pub(crate) fn run(args: &CompletionsArgs) -> Result<ExitCode, CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "imds", &mut script);
    terminal::print(script)?;
    Ok(ExitCode::SUCCESS)
}
