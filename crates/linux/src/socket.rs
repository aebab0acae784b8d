//! Socket options: the only file that knows how a hop limit becomes the kernel's.
//!
//! The kernel reads a socket's TTL whenever it transmits **or retransmits**. So a connection that
//! has carried a token must never have its TTL raised again: the token's first segment may have
//! died at a router, and the retransmission would leave with the higher TTL and arrive.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::os::fd::{AsFd, AsRawFd as _};
use std::time::Duration;

use rustix::net::sockopt;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

/// How many connections may wait to be accepted.
const BACKLOG: i32 = 1024;

/// Whether our side of a connection has ended and the other one has not, as far as is known here.
///
/// # Errors
/// Where the kernel does not tell, as in some sandboxes.
pub fn is_other_side_open(connection: &impl AsFd) -> io::Result<bool> {
    // Of <linux/tcp.h>.
    const FIN_WAIT_1: u8 = 4;
    const FIN_WAIT_2: u8 = 5;
    let [state, ..] = tcp_info(connection)?;
    Ok(matches!(state, FIN_WAIT_1 | FIN_WAIT_2))
}

/// Whether the kernel has waited in vain for an acknowledgement of what it sent, and has sent it again.
///
/// # Errors
/// Where the kernel does not tell, as in some sandboxes.
pub fn was_sent_again(connection: &impl AsFd) -> io::Result<bool> {
    let [_state, _congestion, retransmissions] = tcp_info(connection)?;
    Ok(retransmissions > 0)
}

/// The first fields of `struct tcp_info`; the kernel gives as much of it as there is room for.
fn tcp_info(connection: &impl AsFd) -> io::Result<[u8; 3]> {
    let mut info = [0; 3];
    let mut length = 3;
    // SAFETY: the kernel writes at most `length` bytes.
    let result = unsafe {
        libc::getsockopt(
            connection.as_fd().as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            info.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    if result == 0 { Ok(info) } else { Err(io::Error::last_os_error()) }
}

/// How many bytes of answers the kernel holds for a connection at most; it counts twice as many, with its
/// own bookkeeping. An answer is smaller but for large user data and overlays, for which a window of this
/// size lets networks of data centers be used well.
const SEND_BUFFER: usize = 16 * 1024;

/// How many of them may be such that were never sent.
const NOT_SENT: u32 = 8 * 1024;

/// Listens on `address`: for IPv6 only, or IPv4 only, never both, because the hop limit of a
/// connection that came to a dual socket over IPv4 cannot be set as IPv6's.
///
/// What is accepted from it sends at once ([TCP_NODELAY]), and knows the SYN that opened it
/// ([`syn_ttl`]).
///
/// [TCP_NODELAY]: https://man7.org/linux/man-pages/man7/tcp.7.html
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    open_listener(address, None)
}

fn open_listener(address: SocketAddr, device: Option<&str>) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if let Some(device) = device {
        socket.bind_device(Some(device.as_bytes()))?;
    }
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    serve_on(&socket)?;
    socket.set_nonblocking(true)?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Sets up a socket that is bound, or listens already, as [`listen`] does.
///
/// # Errors
/// [`io::ErrorKind::InvalidInput`] for one on IPv6 that takes IPv4 as well.
pub fn adopt(listener: TcpListener) -> io::Result<TcpListener> {
    let socket = Socket::from(listener);
    if sockopt::socket_domain(&socket)? == rustix::net::AddressFamily::INET6 && !socket.only_v6()? {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it takes IPv4 as well; in systemd: BindIPv6Only=ipv6-only",
        ));
    }
    serve_on(&socket)?;
    socket.set_nonblocking(true)?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Sets what accepted connections inherit.
fn serve_on(socket: &Socket) -> io::Result<()> {
    socket.set_tcp_nodelay(true)?;
    // What clients do not take waits in the kernel, which has less memory than there are clients.
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.set_tcp_notsent_lowat(NOT_SENT)?;
    // An answer is a segment or two: there is nothing to pace, which is what some defaults (BBR) do
    // with a timer per packet. Reno is in every kernel; without it, any other will do.
    let _ = socket.set_tcp_congestion(b"reno");
    // Only after the bind, so that a second service on this port is still refused: it lets
    // `reset_peer` bind to the address that we listen on.
    socket.set_reuse_port(true)?;
    set_int(socket, libc::IPPROTO_TCP, libc::TCP_SAVE_SYN, 1)
}

