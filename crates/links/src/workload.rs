//! What a link changes in the workload's network namespace: one device, which has a route to the
//! metadata addresses. It goes when the device goes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use imds_linux::address::InterfaceAddress;
use imds_linux::link::{Interface, LOOPBACK};
use imds_linux::route::{Destination, HostRoute};
use imds_linux::{Batch, Error, Netlink, sysctl};

use crate::outside::{SERVICE_V4, SERVICE_V6, SERVICES};

/// By this text a device of ours is known, also one that a killed predecessor left.
pub(crate) const ALIAS: &str = "imds link";

/// The device's name, before its number.
const NAME: &str = "imds";

/// The device's own address of IPv6; no other device of the workload can collide with it.
const LINK_LOCAL: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0xa9fe, 0xa9fe);

/// Used where the workload has no address of its own.
const WITHOUT_SOURCE: u32 = 1024;

/// The calling thread's namespace, as a link finds it.
#[derive(Debug)]
pub(crate) struct Workload {
    netlink: Netlink,
    pub(crate) plan: Plan,
    pub(crate) ipv6: bool,
}

/// What a device is to be.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Plan {
    pub(crate) name: String,
    /// The device's own address.
    address: Ipv4Addr,
    /// The address that requests come from: the workload's own, as on EC2.
    source: Option<IpAddr>,
}

/// Why the namespace cannot be linked.
#[derive(Debug)]
pub(crate) enum Refusal {
    Kernel(Error),
    Taken { address: IpAddr, by: String, fix: String, is_replaceable: bool },
}

impl Refusal {
    /// Another service has the address, and the link could have it instead.
    pub(crate) fn replaceable(address: IpAddr, by: impl Into<String>) -> Self {
        let fix = "stop what has it".into();
        Self::Taken { address, by: by.into(), fix, is_replaceable: true }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Kernel(error)
    }
}

impl Workload {
    /// Looks at the calling thread's namespace, and removes what a killed predecessor left.
    pub(crate) fn inspect(replace_others: bool) -> Result<Self, Refusal> {
        let mut netlink = Netlink::open()?;
        let mut interfaces = netlink.interfaces()?;
        let mut leftovers = Batch::new();
        let is_leftover = |interface: &Interface| interface.alias.as_deref() == Some(ALIAS);
        for interface in interfaces.iter().filter(|interface| is_leftover(interface)) {
            leftovers.remove_link(interface.index);
        }
        netlink.commit(&leftovers)?;
        interfaces.retain(|interface| !is_leftover(interface));
        let addresses = netlink.interface_addresses()?;
        let routes = if replace_others { Vec::new() } else { netlink.host_routes(&SERVICES)? };
        let plan = plan(&interfaces, &addresses, &routes)?;
        Ok(Self { netlink, plan, ipv6: sysctl::new_interfaces_have_ipv6() })
    }

    /// Sets up the device, which exists by now.
    pub(crate) fn connect(&mut self) -> Result<(), Error> {
        let Plan { name, address, source } = &self.plan;
        let links = self.netlink.links()?;
        // It was removed meanwhile: the change that follows then says so.
        let index = links.iter().find(|(other, _)| other == name).map_or(0, |(_, index)| *index);
        let mut batch = Batch::new();
        if self.ipv6 {
            batch.no_link_local(index);
        }
        batch.alias(index, ALIAS).no_arp(index).link_address(index, (*address).into()).up(index);
        let service = Destination::host(SERVICE_V4.into());
        if source.is_some() {
            batch.on_link_from(service, index, *source, 0);
        }
        // Stays where the workload's address goes, and with it the route above.
        batch.on_link_from(service, index, None, WITHOUT_SOURCE);
        if self.ipv6 {
            batch.link_address(index, LINK_LOCAL.into());
            let service = Destination::host(SERVICE_V6.into());
            batch.on_link_from(service, index, None, WITHOUT_SOURCE);
        }
        self.netlink.commit(&batch)
    }
}

fn plan(
    interfaces: &[Interface],
    addresses: &[InterfaceAddress],
    routes: &[HostRoute],
) -> Result<Plan, Refusal> {
    let name_of = |index| {
        let known = interfaces.iter().find(|interface| Some(interface.index) == index);
        known.map_or_else(|| "an unknown interface".into(), |interface| interface.name.clone())
    };
    if let Some(own) = addresses.iter().find(|own| SERVICES.contains(&own.address)) {
        let (address, device) = (own.address, name_of(Some(own.index)));
        let by = format!("it is an address of {device}");
        // Programs there reach their own machine by it, whatever routes there are.
        let fix = format!("remove it there: ip address del {address} dev {device}");
        return Err(Refusal::Taken { address, by, fix, is_replaceable: false });
    }
    if let Some(route) = routes.first() {
        let by = format!("it has a route through {}", name_of(route.index));
        return Err(Refusal::replaceable(route.address, by));
    }
    let is_free = |name: &String| interfaces.iter().all(|interface| interface.name != *name);
    let name = (0..=interfaces.len()).map(|number| format!("{NAME}{number}")).find(is_free);
    let is_unused = |address: &Ipv4Addr| addresses.iter().all(|own| own.address != *address);
    // EC2 has nothing in this network below 123.
    let address = (1..123).map(|last| Ipv4Addr::new(169, 254, 169, last)).find(is_unused);
    let source = addresses
        .iter()
        .find(|own| own.address.is_ipv4() && own.is_global && own.index != LOOPBACK)
        .map(|own| own.address);
    Ok(Plan {
        name: name.unwrap_or_else(|| NAME.into()),
        address: address.unwrap_or(Ipv4Addr::new(169, 254, 169, 1)),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(name: &str, index: u32) -> Interface {
        Interface { name: name.into(), index, alias: None }
    }

    fn address(address: &str, index: u32, is_global: bool) -> InterfaceAddress {
        InterfaceAddress { address: address.parse().unwrap(), index, is_global }
    }

    #[test]
    fn a_workload_keeps_its_names_and_addresses() {
        let interfaces = [interface("lo", 1), interface("imds0", 2), interface("eth0", 3)];
        let addresses = [
            address("127.0.0.1", 1, false),
            address("169.254.169.1", 3, false),
            address("10.0.0.2", 3, true),
        ];
        let plan = plan(&interfaces, &addresses, &[]).unwrap();
        assert_eq!(plan.name, "imds1");
        assert_eq!(plan.address, Ipv4Addr::new(169, 254, 169, 2));
        assert_eq!(plan.source, Some("10.0.0.2".parse().unwrap()));
    }

    #[test]
    fn an_address_that_somebody_has_is_refused() {
        let interfaces = [interface("lo", 1), interface("eth0", 3)];
        let own = [address("169.254.169.254", 3, true)];
        let route = [HostRoute { address: SERVICE_V6.into(), index: Some(3) }];
        for (addresses, routes, owner, help, may_replace) in [
            (&own[..], &[][..], "an address of eth0", "del 169.254.169.254 dev eth0", false),
            (&[], &route[..], "a route through eth0", "stop what has it", true),
        ] {
            let refusal = plan(&interfaces, addresses, routes).unwrap_err();
            let Refusal::Taken { by, fix, is_replaceable, .. } = refusal else {
                panic!("{refusal:?}");
            };
            assert!(by.ends_with(owner) && fix.ends_with(help), "{by}; {fix}");
            assert_eq!(is_replaceable, may_replace);
        }
    }
}
