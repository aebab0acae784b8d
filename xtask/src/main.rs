//! The project's own chores: `cargo xtask test`, `cargo xtask bench`, `cargo xtask check`.
#![expect(clippy::print_stdout, reason = "chores talk to a developer at a terminal")]

mod architecture;
mod bench;
mod check;
mod clients;
mod codegen;
mod command;
mod install;
mod test;

use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask <chore>

  test    everything that must pass: format, lints, the dependency rules, all tests;
          installs what the tests need (Debian packages, a Python environment, AWS SDKs)
  check   only the architecture's rules and what is published; `--report` prints the structure in
          numbers, `--report --json` the same for programs
  codegen the EC2 shapes from crates/ec2/model/ec2.json; `--check` only compares;
          `gzip -dc …/service-2.json.gz | cargo xtask codegen --trim` makes that model
          from botocore's, down to the operations in crates/ec2/model/operations.txt
  bench   the figures of the README, side by side with nginx, unshare, ripgrep, curl and AWS SDKs;
          takes about ten minutes; `bench migrate` measures one part: start, requests, exec,
          migrate, client
";

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["test"] => test::run(),
        ["check"] => check::run(),
        ["check", "--report"] => check::report(false),
        ["check", "--report", "--json"] => check::report(true),
        ["codegen"] => codegen::run(),
        ["codegen", "--check"] => codegen::check(),
        ["codegen", "--trim"] => codegen::trim(),
        ["bench"] => bench::run(None),
        ["bench", part] if bench::PARTS.iter().any(|(name, _)| *name == part) => {
            bench::run(Some(part))
        }
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
