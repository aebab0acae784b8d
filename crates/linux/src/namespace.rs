//! Network namespaces.

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::path::Path;
use std::{io, panic, thread};

use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space, unshare_unsafe};

use crate::Error;
use crate::process::Child;

/// A network namespace, kept alive by this handle.
#[derive(Debug)]
pub struct Namespace {
    fd: OwnedFd,
}

impl Namespace {
    /// The calling thread's namespace.
    pub fn current() -> Result<Self, Error> {
        Self::open(Path::new("/proc/thread-self/ns/net"))
    }

    /// The namespace that a file stands for, such as `/proc/1/ns/net`. It need not be one that this
    /// process may enter.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file =
            File::open(path).map_err(|source| Error::Namespace { operation: "open", source })?;
        Ok(Self { fd: file.into() })
    }

    /// The namespace of a child process that has not ended.
    pub fn of(child: &Child) -> Result<Self, Error> {
        Self::open(Path::new(&format!("/proc/{}/ns/net", child.pid())))
    }

    /// A name that no other namespace has while this one lives.
    pub fn identity(&self) -> Result<(u64, u64), Error> {
        let stat = rustix::fs::fstat(&self.fd)
            .map_err(|error| Error::Namespace { operation: "look at", source: error.into() })?;
        Ok((stat.st_dev, stat.st_ino))
    }

    /// Moves the calling thread into a new, empty namespace and returns it.
    pub fn unshare() -> Result<Self, Error> {
        // SAFETY: `FILES` is not among the flags, so no descriptor goes missing for other threads.
        unsafe { unshare_unsafe(UnshareFlags::NEWNET) }
            .map_err(|error| Error::Namespace { operation: "make", source: error.into() })?;
        Self::current()
    }

    /// Makes a new, empty namespace; the calling thread stays where it is.
    pub fn create() -> Result<Self, Error> {
        thread::scope(|scope| join(scope.spawn(Self::unshare)))
    }

    /// Moves the calling thread into this namespace, for good.
    pub fn enter(&self) -> Result<(), Error> {
        move_into_link_name_space(self.fd.as_fd(), Some(LinkNameSpaceType::Network))
            .map_err(|error| Error::Namespace { operation: "enter", source: error.into() })
    }

    /// Runs `work` on a thread of its own inside this namespace and waits for it. Sockets that it
    /// opens stay in the namespace. A panic in `work` goes on in the caller.
    pub fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T, Error> {
        thread::scope(|scope| {
            join(scope.spawn(|| {
                self.enter()?;
                Ok(work())
            }))
        })
    }

    /// Another handle to the same namespace.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { fd: self.fd.try_clone()? })
    }
}

impl AsRawFd for Namespace {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

/// Waits for a thread and passes its panic on.
fn join<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| panic::resume_unwind(panic))
}
