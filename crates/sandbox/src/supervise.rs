//! Our own process while the program runs: passes signals on, stops when the program is stopped, and
//! ends as the program ended.
//!
//! Signals of the terminal go to the whole process group, so the program has them already. Those
//! that somebody sends to us alone are meant for it.

use std::process::ExitCode;

use imds_linux::Error;
use imds_linux::process::Child;
use imds_linux::signal::{self, Arrived, Signals};
use rustix::fs::{Mode, OFlags, open};
use rustix::process::getpgrp;
use rustix::termios::tcgetpgrp;

use super::line::{Line, Woken, Word};

/// Lets the program start, then waits for `init` to end with its status.
pub(super) fn supervise(
    init: &Child,
    mut signals: Signals,
    mut line: Line,
) -> Result<ExitCode, Error> {
    line.send(Word::Start);
    let mut stopped_alone = false;
    loop {
        match line.receive_or(&mut signals)? {
            Woken::Signal(arrived) if arrived.number == libc::SIGCHLD => {
                if let Some(ending) = init.ended()? {
                    return Ok(ending.exit_code().into());
                }
            }
            // A shell sends this one to the group, and to follow it up could undo the next stop.
            Woken::Signal(arrived) if arrived.number == libc::SIGCONT && !stopped_alone => {}
            Woken::Signal(Arrived { number, by_process: true }) => {
                line.send(Word::Signal(number.try_into().unwrap_or_default()));
            }
            Woken::Line(Ok(Word::Stopped(number))) => {
                // A plain SIGSTOP may be the program's private affair, which nobody outside would
                // ever end: it only counts when a terminal waits.
                stopped_alone = i32::from(number) == libc::SIGSTOP && !in_foreground();
                if stopped_alone {
                    line.send(Word::Noted);
                } else {
                    signal::raise(libc::SIGSTOP);
                    line.send(Word::GoOn);
                }
            }
            Woken::Signal(_) | Woken::Line(Ok(_)) => {}
            Woken::Line(Err(_)) => return Ok(init.wait()?.exit_code().into()),
        }
    }
}

fn in_foreground() -> bool {
    let terminal =
        open("/dev/tty", OFlags::RDONLY | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty());
    terminal.and_then(tcgetpgrp).is_ok_and(|group| group == getpgrp())
}
