//! Sockets of a running process for the one that takes its place.
//!
//! They meet at a Unix socket without a file, which is gone with its process. Each looks who the other is: the
//! name is nobody's. The successor gets the sockets first, and says later that the other one is to end: until
//! then either may fail, and all is as before.

use std::io;
use std::net::TcpListener;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind, connect, listen,
    socket_with, sockopt, sockopt::Timeout,
};
use rustix::process::geteuid;

use crate::{Error, descriptor};

/// How long a successor may take each message, and take until it is ready.
const PATIENCE: Duration = Duration::from_secs(5);

/// The messages beside those with sockets: there are no more; the predecessor is to end.
const ALL: &[u8] = b"all";
const END: &[u8] = b"end";

/// Room for any message, in bytes.
const LONGEST: usize = 16;

/// Where a process waits for its successor.
#[derive(Debug)]
pub struct Offer(OwnedFd);

/// A process that gives its place up once [`end`](Self::end) says so.
#[derive(Debug)]
pub struct Predecessor(OwnedFd);

impl Offer {
    /// Waits under this name from now on.
    ///
    /// # Errors
    /// Also if another process has the name.
    pub fn new(name: &str) -> io::Result<Self> {
        let socket = socket()?;
        bind(&socket, &SocketAddrUnix::new_abstract_name(name.as_bytes())?)?;
        listen(&socket, 4)?;
        Ok(Self(socket))
    }

    /// Waits for a successor of the same user that takes the sockets which there are by then, and says that
    /// this process is to end. It takes the drop of what this returns for that end.
    ///
    /// `given` is called while `sockets` are locked, if there were any: whoever takes them away later knows
    /// whether a successor has them.
    pub fn wait(
        &self,
        sockets: &Mutex<Vec<TcpListener>>,
        given: impl Fn(),
    ) -> Result<OwnedFd, Error> {
        loop {
            let accepted = rustix::io::retry_on_intr(|| accept_with(&self.0, SocketFlags::CLOEXEC));
            let successor =
                accepted.map_err(|error| failed("wait for a successor", error.into()))?;
            if !is_of_this_user(&successor) {
                continue;
            }
            let sockets = sockets.lock().unwrap_or_else(PoisonError::into_inner);
            // One that fails says itself why, and another may come.
            if let Ok(()) = give(&successor, &sockets) {
                if !sockets.is_empty() {
                    given();
                }
                return Ok(successor);
            }
        }
    }
}

/// Gives a successor the sockets, and waits until this process is to end.
fn give(successor: &OwnedFd, sockets: &[TcpListener]) -> Result<(), Error> {
    for timeout in [Timeout::Recv, Timeout::Send] {
        sockopt::set_socket_timeout(successor, timeout, Some(PATIENCE))
            .map_err(|error| failed("wait for a successor", error.into()))?;
    }
    for sockets in sockets.chunks(descriptor::MOST) {
        let sockets: Vec<BorrowedFd<'_>> = sockets.iter().map(|it| it.as_fd()).collect();
        descriptor::send_message(successor, b"sockets", &sockets)?;
    }
    descriptor::send_message(successor, ALL, &[])?;
    match descriptor::receive_message(successor, LONGEST)? {
        Some((word, _)) if word == END => Ok(()),
        _ => Err(failed("give sockets", io::ErrorKind::ConnectionAborted.into())),
    }
}

/// Asks the process that waits under this name for its sockets; `None` if there is none. It goes on to use them
/// until [`Predecessor::end`].
pub fn take_over(name: &str) -> Result<Option<(Vec<TcpListener>, Predecessor)>, Error> {
    let failed = |source| failed("take over", source);
    let socket = socket().map_err(failed)?;
    let address = SocketAddrUnix::new_abstract_name(name.as_bytes());
    match address.and_then(|address| connect(&socket, &address)) {
        Ok(()) => {}
        Err(rustix::io::Errno::CONNREFUSED) => return Ok(None),
        Err(error) => return Err(failed(error.into())),
    }
    if !is_of_this_user(&socket) {
        return Err(failed(io::Error::other("a process of another user has the name")));
    }
    let mut sockets = Vec::new();
    loop {
        match descriptor::receive_message(&socket, LONGEST)? {
            Some((word, _)) if word == ALL => return Ok(Some((sockets, Predecessor(socket)))),
            Some((_, received)) => sockets.extend(received.into_iter().map(TcpListener::from)),
            None => return Err(failed(io::Error::other("it ended before it gave its sockets"))),
        }
    }
}

impl Predecessor {
    /// Has it end, and waits until it has, or no longer waits for this process: then only what it has besides,
    /// as a lock of its state, tells whether it runs.
    pub fn end(self) -> Result<(), Error> {
        match descriptor::send_message(&self.0, END, &[]) {
            Err(error) if is_gone(&error) => return Ok(()),
            sent => sent?,
        }
        while descriptor::receive_message(&self.0, LONGEST)?.is_some() {}
        Ok(())
    }
}

/// Whether nobody is at the other side any more.
fn is_gone(error: &Error) -> bool {
    let kind = error.io().map(io::Error::kind);
    matches!(kind, Some(io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset))
}

fn failed(operation: &'static str, source: io::Error) -> Error {
    Error::Process { operation, source }
}

fn socket() -> io::Result<OwnedFd> {
    Ok(socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?)
}

fn is_of_this_user(socket: &OwnedFd) -> bool {
    sockopt::socket_peercred(socket).is_ok_and(|peer| peer.uid == geteuid())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    fn listeners() -> Vec<TcpListener> {
        (0..6).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect()
    }

    fn addresses(sockets: &[TcpListener]) -> Vec<std::net::SocketAddr> {
        sockets.iter().map(|it| it.local_addr().unwrap()).collect()
    }

    #[test]
    fn sockets_arrive_and_the_end_is_seen() {
        let name = format!("imds-handover-test-{}", std::process::id());
        assert!(take_over(&name).unwrap().is_none(), "nobody waits");
        let sockets = listeners();
        let expected = addresses(&sockets);
        let sockets = Mutex::new(sockets);
        let given = Arc::new(AtomicUsize::new(0));
        let offer = Offer::new(&name).unwrap();
        assert!(Offer::new(&name).is_err(), "the name is taken");
        let waiting = thread::spawn({
            let given = Arc::clone(&given);
            move || {
                let given = || {
                    given.fetch_add(1, Ordering::Relaxed);
                };
                // What this returns is dropped: the end that the successor waits for.
                drop(offer.wait(&sockets, given).unwrap());
            }
        });
        // One that fails before it is ready leaves all as it was.
        for _ in 0..2 {
            assert_eq!(addresses(&take_over(&name).unwrap().unwrap().0), expected);
        }
        assert_eq!(given.load(Ordering::Relaxed), 0);
        let (received, predecessor) = take_over(&name).unwrap().unwrap();
        assert_eq!(addresses(&received), expected);
        predecessor.end().unwrap();
        waiting.join().unwrap();
        assert_eq!(given.load(Ordering::Relaxed), 1);
        assert!(take_over(&name).unwrap().is_none(), "nobody waits any more");
    }

    #[test]
    fn sockets_that_were_taken_away_are_not_given() {
        let name = format!("imds-handover-test-none-{}", std::process::id());
        let offer = Offer::new(&name).unwrap();
        let waiting = thread::spawn(move || {
            drop(offer.wait(&Mutex::default(), || panic!("there are none")).unwrap());
        });
        let (received, predecessor) = take_over(&name).unwrap().unwrap();
        assert!(received.is_empty());
        predecessor.end().unwrap();
        waiting.join().unwrap();
    }
}
