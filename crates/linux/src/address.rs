//! Addresses of interfaces.

use std::net::IpAddr;

use netlink_packet_route::address::{AddressAttribute, AddressFlags, AddressMessage, AddressScope};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use crate::{Batch, Error, Netlink};

impl Batch {
    /// Gives an interface an address, without duplicate address detection: usable at once, but that
    /// packets for an IPv6 address may be dropped for a moment, until a kernel worker gives it its
    /// local route.
    ///
    /// The prefix length is what the interface shows; it makes no route. Whom the interface reaches
    /// is said by routes alone ([`Batch::on_link`], [`Batch::via`]), so that a neighbour that does not
    /// exist is refused rather than looked for.
    pub fn address(&mut self, index: u32, address: IpAddr, prefix_len: u8) -> &mut Self {
        let message = message(index, address, prefix_len, AddressScope::Universe);
        let operation = format!("give interface {index} the address {address}/{prefix_len}");
        self.create(operation, RouteNetlinkMessage::NewAddress(message));
        self
    }

    /// Gives an interface an address, alone in its network, that the kernel never takes as the source
    /// of what leaves by another interface (link scope).
    pub fn link_address(&mut self, index: u32, address: IpAddr) -> &mut Self {
        let prefix_len = if address.is_ipv4() { 32 } else { 128 };
        let message = message(index, address, prefix_len, AddressScope::Link);
        let operation = format!("give interface {index} the address {address}");
        self.create(operation, RouteNetlinkMessage::NewAddress(message));
        self
    }

    /// Takes such an address from an interface.
    pub fn remove_link_address(&mut self, index: u32, address: IpAddr) -> &mut Self {
        let prefix_len = if address.is_ipv4() { 32 } else { 128 };
        let message = message(index, address, prefix_len, AddressScope::Link);
        let operation = format!("take the address {address} from interface {index}");
        self.change(operation, RouteNetlinkMessage::DelAddress(message));
        self
    }
}

fn message(index: u32, address: IpAddr, prefix_len: u8, scope: AddressScope) -> AddressMessage {
    let mut message = AddressMessage::default();
    message.header.family = family(address);
    message.header.prefix_len = prefix_len;
    message.header.scope = scope;
    message.header.index = index;
    message.attributes = vec![
        AddressAttribute::Local(address),
        AddressAttribute::Address(address),
        AddressAttribute::Flags(AddressFlags::Noprefixroute | AddressFlags::Nodad),
    ];
    message
}

/// An address of an interface.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct InterfaceAddress {
    /// The address.
    pub address: IpAddr,
    /// The interface's index.
    pub index: u32,
    /// Whether it can be the source of packets to anywhere (universe scope).
    pub is_global: bool,
}

impl Netlink {
    /// Every address of every interface of the namespace.
    pub fn addresses(&mut self) -> Result<Vec<IpAddr>, Error> {
        let addresses = self.interface_addresses()?;
        Ok(addresses.into_iter().map(|address| address.address).collect())
    }

    /// The same, with where each is.
    pub fn interface_addresses(&mut self) -> Result<Vec<InterfaceAddress>, Error> {
        let mut addresses = Vec::new();
        self.dump(&RouteNetlinkMessage::GetAddress(AddressMessage::default()), |message| {
            let RouteNetlinkMessage::NewAddress(address) = message else { return };
            // IPv4 says its own address in `Local`; IPv6 only has `Address`.
            let find = |wanted: fn(&AddressAttribute) -> Option<IpAddr>| {
                address.attributes.iter().find_map(wanted)
            };
            let local = find(|attribute| match attribute {
                AddressAttribute::Local(local) => Some(*local),
                _ => None,
            });
            let found = local.or_else(|| {
                find(|attribute| match attribute {
                    AddressAttribute::Address(address) => Some(*address),
                    _ => None,
                })
            });
            addresses.extend(found.map(|local| InterfaceAddress {
                address: local,
                index: address.header.index,
                is_global: address.header.scope == AddressScope::Universe,
            }));
        })?;
        Ok(addresses)
    }
}

pub(crate) fn family(address: IpAddr) -> AddressFamily {
    if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 }
}
