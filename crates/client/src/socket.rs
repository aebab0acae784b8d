//! What the kernel knows of a connection, and how far a packet may travel.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd as _};
use std::time::Duration;

use rustix::net::sockopt;
use tokio::net::TcpSocket;

/// A socket that can connect to `address`.
pub(crate) fn open(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A nudge must leave at once.
    socket.set_nodelay(true)?;
    Ok(socket)
}

/// Lets packets from `socket` pass at most `hops` - 1 routers. Takes no privilege.
pub(crate) fn limit_hops(socket: &TcpSocket, address: SocketAddr, hops: u8) -> io::Result<()> {
    match address {
        SocketAddr::V4(_) => sockopt::set_ip_ttl(socket, hops.into()),
        SocketAddr::V6(_) => sockopt::set_ipv6_unicast_hops(socket, Some(hops)),
    }?;
    Ok(())
}

/// How what was sent on a connection fared.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Delivery {
    /// Packets sent that the peer has not acknowledged.
    pub(crate) unacknowledged: u32,
    /// Of these, packets that the peer has all the same, out of order.
    pub(crate) selectively_acknowledged: u32,
    /// Bytes that the peer has acknowledged, over the connection's life.
    pub(crate) acknowledged_bytes: u64,
    /// How often a packet was sent again, over the connection's life.
    pub(crate) retransmissions: u32,
    /// The smoothed round-trip time.
    pub(crate) round_trip: Duration,
}

/// Asks the kernel; `None` where it does not know, as in some sandboxes that emulate one.
pub(crate) fn delivery(connection: &impl AsFd) -> Option<Delivery> {
    let info = tcp_info(connection)?;
    // After a handshake a real kernel has measured a round trip.
    (info.tcpi_rtt > 0).then(|| Delivery {
        unacknowledged: info.tcpi_unacked,
        selectively_acknowledged: info.tcpi_sacked,
        acknowledged_bytes: info.tcpi_bytes_acked,
        retransmissions: info.tcpi_total_retrans,
        round_trip: Duration::from_micros(info.tcpi_rtt.into()),
    })
}

#[expect(unsafe_code, reason = "no safe wrapper of TCP_INFO exists")]
fn tcp_info(connection: &impl AsFd) -> Option<libc::tcp_info> {
    // SAFETY: a `tcp_info` is integers only, for which zeros are valid.
    let mut info: libc::tcp_info = unsafe { std::mem::zeroed() };
    let mut length = libc::socklen_t::try_from(size_of_val(&info)).ok()?;
    // SAFETY: the kernel writes at most `length` bytes to `info`, and both outlive the call. An
    // older kernel writes fewer, and the rest stays zero.
    let result = unsafe {
        libc::getsockopt(
            connection.as_fd().as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            (&raw mut info).cast(),
            &raw mut length,
        )
    };
    (result == 0).then_some(info)
}
