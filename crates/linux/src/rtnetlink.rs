//! Messages of route netlink as bytes, rtnetlink(7): a header, a part of fixed size that the kind of
//! message decides, and attributes behind it. Numbers are in the machine's byte order, all begins at a
//! multiple of four bytes.
//!
//! Only what this crate asks and reads: a crate that knows all of rtnetlink, and what it depends on, took an
//! eighth of the time that a release build of `imds` took.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The size of a message's header (`struct nlmsghdr`).
const HEADER: usize = 16;

/// The kernel's header of an attribute: length and kind.
const ATTRIBUTE_HEADER: usize = 4;

/// The bits of an attribute's kind that only say how it is written (`NLA_F_NESTED` and the like).
const KIND_MASK: u16 = 0x3fff;

// What libc lacks, or has in another width than messages do.
// `linux/netlink.h`
pub(crate) const NLM_F_REQUEST: u16 = 0x1;
pub(crate) const NLM_F_ACK: u16 = 0x4;
pub(crate) const NLM_F_DUMP: u16 = 0x300;
pub(crate) const NLM_F_EXCL: u16 = 0x200;
pub(crate) const NLM_F_CREATE: u16 = 0x400;
pub(crate) const NLMSG_ERROR: u16 = 2;
pub(crate) const NLMSG_DONE: u16 = 3;
// `linux/socket.h`, `linux/if.h`
pub(crate) const AF_INET: u8 = 2;
pub(crate) const AF_INET6: u8 = 10;
pub(crate) const IFF_UP: u32 = 0x1;
pub(crate) const IFF_NOARP: u32 = 0x80;
pub(crate) const IFF_LOWER_UP: u32 = 0x10000;
// `linux/veth.h`, `linux/if_link.h`, `linux/rtnetlink.h`
pub(crate) const VETH_INFO_PEER: u16 = 1;
pub(crate) const IFLA_INET6_ADDR_GEN_MODE: u16 = 8;
pub(crate) const IN6_ADDR_GEN_MODE_NONE: u8 = 1;
/// The gateway is on the interface's link, whatever other routes say.
pub(crate) const RTNH_F_ONLINK: u32 = 0x4;

/// A message to the kernel.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// `RTM_…`
    pub(crate) kind: u16,
    pub(crate) body: Body,
}

/// The fixed part of a message, and the attributes behind it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Body(Vec<u8>);

impl Body {
    /// Of a route (`struct rtmsg`).
    pub(crate) fn route(header: RouteHeader) -> Self {
        let RouteHeader { family, prefix_len, table, protocol, scope, kind, flags } = header;
        let mut bytes = vec![family, prefix_len, 0, 0, table, protocol, scope, kind];
        bytes.extend(flags.to_ne_bytes());
        Self(bytes)
    }

    /// Of an interface (`struct ifinfomsg`); index 0 is none, or one that the kernel chooses.
    pub(crate) fn link(index: u32) -> Self {
        Self::link_flags(index, 0)
    }

    /// Of an interface that gets these flags.
    pub(crate) fn link_flags(index: u32, flags: u32) -> Self {
        Self([0, index, flags, flags].iter().flat_map(|word| word.to_ne_bytes()).collect())
    }

    /// Of an interface's address (`struct ifaddrmsg`).
    pub(crate) fn address(family: u8, prefix_len: u8, scope: u8, index: u32) -> Self {
        let mut bytes = vec![family, prefix_len, 0, scope];
        bytes.extend(index.to_ne_bytes());
        Self(bytes)
    }

    /// Of a neighbour (`struct ndmsg`).
    pub(crate) fn neighbour(family: u8, index: u32, state: u16) -> Self {
        let mut bytes = vec![family, 0, 0, 0];
        bytes.extend(index.to_ne_bytes());
        bytes.extend(state.to_ne_bytes());
        bytes.extend([0, 0]);
        Self(bytes)
    }

    /// Adds an attribute.
    pub(crate) fn bytes(mut self, kind: u16, value: &[u8]) -> Self {
        // None is longer than a name, an alias or a few others.
        let length = u16::try_from(ATTRIBUTE_HEADER + value.len()).unwrap_or(u16::MAX);
        self.0.extend(length.to_ne_bytes());
        self.0.extend(kind.to_ne_bytes());
        self.0.extend(value);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        self
    }

    /// Adds a number.
    pub(crate) fn number(self, kind: u16, value: u32) -> Self {
        self.bytes(kind, &value.to_ne_bytes())
    }

    /// Adds a text; the kernel wants its end marked.
    pub(crate) fn text(self, kind: u16, value: &str) -> Self {
        self.bytes(kind, &[value.as_bytes(), b"\0"].concat())
    }

