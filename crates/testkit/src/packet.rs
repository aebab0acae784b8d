//! Captured frames, taken apart as far as the tests look at them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What a frame carried.
#[derive(Clone, Debug)]
pub enum Packet {
    /// A segment of a TCP connection.
    Tcp(Segment),
    /// A router's word that it dropped this segment, because its hop limit ran out.
    TimeExceeded(Segment),
}

/// A TCP segment and how far its packet may still travel.
#[derive(Clone, Debug)]
pub struct Segment {
    /// Who sent it.
    pub from: SocketAddr,
    /// The destination.
    pub to: SocketAddr,
    /// The TTL (IPv6: hop limit) that it was seen with.
    pub ttl: u8,
    /// Its first byte's number.
    pub sequence: u32,
    /// The number of the byte that its sender waits for.
    pub acknowledgement: u32,
    /// The flag byte; see [`Segment::FIN`].
    pub flags: u8,
    /// How much its sender would take, before scaling.
    pub window: u16,
    /// The bytes it carried.
    pub payload: Vec<u8>,
}

impl Packet {
    /// Takes an Ethernet frame apart; `None` where it is nothing that a [`Packet`] can be.
    pub fn parse(frame: &[u8]) -> Option<Self> {
        let ip = frame.get(14..)?;
        match frame[12..14] {
            [0x08, 0x00] => parse_ipv4(ip),
            [0x86, 0xdd] => parse_ipv6(ip),
            _ => None,
        }
    }
}

impl Segment {
    /// The sender will send no more (FIN).
    pub const FIN: u8 = 0x01;
    /// The sender has no such connection (RST).
    pub const RST: u8 = 0x04;

    /// Whether any of `flags` is set.
    pub fn has(&self, flags: u8) -> bool {
        self.flags & flags != 0
    }

    /// Whether it carries a byte that `other`, of the same direction, carries as well.
    pub fn overlaps(&self, other: &Self) -> bool {
        // Numbers wrap around; the distance between two segments of one test is short.
        let distance = i64::from(self.sequence.wrapping_sub(other.sequence).cast_signed());
        let length = |segment: &Self| i64::try_from(segment.payload.len()).unwrap_or(i64::MAX);
        distance < length(other) && -distance < length(self)
    }
}

fn parse_ipv4(ip: &[u8]) -> Option<Packet> {
    const TIME_EXCEEDED: u8 = 11;
    let header_len = usize::from(ip.first()? & 0x0f) * 4;
    let total_len = usize::from(u16_at(ip, 2)?);
    let address = |at: usize| -> Option<IpAddr> {
        let octets: [u8; 4] = ip.get(at..at + 4)?.try_into().ok()?;
        Some(Ipv4Addr::from(octets).into())
    };
    let body = ip.get(header_len..total_len.clamp(header_len, ip.len()))?;
    let ends = (address(12)?, address(16)?, *ip.get(8)?);
    parse_body(*ip.get(9)?, body, ends, (1, TIME_EXCEEDED), parse_ipv4)
}

fn parse_ipv6(ip: &[u8]) -> Option<Packet> {
    const HEADER_LEN: usize = 40;
    const TIME_EXCEEDED: u8 = 3;
    let body_len = usize::from(u16_at(ip, 4)?);
    let address = |at: usize| -> Option<IpAddr> {
        let octets: [u8; 16] = ip.get(at..at + 16)?.try_into().ok()?;
        Some(Ipv6Addr::from(octets).into())
    };
    let body = ip.get(HEADER_LEN..(HEADER_LEN + body_len).min(ip.len()))?;
    let ends = (address(8)?, address(24)?, *ip.get(7)?);
    parse_body(*ip.get(6)?, body, ends, (58, TIME_EXCEEDED), parse_ipv6)
}

/// `icmp` is the protocol's number in this family and its number for "time exceeded"; `parse` reads
/// the packet that such a message quotes.
fn parse_body(
    protocol: u8,
    body: &[u8],
    (from, to, ttl): (IpAddr, IpAddr, u8),
    icmp: (u8, u8),
    parse: fn(&[u8]) -> Option<Packet>,
) -> Option<Packet> {
    const TCP: u8 = 6;
    const ICMP_HEADER_LEN: usize = 8;
    if (protocol, *body.first()?) == icmp {
        return match parse(body.get(ICMP_HEADER_LEN..)?)? {
            Packet::Tcp(lost) => Some(Packet::TimeExceeded(lost)),
            Packet::TimeExceeded(_) => None,
        };
    }
    if protocol != TCP {
        return None;
    }
    let header_len = usize::from(*body.get(12)? >> 4) * 4;
    Some(Packet::Tcp(Segment {
        from: SocketAddr::new(from, u16_at(body, 0)?),
        to: SocketAddr::new(to, u16_at(body, 2)?),
        ttl,
        sequence: u32_at(body, 4)?,
        acknowledgement: u32_at(body, 8)?,
        flags: *body.get(13)?,
        window: u16_at(body, 14)?,
        payload: body.get(header_len..)?.to_vec(),
    }))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}
