//! Programs under test, and real clients.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use crate::{SOON, eventually};

/// The `imds` binary that was built with the tests.
pub fn imds() -> Command {
    program(binary())
}

/// Where that binary is: a place where every user may run it.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        // Beside the directory of the test binary: target/debug/deps/… and target/debug/imds.
        let test = std::env::current_exe().unwrap_or_default();
        let built = test.ancestors().nth(2).map(|target| target.join("imds")).unwrap_or_default();
        copy_for_everyone(&built).unwrap_or(built)
    })
}

fn copy_for_everyone(built: &Path) -> std::io::Result<PathBuf> {
    let directory = std::env::temp_dir().join(format!("imds-tests-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    let copy = directory.join("imds");
    std::fs::copy(built, &copy)?;
    Ok(copy)
}

/// A program that finds none of the machine's AWS settings, state or proxies.
pub fn program(path: impl Into<PathBuf>) -> Command {
    let mut command = Command::new(path.into());
    let unwanted = |name: &str| {
        name.starts_with("AWS_")
            || name.starts_with("XDG_")
            || name.to_ascii_lowercase().ends_with("_proxy")
    };
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(unwanted) {
            command.env_remove(name);
        }
    }
    command.env("HOME", "/nonexistent").stdin(Stdio::null());
    command
}

/// What a program that has ended left behind.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
    /// How long it ran.
    pub took: std::time::Duration,
}

impl Finished {
    /// Runs a program to its end, however long that takes.
    pub fn of(command: &mut Command) -> Result<Self> {
        let start = Instant::now();
        let output = command.output().with_context(|| format!("{command:?}"))?;
        Ok(Self {
            status: output.status,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            took: start.elapsed(),
        })
    }

    /// The same, of a program that must succeed.
    pub fn success(command: &mut Command) -> Result<Self> {
        let finished = Self::of(command)?;
        if !finished.status.success() {
            bail!("{command:?}: {finished:#?}");
        }
        Ok(finished)
    }
}

/// A running program, killed when it is dropped.
#[derive(Debug)]
pub struct Process(Child);

impl Process {
    /// Starts a program.
    pub fn start(command: &mut Command) -> Result<Self> {
        Ok(Self(command.spawn().with_context(|| format!("{command:?}"))?))
    }

    /// The process itself.
    pub fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    /// Waits for its end, for a while.
    pub fn ended(&mut self) -> Result<ExitStatus> {
        eventually("the program to end", || self.0.try_wait().ok().flatten())
    }

    /// Sends it a signal: `TERM`, `STOP`, …
    pub fn signal(&self, name: &str) -> Result<()> {
        Finished::success(Command::new("kill").args(["-s", name, &self.0.id().to_string()]))?;
        Ok(())
    }

    /// What is left of its standard output, once it has ended.
    pub fn rest_of_stdout(&mut self) -> Result<String> {
        let mut text = String::new();
        if let Some(stdout) = &mut self.0.stdout {
            stdout.read_to_string(&mut text).with_context(|| format!("within {SOON:?}"))?;
        }
        Ok(text)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
