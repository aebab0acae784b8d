//! The addresses of the links.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use imds_linux::Batch;
use imds_linux::route::Destination;

use crate::request::{InstanceFacts, SERVICE_V4, SERVICE_V6};

/// Interface indices, above those that tunnel drivers use in every new namespace.
pub(super) const UPSTREAM: u32 = 64;
pub(super) const DOWNSTREAM: u32 = 65;

/// An EC2 instance's own link has jumbo frames; the links behind it do not.
pub(super) const INSTANCE_MTU: u32 = 9001;
const ROUTER_MTU: u32 = 1500;

/// The first three groups of the IPv6 networks behind the instance (unique local addresses).
const PRIVATE_V6: [u16; 3] = [0xfd6d, 0x6574, 0x6164];

/// A link between two namespaces.
#[derive(Debug)]
pub(super) struct Link {
    /// The end on the service's side.
    pub(super) near: Side,
    /// The end on the program's side.
    pub(super) far: Side,
    /// In bytes.
    pub(super) mtu: u32,
    v4_prefix_len: u8,
    v6_prefix_len: u8,
}

/// One end of a link.
#[derive(Debug)]
pub(super) struct Side {
    pub(super) name: &'static str,
    pub(super) mac: Option<[u8; 6]>,
    pub(super) v4: Ipv4Addr,
    pub(super) v6: Option<Ipv6Addr>,
}

/// All links, from the service to the program: one more than there are routers.
pub(super) fn links(instance: &InstanceFacts, routers: u8, ipv6: bool) -> Vec<Link> {
    (0..=routers).map(|number| link(instance, number, ipv6)).collect()
}

impl Link {
    /// The networks on the link.
    pub(super) fn networks(&self) -> impl Iterator<Item = Destination> {
        let v4 = network_v4(self.far.v4, self.v4_prefix_len);
        let v6 = self.far.v6.map(|address| network_v6(address, self.v6_prefix_len));
        [Some(v4), v6].into_iter().flatten()
    }
}

impl Side {
    pub(super) fn addresses(&self) -> impl Iterator<Item = IpAddr> + use<> {
        [Some(self.v4.into()), self.v6.map(IpAddr::from)].into_iter().flatten()
    }

    pub(super) fn add_addresses(&self, batch: &mut Batch, link: &Link, index: u32) {
        // The service's addresses are in no subnet.
        let alone = self.v4 == SERVICE_V4;
        batch.address(index, self.v4.into(), if alone { 32 } else { link.v4_prefix_len });
        if let Some(address) = self.v6 {
            batch.address(index, address.into(), if alone { 128 } else { link.v6_prefix_len });
            // A router needs a link-local address to resolve IPv6 neighbours.
            batch.address(index, link_local(self.mac).into(), 64);
        }
    }
}

pub(super) fn bring_up(batch: &mut Batch, index: u32, has_ipv6: bool) {
    if has_ipv6 {
        batch.no_link_local(index);
    }
    batch.up(index);
}

fn link(instance: &InstanceFacts, number: u8, ipv6: bool) -> Link {
    let private = |host| {
        let [a, b, c] = PRIVATE_V6;
        Ipv6Addr::new(a, b, c, number.into(), 0, 0, 0, host)
    };
    if number == 0 {
        let v6 = instance.ipv6.or(ipv6.then(|| private(2)));
        return Link {
            near: side("instance", None, SERVICE_V4, ipv6.then_some(SERVICE_V6)),
            far: side("eth0", Some(instance.mac), instance.private_ipv4, v6),
            mtu: INSTANCE_MTU,
            v4_prefix_len: instance.subnet_prefix_len,
            v6_prefix_len: 128,
        };
    }
    let (network, v4_prefix_len) = private_v4(instance.private_ipv4, number);
    let host = |last| Ipv4Addr::new(network[0], network[1], network[2], last);
    // Docker derives a container's MAC address from its IPv4 address.
    let [a, b, c, d] = host(2).octets();
    let mac = [0x02, 0x42, a, b, c, d];
    let near = if number == 1 { "docker0" } else { "eth1" };
    Link {
        near: side(near, None, host(1), ipv6.then(|| private(1))),
        far: side("eth0", Some(mac), host(2), ipv6.then(|| private(2))),
        mtu: ROUTER_MTU,
        v4_prefix_len,
        v6_prefix_len: 64,
    }
}

