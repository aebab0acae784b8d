//! Routes and neighbours.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netlink_packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourMessage, NeighbourState,
};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteFlags, RouteHeader, RouteMessage, RouteProtocol, RouteScope,
    RouteType,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use crate::address::family;
use crate::link::LOOPBACK;
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
        let mut message = route(destination, RouteType::Unicast);
        message.header.scope = RouteScope::Link;
        message.attributes.push(RouteAttribute::Oif(index));
        self.create_route(destination, message)
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
        let mut message = route(destination, RouteType::Unicast);
        message.header.scope = RouteScope::Link;
        message.attributes.push(RouteAttribute::Oif(index));
        message.attributes.push(RouteAttribute::Priority(metric));
        message.attributes.extend(source.map(|source| RouteAttribute::PrefSource(source.into())));
        self.create_route(destination, message)
    }

    /// A route through a router on the interface's link, which need not have a route of its own.
    pub fn via(&mut self, destination: Destination, gateway: IpAddr, index: u32) -> &mut Self {
        let mut message = route(destination, RouteType::Unicast);
        message.header.flags = RouteFlags::Onlink;
        message.attributes.push(RouteAttribute::Gateway(gateway.into()));
        message.attributes.push(RouteAttribute::Oif(index));
        self.create_route(destination, message)
    }

    /// Refuses `destination` at once: "no route to host" here, an ICMP error for those behind us.
    pub fn unreachable(&mut self, destination: Destination) -> &mut Self {
        self.refuse(destination, RouteType::Unreachable)
    }

    /// Forbids `destination`: "permission denied" here, an ICMP error for those behind us.
    pub fn prohibit(&mut self, destination: Destination) -> &mut Self {
        self.refuse(destination, RouteType::Prohibit)
    }

    /// Throws away what is for `destination`: "invalid argument" here, silence for those behind us.
    pub fn blackhole(&mut self, destination: Destination) -> &mut Self {
        self.refuse(destination, RouteType::BlackHole)
    }

    fn refuse(&mut self, destination: Destination, kind: RouteType) -> &mut Self {
        let mut message = route(destination, kind);
        // IPv6 keeps its refusals on the loopback interface.
        if destination.address.is_ipv6() {
            message.attributes.push(RouteAttribute::Oif(LOOPBACK));
        }
        self.create_route(destination, message)
    }

    /// Adds a neighbour with its MAC address, so that it need not be resolved.
    pub fn neighbour(&mut self, address: IpAddr, mac: [u8; 6], index: u32) -> &mut Self {
        let mut message = NeighbourMessage::default();
        message.header.family = family(address);
        message.header.ifindex = index;
        message.header.state = NeighbourState::Permanent;
        message.attributes = vec![
            NeighbourAttribute::Destination(match address {
                IpAddr::V4(address) => NeighbourAddress::Inet(address),
                IpAddr::V6(address) => NeighbourAddress::Inet6(address),
            }),
            NeighbourAttribute::LinkLayerAddress(mac.to_vec()),
        ];
        let operation = format!("add the neighbour {address} on interface {index}");
        self.create(operation, RouteNetlinkMessage::NewNeighbour(message));
        self
    }

    fn create_route(&mut self, destination: Destination, message: RouteMessage) -> &mut Self {
        let operation = format!("add a route to {destination}");
        self.create(operation, RouteNetlinkMessage::NewRoute(message));
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
        for family in [AddressFamily::Inet, AddressFamily::Inet6] {
            let mut question = RouteMessage::default();
            question.header.address_family = family;
            self.dump(&RouteNetlinkMessage::GetRoute(question), |message| {
                let RouteNetlinkMessage::NewRoute(route) = message else { return };
                let RouteHeader { kind, destination_prefix_length, .. } = route.header;
                let is_host = destination_prefix_length == 32 || destination_prefix_length == 128;
                if kind == RouteType::Local || !is_host {
                    return;
                }
                let (mut address, mut index) = (None, None);
                for attribute in route.attributes {
                    match attribute {
                        RouteAttribute::Destination(RouteAddress::Inet(v4)) => {
                            address = Some(IpAddr::V4(v4));
                        }
                        RouteAttribute::Destination(RouteAddress::Inet6(v6)) => {
                            address = Some(IpAddr::V6(v6));
                        }
                        RouteAttribute::Oif(oif) => index = Some(oif),
                        _ => {}
                    }
                }
                let address = address.filter(|address| wanted.contains(address));
                routes.extend(address.map(|address| HostRoute { address, index }));
            })?;
        }
        Ok(routes)
    }
}

fn route(destination: Destination, kind: RouteType) -> RouteMessage {
    let mut message = RouteMessage::default();
    message.header = RouteHeader {
        address_family: family(destination.address),
        destination_prefix_length: destination.prefix_len,
        table: RouteHeader::RT_TABLE_MAIN,
        protocol: RouteProtocol::Static,
        scope: RouteScope::Universe,
        kind,
        ..RouteHeader::default()
    };
    if destination.prefix_len > 0 {
        message.attributes.push(RouteAttribute::Destination(destination.address.into()));
    }
    message
}
