//! Sockets, portable: how they are opened, how far their packets may travel, how these fared.

use std::io;
use std::net::SocketAddr;

use socket2::SockRef;
use tokio::net::{TcpSocket, TcpStream};

use crate::delivery::Delivery;

/// A socket that can connect to `address`.
pub(crate) fn open(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A nudge must leave at once.
    socket.set_nodelay(true)?;
    Ok(socket)
}

/// Lets packets from `socket` pass at most `hops` - 1 routers. Takes no privilege.
pub(crate) fn limit_hops(socket: &TcpSocket, address: SocketAddr, hops: u8) -> io::Result<()> {
    let socket = SockRef::from(socket);
    match address {
        SocketAddr::V4(_) => socket.set_ttl_v4(hops.into()),
        SocketAddr::V6(_) => socket.set_unicast_hops_v6(hops.into()),
    }
}

/// How what was sent on `connection` fared; `None` where the system does not say.
#[cfg(all(feature = "tcp-info", target_os = "linux"))]
pub(crate) fn delivery(connection: &TcpStream) -> Option<Delivery> {
    crate::tcp_info::read(connection)
}

/// How what was sent on `connection` fared: not known without `TCP_INFO`.
#[cfg(not(all(feature = "tcp-info", target_os = "linux")))]
pub(crate) fn delivery(_: &TcpStream) -> Option<Delivery> {
    None
}

/// Drops packets to `socket` with a TTL (IPv6: hop limit) below `least`. Whether the system can.
#[cfg(all(feature = "tcp-info", target_os = "linux"))]
pub(crate) fn require_ttl(socket: &TcpSocket, address: SocketAddr, least: u8) -> bool {
    crate::tcp_info::require_ttl(socket, address, least)
}

/// Not possible without `IP_MINTTL`.
#[cfg(not(all(feature = "tcp-info", target_os = "linux")))]
pub(crate) fn require_ttl(_: &TcpSocket, _: SocketAddr, _: u8) -> bool {
    false
}
