//! Sockets of a running process for the one that takes its place.
//!
//! They meet at a Unix socket without a file, which is gone with its process. Each looks who the other is: the
//! name is nobody's.

use std::io;
use std::net::TcpListener;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::sync::{Mutex, PoisonError};

use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind, connect, listen,
    socket_with, sockopt,
};
use rustix::process::geteuid;

use crate::{Error, descriptor};

/// Where a process waits for its successor.
#[derive(Debug)]
pub struct Offer(OwnedFd);

/// A process that gives its place up. Its end is seen by [`gone`](Self::gone).
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

    /// Waits for a successor of the same user, and gives it the sockets that there are by then. It takes the drop
    /// of what this returns for the end of this process.
    pub fn wait(&self, sockets: &Mutex<Vec<TcpListener>>) -> Result<OwnedFd, Error> {
        loop {
            let failed = |error: rustix::io::Errno| Error::Process {
                operation: "wait for a successor",
                source: error.into(),
            };
            let accepted = rustix::io::retry_on_intr(|| accept_with(&self.0, SocketFlags::CLOEXEC));
            let successor = accepted.map_err(failed)?;
            if !is_of_this_user(&successor) {
                continue;
            }
            let sockets = sockets.lock().unwrap_or_else(PoisonError::into_inner);
            for sockets in sockets.chunks(descriptor::MOST) {
                let sockets: Vec<BorrowedFd<'_>> = sockets.iter().map(|it| it.as_fd()).collect();
                descriptor::send_message(&successor, b"sockets", &sockets)?;
            }
            descriptor::send_message(&successor, b"all", &[])?;
            return Ok(successor);
        }
    }
}

/// Asks the process that waits under this name for its sockets, and to end; `None` if there is none.
pub fn take_over(name: &str) -> Result<Option<(Vec<TcpListener>, Predecessor)>, Error> {
    let failed = |source| Error::Process { operation: "take over", source };
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
        match descriptor::receive_message(&socket, 16)? {
            Some((word, _)) if word == b"all" => return Ok(Some((sockets, Predecessor(socket)))),
            Some((_, received)) => sockets.extend(received.into_iter().map(TcpListener::from)),
            None => return Err(failed(io::Error::other("it ended before it gave its sockets"))),
        }
    }
}

impl Predecessor {
    /// Waits until it has ended.
    pub fn gone(self) -> Result<(), Error> {
        while descriptor::receive_message(&self.0, 16)?.is_some() {}
        Ok(())
    }
}

fn socket() -> io::Result<OwnedFd> {
    Ok(socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?)
}

fn is_of_this_user(socket: &OwnedFd) -> bool {
    sockopt::socket_peercred(socket).is_ok_and(|peer| peer.uid == geteuid())
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn sockets_arrive_and_the_end_is_seen() {
        let name = format!("imds-handover-test-{}", std::process::id());
        assert!(take_over(&name).unwrap().is_none(), "nobody waits");
        let sockets: Vec<_> = (0..6).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let addresses: Vec<_> = sockets.iter().map(|it| it.local_addr().unwrap()).collect();
        let sockets = Mutex::new(sockets);
        let offer = Offer::new(&name).unwrap();
        assert!(Offer::new(&name).is_err(), "the name is taken");
        let waiting = thread::spawn(move || offer.wait(&sockets).unwrap());
        let (received, predecessor) = take_over(&name).unwrap().unwrap();
        let received: Vec<_> = received.iter().map(|it| it.local_addr().unwrap()).collect();
        assert_eq!(received, addresses);
        drop(waiting.join().unwrap());
        predecessor.gone().unwrap();
    }
}
