//! Running the binary, as root and as nobody, and waiting for what must come.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

pub(crate) use testkit::binary;
use testkit::has_all_users;

/// How long anything here may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Who runs the binary.
#[derive(Clone, Copy, Debug)]
pub(crate) enum As {
    /// The user that runs the tests.
    Tester,
    /// User and group 65534, without any privilege.
    Nobody,
}

/// Both, where the tests may choose.
pub(crate) fn everyone() -> Vec<As> {
    if has_all_users() { vec![As::Tester, As::Nobody] } else { vec![As::Tester] }
}

/// `imds exec` with these options and this program.
pub(crate) fn exec(who: As, options: &[&str], program: &[&str]) -> Command {
    let mut command = imds_exec(who);
    command.args(options).arg("--").args(program).stdin(Stdio::null());
    command
}

/// `imds exec` without anything.
pub(crate) fn imds_exec(who: As) -> Command {
    let mut command = match who {
        As::Tester => Command::new(binary()),
        As::Nobody => exec_as_nobody(binary()),
    };
    command.arg("exec");
    command
}

/// Runs a shell script inside; returns what it printed. It must succeed and complain of nothing.
pub(crate) fn sh(who: As, options: &[&str], script: &str) -> String {
    let output = exec(who, options, &["sh", "-ec", script]).output().unwrap();
    let errors = text(&output.stderr);
    assert!(output.status.success(), "{who:?} {options:?} {script}\n{:?}\n{errors}", output.status);
    assert_eq!(errors, "", "{who:?} {options:?} {script}");
    text(&output.stdout)
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end().to_owned()
}

pub(crate) fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

/// Waits until `condition` holds.
pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "still waiting: {what}");
        std::thread::yield_now();
    }
}

/// A running `imds exec`, killed when it goes out of scope.
pub(crate) struct Running {
    pub(crate) child: Child,
    output: BufReader<ChildStdout>,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    /// The next line that the program prints.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    pub(crate) fn say(&mut self, line: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Sends a signal, named as `kill` names it, to the `imds` process alone.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    pub(crate) fn wait(&mut self) -> Option<i32> {
        let mut status = None;
        wait_until("for imds to end", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.and_then(|status| status.code())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Processes whose command line holds `marker`.
pub(crate) fn processes_with(marker: &str) -> Vec<PathBuf> {
    let held = |path: &PathBuf| {
        let line = fs::read(path.join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).replace('\0', " ").contains(marker)
    };
    all_processes().filter(held).collect()
}

/// Processes in the network namespace that is called `name`, as in `net:[4026531840]`.
pub(crate) fn processes_in(name: &str) -> Vec<PathBuf> {
    let inside = |path: &PathBuf| {
        fs::read_link(path.join("ns/net")).is_ok_and(|link| link.as_os_str() == name)
    };
    all_processes().filter(inside).collect()
}

fn all_processes() -> impl Iterator<Item = PathBuf> {
    let is_number = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.as_encoded_bytes().iter().all(u8::is_ascii_digit))
    };
    fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path()).filter(is_number)
}

fn exec_as_nobody(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program);
    command
}