/// As [`listen`], for connections that arrive by one device. Another device may have a listener at
/// the same address.
pub fn listen_on_device(address: SocketAddr, device: &str) -> io::Result<TcpListener> {
    open_listener(address, Some(device))
}

/// A TCP socket of the calling thread's network namespace, for [`provoke_reset_on`]: bound to `local`,
/// where [`listen`] may listen, and if there is a `device`, its packets leave by it.
pub fn reset_socket(local: SocketAddr, device: Option<&str>) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(local), Type::STREAM, Some(Protocol::TCP))?;
    if let Some(device) = device {
        socket.bind_device(Some(device.as_bytes()))?;
    }
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.bind(&local.into())?;
    Ok(socket)
}

/// Whether somebody accepts connections at `address`, at most `ttl` IP hops away. Waits for `patience`.
pub fn is_answered(address: SocketAddr, ttl: u8, patience: Duration) -> io::Result<bool> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv4() {
        socket.set_ttl_v4(ttl.into())?;
    } else {
        socket.set_unicast_hops_v6(ttl.into())?;
    }
    Ok(socket.connect_timeout(&address.into(), patience).is_ok())
}

/// Has the kernel drop SYNs to a listening socket from now on, as if they were lost: no new connection
/// comes, those that wait to be accepted stay, and clients try again a second later, when the socket is
/// closed or another process listens.
///
/// It is done by the lowest TTL that packets may arrive with, which takes no right, as a filter on the socket
/// does since Linux 6.18. So a client that is no router away and sends with the highest TTL, 255, is let in.
/// A connection that is opened meanwhile has the same bound: see [`take_any_ttl`].
pub fn refuse_new_connections(listener: &TcpListener) -> io::Result<()> {
    set_lowest_ttl(listener, u8::MAX)
}

/// Takes packets of a connection whatever their TTL, also where it was opened while its listener refused
/// ([`refuse_new_connections`]).
pub fn take_any_ttl(connection: &impl AsFd) -> io::Result<()> {
    set_lowest_ttl(connection, 0)
}

/// Has the kernel drop packets that arrive with a lower TTL (IPv6: hop limit).
fn set_lowest_ttl(socket: &impl AsFd, ttl: u8) -> io::Result<()> {
    let (level, option) = match sockopt::socket_domain(socket)? {
        rustix::net::AddressFamily::INET6 => (libc::IPPROTO_IPV6, libc::IPV6_MINHOPCOUNT),
        _ => (libc::IPPROTO_IP, libc::IP_MINTTL),
    };
    set_int(socket, level, option, ttl.into())
}

