//! Process 1 of the machine that the program sees: sets up the machine, starts the program, reaps
//! orphans, and ends with the program. When it ends, the kernel kills all processes of the machine.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use imds_linux::process::{self, Child, ChildEvent, Ending, Environment, Isolation};
use imds_linux::signal::Signals;
use imds_linux::{Error, seccomp};

use crate::first_boot::Script;
use crate::line::{ControlMessage, Line, Wakeup};
use crate::request::{FAILED, InstanceFacts};
use crate::terminal::Terminal;
use crate::{machine, refusal};

const NOT_EXECUTABLE: u8 = 126;
const NOT_FOUND: u8 = 127;

/// Everything that process 1 needs, prepared before the fork.
pub(super) struct Init {
    pub(super) program: OsString,
    pub(super) arguments: Vec<OsString>,
    pub(super) instance: InstanceFacts,
    pub(super) environment: Environment,
    pub(super) scripts: Vec<Script>,
    /// Whether the program is in a container on the instance, rather than on the instance itself.
    pub(super) in_container: bool,
    /// The sockets of the real machine that the program may not use; if `None`, it may use all.
    pub(super) closed_sockets: Option<Vec<PathBuf>>,
    pub(super) line: Line,
    pub(super) signals: Signals,
    pub(super) terminal: Terminal,
}

impl Init {
    /// Runs in the forked child; returns the program's exit code.
    pub(super) fn run(self) -> u8 {
        self.try_run().unwrap_or_else(|error| {
            report(&refusal::explain(error));
            FAILED
        })
    }

    fn try_run(self) -> Result<u8, Error> {
        let Self { program, arguments, instance, environment, scripts, .. } = self;
        let Self { in_container, closed_sockets, .. } = self;
        let (mut line, mut signals, terminal) = (self.line, self.signals, self.terminal);
        process::die_with_parent()?;
        // If the parent ended before `die_with_parent`, its end of the connection is closed.
        let Ok(ControlMessage::SetUp) = line.receive() else { return Ok(FAILED) };
        for warning in
            machine::set_up(&instance, &scripts, in_container, closed_sockets.as_deref())?
        {
            report(&format_args!("imds: warning: {warning}"));
        }
        let Ok(ControlMessage::Start) = line.receive() else { return Ok(FAILED) };

        let child = process::fork(Isolation::None, || {
            // Before the terminal's state is restored: it takes a privilege.
            if closed_sockets.is_some()
                && let Err(error) = seccomp::refuse_vsock()
            {
                report(&format_args!("imds: warning: AF_VSOCK is open: {error}"));
            }
            become_program(&program, &arguments, &environment, &terminal)
        })?;
        attend(child, &mut signals, &mut line)
    }
}

/// Passes signals on to the program until it ends; returns its exit code.
fn attend(program: Child, signals: &mut Signals, line: &mut Line) -> Result<u8, Error> {
    let mut child_state = ChildState { program, stopped: false, stops: 0, responses: 0 };
    loop {
        match line.receive_or(signals)? {
            Wakeup::Signal(arrived) if arrived.number == libc::SIGCHLD => {
                if let Some(ending) = child_state.reap(line) {
                    return Ok(ending.exit_code());
                }
            }
            // A terminal sends its signals to the program too; signals from processes of this
            // machine are meant for the program.
            Wakeup::Signal(_)
            | Wakeup::Line(Ok(
                ControlMessage::SetUp | ControlMessage::Start | ControlMessage::Stopped(_),
            )) => {}
            Wakeup::Line(Ok(ControlMessage::Signal(number))) => child_state.signal(number.into()),
            Wakeup::Line(Ok(ControlMessage::StayStopped)) => child_state.responses += 1,
            Wakeup::Line(Ok(ControlMessage::Continue)) => {
                if let Some(ending) = child_state.reap(line) {
                    return Ok(ending.exit_code());
                }
                child_state.resume();
            }
            Wakeup::Line(Err(_)) => return Ok(FAILED),
        }
    }
}

