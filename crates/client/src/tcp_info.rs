//! `TCP_INFO`: what the Linux kernel knows of a connection; and an option that no safe wrapper has.

use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd as _};
use std::time::Duration;

use crate::delivery::Delivery;

/// Asks the kernel; `None` where it does not know, as in some sandboxes that emulate one.
pub(crate) fn read(connection: &impl AsFd) -> Option<Delivery> {
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

/// Makes the kernel drop packets to `socket` with a TTL (IPv6: hop limit) below `least`. Whether it does.
#[expect(unsafe_code, reason = "no safe wrapper of IP_MINTTL and IPV6_MINHOPCOUNT exists")]
pub(crate) fn require_ttl(socket: &impl AsFd, address: SocketAddr, least: u8) -> bool {
    /// `linux/in6.h`; the `libc` crate does not have it.
    const IPV6_MINHOPCOUNT: libc::c_int = 73;
    let (level, name) = match address {
        SocketAddr::V4(_) => (libc::IPPROTO_IP, libc::IP_MINTTL),
        SocketAddr::V6(_) => (libc::IPPROTO_IPV6, IPV6_MINHOPCOUNT),
    };
    let value = libc::c_int::from(least);
    let Ok(length) = libc::socklen_t::try_from(size_of_val(&value)) else { return false };
    // SAFETY: the kernel reads `length` bytes of `value`, which outlives the call.
    let result = unsafe {
        libc::setsockopt(socket.as_fd().as_raw_fd(), level, name, (&raw const value).cast(), length)
    };
    result == 0
}
