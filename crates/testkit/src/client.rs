//! A client that lets a test choose every TCP detail.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use imds_linux::Namespace;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::{Domain, Protocol, SockFilter, Socket, Type};

use crate::http::Response;
use crate::{SOON, eventually};

/// Every client of a test run has a port of its own, so that a captured packet shows its client.
static NEXT_PORT: AtomicU16 = AtomicU16::new(10_000);

/// A connection to the service.
#[derive(Debug)]
pub struct Client {
    socket: Socket,
    port: u16,
    received: Vec<u8>,
    end: Option<End>,
}

/// How the other side ended a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// With all options.
    Closed,
    /// By a reset.
    Reset,
}

/// What is out of the ordinary with a connection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Oddities {
    /// The TTL (IPv6: hop limit) with which the client sends.
    pub ttl: Option<u8>,
    /// How much the client takes without reading, in bytes.
    pub receive_buffer: Option<usize>,
}

impl Client {
    /// Connects from inside `namespace`.
    pub fn connect(namespace: &Namespace, to: SocketAddr, oddities: Oddities) -> Result<Self> {
        let port = NEXT_PORT.fetch_add(1, Ordering::Relaxed);
        let from = match to {
            SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)),
            SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)),
        };
        let connect = || -> io::Result<Socket> {
            let socket = Socket::new(Domain::for_address(to), Type::STREAM, Some(Protocol::TCP))?;
            socket.set_tcp_nodelay(true)?;
            match oddities.ttl {
                Some(ttl) if to.is_ipv6() => socket.set_unicast_hops_v6(ttl.into())?,
                Some(ttl) => socket.set_ttl_v4(ttl.into())?,
                None => {}
            }
            if let Some(bytes) = oddities.receive_buffer {
                socket.set_recv_buffer_size(bytes)?;
            }
            socket.bind(&from.into())?;
            socket.connect_timeout(&to.into(), SOON)?;
            socket.set_nonblocking(true)?;
            Ok(socket)
        };
        let socket = namespace.run(connect)?.with_context(|| format!("connect to {to}"))?;
        Ok(Self { socket, port, received: Vec::new(), end: None })
    }

    /// The client's own port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Sends bytes, in one segment where they fit into one.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> Result<()> {
        Ok(self.socket.write_all(bytes.as_ref())?)
    }

    /// Ends the sending side (FIN).
    pub fn half_close(&self) -> Result<()> {
        Ok(self.socket.shutdown(Shutdown::Write)?)
    }

    /// Ends the connection at once, on both sides.
    pub fn reset(self) -> Result<()> {
        // A close that may not linger is a reset.
        Ok(self.socket.set_linger(Some(Duration::ZERO))?)
    }

    /// From now on, whatever comes to this connection is lost after the last link, before it gets
    /// here.
    pub fn deafen(&self) -> Result<()> {
        // One instruction: return "keep nothing of this packet".
        let drop_all = SockFilter::new(0x06, 0, 0, 0);
        Ok(self.socket.attach_filter(&[drop_all])?)
    }

    /// Ends [`Client::deafen`].
    pub fn listen(&self) -> Result<()> {
        Ok(self.socket.detach_filter()?)
    }

    /// How many bytes the service has not acknowledged yet.
    pub fn unacknowledged(&self) -> Result<usize> {
        Ok(imds_linux::socket::unacknowledged(&self.socket)?)
    }

    /// Everything that came until now.
    pub fn received(&mut self) -> Result<&[u8]> {
        let mut buffer = [0; 4096];
        while self.end.is_none() {
            match self.socket.read(&mut buffer) {
                Ok(0) => self.end = Some(End::Closed),
                Ok(count) => self.received.extend_from_slice(&buffer[..count]),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => break,
                    io::ErrorKind::ConnectionReset => self.end = Some(End::Reset),
                    _ => return Err(error.into()),
                },
            }
        }
        Ok(&self.received)
    }

    /// Whole answers that came until now, and how many bytes of a further one.
    pub fn answers(&mut self) -> Result<(Vec<Response>, usize)> {
        Response::parse_all(self.received()?)
    }

    /// Waits for this many answers.
    pub fn wait_for_answers(&mut self, count: usize) -> Result<Vec<Response>> {
        eventually(&format!("{count} answers"), || {
            self.answers().ok().map(|(answers, _)| answers).filter(|answers| answers.len() >= count)
        })
    }

    /// How the other side ended the connection, if it has.
    pub fn end(&mut self) -> Result<Option<End>> {
        self.received()?;
        Ok(self.end)
    }

    /// Waits until the other side ends the connection, and returns how; earlier bytes stay readable.
    pub fn wait_for_end(&mut self) -> Result<End> {
        let patience = Timespec { tv_sec: SOON.as_secs().cast_signed(), tv_nsec: 0 };
        loop {
            if let Some(end) = self.end()? {
                return Ok(end);
            }
            let mut ready = [PollFd::from_borrowed_fd(self.socket.as_fd(), PollFlags::IN)];
            let count = poll(&mut ready, Some(&patience))?;
            anyhow::ensure!(count > 0, "the connection did not end");
        }
    }
}
