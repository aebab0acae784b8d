//! Commands on their way to the thread that makes links.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};

use imds_links::LinkError;
use rustix::event::{EventfdFlags, eventfd};

use super::spec::LinkSpec;

/// What the thread is told.
pub(super) enum Command {
    /// Attach a link, and keep it attached. One with this number is replaced if somebody waits for the
    /// outcome, and stays as it is otherwise.
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

/// Where callers leave commands.
pub(super) struct Inbox {
    /// `None` once nobody takes them any more.
    commands: Mutex<Option<Vec<Command>>>,
    /// Readable while commands wait.
    wake: OwnedFd,
}

/// The end of an [`Inbox`] that takes commands. Without it the inbox is closed: what waits in it, and what
/// is sent later, is dropped, so that no caller waits for an answer that never comes.
pub(super) struct Receiver(Arc<Inbox>);

impl Inbox {
    pub(super) fn open() -> io::Result<(Arc<Self>, Receiver)> {
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let inbox = Arc::new(Self { commands: Mutex::new(Some(Vec::new())), wake });
        Ok((Arc::clone(&inbox), Receiver(inbox)))
    }

    pub(super) fn send(&self, command: Command) {
        match &mut *self.lock() {
            Some(commands) => commands.push(command),
            None => return,
        }
        if let Err(error) = rustix::io::write(&self.wake, &1_u64.to_ne_bytes()) {
            tracing::error!(%error, "cannot wake the thread that makes links");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<Command>>> {
        self.commands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Receiver {
    /// All that wait.
    pub(super) fn take(&self) -> Vec<Command> {
        // It fails where nothing woke us, which is no matter.
        let _ = rustix::io::read(&self.0.wake, &mut [0; 8]);
        self.0.lock().as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// The other end.
    pub(super) fn inbox(&self) -> &Arc<Inbox> {
        &self.0
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let left = self.0.lock().take();
        drop(left);
    }
}

/// Readable while commands wait.
impl AsFd for Receiver {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.wake.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_waits_for_a_thread_that_has_ended() {
        let (inbox, receiver) = Inbox::open().unwrap();
        let (done, before) = mpsc::channel();
        inbox.send(Command::Remove { number: 1, done });
        // As when the thread panics with commands in its inbox.
        drop(receiver);
        assert!(before.recv().is_err());
        let (done, after) = mpsc::channel();
        inbox.send(Command::Remove { number: 1, done });
        assert!(after.recv().is_err());
    }

    #[test]
    fn commands_are_taken_in_their_order() {
        let (inbox, receiver) = Inbox::open().unwrap();
        let (done, _all_done) = mpsc::channel();
        inbox.send(Command::Remove { number: 7, done });
        inbox.send(Command::Stop);
        let taken = receiver.take();
        assert!(matches!(taken[..], [Command::Remove { number: 7, .. }, Command::Stop]));
        assert!(receiver.take().is_empty());
    }
}
