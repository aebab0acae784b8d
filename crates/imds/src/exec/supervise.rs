//! Our own process while the program runs: passes signals on, stops when the program is stopped, and
//! ends as the program ended.
//!
//! Signals of the terminal go to the whole process group, so the program has them already. Those
//! that somebody sends to us alone are meant for it.

use std::process::ExitCode;

use imds_linux::Error;
use imds_linux::process::{Child, Ending};
use imds_linux::signal::{self, Arrived, Signals};
use rustix::fs::{Mode, OFlags, open};
use rustix::process::getpgrp;
use rustix::termios::tcgetpgrp;

use super::line::{Line, Order, Woken};

/// Lets the program start, then waits for `init` to end with its status.
pub(super) fn supervise(
    init: &Child,
    mut signals: Signals,
    mut line: Line,
) -> Result<ExitCode, Error> {
    // If nobody hears it, the wait below says how process 1 ended.
    let _ = line.send(Order::Start);
    loop {
        match line.receive_or(&mut signals)? {
            Woken::Signal(arrived) if arrived.number == libc::SIGCHLD => {
                if let Some(ending) = init.ended()? {
                    return Ok(status(ending));
                }
            }
            Woken::Signal(Arrived { number, by_process: true }) => {
                let _ = line.send(Order::Signal(number.try_into().unwrap_or_default()));
            }
            Woken::Signal(Arrived { by_process: false, .. }) | Woken::Line(Ok(Order::Start)) => {}
            Woken::Line(Ok(Order::Signal(number))) => stop_like_the_program(number.into()),
            Woken::Line(Err(_)) => return init.wait().map(status),
        }
    }
}

/// Stops this process as well, so that the shell that waits for it gets its terminal back.
///
/// A plain SIGSTOP may be the program's private affair, which nobody outside would ever end: it only
/// counts when a terminal waits.
fn stop_like_the_program(number: i32) {
    if number != libc::SIGSTOP || in_foreground() {
        signal::raise(libc::SIGSTOP);
    }
}

fn in_foreground() -> bool {
    let terminal =
        open("/dev/tty", OFlags::RDONLY | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty());
    terminal.and_then(tcgetpgrp).is_ok_and(|group| group == getpgrp())
}

fn status(ending: Ending) -> ExitCode {
    match ending {
        Ending::Exited(code) => code.into(),
        Ending::Killed(number) => u8::try_from(number).unwrap_or(0).wrapping_add(128).into(),
    }
}