/// The link-local address that is derived from a MAC address (RFC 4291, appendix A).
fn link_local(mac: Option<[u8; 6]>) -> Ipv6Addr {
    let Some(mac) = mac else { return Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1) };
    let mut bytes = [0; 16];
    bytes[..2].copy_from_slice(&[0xfe, 0x80]);
    bytes[8..11].copy_from_slice(&mac[..3]);
    bytes[8] ^= 2;
    bytes[11..13].copy_from_slice(&[0xff, 0xfe]);
    bytes[13..].copy_from_slice(&mac[3..]);
    bytes.into()
}

fn side(name: &'static str, mac: Option<[u8; 6]>, v4: Ipv4Addr, v6: Option<Ipv6Addr>) -> Side {
    Side { name, mac, v4, v6 }
}

/// The network of a link behind the instance: Docker's default for the first, a /24 for each further link.
/// Neither overlaps the instance's own network.
fn private_v4(instance: Ipv4Addr, number: u8) -> ([u8; 3], u8) {
    let taken = instance.octets();
    let free = |first: u8, second: u8| second + u8::from(taken[..2] == [first, second]);
    if number == 1 { ([172, free(172, 17), 0], 16) } else { ([10, free(10, 88), number], 24) }
}

fn network_v4(address: Ipv4Addr, prefix_len: u8) -> Destination {
    let mask = u32::MAX.checked_shl(32 - u32::from(prefix_len)).unwrap_or(0);
    Destination { address: (address & Ipv4Addr::from(mask)).into(), prefix_len }
}

fn network_v6(address: Ipv6Addr, prefix_len: u8) -> Destination {
    let mask = u128::MAX.checked_shl(128 - u32::from(prefix_len)).unwrap_or(0);
    Destination { address: (address & Ipv6Addr::from(mask)).into(), prefix_len }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn facts(private_ipv4: Ipv4Addr) -> InstanceFacts {
        InstanceFacts {
            id: "i-0123456789abcdef0".into(),
            instance_type: "t3.micro".into(),
            is_xen: false,
            private_ipv4,
            subnet_prefix_len: 20,
            ipv6: None,
            mac: [2, 0, 0, 0, 0, 1],
            more_addresses: Vec::new(),
            more_interfaces: Vec::new(),
            hostname: "host".into(),
        }
    }

    #[test]
    fn no_two_ends_share_an_address_wherever_the_instance_is() {
        for instance in [[172, 31, 0, 9], [172, 17, 0, 2], [10, 88, 2, 1], [192, 168, 1, 1]] {
            let links = links(&facts(instance.into()), 16, true);
            let ends = links.iter().flat_map(|link| [&link.near, &link.far]);
            let addresses: Vec<IpAddr> = ends.flat_map(Side::addresses).collect();
            let distinct: HashSet<_> = addresses.iter().collect();
            assert_eq!(distinct.len(), addresses.len(), "{instance:?}");
            assert_eq!(addresses.len(), 17 * 4);
        }
    }

    #[test]
    fn link_local_addresses_follow_from_ethernet_addresses() {
        let address = link_local(Some([0x0a, 0x12, 0x34, 0x56, 0x78, 0x9a]));
        assert_eq!(address.to_string(), "fe80::812:34ff:fe56:789a");
    }

    #[test]
    fn the_first_router_looks_like_a_container_engine() {
        let links = links(&facts([172, 31, 0, 9].into()), 1, false);
        assert_eq!(links[1].near.v4, Ipv4Addr::new(172, 17, 0, 1));
        assert_eq!(links[1].far.mac, Some([0x02, 0x42, 172, 17, 0, 2]));
        let networks: Vec<String> = links[1].networks().map(|to| to.to_string()).collect();
        assert_eq!(networks, ["172.17.0.0/16"]);
    }
}
