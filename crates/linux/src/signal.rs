//! Signals read as data, in order, by a thread that waits for them.

use std::fs::File;
use std::io::{self, Read};
use std::mem::{self, MaybeUninit};
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;

use crate::Error;

/// A signal that arrived.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Arrived {
    /// Its number.
    pub number: i32,
    /// Whether a process sent it; if not, the kernel did, such as for a key on the terminal.
    pub by_process: bool,
}

/// Blocks a set of signals: they stay pending until [`Signals::receive`] takes them.
///
/// Threads started afterwards, and forked children, inherit that.
#[derive(Debug)]
pub struct Signals {
    file: File,
}

/// The signals that were blocked before [`Signals::block`], for a child to restore.
#[derive(Clone, Copy)]
pub struct Mask(libc::sigset_t);

impl Signals {
    /// Blocks these signals in the calling thread. Also gives back what was blocked before.
    pub fn block(numbers: &[i32]) -> Result<(Self, Mask), Error> {
        let failed = |source| Error::Process { operation: "block signals", source };
        let set = set_of(numbers);
        let mut old = MaybeUninit::uninit();
        // SAFETY: both pointers are to live `sigset_t`s; the second is written by the call.
        let outcome =
            unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, old.as_mut_ptr()) };
        if outcome != 0 {
            return Err(failed(io::Error::from_raw_os_error(outcome)));
        }
        // SAFETY: the call succeeded, so it wrote the old mask.
        let old = Mask(unsafe { old.assume_init() });
        Ok((Self { file: signal_file(&set).map_err(failed)? }, old))
    }

    /// Another reader of the same signals; in a forked child it reads the child's own.
    pub fn try_clone(&self) -> Result<Self, Error> {
        let file = self.file.try_clone();
        let failed = |source| Error::Process { operation: "share signals", source };
        Ok(Self { file: file.map_err(failed)? })
    }

    /// Waits for the next signal.
    pub fn receive(&mut self) -> Result<Arrived, Error> {
        let mut bytes = [0; size_of::<libc::signalfd_siginfo>()];
        self.file
            .read_exact(&mut bytes)
            .map_err(|source| Error::Process { operation: "wait for signals", source })?;
        // SAFETY: `signalfd_siginfo` is plain integers, for which any bytes are valid, and the
        // kernel wrote exactly one of them.
        let info: libc::signalfd_siginfo = unsafe { mem::transmute(bytes) };
        Ok(Arrived { number: info.ssi_signo.cast_signed(), by_process: info.ssi_code <= 0 })
    }
}

impl AsFd for Signals {
    /// Readable when a signal waits.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl Mask {
    /// Makes the calling thread block exactly these signals again.
    pub fn restore(&self) {
        // SAFETY: the pointer is to a live `sigset_t`; no old mask is asked for. The call cannot
        // fail with a valid first argument.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, ptr::null_mut()) };
    }
}

/// What a process does with a signal that it does not block.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Disposition {
    /// What the kernel does by itself.
    Default,
    /// Nothing.
    Ignore,
}

/// Sets what happens on a signal, and says whether it was ignored before.
pub fn dispose(number: i32, disposition: Disposition) -> Disposition {
    let action = match disposition {
        Disposition::Default => libc::SIG_DFL,
        Disposition::Ignore => libc::SIG_IGN,
    };
    // SAFETY: neither action runs code of ours.
    if unsafe { libc::signal(number, action) } == libc::SIG_IGN {
        Disposition::Ignore
    } else {
        Disposition::Default
    }
}

/// Sends a signal to the calling process itself.
pub fn raise(number: i32) {
    // SAFETY: raising a signal touches no memory. It fails only for a number that does not exist.
    unsafe { libc::raise(number) };
}

fn set_of(numbers: &[i32]) -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: `sigemptyset` initialises the set it is given, `sigaddset` then works on a valid one;
    // it fails only for numbers that do not exist, which leaves the set as it was.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for number in numbers {
            libc::sigaddset(set.as_mut_ptr(), *number);
        }
        set.assume_init()
    }
}

fn signal_file(set: &libc::sigset_t) -> io::Result<File> {
    // SAFETY: the set is valid, and -1 asks for a new descriptor.
    let fd = unsafe { libc::signalfd(-1, set, libc::SFD_CLOEXEC) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call succeeded, so `fd` is open and nobody else has it.
    Ok(File::from(unsafe { OwnedFd::from_raw_fd(fd) }))
}
