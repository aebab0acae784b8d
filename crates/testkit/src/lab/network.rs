//! The namespaces of a lab and the cables between them.
//!
//! Namespace 0 is the service's, the last one the client's, all between are routers; link *k* joins
//! *k* and *k + 1*. Neighbours know each other's Ethernet address, so nothing but the tests' own
//! packets is on the links.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use anyhow::Result;
use imds_linux::link::{End, LOOPBACK};
use imds_linux::route::Destination;
use imds_linux::{Batch, Namespace, Netlink, sysctl};

use super::{SERVICE_V4, SERVICE_V6};

/// The interfaces towards the service and away from it.
pub(super) const UPSTREAM_NAME: &str = "up";
pub(super) const DOWNSTREAM_NAME: &str = "down";
const UPSTREAM: u32 = 64;
const DOWNSTREAM: u32 = 65;

const MTU: u32 = 1500;

#[derive(Debug)]
pub(super) struct Network {
    namespaces: Vec<Namespace>,
}

impl Network {
    pub(super) fn build(routers: u8) -> Result<Self> {
        let namespaces =
            (0..routers + 2).map(|_| Ok(Namespace::create()?)).collect::<Result<Vec<_>>>()?;
        let last = routers + 1;
        for position in 0..=last {
            let next = namespaces.get(usize::from(position) + 1);
            namespaces[usize::from(position)].run(|| join(position, last, next))??;
        }
        Ok(Self { namespaces })
    }

    pub(super) fn service(&self) -> &Namespace {
        &self.namespaces[0]
    }

    pub(super) fn instance(&self) -> &Namespace {
        &self.namespaces[1]
    }

    pub(super) fn routers(&self) -> &[Namespace] {
        &self.namespaces[1..self.namespaces.len() - 1]
    }

    pub(super) fn client(&self) -> &Namespace {
        &self.namespaces[self.namespaces.len() - 1]
    }
}

/// The end of a link, 0 near the service and 1 away from it.
type Side = u8;

/// Configures the calling thread's namespace, and lays the cable to the `next`.
fn join(position: u8, last: u8, next: Option<&Namespace>) -> Result<()> {
    if 0 < position && position < last {
        sysctl::forward_ipv4()?;
        sysctl::forward_ipv6()?;
        sysctl::unlimited_icmp_errors_ipv4()?;
        sysctl::unlimited_icmp_errors_ipv6()?;
    }
    let mut batch = Batch::new();
    batch.up(LOOPBACK);
    if let Some(link) = position.checked_sub(1) {
        batch.no_link_local(UPSTREAM).up(UPSTREAM);
        face(&mut batch, UPSTREAM, link, 1);
        for gateway in addresses(link, 0) {
            batch.via(everything_like(gateway), gateway, UPSTREAM);
        }
    }
    if let Some(next) = next {
        let link = position;
        let near = end(link, 0, DOWNSTREAM_NAME, DOWNSTREAM);
        batch.veth(near, end(link, 1, UPSTREAM_NAME, UPSTREAM), next);
        batch.no_link_local(DOWNSTREAM).up(DOWNSTREAM);
        face(&mut batch, DOWNSTREAM, link, 0);
        if position == 0 {
            batch.address(DOWNSTREAM, SERVICE_V4.ip(), 32);
            batch.address(DOWNSTREAM, SERVICE_V6.ip(), 128);
        }
        for further in link + 1..last {
            for (gateway, network) in addresses(link, 1).into_iter().zip(networks(further)) {
                batch.via(network, gateway, DOWNSTREAM);
            }
        }
    }
    Ok(Netlink::open()?.commit(&batch)?)
}

/// Gives an interface its addresses, and says who is at the other end of its link.
fn face(batch: &mut Batch, index: u32, link: u8, side: Side) {
    for address in addresses(link, side) {
        batch.address(index, address, if address.is_ipv4() { 24 } else { 64 });
    }
    for neighbour in addresses(link, 1 - side) {
        batch.neighbour(neighbour, mac(link, 1 - side), index);
    }
    for network in networks(link) {
        batch.on_link(network, index);
    }
}

fn end(link: u8, side: Side, name: &'static str, index: u32) -> End<'static> {
    End { name, index, mac: Some(mac(link, side)), mtu: MTU }
}

fn mac(link: u8, side: Side) -> [u8; 6] {
    [2, 0, 0, 0, link, side]
}

fn addresses(link: u8, side: Side) -> [IpAddr; 2] {
    let host = side + 1;
    let v6 = Ipv6Addr::new(0xfd00, 0, 0, link.into(), 0, 0, 0, host.into());
    [Ipv4Addr::new(10, 0, link, host).into(), v6.into()]
}

fn networks(link: u8) -> [Destination; 2] {
    let v6 = Ipv6Addr::new(0xfd00, 0, 0, link.into(), 0, 0, 0, 0);
    [
        Destination { address: Ipv4Addr::new(10, 0, link, 0).into(), prefix_len: 24 },
        Destination { address: v6.into(), prefix_len: 64 },
    ]
}

fn everything_like(address: IpAddr) -> Destination {
    if address.is_ipv4() { Destination::DEFAULT_V4 } else { Destination::DEFAULT_V6 }
}
