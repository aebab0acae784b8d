//! Links: pairs of virtual Ethernet devices (veth) that connect two namespaces.

use std::os::fd::AsRawFd;

use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{
    AfSpecInet6, AfSpecUnspec, In6AddrGenMode, InfoData, InfoKind, InfoVeth, LinkAttribute,
    LinkFlags, LinkInfo, LinkMessage,
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
        let mut peer = end(far);
        peer.attributes.push(LinkAttribute::NetNsFd(namespace.as_raw_fd()));
        let mut message = end(near);
        message.attributes.push(LinkAttribute::LinkInfo(vec![
            LinkInfo::Kind(InfoKind::Veth),
            LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(peer))),
        ]));
        let operation = format!("make the link {} - {}", near.name, far.name);
        self.create(operation, RouteNetlinkMessage::NewLink(message));
        self
    }

    /// Keeps the kernel from giving the interface an IPv6 link-local address when it goes up, and so
    /// from duplicate address detection and router solicitation.
    pub fn no_link_local(&mut self, index: u32) -> &mut Self {
        let mut message = LinkMessage::default();
        message.header.index = index;
        message.attributes.push(LinkAttribute::AfSpecUnspec(vec![AfSpecUnspec::Inet6(vec![
            AfSpecInet6::AddrGenMode(In6AddrGenMode::None),
        ])]));
        let operation = format!("switch link-local addresses off on interface {index}");
        self.change(operation, RouteNetlinkMessage::SetLink(message));
        self
    }

    /// Takes an interface for one end of a cable: there is nobody on it to look for by ARP or neighbour
    /// discovery. What is sent goes to the interface's own Ethernet address, so both ends of a veth
    /// pair must have the same.
    pub fn no_arp(&mut self, index: u32) -> &mut Self {
        let mut message = LinkMessage::default();
        message.header.index = index;
        message.header.flags = LinkFlags::Noarp;
        message.header.change_mask = LinkFlags::Noarp;
        let operation = format!("switch ARP off on interface {index}");
        self.change(operation, RouteNetlinkMessage::SetLink(message));
        self
    }

    /// Gives an interface a text that programs show beside its name, at most 255 bytes.
    pub fn alias(&mut self, index: u32, alias: &str) -> &mut Self {
        let mut message = LinkMessage::default();
        message.header.index = index;
        message.attributes.push(LinkAttribute::IfAlias(alias.into()));
        let operation = format!("give interface {index} an alias");
        self.change(operation, RouteNetlinkMessage::SetLink(message));
        self
    }

    /// Puts an interface into a group, by whose number all of it can be removed together.
    pub fn group(&mut self, index: u32, group: u32) -> &mut Self {
        let mut message = LinkMessage::default();
        message.header.index = index;
        message.attributes.push(LinkAttribute::Group(group));
        let operation = format!("put interface {index} into group {group}");
        self.change(operation, RouteNetlinkMessage::SetLink(message));
        self
    }

    /// Removes all interfaces of a group. For each single one the kernel waits until no processor
    /// looks at it any more; for a group it waits once.
    pub fn remove_group(&mut self, group: u32) -> &mut Self {
        let mut message = LinkMessage::default();
        message.attributes.push(LinkAttribute::Group(group));
        let operation = format!("remove the interfaces of group {group}");
        self.change(operation, RouteNetlinkMessage::DelLink(message));
        self
    }

    /// Removes an interface; of a veth pair, both ends.
    pub fn remove_link(&mut self, index: u32) -> &mut Self {
        let mut message = LinkMessage::default();
        message.header.index = index;
        let operation = format!("remove interface {index}");
        self.change(operation, RouteNetlinkMessage::DelLink(message));
        self
    }

    /// Brings an interface up.
    pub fn up(&mut self, index: u32) -> &mut Self {
        let mut message = LinkMessage::default();
        message.header.index = index;
        message.header.flags = LinkFlags::Up;
        message.header.change_mask = LinkFlags::Up;
        let operation = format!("bring interface {index} up");
        self.change(operation, RouteNetlinkMessage::SetLink(message));
        self
    }

    /// Makes the interface able to send as soon as the batch is done.
    ///
    /// The end of a pair that went up first learns only later, from a kernel worker, that the other
    /// end is up as well, and drops what it is given until then. Asking for the interface makes the
    /// kernel do that work at once.
    pub fn settle(&mut self, index: u32) -> &mut Self {
        let mut message = LinkMessage::default();
        message.header.index = index;
        let operation = format!("look at interface {index}");
        self.change(operation, RouteNetlinkMessage::GetLink(message));
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
        self.dump(&RouteNetlinkMessage::GetLink(LinkMessage::default()), |message| {
            let RouteNetlinkMessage::NewLink(link) = message else { return };
            let (mut name, mut alias) = (None, None);
            for attribute in link.attributes {
                match attribute {
                    LinkAttribute::IfName(text) => name = Some(text),
                    LinkAttribute::IfAlias(text) => alias = Some(text),
                    _ => {}
                }
            }
            let index = link.header.index;
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

fn end(end: End<'_>) -> LinkMessage {
    let mut message = LinkMessage::default();
    message.header.index = end.index;
    message.attributes.push(LinkAttribute::IfName(end.name.into()));
    message.attributes.push(LinkAttribute::Mtu(end.mtu));
    message.attributes.extend(end.mac.map(|mac| LinkAttribute::Address(mac.to_vec())));
    message
}
