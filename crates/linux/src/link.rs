//! Links: pairs of virtual Ethernet devices (veth) that connect two namespaces.

use std::os::fd::AsRawFd;

use crate::rtnetlink::{
    AF_INET6, Body, IFF_NOARP, IFF_UP, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE, Message,
    VETH_INFO_PEER,
};
use crate::{Batch, Error, Namespace, Netlink};

/// The index of `lo` in every namespace.
pub const LOOPBACK: u32 = 1;

/// One end of a veth pair.
#[derive(Clone, Copy, Debug)]
pub struct End<'a> {
    /// The interface's name, 1 to 15 bytes.
    pub name: &'a str,
    /// The interface's index. Choosing it here saves asking for it later; a free one is any number
    /// above what the kernel gives by itself (small numbers, also taken by tunnel devices). 0 leaves
    /// the choice to the kernel.
    pub index: u32,
    /// The Ethernet address; the kernel picks a random one if there is none.
    pub mac: Option<[u8; 6]>,
    /// The largest packet, in bytes.
    pub mtu: u32,
}

impl Batch {
    /// Makes a veth pair: `near` in the batch's own namespace, `far` in another one. Both ends are down.
    pub fn veth(&mut self, near: End<'_>, far: End<'_>, namespace: &Namespace) -> &mut Self {
        let peer = end(far).number(libc::IFLA_NET_NS_FD, namespace.as_raw_fd().cast_unsigned());
        let data = Body::default().nested(VETH_INFO_PEER, &peer);
        let info =
            Body::default().text(libc::IFLA_INFO_KIND, "veth").nested(libc::IFLA_INFO_DATA, &data);
        let body = end(near).nested(libc::IFLA_LINKINFO, &info);
        let operation = format!("make the link {} - {}", near.name, far.name);
        self.create(operation, Message { kind: libc::RTM_NEWLINK, body });
        self
    }

    /// Keeps the kernel from giving the interface an IPv6 link-local address when it goes up, and so
    /// from duplicate address detection and router solicitation.
    pub fn no_link_local(&mut self, index: u32) -> &mut Self {
        let inet6 = Body::default().bytes(IFLA_INET6_ADDR_GEN_MODE, &[IN6_ADDR_GEN_MODE_NONE]);
        let families = Body::default().nested(AF_INET6.into(), &inet6);
        let body = Body::link(index).nested(libc::IFLA_AF_SPEC, &families);
        let operation = format!("switch link-local addresses off on interface {index}");
        self.change(operation, Message { kind: libc::RTM_SETLINK, body });
        self
    }

    /// Takes an interface for one end of a cable: there is nobody on it to look for by ARP or neighbour
    /// discovery. What is sent goes to the interface's own Ethernet address, so both ends of a veth
    /// pair must have the same.
    pub fn no_arp(&mut self, index: u32) -> &mut Self {
        let body = Body::link_flags(index, IFF_NOARP);
        let operation = format!("switch ARP off on interface {index}");
        self.change(operation, Message { kind: libc::RTM_SETLINK, body });
        self
    }

    /// Gives an interface a text that programs show beside its name, at most 255 bytes.
    pub fn alias(&mut self, index: u32, alias: &str) -> &mut Self {
        let body = Body::link(index).text(libc::IFLA_IFALIAS, alias);
        let operation = format!("give interface {index} an alias");
        self.change(operation, Message { kind: libc::RTM_SETLINK, body });
        self
    }

    /// Puts an interface into a group, by whose number all of it can be removed together.
    pub fn group(&mut self, index: u32, group: u32) -> &mut Self {
        let body = Body::link(index).number(libc::IFLA_GROUP, group);
        let operation = format!("put interface {index} into group {group}");
        self.change(operation, Message { kind: libc::RTM_SETLINK, body });
        self
    }

    /// Removes all interfaces of a group. For each single one the kernel waits until no processor
    /// looks at it any more; for a group it waits once.
    pub fn remove_group(&mut self, group: u32) -> &mut Self {
        let body = Body::link(0).number(libc::IFLA_GROUP, group);
        let operation = format!("remove the interfaces of group {group}");
        self.change(operation, Message { kind: libc::RTM_DELLINK, body });
        self
    }

    /// Removes an interface; of a veth pair, both ends.
    pub fn remove_link(&mut self, index: u32) -> &mut Self {
        let operation = format!("remove interface {index}");
        self.change(operation, Message { kind: libc::RTM_DELLINK, body: Body::link(index) });
        self
    }

    /// Brings an interface up.
    pub fn up(&mut self, index: u32) -> &mut Self {
        let body = Body::link_flags(index, IFF_UP);
        let operation = format!("bring interface {index} up");
        self.change(operation, Message { kind: libc::RTM_SETLINK, body });
        self
    }

    /// Makes the interface able to send as soon as the batch is done.
    ///
    /// The end of a pair that went up first learns only later, from a kernel worker, that the other
    /// end is up as well, and drops what it is given until then. Asking for the interface makes the
    /// kernel do that work at once.
    pub fn settle(&mut self, index: u32) -> &mut Self {
        let operation = format!("look at interface {index}");
        self.change(operation, Message { kind: libc::RTM_GETLINK, body: Body::link(index) });
        self
    }
}

/// An interface of a namespace.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// Its index.
    pub index: u32,
    /// The text beside its name.
    pub alias: Option<String>,
}

impl Netlink {
    /// Every interface of the namespace.
    pub fn interfaces(&mut self) -> Result<Vec<Interface>, Error> {
        let mut interfaces = Vec::new();
        self.dump(&Message { kind: libc::RTM_GETLINK, body: Body::link(0) }, |message| {
            let Some((index, _, attributes)) = message.link() else { return };
            let alias = attributes.text(libc::IFLA_IFALIAS);
            let name = attributes.text(libc::IFLA_IFNAME);
            interfaces.extend(name.map(|name| Interface { name, index, alias }));
        })?;
        Ok(interfaces)
    }

    /// Names and indices of every interface of the namespace.
    pub fn links(&mut self) -> Result<Vec<(String, u32)>, Error> {
        let interfaces = self.interfaces()?.into_iter();
        Ok(interfaces.map(|interface| (interface.name, interface.index)).collect())
    }
}

fn end(end: End<'_>) -> Body {
    let body =
        Body::link(end.index).text(libc::IFLA_IFNAME, end.name).number(libc::IFLA_MTU, end.mtu);
    match end.mac {
        Some(mac) => body.bytes(libc::IFLA_ADDRESS, &mac),
        None => body,
    }
}
