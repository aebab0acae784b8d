//! What a network namespace takes for its own: destinations of packets that do not leave it.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::OwnedFd;

use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteType,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{RecvFlags, SocketFlags, SocketType, bind, recv, socket_with};

use crate::route::Destination;
use crate::{Error, Netlink};

/// The table that the kernel looks at before all others.
const LOCAL_TABLE: u32 = 255;

/// The multicast group of changes to IPv4 routes.
const IPV4_ROUTES: u32 = 1 << 6;

impl Netlink {
    /// The IPv4 destinations that are local: addresses of interfaces, and whole networks (`AnyIP`). Those of
    /// special tables, which only apply to marked packets, are left out.
    pub fn local_destinations(&mut self) -> Result<Vec<Destination>, Error> {
        let mut question = RouteMessage::default();
        question.header.address_family = AddressFamily::Inet;
        let mut found = Vec::new();
        self.dump(&RouteNetlinkMessage::GetRoute(question), |message| {
            if let RouteNetlinkMessage::NewRoute(route) = message {
                found.extend(local_destination(&route));
            }
        })?;
        Ok(found)
    }
}

fn local_destination(route: &RouteMessage) -> Option<Destination> {
    let table = route.attributes.iter().find_map(|attribute| match attribute {
        RouteAttribute::Table(table) => Some(*table),
        _ => None,
    });
    let table = table.unwrap_or(route.header.table.into());
    let is_usual = table == LOCAL_TABLE || table == RouteHeader::RT_TABLE_MAIN.into();
    if !is_usual || route.header.kind != RouteType::Local {
        return None;
    }
    let address = route.attributes.iter().find_map(|attribute| match attribute {
        RouteAttribute::Destination(RouteAddress::Inet(address)) => Some(IpAddr::V4(*address)),
        _ => None,
    });
    // The route to everything has no destination.
    let address = address.unwrap_or(Ipv4Addr::UNSPECIFIED.into());
    Some(Destination { address, prefix_len: route.header.destination_prefix_length })
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

    #[test]
    fn local_destinations_are_those_of_the_usual_tables() {
        let route = |kind, table: u8, number: Option<u32>, address: Option<Ipv4Addr>| {
            let mut route = RouteMessage::default();
            route.header.kind = kind;
            route.header.table = table;
            route.header.destination_prefix_length = if address.is_some() { 24 } else { 0 };
            route.attributes.extend(number.map(RouteAttribute::Table));
            let address = address.map(RouteAddress::Inet).map(RouteAttribute::Destination);
            route.attributes.extend(address);
            local_destination(&route)
        };
        let address = Ipv4Addr::new(192, 0, 2, 0);
        let network = Destination { address: address.into(), prefix_len: 24 };
        for (table, number) in [(255, None), (254, None), (0, Some(255)), (255, Some(255))] {
            assert_eq!(route(RouteType::Local, table, number, Some(address)), Some(network));
        }
        assert_eq!(route(RouteType::Local, 255, None, None), Some(Destination::DEFAULT_V4));
        assert_eq!(route(RouteType::Local, 100, None, Some(address)), None);
        assert_eq!(route(RouteType::Local, 252, Some(1000), Some(address)), None);
        assert_eq!(route(RouteType::Unicast, 254, None, Some(address)), None);
    }
}
