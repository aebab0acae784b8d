//! Addresses of interfaces.

use std::net::IpAddr;

use crate::rtnetlink::{AF_INET, AF_INET6, Body, Message};
use crate::{Batch, Error, Netlink};

impl Batch {
    /// Gives an interface an address, without duplicate address detection: usable at once, but that
    /// packets for an IPv6 address may be dropped for a moment, until a kernel worker gives it its
    /// local route.
    ///
    /// The prefix length is what the interface shows; it makes no route. Routes alone say what the
    /// interface reaches ([`Batch::on_link`], [`Batch::via`]), so that a neighbour that does not exist is
    /// refused rather than looked for.
    pub fn address(&mut self, index: u32, address: IpAddr, prefix_len: u8) -> &mut Self {
        let body = body(index, address, prefix_len, libc::RT_SCOPE_UNIVERSE);
        let operation = format!("give interface {index} the address {address}/{prefix_len}");
        self.create(operation, Message { kind: libc::RTM_NEWADDR, body });
        self
    }

    /// Gives an interface an address, alone in its network, that the kernel never takes as the source
    /// of what leaves by another interface (link scope).
    pub fn link_address(&mut self, index: u32, address: IpAddr) -> &mut Self {
        let prefix_len = if address.is_ipv4() { 32 } else { 128 };
        let body = body(index, address, prefix_len, libc::RT_SCOPE_LINK);
        let operation = format!("give interface {index} the address {address}");
        self.create(operation, Message { kind: libc::RTM_NEWADDR, body });
        self
    }

    /// Takes such an address from an interface.
    pub fn remove_link_address(&mut self, index: u32, address: IpAddr) -> &mut Self {
        let prefix_len = if address.is_ipv4() { 32 } else { 128 };
        let body = body(index, address, prefix_len, libc::RT_SCOPE_LINK);
        let operation = format!("take the address {address} from interface {index}");
        self.change(operation, Message { kind: libc::RTM_DELADDR, body });
        self
    }
}

fn body(index: u32, address: IpAddr, prefix_len: u8, scope: u8) -> Body {
    Body::address(family(address), prefix_len, scope, index)
        .ip(libc::IFA_LOCAL, address)
        .ip(libc::IFA_ADDRESS, address)
        .number(libc::IFA_FLAGS, libc::IFA_F_NOPREFIXROUTE | libc::IFA_F_NODAD)
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
        let question = Message { kind: libc::RTM_GETADDR, body: Body::address(0, 0, 0, 0) };
        self.dump(&question, |message| {
            let Some((scope, index, attributes)) = message.address() else { return };
            // IPv4 says its own address in `IFA_LOCAL`; IPv6 only has `IFA_ADDRESS`.
            let address = attributes.ip(libc::IFA_LOCAL).or(attributes.ip(libc::IFA_ADDRESS));
            let is_global = scope == libc::RT_SCOPE_UNIVERSE;
            let its = |address| InterfaceAddress { address, index, is_global };
            addresses.extend(address.map(its));
        })?;
        Ok(addresses)
    }
}

/// The number of the address's family (`AF_…`).
pub(crate) fn family(address: IpAddr) -> u8 {
    if address.is_ipv4() { AF_INET } else { AF_INET6 }
}
