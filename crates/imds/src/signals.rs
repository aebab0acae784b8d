//! The signals that a running service obeys.

use std::fs::{self, File};
use std::io;

use rustix::io::Errno;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a signal asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Request {
    /// SIGTERM, SIGINT, or SIGHUP because the terminal was closed: stop. Has the reason.
    Stop(&'static str),
    /// SIGHUP: read the settings file again, and reopen the access log.
    Reload,
    /// SIGUSR1: reopen the access log.
    ReopenLog,
}

/// SIGHUP, SIGUSR1 and SIGUSR2, from the moment this is made: they no longer end the process.
pub(crate) struct LogSignals {
    hangup: Signal,
    user1: Signal,
    /// Means nothing, but would end the process.
    _user2: Signal,
    /// Whether SIGHUP stops the service once its terminal is closed: it has one, and nobody said
    /// `nohup`.
    ends_with_terminal: bool,
}

/// All of them.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    logs: LogSignals,
}

impl LogSignals {
    /// Fails outside of a runtime.
    pub(crate) fn listen() -> io::Result<Self> {
        // Asked before the handlers are there, which replace what `nohup` set.
        let ends_with_terminal = has_terminal() && !is_hangup_ignored();
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            user1: signal(SignalKind::user_defined1())?,
            _user2: signal(SignalKind::user_defined2())?,
            ends_with_terminal,
        })
    }

    /// Listens to those that stop the service as well; until now they end the process.
    pub(crate) fn and_stop(self) -> io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            logs: self,
        })
    }
}

impl Signals {
    /// Waits for the next.
    pub(crate) async fn next(&mut self) -> Request {
        let LogSignals { hangup, user1, ends_with_terminal, .. } = &mut self.logs;
        tokio::select! {
            _ = self.terminate.recv() => Request::Stop("SIGTERM"),
            _ = self.interrupt.recv() => Request::Stop("SIGINT"),
            _ = hangup.recv() => {
                let is_closed = *ends_with_terminal && !has_terminal();
                if is_closed { Request::Stop("SIGHUP: the terminal was closed") } else { Request::Reload }
            }
            _ = user1.recv() => Request::ReopenLog,
        }
    }
}

/// Whether this process has a controlling terminal; one that was closed is none any more.
fn has_terminal() -> bool {
    // Another error, such as too many open files, says nothing about the terminal.
    let gone = [Errno::NXIO, Errno::IO, Errno::NOENT].map(|errno| Some(errno.raw_os_error()));
    File::open("/dev/tty").map_or_else(|error| !gone.contains(&error.raw_os_error()), |_| true)
}

/// Whether SIGHUP was ignored when the program began, as `nohup` has it.
fn is_hangup_ignored() -> bool {
    // The first bit is the first signal's, which is SIGHUP.
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|it| it & 1 == 1)
}
