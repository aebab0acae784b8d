//! Programs under test, and real clients.

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use crate::users::has_all_users;
use crate::{SOON, eventually};

/// The `imds` binary that was built with the tests.
pub fn imds() -> Command {
    program(binary())
}

/// `imds exec` with these options and this program.
pub fn exec(options: &[&str], program: &[&str]) -> Command {
    let mut command = imds();
    command.arg("exec").args(options).arg("--").args(program);
    command
}

/// A shell that runs `script` with `imds` on its path: as user 65534 without any privilege where the
/// tests run as root, else as the user that runs them.
pub fn shell_of_nobody(script: &str) -> Command {
    let mut command = if has_all_users() {
        let mut command = program("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "sh"]);
        command
    } else {
        program("sh")
    };
    command.args(["-c", script]).env("PATH", path_with_imds()).current_dir("/");
    command
}

/// The path, with `imds` on it.
pub fn path_with_imds() -> OsString {
    path_with(binary().parent().unwrap_or(Path::new("/")))
}

/// The same, and the tests' Python environment with the aws CLI where there is one.
pub fn path_with_imds_and_python() -> OsString {
    let python = std::env::var_os("IMDS_TEST_PYTHON").map(PathBuf::from);
    let imds = binary().parent().unwrap_or(Path::new("/"));
    path_with_all(python.as_deref().into_iter().chain([imds]))
}

/// The path, with `directory` in front.
pub fn path_with(directory: &Path) -> OsString {
    path_with_all([directory])
}

fn path_with_all<'a>(directories: impl IntoIterator<Item = &'a Path>) -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories = directories.into_iter().map(Path::to_owned);
    let directories = directories.chain(std::env::split_paths(&path));
    // It fails for names with a colon, which were no part of a path before.
    std::env::join_paths(directories).unwrap_or(path)
}

/// Where that binary is: a place where every user may run it. `IMDS_TEST_PROGRAM` names another one to test.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        // Beside the directory of the test binary: target/debug/deps/… and target/debug/imds.
        let test = std::env::current_exe().unwrap_or_default();
        let built = test.ancestors().nth(2).map(|target| target.join("imds")).unwrap_or_default();
        let built = std::env::var_os("IMDS_TEST_PROGRAM").map_or(built, PathBuf::from);
        copy_for_everyone(&built).unwrap_or(built)
    })
}

fn copy_for_everyone(built: &Path) -> std::io::Result<PathBuf> {
    let directory = place_for_everyone();
    std::fs::create_dir_all(&directory)?;
    let copy = directory.join("imds");
    std::fs::copy(built, &copy)?;
    Ok(copy)
}

fn place_for_everyone() -> PathBuf {
    std::env::temp_dir().join(format!("imds-tests-{}", std::process::id()))
}

/// Removes what the tests share. To be called once they are over.
pub fn tidy() {
    // Tests that did not run the binary have left nothing.
    let _ = std::fs::remove_dir_all(place_for_everyone());
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

impl Finished {
    /// Fails unless it ended with this code.
    pub fn expect_code(self, code: i32) -> Result<Self> {
        if self.status.code() != Some(code) {
            bail!("expected exit code {code}: {self:#?}");
        }
        Ok(self)
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
