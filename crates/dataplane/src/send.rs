//! Packets out: the hop limit is set before the bytes that need it, and never raised again.
//!
//! The kernel reads a socket's TTL at each transmission and retransmission. Whoever raises it again
//! after a token lets the token's retransmission out.

use std::io;
use std::net::{IpAddr, TcpStream};
use std::pin::pin;
use std::time::Duration;

use imds_core::{HopLimit, Reach};
use imds_linux::send::Next;
use imds_linux::socket;

use crate::input::Input;
use crate::limits;
use crate::reactor::Source;

/// How far what a connection sends may travel.
#[derive(Clone, Copy)]
pub(crate) struct Travel {
    /// The response that is to be sent.
    pub(crate) reach: Reach,
    /// The lowest hop limit of those that were sent before.
    pub(crate) lowest: Option<HopLimit>,
    /// Whether none was.
    pub(crate) is_first: bool,
    /// Where it goes.
    pub(crate) peer: IpAddr,
}

impl Travel {
    /// The limit that the connection gets, where it has none as low.
    fn falls_to(self) -> Option<HopLimit> {
        match (self.reach, self.lowest) {
            (Reach::Hops(limit), Some(lowest)) if lowest <= limit => None,
            (Reach::Hops(limit), _) => Some(limit),
            (Reach::Anywhere, _) => None,
        }
    }
}

/// Sends `bytes` so that they travel no further than they may. What came since may be put into `input`.
pub(crate) async fn send(
    stream: &Source<TcpStream>,
    input: &mut Input<'_>,
    bytes: &[u8],
    travel: Travel,
    next: Next,
) -> io::Result<()> {
    if let Some(limit) = travel.falls_to() {
        if !travel.is_first {
            // Answers before this one may travel anywhere, also when they have to be sent again.
            Box::pin(acknowledged(stream, limits::SEND)).await?;
        }
        // The request's acknowledgement too, and the kernel gives it only once all was taken.
        input.take_waiting(stream)?;
        socket::lower_ttl(stream, travel.peer, limit.get())?;
    }
    send_more(stream, bytes, next).await
}

/// Sends what belongs to the same response and travels as far.
pub(crate) async fn send_more(
    stream: &Source<TcpStream>,
    bytes: &[u8],
    next: Next,
) -> io::Result<()> {
    let write_all = pin!(async {
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = &rest[stream.write(rest, next).await?..];
        }
        Ok(())
    });
    stream.reactor().by(stream.reactor().now() + limits::SEND, write_all).await
}

/// Waits until the client has acknowledged all that was sent, and fails where it never will: the
/// connection is gone, or `patience` at its end.
///
/// The kernel tells nobody when that happens, so it is asked, each time after a quarter of the time that it has
/// taken so far: some fifty times in half a minute.
pub(crate) async fn acknowledged(stream: &Source<TcpStream>, patience: Duration) -> io::Result<()> {
    let reactor = stream.reactor();
    let wait = pin!(async {
        let began = reactor.now();
        while socket::unacknowledged(stream)? > 0 {
            // A connection that was reset has no peer any more.
            stream.get_ref().peer_addr()?;
            reactor.sleep(((reactor.now() - began) / 4).max(Duration::from_millis(1))).await;
        }
        Ok(())
    });
    reactor.by(reactor.now() + patience, wait).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_falls_and_never_rises() {
        let [one, two]: [HopLimit; 2] = ["1", "2"].map(|limit| limit.parse().unwrap());
        let peer = "127.0.0.1".parse().unwrap();
        for (reach, lowest, expected) in [
            (Reach::Anywhere, None, None),
            (Reach::Anywhere, Some(one), None),
            (Reach::Hops(two), None, Some(two)),
            (Reach::Hops(one), Some(two), Some(one)),
            (Reach::Hops(two), Some(two), None),
            (Reach::Hops(two), Some(one), None),
        ] {
            let travel = Travel { reach, lowest, is_first: false, peer };
            assert_eq!(travel.falls_to(), expected, "{reach:?} after {lowest:?}");
        }
    }
}
