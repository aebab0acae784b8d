//! The namespaces of a lab and the cables between them.
//!
//! Namespace 0 is the service's, the last one the client's, all between are routers; link *k* joins
//! *k* and *k + 1*. Neighbours know each other's Ethernet address, so nothing but the tests' own
//! packets is on the links.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use anyhow::Result;
use imds_linux::link::{End, LOOPBACK};
use imds_linux::route::Destination;
use imds_linux::tap::TapDevice;
use imds_linux::{Batch, Namespace, Netlink, sysctl};

use super::family::{Family, SERVICE_V4, SERVICE_V6};
use super::relay::{Loss, Relay};
use crate::eventually;

/// The interfaces towards the service and away from it.
pub(super) const UPSTREAM_NAME: &str = "up";
pub(super) const DOWNSTREAM_NAME: &str = "down";
const UPSTREAM: u32 = 64;
const DOWNSTREAM: u32 = 65;

const MTU: u32 = 1500;

/// The namespaces alone, for tests that bring a service of their own; gone when it is dropped.
#[derive(Debug)]
pub struct Network {
    namespaces: Vec<Namespace>,
    relay: Option<Relay>,
}

impl Network {
    /// Puts `routers` routers between a service and a client.
    pub fn build(routers: u8) -> Result<Self> {
        Self::lay(routers, None)
    }

    /// The same, but the client's link loses frames.
    pub fn with_loss(routers: u8, loss: Loss) -> Result<Self> {
        Self::lay(routers, Some(loss))
    }

    fn lay(routers: u8, loss: Option<Loss>) -> Result<Self> {
        let namespaces =
            (0..routers + 2).map(|_| Ok(Namespace::create()?)).collect::<Result<Vec<_>>>()?;
        let last = routers + 1;
        let mut relay = None;
        for position in 0..=last {
            let next = namespaces.get(usize::from(position) + 1);
            let loss = loss.filter(|_| position + 1 == last);
            let laid =
                namespaces[usize::from(position)].run(|| join(position, last, next, loss))?;
            relay = laid?.or(relay);
        }
        for (index, ends) in [(DOWNSTREAM, 0..last), (UPSTREAM, 1..last + 1)] {
            for position in ends {
                let settle = || Netlink::open()?.commit(Batch::new().settle(index));
                namespaces[usize::from(position)].run(settle)??;
            }
        }
        for namespace in &namespaces {
            namespace.run(wait_for_local_routes)??;
        }
        Ok(Self { namespaces, relay })
    }

    /// Where the service is to be.
    pub fn service(&self) -> &Namespace {
        &self.namespaces[0]
    }

    /// The service's neighbour.
    pub fn instance(&self) -> &Namespace {
        &self.namespaces[1]
    }

    /// All between service and client.
    pub fn routers(&self) -> &[Namespace] {
        &self.namespaces[1..self.namespaces.len() - 1]
    }

    /// Where the client is to be.
    pub fn client(&self) -> &Namespace {
        &self.namespaces[self.namespaces.len() - 1]
    }

    /// How many frames the client's link has passed on, and how many it has lost.
    pub fn passed_and_lost(&self) -> [u64; 2] {
        self.relay.as_ref().map(Relay::passed_and_lost).unwrap_or_default()
    }

    /// A routed address near the service that no host has.
    pub fn nobody(family: Family) -> IpAddr {
        match family {
            Family::Ipv4 => Ipv4Addr::new(10, 0, 0, 9).into(),
            Family::Ipv6 => Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 9).into(),
        }
    }
}

/// Waits until the calling thread's namespace takes packets for each of its IPv6 addresses. The kernel
/// gives an address that it does not have to probe for its local route all the same in a worker, after
/// it has reported the address; until then packets for it are dropped.
fn wait_for_local_routes() -> Result<()> {
    let addresses = Netlink::open()?.addresses()?;
    let addresses = addresses.into_iter().filter_map(|address| match address {
        IpAddr::V6(address) => Some(format!("{:032x}", u128::from(address))),
        IpAddr::V4(_) => None,
    });
    let addresses: Vec<_> = addresses.collect();
    eventually("the kernel's routes to its own IPv6 addresses", || {
        let routes = fs::read_to_string("/proc/thread-self/net/ipv6_route").ok()?;
        // Destination, its prefix length, …, in the ninth column the flags, of which the highest says
        // that the destination is here.
        let is_local = |address: &String| {
            let mut routes = routes.lines().map(str::split_whitespace);
            routes.any(|mut route| {
                route.next() == Some(address) && route.nth(7).is_some_and(|it| it.starts_with('8'))
            })
        };
        addresses.iter().all(is_local).then_some(())
    })
}

/// The end of a link, 0 near the service and 1 away from it.
type Side = u8;

/// Configures the calling thread's namespace, and lays the cable to the `next`.
fn join(
    position: u8,
    last: u8,
    next: Option<&Namespace>,
    loss: Option<Loss>,
) -> Result<Option<Relay>> {
    if 0 < position && position < last {
        sysctl::forward_ipv4()?;
        sysctl::forward_ipv6()?;
        sysctl::unlimited_icmp_errors_ipv4()?;
        sysctl::unlimited_icmp_errors_ipv6()?;
    }
    let mut batch = Batch::new();
    let mut relay = None;
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
        if let Some(loss) = loss {
            let near = TapDevice::create(DOWNSTREAM_NAME, DOWNSTREAM)?;
            batch.ethernet_address(DOWNSTREAM, mac(link, 0));
            let far = next.run(|| {
                let far = TapDevice::create(UPSTREAM_NAME, UPSTREAM)?;
                let mut batch = Batch::new();
                Netlink::open()?.commit(batch.ethernet_address(UPSTREAM, mac(link, 1)))?;
                Ok::<_, imds_linux::Error>(far)
            })??;
            relay = Some(Relay::start(near, far, loss)?);
        } else {
            let near = end(link, 0, DOWNSTREAM_NAME, DOWNSTREAM);
            batch.veth(near, end(link, 1, UPSTREAM_NAME, UPSTREAM), next);
        }
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
    Netlink::open()?.commit(&batch)?;
    Ok(relay)
}

/// Gives an interface its addresses, and its neighbour at the other end of the link.
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
