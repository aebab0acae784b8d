//! What an instance has beside the first address of its first network interface.
//!
//! Responses to all its addresses come by the first interface: the service has one route to all that is behind the
//! instance. Each further interface is a cable to the service's namespace, with nobody on its far end.

use std::net::IpAddr;

use imds_linux::link::End;
use imds_linux::route::Destination;
use imds_linux::{Batch, Namespace};

use super::plan::{DOWNSTREAM, INSTANCE_MTU, Link, UPSTREAM, bring_up};
use crate::request::{InstanceFacts, InterfaceFacts};

/// The index of `eth0`'s successor; the others follow.
const FIRST: u32 = 128;

/// The further addresses and interfaces of an instance.
pub(super) struct More {
    addresses: Vec<(IpAddr, u8)>,
    interfaces: Vec<InterfaceFacts>,
}

impl More {
    /// All of them, but for IPv6 addresses where the kernel has no IPv6.
    pub(super) fn of(instance: &InstanceFacts, has_ipv6: bool) -> Self {
        let usable = |addresses: &[(IpAddr, u8)]| {
            let addresses = addresses.iter().copied();
            addresses.filter(|(address, _)| address.is_ipv4() || has_ipv6).collect()
        };
        let interface =
            |it: &InterfaceFacts| InterfaceFacts { mac: it.mac, addresses: usable(&it.addresses) };
        Self {
            addresses: usable(&instance.more_addresses),
            interfaces: instance.more_interfaces.iter().map(interface).collect(),
        }
    }

    /// All addresses, of whichever interface.
    pub(super) fn all(&self) -> impl Iterator<Item = IpAddr> {
        let of_others = self.interfaces.iter().flat_map(|it| &it.addresses);
        self.addresses.iter().chain(of_others).map(|(address, _)| *address)
    }

    /// Adds the interfaces, from the service's namespace, and what leads back where no default route does.
    pub(super) fn connect(
        &self,
        batch: &mut Batch,
        first: &Link,
        instance: &Namespace,
        has_ipv6: bool,
    ) {
        for (index, (number, interface)) in (FIRST..).zip((1..).zip(&self.interfaces)) {
            let (near, far) = (format!("instance{number}"), format!("eth{number}"));
            let end = |name, mac| End { name, index, mac, mtu: INSTANCE_MTU };
            batch.veth(end(&near, None), end(&far, Some(interface.mac)), instance);
            bring_up(batch, index, has_ipv6);
        }
        for address in self.all().filter(IpAddr::is_ipv4) {
            batch.via(Destination::host(address), first.far.v4.into(), DOWNSTREAM);
        }
    }

    /// Adds the addresses, in the instance's namespace.
    pub(super) fn join(&self, batch: &mut Batch, has_ipv6: bool) {
        for (address, prefix_len) in &self.addresses {
            batch.address(UPSTREAM, *address, *prefix_len);
        }
        for (index, interface) in (FIRST..).zip(&self.interfaces) {
            bring_up(batch, index, has_ipv6);
            for (address, prefix_len) in &interface.addresses {
                batch.address(index, *address, *prefix_len);
            }
        }
    }
}