/// The program, and whether it is stopped.
struct ChildState {
    program: Child,
    stopped: bool,
    /// How often the program was stopped, and how many of these stops the service responded to.
    stops: u64,
    responses: u64,
}

impl ChildState {
    /// Reads the state changes of all children; returns how the program ended, if it did.
    fn reap(&mut self, line: &mut Line) -> Option<Ending> {
        let program = self.program.pid();
        while let Some(event) = process::next_child_event() {
            match event {
                ChildEvent::Ended(pid, ending) if pid == program => return Some(ending),
                ChildEvent::Stopped(pid, number) if pid == program => {
                    self.stopped = true;
                    self.stops += 1;
                    line.send(ControlMessage::Stopped(number.try_into().unwrap_or_default()));
                }
                ChildEvent::Continued(pid) if pid == program => self.stopped = false,
                ChildEvent::Ended(..) | ChildEvent::Stopped(..) | ChildEvent::Continued(..) => {}
            }
        }
        None
    }

    /// Continues the program after the service was stopped with it and continued. A shell continues both
    /// at once; then nothing is left to do, and the program may already have been stopped again.
    fn resume(&mut self) {
        self.responses += 1;
        if self.stopped && self.responses == self.stops {
            self.signal(libc::SIGCONT);
        }
    }

    fn signal(&self, number: i32) {
        process::send_signal(self.program.pid(), number);
    }
}

/// Replaces the forked child by the program. Returns only if that fails.
fn become_program(
    program: &OsStr,
    arguments: &[OsString],
    environment: &Environment,
    terminal: &Terminal,
) -> u8 {
    if let Err(error) = terminal.restore() {
        report(&refusal::explain(error));
        return FAILED;
    }
    let error = process::exec(program, arguments.iter().map(OsString::as_os_str), environment);
    let found = find(program);
    let program = program.display();
    if let Some(file) = found {
        // The file is there, so what was not found is what runs it.
        if error.kind() == io::ErrorKind::NotFound {
            let what = interpreter(&file);
            report(&format_args!("imds: cannot run {program}: {what} does not exist"));
            return NOT_EXECUTABLE;
        }
        report(&format_args!("imds: cannot run {program}: {error}"));
        return NOT_EXECUTABLE;
    }
    report(&format_args!(
        "imds: cannot run {program}: no such program in the working directory or in PATH"
    ));
    NOT_FOUND
}

/// The program's file, if it exists. `execvp` also fails with "permission denied" if the program does not
/// exist and a directory of `PATH` cannot be searched.
fn find(program: &OsStr) -> Option<PathBuf> {
    let is_path = program.as_encoded_bytes().contains(&b'/');
    let path = env::var_os("PATH").unwrap_or_default();
    let in_path = || env::split_paths(&path).map(|directory| directory.join(program)).collect();
    let files = if is_path { vec![PathBuf::from(program)] } else { in_path() };
    files.into_iter().find(|file| file.exists())
}

/// What runs the file, as a message calls it: for a script, the program of its first line.
fn interpreter(file: &Path) -> String {
    let mut line = Vec::new();
    // The kernel reads no more of a first line either.
    let read = File::open(file).and_then(|file| file.take(256).read_to_end(&mut line));
    let line = read.ok().and_then(|_| line.strip_prefix(b"#!"));
    let line = line.and_then(|line| line.split(|byte| *byte == b'\n').next());
    match line {
        Some(line) => {
            let line = String::from_utf8_lossy(line);
            let name = line.split_ascii_whitespace().next().unwrap_or_default();
            let hint = if line.ends_with('\r') { " (its line ends as on Windows)" } else { "" };
            format!("its interpreter {}{hint}", name.escape_debug())
        }
        None => "its loader (it is for another system, or for another C library)".to_owned(),
    }
}

/// Prints a message to standard error, if that is open.
fn report(message: &dyn std::fmt::Display) {
    use io::Write;
    let _ = writeln!(io::stderr(), "{message}");
}