/// The TTL (IPv6: hop limit) with which the SYN of an accepted connection arrived.
///
/// `None` where the kernel did not keep it, as under SYN cookies. Can be read once.
pub fn syn_ttl(connection: &impl AsFd) -> Option<u8> {
    let mut header = [0_u8; 128];
    let mut length = libc::socklen_t::try_from(header.len()).ok()?;
    // SAFETY: the kernel writes at most `length` bytes to `header`, and both outlive the call.
    let result = unsafe {
        libc::getsockopt(
            connection.as_fd().as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_SAVED_SYN,
            header.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    if result != 0 || length == 0 {
        return None;
    }
    // Version in the first four bits; the TTL is byte 8 of IPv4's header, 7 of IPv6's.
    match header[0] >> 4 {
        4 => Some(header[8]),
        6 => Some(header[7]),
        _ => None,
    }
}

/// Lowers the TTL (IPv6: hop limit) of everything that `connection` sends to `peer`, its other end, from now
/// on, also of retransmissions, to at most `ttl`. It is never raised.
///
/// The acknowledgement of what was received so far leaves first, at the TTL as it was: the peer
/// must learn that its request arrived even if the answer cannot reach it. The kernel sends it only
/// if everything received was read.
pub fn lower_ttl(connection: &impl AsFd, peer: IpAddr, ttl: u8) -> io::Result<()> {
    sockopt::set_tcp_quickack(connection, true)?;
    // None is lower than 1, the limit of most.
    let is_lowest = ttl <= 1;
    if peer.is_ipv6() {
        let current = if is_lowest { ttl } else { sockopt::ipv6_unicast_hops(connection)? };
        sockopt::set_ipv6_unicast_hops(connection, Some(current.min(ttl)))?;
    } else {
        let current = if is_lowest { 1 } else { sockopt::ip_ttl(connection)? };
        sockopt::set_ip_ttl(connection, current.min(u32::from(ttl)))?;
    }
    Ok(())
}

/// How many bytes were sent, or wait to be sent, that the peer has not acknowledged.
pub fn unacknowledged(connection: &impl AsFd) -> io::Result<usize> {
    // SIOCOUTQ by its other name.
    count(connection, libc::TIOCOUTQ)
}

/// How many bytes wait to be sent for the first time.
pub fn unsent(connection: &impl AsFd) -> io::Result<usize> {
    const SIOCOUTQNSD: libc::c_ulong = 0x894b;
    count(connection, SIOCOUTQNSD as libc::Ioctl)
}

fn count(connection: &impl AsFd, request: libc::Ioctl) -> io::Result<usize> {
    let mut count: libc::c_int = 0;
    // SAFETY: both requests that this is called with write one int, which outlives the call.
    let result = unsafe { libc::ioctl(connection.as_fd().as_raw_fd(), request, &raw mut count) };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(usize::try_from(count).unwrap_or(0))
}

/// Makes the next close of `connection` drop what is not sent yet, and everything unacknowledged.
pub fn reset_on_close(connection: &impl AsFd) -> io::Result<()> {
    sockopt::set_socket_linger(connection, Some(Duration::ZERO))?;
    Ok(())
}

/// Begins to connect from `local` to `peer`, without waiting.
///
/// Where the peer still holds a connection of these addresses that is gone on our side, the kernels
/// end it: the peer answers our SYN with a challenge acknowledgement (RFC 5961, 4.2), and our side
/// answers that with a reset. Nothing of the old connection is sent.
pub fn provoke_reset(local: SocketAddr, peer: SocketAddr) -> io::Result<std::net::TcpStream> {
    provoke_reset_on(reset_socket(local, None)?, peer)
}

/// As [`provoke_reset`], from a socket of [`reset_socket`].
pub fn provoke_reset_on(socket: Socket, peer: SocketAddr) -> io::Result<std::net::TcpStream> {
    socket.set_nonblocking(true)?;
    match socket.connect(&SockAddr::from(peer)) {
        Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => Err(error),
        _ => Ok(socket.into()),
    }
}

fn set_int(socket: &impl AsFd, level: i32, option: i32, value: libc::c_int) -> io::Result<()> {
    let length = libc::socklen_t::try_from(size_of_val(&value)).unwrap_or_default();
    // SAFETY: the kernel reads `length` bytes from `value`, which outlives the call.
    let result = unsafe {
        libc::setsockopt(
            socket.as_fd().as_raw_fd(),
            level,
            option,
            (&raw const value).cast(),
            length,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;

    use super::*;

    /// A loopback SYN is handled before the call that sends it returns: nothing is waited for.
    #[test]
    fn a_listener_that_refuses_keeps_those_that_wait() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let listener = listen(address.parse().unwrap()).unwrap();
            let address = listener.local_addr().unwrap();
            let mut before = TcpStream::connect(address).unwrap();
            before.write_all(b"early").unwrap();
            refuse_new_connections(&listener).unwrap();

            let late = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
            late.set_nonblocking(true).unwrap();
            let begun = late.connect(&address.into()).unwrap_err();
            assert_eq!(begun.raw_os_error(), Some(libc::EINPROGRESS), "{address}");
            let (mut accepted, peer) = listener.accept().unwrap();
            assert_eq!(peer, before.local_addr().unwrap());
            assert_eq!(listener.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
            assert!(late.peer_addr().is_err(), "{address}: it is let in");

            accepted.set_nonblocking(false).unwrap();
            before.write_all(b", and late").unwrap();
            before.shutdown(std::net::Shutdown::Write).unwrap();
            let mut text = String::new();
            accepted.read_to_string(&mut text).unwrap();
            assert_eq!(text, "early, and late");
        }
    }

    #[test]
    fn a_connection_of_a_listener_that_refuses_takes_any_ttl() {
        let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
        refuse_new_connections(&listener).unwrap();
        let client = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        client.set_ttl_v4(255).unwrap();
        client.connect(&listener.local_addr().unwrap().into()).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        take_any_ttl(&accepted).unwrap();
        client.set_ttl_v4(64).unwrap();
        (&client).write_all(b"x").unwrap();
        let mut byte = [0];
        accepted.set_nonblocking(false).unwrap();
        (&accepted).read_exact(&mut byte).unwrap();
    }
}
