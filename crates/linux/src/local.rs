//! What a network namespace takes for its own: destinations of packets that do not leave it.

use std::io::ErrorKind;
use std::net::Ipv4Addr;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{RecvFlags, SocketFlags, SocketType, bind, recv, socket_with};

use crate::route::{Destination, all_routes};
use crate::rtnetlink::{AF_INET, Received};
use crate::{Error, Netlink};

/// The multicast group of changes to IPv4 routes.
const IPV4_ROUTES: u32 = 1 << 6;

impl Netlink {
    /// The IPv4 destinations that are local: addresses of interfaces, and whole networks (`AnyIP`). Those of
    /// special tables, which only apply to marked packets, are left out.
    pub fn local_destinations(&mut self) -> Result<Vec<Destination>, Error> {
        let mut found = Vec::new();
        self.dump(&all_routes(AF_INET), |message| found.extend(local_destination(message)))?;
        Ok(found)
    }
}

fn local_destination(route: Received<'_>) -> Option<Destination> {
    let (header, attributes) = route.route()?;
    let table = attributes.number(libc::RTA_TABLE).unwrap_or(header.table.into());
    let usual = [libc::RT_TABLE_LOCAL, libc::RT_TABLE_MAIN].map(u32::from);
    if !usual.contains(&table) || header.kind != libc::RTN_LOCAL {
        return None;
    }
    // The route to everything has no destination.
    let address = attributes.ip(libc::RTA_DST).unwrap_or(Ipv4Addr::UNSPECIFIED.into());
    Some(Destination { address, prefix_len: header.prefix_len })
}

/// Notices changes of the IPv4 routes of the namespace in which it was opened.
#[derive(Debug)]
pub struct RouteWatch {
    socket: OwnedFd,
}

impl RouteWatch {
    /// Watches the calling thread's network namespace from now on.
    pub fn open() -> Result<Self, Error> {
        let open = || {
            let (family, flags) = (rustix::net::AddressFamily::NETLINK, SocketFlags::CLOEXEC);
            let socket = socket_with(family, SocketType::RAW, flags, None)?;
            bind(&socket, &SocketAddrNetlink::new(0, IPV4_ROUTES))?;
            Ok(Self { socket })
        };
        open().map_err(|error: Errno| failed(error))
    }

    /// Waits for the next change. What changed is not told: some may have been missed.
    pub fn wait(&mut self) -> Result<(), Error> {
        let mut buffer = [0; 4096];
        loop {
            match recv(&self.socket, &mut buffer[..], RecvFlags::empty()) {
                Ok(_) | Err(Errno::NOBUFS) => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(failed(error)),
            }
        }
    }
}

fn failed(error: Errno) -> Error {
    Error::Netlink { operation: "watch routes".into(), source: error.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtnetlink::{Body, Message, RouteHeader};

    #[test]
    fn local_destinations_are_those_of_the_usual_tables() {
        let route = |kind, table, number: Option<u32>, address: Option<Ipv4Addr>| {
            let prefix_len = if address.is_some() { 24 } else { 0 };
            let header = RouteHeader { prefix_len, table, kind, ..RouteHeader::default() };
            let mut body = Body::route(header);
            if let Some(number) = number {
                body = body.number(libc::RTA_TABLE, number);
            }
            if let Some(address) = address {
                body = body.ip(libc::RTA_DST, address.into());
            }
            let mut bytes = Vec::new();
            Message { kind: libc::RTM_NEWROUTE, body }.append(0, 0, &mut bytes);
            local_destination(Received::first(&bytes).unwrap().0)
        };
        let address = Ipv4Addr::new(192, 0, 2, 0);
        let network = Destination { address: address.into(), prefix_len: 24 };
        for (table, number) in [(255, None), (254, None), (0, Some(255)), (255, Some(255))] {
            assert_eq!(route(libc::RTN_LOCAL, table, number, Some(address)), Some(network));
        }
        assert_eq!(route(libc::RTN_LOCAL, 255, None, None), Some(Destination::DEFAULT_V4));
        assert_eq!(route(libc::RTN_LOCAL, 100, None, Some(address)), None);
        assert_eq!(route(libc::RTN_LOCAL, 252, Some(1000), Some(address)), None);
        assert_eq!(route(libc::RTN_UNICAST, 254, None, Some(address)), None);
    }
}
