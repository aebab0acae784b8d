//! Process 1 of the machine that the program sees: sets the machine up, starts the program, collects
//! orphans, and ends with the program. When it ends, the kernel kills everything that is left.

use std::ffi::{OsStr, OsString};
use std::io;

use imds_linux::process::{self, Child, Ending, Isolation, News};
use imds_linux::signal::Signals;
use imds_linux::{Error, Namespace};

use super::caller::Caller;
use super::line::{Line, Order, Woken};
use super::{FAILED, InstanceFacts, machine};

const NOT_EXECUTABLE: u8 = 126;
const NOT_FOUND: u8 = 127;

/// Everything process 1 needs, gathered before the fork.
pub(super) struct Init {
    pub(super) program: OsString,
    pub(super) arguments: Vec<OsString>,
    pub(super) instance: InstanceFacts,
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
        let Self { program, arguments, instance, namespace, mut line, mut signals, caller } = self;
        process::die_with_parent()?;
        namespace.enter()?;
        drop(namespace);
        for warning in machine::set_up(&instance)? {
            report(&format_args!("imds: warning: {warning}"));
        }
        // A parent that was gone before we were tied to it has closed its end of the line as well.
        let Ok(Order::Start) = line.receive() else { return Ok(FAILED) };

        let child =
            process::fork(Isolation::None, || become_program(&program, &arguments, &caller))?;
        attend(&child, &mut signals, &mut line)
    }
}

/// Waits for the program to end, and passes signals on to it until then.
fn attend(program: &Child, signals: &mut Signals, line: &mut Line) -> Result<u8, Error> {
    loop {
        match line.receive_or(signals)? {
            Woken::Signal(arrived) if arrived.number == libc::SIGCHLD => {
                while let Some(news) = process::news() {
                    match news {
                        News::Ended(pid, ending) if pid == program.pid() => {
                            return Ok(exit_code(ending));
                        }
                        News::Stopped(pid, number) if pid == program.pid() => {
                            // If nobody listens there is nobody to stop with us.
                            let _ = line.send(Order::Signal(number.try_into().unwrap_or_default()));
                        }
                        News::Ended(..) | News::Stopped(..) => {}
                    }
                }
            }
            // Others come from a terminal, which tells the program as well, or from processes that
            // we look after, whose business is with the program.
            Woken::Signal(_) | Woken::Line(Ok(Order::Start)) => {}
            Woken::Line(Ok(Order::Signal(number))) => {
                process::send_signal(program.pid(), number.into());
            }
            Woken::Line(Err(_)) => return Ok(FAILED),
        }
    }
}

/// Replaces the forked child by the program. Returns only if that fails.
fn become_program(program: &OsStr, arguments: &[OsString], caller: &Caller) -> u8 {
    if let Err(error) = caller.restore() {
        report(&super::refusal::explain(error));
        return FAILED;
    }
    let error = process::exec(program, arguments.iter().map(OsString::as_os_str));
    report(&format_args!("imds: cannot run {}: {error}", program.display()));
    if error.kind() == io::ErrorKind::NotFound { NOT_FOUND } else { NOT_EXECUTABLE }
}

fn exit_code(ending: Ending) -> u8 {
    match ending {
        Ending::Exited(code) => code,
        Ending::Killed(number) => u8::try_from(number).unwrap_or(0).wrapping_add(128),
    }
}

/// Says it on standard error, if there is one.
fn report(message: &dyn std::fmt::Display) {
    use io::Write;
    let _ = writeln!(io::stderr(), "{message}");
}
