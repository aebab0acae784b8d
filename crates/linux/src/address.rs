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
        let mut message = AddressMessage::default();
        message.header.family = family(address);
        message.header.prefix_len = prefix_len;
        message.header.scope = AddressScope::Universe;
        message.header.index = index;
        message.attributes = vec![
            AddressAttribute::Local(address),
            AddressAttribute::Address(address),
            AddressAttribute::Flags(AddressFlags::Noprefixroute | AddressFlags::Nodad),
        ];
        let operation = format!("give interface {index} the address {address}/{prefix_len}");
        self.create(operation, RouteNetlinkMessage::NewAddress(message));
        self
    }
}

impl Netlink {
    /// Every address of every interface of the namespace.
    pub fn addresses(&mut self) -> Result<Vec<IpAddr>, Error> {
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
            addresses.extend(local.or_else(|| {
                find(|attribute| match attribute {
                    AddressAttribute::Address(address) => Some(*address),
                    _ => None,
                })
            }));
        })?;
        Ok(addresses)
    }
}

pub(crate) fn family(address: IpAddr) -> AddressFamily {
    if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 }
}
