//! Process 1 of the machine that the program sees: sets the machine up, starts the program, collects
//! orphans, and ends with the program. When it ends, the kernel kills everything that is left.

use std::ffi::{OsStr, OsString};
use std::{env, io};

use imds_linux::process::{self, Child, Ending, Environment, Isolation, News};
use imds_linux::signal::Signals;
use imds_linux::{Error, Namespace};

use super::caller::Caller;
use super::line::{Line, Woken, Word};
use super::{FAILED, InstanceFacts, machine};
use crate::first_boot::Script;

const NOT_EXECUTABLE: u8 = 126;
const NOT_FOUND: u8 = 127;

/// Everything process 1 needs, gathered before the fork.
pub(super) struct Init {
    pub(super) program: OsString,
    pub(super) arguments: Vec<OsString>,
    pub(super) instance: InstanceFacts,
    pub(super) environment: Environment,
    pub(super) scripts: Vec<Script>,
    pub(super) namespace: Namespace,
    pub(super) line: Line,
    pub(super) signals: Signals,
    pub(super) caller: Caller,
}

impl Init {
    /// Runs as the child that was forked for it; returns the program's exit code.
    pub(super) fn run(self) -> u8 {
        self.try_run().unwrap_or_else(|error| {
            report(&super::refusal::explain(error));
            FAILED
        })
    }

    fn try_run(self) -> Result<u8, Error> {
        let Self { program, arguments, instance, environment, scripts, namespace, .. } = self;
        let (mut line, mut signals, caller) = (self.line, self.signals, self.caller);
        process::die_with_parent()?;
        namespace.enter()?;
        drop(namespace);
        for warning in machine::set_up(&instance, &scripts)? {
            report(&format_args!("imds: warning: {warning}"));
        }
        // A parent that was gone before we were tied to it has closed its end of the line as well.
        let Ok(Word::Start) = line.receive() else { return Ok(FAILED) };

        let child = process::fork(Isolation::None, || {
            become_program(&program, &arguments, &environment, &caller)
        })?;
        attend(child, &mut signals, &mut line)
    }
}

/// Waits for the program to end, and passes signals on to it until then.
fn attend(program: Child, signals: &mut Signals, line: &mut Line) -> Result<u8, Error> {
    let mut ward = Ward { program, stopped: false, stops: 0, answers: 0 };
    loop {
        match line.receive_or(signals)? {
            Woken::Signal(arrived) if arrived.number == libc::SIGCHLD => {
                if let Some(ending) = ward.hear_news(line) {
                    return Ok(ending.exit_code());
                }
            }
            // Others come from a terminal, which tells the program as well, or from processes that
            // we look after, whose business is with the program.
            Woken::Signal(_) | Woken::Line(Ok(Word::Start | Word::Stopped(_))) => {}
            Woken::Line(Ok(Word::Signal(number))) => ward.signal(number.into()),
            Woken::Line(Ok(Word::Noted)) => ward.answers += 1,
            Woken::Line(Ok(Word::GoOn)) => {
                if let Some(ending) = ward.hear_news(line) {
                    return Ok(ending.exit_code());
                }
                ward.go_on();
            }
            Woken::Line(Err(_)) => return Ok(FAILED),
        }
    }
}

/// The program and what is known of it.
struct Ward {
    program: Child,
    stopped: bool,
    /// How often it was stopped, and how many of these stops were answered.
    stops: u64,
    answers: u64,
}

impl Ward {
    /// Takes all news of children; returns how the program ended, if it did.
    fn hear_news(&mut self, line: &mut Line) -> Option<Ending> {
        let program = self.program.pid();
        while let Some(news) = process::news() {
            match news {
                News::Ended(pid, ending) if pid == program => return Some(ending),
                News::Stopped(pid, number) if pid == program => {
                    self.stopped = true;
                    self.stops += 1;
                    line.send(Word::Stopped(number.try_into().unwrap_or_default()));
                }
                News::Continued(pid) if pid == program => self.stopped = false,
                News::Ended(..) | News::Stopped(..) | News::Continued(..) => {}
            }
        }
        None
    }

    /// The service was stopped with the program and goes on. A shell has both go on at once; then
    /// there is nothing to do, and the program may even have been stopped anew.
    fn go_on(&mut self) {
        self.answers += 1;
        if self.stopped && self.answers == self.stops {
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
    caller: &Caller,
) -> u8 {
    if let Err(error) = caller.restore() {
        report(&super::refusal::explain(error));
        return FAILED;
    }
    let error = process::exec(program, arguments.iter().map(OsString::as_os_str), environment);
    let found = error.kind() != io::ErrorKind::NotFound && is_anywhere(program);
    let program = program.display();
    if found {
        report(&format_args!("imds: cannot run {program}: {error}"));
        return NOT_EXECUTABLE;
    }
    report(&format_args!("imds: cannot run {program}: there is no such program here or in PATH"));
    NOT_FOUND
}

/// Whether there is such a program. Looking for it also fails with "permission denied" if it is
/// nowhere, but some directory of `PATH` is closed to us.
fn is_anywhere(program: &OsStr) -> bool {
    let is_path = program.as_encoded_bytes().contains(&b'/');
    let path = env::var_os("PATH").unwrap_or_default();
    is_path || env::split_paths(&path).any(|directory| directory.join(program).exists())
}

/// Says it on standard error, if there is one.
fn report(message: &dyn std::fmt::Display) {
    use io::Write;
    let _ = writeln!(io::stderr(), "{message}");
}
