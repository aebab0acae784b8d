//! The state that the terminal (or any other parent process) gave us and that the program must find
//! unchanged: signals, umask, capabilities.

use imds_linux::signal::{self, Disposition, Mask, Signals};
use imds_linux::{Error, process};
use rustix::fs::Mode;
use rustix::process::{geteuid, umask};

/// The umask in the sandbox's own processes: other users may read the files that they make.
const UMASK: Mode = Mode::WGRP.union(Mode::WOTH);

/// Signals that are passed on to the program, or report a change of its state. All others have their
/// default effect.
const BLOCKED: [i32; 16] = [
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

/// The state to restore.
pub(super) struct Terminal {
    mask: Mask,
    child_signal: Disposition,
    umask: Mode,
}

impl Terminal {
    /// Records the state, then blocks the signals so that they can be read. Threads and children that
    /// start later inherit this.
    pub(super) fn take_over() -> Result<(Self, Signals), Error> {
        // A parent may have set SIGCHLD to be ignored; then the end of our child would not be reported.
        let child_signal = signal::dispose(libc::SIGCHLD, Disposition::Default);
        let (signals, mask) = Signals::block(&BLOCKED)?;
        Ok((Self { mask, child_signal, umask: umask(UMASK) }, signals))
    }

    /// Restores the state in the process that is about to become the program.
    pub(super) fn restore(&self) -> Result<(), Error> {
        umask(self.umask);
        signal::dispose(libc::SIGCHLD, self.child_signal);
        // Rust's runtime ignores SIGPIPE; other programs expect its default effect.
        signal::dispose(libc::SIGPIPE, Disposition::Default);
        process::clear_ambient_capabilities()?;
        if !geteuid().is_root() {
            process::drop_capabilities()?;
        }
        self.mask.restore();
        Ok(())
    }
}
