//! Routes and neighbours.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::address::family;
use crate::link::LOOPBACK;
use crate::rtnetlink::{AF_INET, AF_INET6, Body, Message, RTNH_F_ONLINK, RouteHeader};
use crate::{Batch, Error, Netlink};

/// Where a route leads.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Destination {
    /// The network's address.
    pub address: IpAddr,
    /// 0 to 32, or to 128 for IPv6.
    pub prefix_len: u8,
}

impl Destination {
    /// Everything that has no better route, in IPv4.
    pub const DEFAULT_V4: Self = Self { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), prefix_len: 0 };
    /// Everything that has no better route, in IPv6.
    pub const DEFAULT_V6: Self = Self { address: IpAddr::V6(Ipv6Addr::UNSPECIFIED), prefix_len: 0 };

    /// One address.
    pub fn host(address: IpAddr) -> Self {
        Self { address, prefix_len: if address.is_ipv4() { 32 } else { 128 } }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix_len)
    }
}

impl Batch {
    /// A neighbour: `destination` is reached directly on the interface's link.
    pub fn on_link(&mut self, destination: Destination, index: u32) -> &mut Self {
        let header = RouteHeader { scope: libc::RT_SCOPE_LINK, ..to(destination) };
        self.create_route(destination, body(header, destination).number(libc::RTA_OIF, index))
    }

    /// A neighbour, reached from a preferred source address if there is one. Of two such routes to the
    /// same destination, the kernel takes the one with the smaller metric.
    pub fn on_link_from(
        &mut self,
        destination: Destination,
        index: u32,
        source: Option<IpAddr>,
        metric: u32,
    ) -> &mut Self {
        let header = RouteHeader { scope: libc::RT_SCOPE_LINK, ..to(destination) };
        let mut body = body(header, destination)
            .number(libc::RTA_OIF, index)
            .number(libc::RTA_PRIORITY, metric);
        if let Some(source) = source {
            body = body.ip(libc::RTA_PREFSRC, source);
        }
        self.create_route(destination, body)
    }

    /// A route through a router on the interface's link, which need not have a route of its own.
    pub fn via(&mut self, destination: Destination, gateway: IpAddr, index: u32) -> &mut Self {
        let header = RouteHeader { flags: RTNH_F_ONLINK, ..to(destination) };
        let body =
            body(header, destination).ip(libc::RTA_GATEWAY, gateway).number(libc::RTA_OIF, index);
        self.create_route(destination, body)
    }

    /// Refuses `destination` at once: "no route to host" here, an ICMP error for those behind us.
    pub fn unreachable(&mut self, destination: Destination) -> &mut Self {
        self.refuse(destination, libc::RTN_UNREACHABLE)
    }

    /// Forbids `destination`: "permission denied" here, an ICMP error for those behind us.
    pub fn prohibit(&mut self, destination: Destination) -> &mut Self {
        self.refuse(destination, libc::RTN_PROHIBIT)
    }

    /// Throws away what is for `destination`: "invalid argument" here, silence for those behind us.
    pub fn blackhole(&mut self, destination: Destination) -> &mut Self {
        self.refuse(destination, libc::RTN_BLACKHOLE)
    }

    fn refuse(&mut self, destination: Destination, kind: u8) -> &mut Self {
        let mut body = body(RouteHeader { kind, ..to(destination) }, destination);
        // IPv6 keeps its refusals on the loopback interface.
        if destination.address.is_ipv6() {
            body = body.number(libc::RTA_OIF, LOOPBACK);
        }
        self.create_route(destination, body)
    }

    /// Adds a neighbour with its MAC address, so that it need not be resolved.
    pub fn neighbour(&mut self, address: IpAddr, mac: [u8; 6], index: u32) -> &mut Self {
        let body = Body::neighbour(family(address), index, libc::NUD_PERMANENT)
            .ip(libc::NDA_DST, address)
            .bytes(libc::NDA_LLADDR, &mac);
        let operation = format!("add the neighbour {address} on interface {index}");
        self.create(operation, Message { kind: libc::RTM_NEWNEIGH, body });
        self
    }

    fn create_route(&mut self, destination: Destination, body: Body) -> &mut Self {
        let operation = format!("add a route to {destination}");
        self.create(operation, Message { kind: libc::RTM_NEWROUTE, body });
        self
    }
}

/// A route of a namespace to one address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct HostRoute {
    /// The address.
    pub address: IpAddr,
    /// The index of the interface, where there is one.
    pub index: Option<u32>,
}

impl Netlink {
    /// Every route to one of these addresses alone, in any table but that of the namespace's own
    /// addresses.
    pub fn host_routes(&mut self, wanted: &[IpAddr]) -> Result<Vec<HostRoute>, Error> {
        let mut routes = Vec::new();
        for family in [AF_INET, AF_INET6] {
            self.dump(&all_routes(family), |message| {
                let Some((header, attributes)) = message.route() else { return };
                let is_host = header.prefix_len == 32 || header.prefix_len == 128;
                if header.kind == libc::RTN_LOCAL || !is_host {
                    return;
                }
                let address = attributes.ip(libc::RTA_DST).filter(|it| wanted.contains(it));
                let index = attributes.number(libc::RTA_OIF);
                routes.extend(address.map(|address| HostRoute { address, index }));
            })?;
        }
        Ok(routes)
    }
}

/// The question for all routes of a family (`AF_…`).
pub(crate) fn all_routes(family: u8) -> Message {
    let header = RouteHeader { family, ..RouteHeader::default() };
    Message { kind: libc::RTM_GETROUTE, body: Body::route(header) }
}

/// A usual route.
fn to(destination: Destination) -> RouteHeader {
    RouteHeader {
        family: family(destination.address),
        prefix_len: destination.prefix_len,
        table: libc::RT_TABLE_MAIN,
        protocol: libc::RTPROT_STATIC,
        scope: libc::RT_SCOPE_UNIVERSE,
        kind: libc::RTN_UNICAST,
        flags: 0,
    }
}

fn body(header: RouteHeader, destination: Destination) -> Body {
    let body = Body::route(header);
    // The route to everything has no destination.
    match destination.prefix_len {
        0 => body,
        _ => body.ip(libc::RTA_DST, destination.address),
    }
}