    /// Adds an IP address.
    pub(crate) fn ip(self, kind: u16, address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => self.bytes(kind, &address.octets()),
            IpAddr::V6(address) => self.bytes(kind, &address.octets()),
        }
    }

    /// Adds attributes within an attribute, perhaps with a fixed part of their own.
    pub(crate) fn nested(self, kind: u16, value: &Self) -> Self {
        self.bytes(kind, &value.0)
    }
}

impl Message {
    /// Appends the message to `bytes`.
    pub(crate) fn append(&self, flags: u16, sequence: u32, bytes: &mut Vec<u8>) {
        let length = u32::try_from(HEADER + self.body.0.len()).unwrap_or(u32::MAX);
        bytes.extend(length.to_ne_bytes());
        bytes.extend(self.kind.to_ne_bytes());
        bytes.extend(flags.to_ne_bytes());
        bytes.extend(sequence.to_ne_bytes());
        // The kernel fills in who sends.
        bytes.extend([0; 4]);
        bytes.extend(&self.body.0);
    }
}

/// A message from the kernel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Received<'a> {
    /// `RTM_…` or `NLMSG_…`
    pub(crate) kind: u16,
    /// That of the message which it answers.
    pub(crate) sequence: u32,
    body: &'a [u8],
}

impl<'a> Received<'a> {
    /// The first message of a datagram, and what follows it; `None` where it is cut.
    pub(crate) fn first(datagram: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let length = usize::try_from(number(datagram)?).ok()?;
        let message = datagram.get(..length)?;
        let kind = u16::from_ne_bytes(*message.get(4..)?.first_chunk()?);
        let sequence = number(message.get(8..)?)?;
        let rest = datagram.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((Self { kind, sequence, body: message.get(HEADER..)? }, rest))
    }

    /// What an `NLMSG_ERROR` or `NLMSG_DONE` says: 0, or the error as a number below 0.
    pub(crate) fn outcome(self) -> i32 {
        number(self.body).map_or(0, u32::cast_signed)
    }

    /// An interface's index, its flags (`IFF_…`), and its attributes.
    pub(crate) fn link(self) -> Option<(u32, u32, Attributes<'a>)> {
        let (fixed, attributes) = self.body.split_first_chunk::<16>()?;
        Some((number(&fixed[4..])?, number(&fixed[8..])?, Attributes(attributes)))
    }

    /// The scope of an address, the index of its interface, and its attributes.
    pub(crate) fn address(self) -> Option<(u8, u32, Attributes<'a>)> {
        let (fixed, attributes) = self.body.split_first_chunk::<8>()?;
        Some((fixed[3], number(&fixed[4..])?, Attributes(attributes)))
    }

    /// A route, and its attributes.
    pub(crate) fn route(self) -> Option<(RouteHeader, Attributes<'a>)> {
        let (fixed, attributes) = self.body.split_first_chunk::<12>()?;
        let [family, prefix_len, _, _, table, protocol, scope, kind, ..] = *fixed;
        let flags = number(&fixed[8..])?;
        let header = RouteHeader { family, prefix_len, table, protocol, scope, kind, flags };
        Some((header, Attributes(attributes)))
    }
}

/// The fixed part of a route (`struct rtmsg`) but for what is always 0 here.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct RouteHeader {
    /// `AF_…`
    pub(crate) family: u8,
    /// Of the destination.
    pub(crate) prefix_len: u8,
    /// `RT_TABLE_…`; the attribute `RTA_TABLE` has those above 255.
    pub(crate) table: u8,
    /// `RTPROT_…`
    pub(crate) protocol: u8,
    /// `RT_SCOPE_…`
    pub(crate) scope: u8,
    /// `RTN_…`
    pub(crate) kind: u8,
    /// `RTNH_F_…`
    pub(crate) flags: u32,
}

/// Attributes of a message from the kernel. One that is cut ends them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attributes<'a>(&'a [u8]);

