//! An address that the service answers on, and whose requests those are.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use imds_linux::socket;

use crate::table::Target;

/// A listening socket, and the instance that its requests are for.
#[derive(Debug)]
pub struct Link {
    pub(crate) socket: TcpListener,
    pub(crate) target: Target,
    pub(crate) resetter: Option<Resetter>,
    answers_pages: bool,
    /// Whether another process goes on to listen on the socket when this one ends.
    pub(crate) outlives_us: bool,
}

/// Resets a client in a network where the data path can open no socket: called with our address and
/// the client's after our side has forgotten their connection. Must not block.
#[derive(Clone)]
pub struct Resetter(Arc<dyn Fn(SocketAddr, SocketAddr) + Send + Sync>);

/// Names a link of a running service; never used twice in a process. The default names none.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct LinkId(pub(crate) u64);

impl Link {
    /// A link on `socket`, which [`socket::listen`] made.
    pub fn new(socket: TcpListener, target: Target) -> Self {
        Self { socket, target, resetter: None, answers_pages: false, outlives_us: false }
    }

    /// The same link, whose clients `resetter` resets where their token was lost (`--stall`).
    #[must_use]
    pub fn reset_by(self, resetter: Resetter) -> Self {
        Self { resetter: Some(resetter), ..self }
    }

    /// A link on a socket that another process keeps, such as the service manager. When the service ends,
    /// connections that wait to be accepted are left to whoever listens next.
    ///
    /// # Errors
    /// Where the socket cannot be set up, as one for IPv6 and IPv4 alike.
    pub fn passed(socket: TcpListener, target: Target) -> io::Result<Self> {
        Ok(Self { outlives_us: true, ..Self::new(socket::adopt(socket)?, target) })
    }

    /// Answers requests of pages in a browser too. Without this they are refused on loopback, since they
    /// could come from anywhere in the world.
    #[must_use]
    pub fn answering_pages(self) -> Self {
        Self { answers_pages: true, ..self }
    }

    /// Whether requests of pages in a browser are refused.
    pub(crate) fn refuses_pages(&self) -> bool {
        !self.answers_pages && self.address().is_ok_and(|address| address.ip().is_loopback())
    }

    /// Listens on `address`; port 0 takes any that is free.
    pub fn bind(address: SocketAddr, target: Target) -> io::Result<Self> {
        Ok(Self::new(socket::listen(address)?, target))
    }

    /// The address, with the port that the kernel chose for port 0.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Its socket, once more: for a process that takes this one's place.
    pub fn try_clone_socket(&self) -> io::Result<TcpListener> {
        self.socket.try_clone()
    }

    /// The same link with a descriptor of its own.
    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        let (target, resetter) = (self.target.clone(), self.resetter.clone());
        Ok(Self { socket: self.socket.try_clone()?, target, resetter, ..*self })
    }
}

impl Resetter {
    /// What `reset` does, with our address and the client's.
    pub fn new(reset: impl Fn(SocketAddr, SocketAddr) + Send + Sync + 'static) -> Self {
        Self(Arc::new(reset))
    }

    pub(crate) fn reset(&self, local: SocketAddr, peer: SocketAddr) {
        (self.0)(local, peer);
    }
}

impl fmt::Debug for Resetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resetter")
    }
}
