//! How chores run other programs.

use std::env;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// How the variables begin in which `cargo run` tells a program of its package.
const OF_PACKAGE: [&str; 2] = ["CARGO_MANIFEST_", "CARGO_PKG_"];

/// Runs a command to its end; its output goes where ours goes.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = line(command);
    println!("$ {line}");
    let status = command.status().with_context(|| format!("cannot run {line}"))?;
    if !status.success() {
        bail!("{line}: {status}");
    }
    Ok(())
}

/// What one would type, but for quotes.
fn line(command: &Command) -> String {
    let directory = command.get_current_dir().map(|it| format!("cd {} &&", it.display()));
    let set = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
    let set = set.map(|(name, value)| format!("{}={}", name.display(), value.display()));
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words = words.map(|word| word.display().to_string());
    directory.into_iter().chain(set).chain(words).collect::<Vec<_>>().join(" ")
}

/// The cargo that runs this.
///
/// It is not told which package runs it: build scripts that look at such variables would run again, and what
/// depends on them be compiled anew, each time that cargo is run by hand and from here in turns.
pub(crate) fn cargo(arguments: &str) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments.split_whitespace());
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|it| OF_PACKAGE.iter().any(|prefix| it.starts_with(prefix))) {
            command.env_remove(name);
        }
    }
    command
}