impl<'a> Attributes<'a> {
    /// The first attribute of this kind.
    fn find(self, kind: u16) -> Option<&'a [u8]> {
        let mut rest = self.0;
        loop {
            let length = usize::from(u16::from_ne_bytes(*rest.first_chunk()?));
            let attribute = rest.get(..length)?;
            let its_kind = u16::from_ne_bytes(*attribute.get(2..)?.first_chunk()?);
            let value = attribute.get(ATTRIBUTE_HEADER..)?;
            if its_kind & KIND_MASK == kind {
                return Some(value);
            }
            rest = rest.get(length.next_multiple_of(4)..)?;
        }
    }

    /// A number.
    pub(crate) fn number(self, kind: u16) -> Option<u32> {
        number(self.find(kind)?)
    }

    /// A text, without the mark of its end.
    pub(crate) fn text(self, kind: u16) -> Option<String> {
        let bytes = self.find(kind)?;
        let text = bytes.strip_suffix(b"\0").unwrap_or(bytes);
        Some(String::from_utf8_lossy(text).into_owned())
    }

    /// An IP address.
    pub(crate) fn ip(self, kind: u16) -> Option<IpAddr> {
        let bytes = self.find(kind)?;
        let v4 = || <[u8; 4]>::try_from(bytes).ok().map(|octets| Ipv4Addr::from(octets).into());
        let v6 = || <[u8; 16]>::try_from(bytes).ok().map(|octets| Ipv6Addr::from(octets).into());
        v4().or_else(v6)
    }
}

/// The number at the beginning of `bytes`.
fn number(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().copied().map(u32::from_ne_bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn received(bytes: &[u8]) -> Received<'_> {
        Received::first(bytes).unwrap().0
    }

    #[test]
    fn what_is_written_is_read() {
        let address: IpAddr = "2001:db8::1".parse().unwrap();
        let header = RouteHeader {
            family: 10,
            prefix_len: 64,
            table: 254,
            protocol: 4,
            scope: 253,
            kind: 1,
            flags: RTNH_F_ONLINK,
        };
        let route = Body::route(header).number(4, 7).ip(1, address).text(3, "odd").bytes(9, &[]);
        let mut bytes = Vec::new();
        Message { kind: 24, body: route }.append(5, 42, &mut bytes);
        Message { kind: 16, body: Body::link(3).text(3, "lo") }.append(5, 43, &mut bytes);

        let (first, rest) = Received::first(&bytes).unwrap();
        assert_eq!((first.kind, first.sequence), (24, 42));
        let (its_header, attributes) = first.route().unwrap();
        assert_eq!(its_header, header);
        assert_eq!((attributes.ip(1), attributes.number(4)), (Some(address), Some(7)));
        assert_eq!(attributes.text(3).as_deref(), Some("odd"));
        assert_eq!((attributes.number(9), attributes.number(8)), (None, None));

        let (second, rest) = Received::first(rest).unwrap();
        let (index, _, attributes) = second.link().unwrap();
        assert_eq!((index, attributes.text(3).as_deref(), rest.len()), (3, Some("lo"), 0));
    }

    #[test]
    fn a_refusal_is_below_zero() {
        let refusal = Message { kind: 2, body: Body((-17_i32).to_ne_bytes().to_vec()) };
        let mut bytes = Vec::new();
        refusal.append(0, 0, &mut bytes);
        assert_eq!(received(&bytes).outcome(), -17);
    }

    #[test]
    fn what_is_cut_is_no_message() {
        let mut bytes = Vec::new();
        Message { kind: 16, body: Body::link(3) }.append(0, 0, &mut bytes);
        for length in 0..bytes.len() {
            assert!(Received::first(&bytes[..length]).is_none(), "{length}");
        }
        let short = [8_u32.to_ne_bytes(), [0; 4]].concat();
        assert!(Received::first(&short).is_none(), "shorter than a header");
    }

    fn read_all(datagram: &[u8]) {
        let mut rest = datagram;
        while let Some((message, more)) = Received::first(rest) {
            let _ = (message.outcome(), message.route().map(|(header, _)| header));
            let [link, address] = [message.link().map(|it| it.2), message.address().map(|it| it.2)];
            let route = message.route().map(|it| it.1);
            for attributes in [link, address, route].into_iter().flatten() {
                for kind in 0..16 {
                    let _ = (attributes.number(kind), attributes.text(kind), attributes.ip(kind));
                }
            }
            assert!(more.len() < rest.len());
            rest = more;
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            read_all(&bytes);
            // Most are no message; as a body they are.
            let mut message = Vec::new();
            Message { kind: 16, body: Body(bytes) }.append(0, 0, &mut message);
            read_all(&message);
        }

        #[test]
        fn no_change_of_a_message_panics(
            changes in prop::collection::vec((0..160_usize, any::<u8>()), 1..8),
        ) {
            let address = "192.0.2.1".parse().unwrap();
            let body = Body::link(3).text(3, "eth0").number(4, 1500).ip(1, address);
            let mut bytes = Vec::new();
            for sequence in 0..2 {
                Message { kind: 16, body: body.clone() }.append(0, sequence, &mut bytes);
            }
            for (index, byte) in changes {
                let index = index % bytes.len();
                bytes[index] = byte;
            }
            read_all(&bytes);
        }
    }
}
