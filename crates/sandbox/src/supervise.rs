//! The calling process while the program runs: passes signals on, stops when the program is stopped,
//! and returns the program's exit code.
//!
//! A terminal signals the whole process group, so the program receives its signals directly. A signal
//! that a process sends to us alone is meant for the program. So is the end of the terminal if we lead
//! its session: only the leader is told.

use std::process::ExitCode;

use imds_linux::Error;
use imds_linux::process::Child;
use imds_linux::signal::{self, Arrived, Signals};
use rustix::fs::{Mode, OFlags, open};
use rustix::process::{getpgrp, getpid, getsid};
use rustix::termios::tcgetpgrp;

use crate::line::{ControlMessage, Line, Wakeup};

/// Lets the program start, then waits for `init` to end with its status.
pub(super) fn supervise(
    init: &Child,
    mut signals: Signals,
    mut line: Line,
) -> Result<ExitCode, Error> {
    line.send(ControlMessage::Start);
    let mut stopped_alone = false;
    loop {
        match line.receive_or(&mut signals)? {
            Wakeup::Signal(arrived) if arrived.number == libc::SIGCHLD => {
                if let Some(ending) = init.ended()? {
                    return Ok(ending.exit_code().into());
                }
            }
            // A shell sends SIGCONT to the group. Passing it on could undo the next stop.
            Wakeup::Signal(arrived) if arrived.number == libc::SIGCONT && !stopped_alone => {}
            Wakeup::Signal(Arrived { number, by_process })
                if by_process || number == libc::SIGHUP && leads_session() =>
            {
                line.send(ControlMessage::Signal(number.try_into().unwrap_or_default()));
            }
            Wakeup::Line(Ok(ControlMessage::Stopped(number))) => {
                // A program may stop itself with SIGSTOP and be continued from inside the sandbox.
                // We stop too only in the foreground of a terminal, where a shell waits for it.
                stopped_alone = i32::from(number) == libc::SIGSTOP && !in_foreground();
                if stopped_alone {
                    line.send(ControlMessage::StayStopped);
                } else {
                    signal::raise(libc::SIGSTOP);
                    line.send(ControlMessage::Continue);
                }
            }
            Wakeup::Signal(_) | Wakeup::Line(Ok(_)) => {}
            Wakeup::Line(Err(_)) => return Ok(init.wait()?.exit_code().into()),
        }
    }
}

fn leads_session() -> bool {
    getsid(None) == Ok(getpid())
}

fn in_foreground() -> bool {
    let terminal =
        open("/dev/tty", OFlags::RDONLY | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty());
    terminal.and_then(tcgetpgrp).is_ok_and(|group| group == getpgrp())
}
