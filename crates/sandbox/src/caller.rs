//! What our caller gave us and the program is to find as it was: signals, umask, capabilities.

use imds_linux::signal::{self, Disposition, Mask, Signals};
use imds_linux::{Error, process};
use rustix::fs::Mode;
use rustix::process::{geteuid, umask};

/// The umask while we make files for everybody to read.
const OURS: Mode = Mode::WGRP.union(Mode::WOTH);

/// Signals that are passed on to the program, or say something about it. All others do to us what
/// they do to any program.
const TAKEN: [i32; 16] = [
    libc::SIGHUP,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGALRM,
    libc::SIGTERM,
    libc::SIGCHLD,
    libc::SIGCONT,
    libc::SIGTSTP,
    libc::SIGVTALRM,
    libc::SIGPROF,
    libc::SIGWINCH,
    libc::SIGIO,
    libc::SIGPWR,
    libc::SIGURG,
];

/// The state to give back.
pub(super) struct Caller {
    mask: Mask,
    child_signal: Disposition,
    umask: Mode,
}

impl Caller {
    /// Keeps the state and changes it to what we need: signals are read rather than delivered, by
    /// every thread and child from now on.
    pub(super) fn keep() -> Result<(Self, Signals), Error> {
        // A caller that ignores its children's ends would make us deaf to ours.
        let child_signal = signal::dispose(libc::SIGCHLD, Disposition::Default);
        let (signals, mask) = Signals::block(&TAKEN)?;
        Ok((Self { mask, child_signal, umask: umask(OURS) }, signals))
    }

    /// Gives everything back, in the process that is about to become the program.
    pub(super) fn restore(&self) -> Result<(), Error> {
        umask(self.umask);
        signal::dispose(libc::SIGCHLD, self.child_signal);
        // Rust programs ignore it from their start; others expect to end by it.
        signal::dispose(libc::SIGPIPE, Disposition::Default);
        process::clear_ambient_capabilities()?;
        if !geteuid().is_root() {
            process::drop_capabilities()?;
        }
        self.mask.restore();
        Ok(())
    }
}
