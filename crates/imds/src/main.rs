//! The EC2 Instance Metadata Service as software anyone can run.

mod cli;
mod error;
mod exec;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match cli::Cli::parse().command {
        cli::Command::Exec(arguments) => exec::run(arguments.request(), cli::answer_ok)
            .unwrap_or_else(|error| {
                error.report();
                exec::FAILED.into()
            }),
    }
}
