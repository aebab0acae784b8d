//! Commands on their way to the thread that makes links.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, PoisonError, mpsc};

use imds_links::LinkError;
use rustix::event::{EventfdFlags, eventfd};

use super::spec::LinkSpec;

/// What the thread is told.
pub(super) enum Command {
    /// Attach a link, and keep it attached; one with this number is replaced.
    Add {
        number: u32,
        spec: LinkSpec,
        /// Gets the outcome once it was tried: a place that another service has is tried for a while.
        tried: Option<mpsc::Sender<Result<(), LinkError>>>,
    },
    /// Forget a link; the sender is dropped once nothing of it is left.
    Remove { number: u32, done: mpsc::Sender<()> },
    /// Reset the client that had a connection from `local` to `peer` by this link.
    Reset { number: u32, local: SocketAddr, peer: SocketAddr },
    /// End.
    Stop,
}

pub(super) struct Inbox {
    commands: Mutex<Vec<Command>>,
    /// Readable while commands wait.
    wake: OwnedFd,
}

impl Inbox {
    pub(super) fn new() -> io::Result<Self> {
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self { commands: Mutex::default(), wake })
    }

    pub(super) fn send(&self, command: Command) {
        self.commands.lock().unwrap_or_else(PoisonError::into_inner).push(command);
        if let Err(error) = rustix::io::write(&self.wake, &1_u64.to_ne_bytes()) {
            tracing::error!(%error, "cannot wake the thread that makes links");
        }
    }

    /// All that wait.
    pub(super) fn take(&self) -> Vec<Command> {
        // It fails where nothing woke us, which is no matter.
        let _ = rustix::io::read(&self.wake, &mut [0; 8]);
        std::mem::take(&mut *self.commands.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl AsFd for Inbox {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}
