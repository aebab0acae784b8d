//! Hardware addresses and blocks of IP addresses.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::ids::Invalid;

/// A hardware address; written in lower case with colons.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Mac(pub [u8; 6]);

/// A block of IPv4 addresses.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Ipv4Cidr {
    address: Ipv4Addr,
    prefix: u8,
}

/// A block of IPv6 addresses.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Ipv6Cidr {
    address: Ipv6Addr,
    prefix: u8,
}

/// Whether a network interface can have this address. Loopback can be one: the address says which
/// instance a request is from, and on one machine that is all there is. Not 0.0.0.0/8, link-local,
/// multicast and broadcast ones, which EC2 has no subnets for, nor IPv4 addresses that are written as
/// IPv6.
pub fn is_assignable(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let is_this_network = address.octets()[0] == 0;
            !(is_this_network
                || address.is_link_local()
                || address.is_multicast()
                || address.is_broadcast())
        }
        IpAddr::V6(address) => {
            !(address.is_unspecified()
                || address.is_unicast_link_local()
                || address.is_multicast()
                || address.to_ipv4_mapped().is_some())
        }
    }
}

impl Ipv4Cidr {
    /// The block of so large a `prefix` (at most 32 bits) that `address` is in.
    pub fn around(address: Ipv4Addr, prefix: u8) -> Self {
        let prefix = prefix.min(32);
        Self { address: (address.to_bits() & mask4(prefix)).into(), prefix }
    }

    /// The first address.
    pub fn address(self) -> Ipv4Addr {
        self.address
    }

    /// How many leading bits are fixed, 0 to 32.
    pub fn prefix(self) -> u8 {
        self.prefix
    }

    /// Whether `address` is in the block.
    pub fn contains(self, address: Ipv4Addr) -> bool {
        Self::around(address, self.prefix) == self
    }

    /// All addresses of the block.
    pub fn addresses(self) -> impl Iterator<Item = Ipv4Addr> {
        let first = self.address.to_bits();
        (first..=first | !mask4(self.prefix)).map(Ipv4Addr::from)
    }
}

impl Ipv6Cidr {
    /// The block of so large a `prefix` (at most 128 bits) that `address` is in.
    pub fn around(address: Ipv6Addr, prefix: u8) -> Self {
        let prefix = prefix.min(128);
        Self { address: (address.to_bits() & mask6(prefix)).into(), prefix }
    }

    /// The first address.
    pub fn address(self) -> Ipv6Addr {
        self.address
    }

    /// How many leading bits are fixed, 0 to 128.
    pub fn prefix(self) -> u8 {
        self.prefix
    }

    /// Whether `address` is in the block.
    pub fn contains(self, address: Ipv6Addr) -> bool {
        Self::around(address, self.prefix) == self
    }

    /// The block without `::`, as the metadata has those of subnets and VPCs:
    /// `2600:1f16:67f:f201:0:0:0:0/64`.
    pub fn in_full(self) -> String {
        let segments = self.address.segments().map(|segment| format!("{segment:x}"));
        format!("{}/{}", segments.join(":"), self.prefix)
    }
}

fn mask4(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

fn mask6(prefix: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0)
}

impl FromStr for Mac {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let octets = || -> Option<[u8; 6]> {
            let mut octets = text.split(':');
            let mut mac = [0; 6];
            for byte in &mut mac {
                let digits = octets.next().filter(|o| o.len() == 2 && !o.starts_with('+'))?;
                *byte = u8::from_str_radix(digits, 16).ok()?;
            }
            octets.next().is_none().then_some(mac)
        };
        octets()
            .map(Self)
            .ok_or_else(|| Invalid::new("MAC address", text, "it is written as 0e:49:61:0f:c3:11"))
    }
}

/// Splits `address/prefix`, the address being the block's first.
fn parse_block<A: FromStr + PartialEq + Copy, B>(
    text: &str,
    most: u8,
    around: fn(A, u8) -> B,
    first: fn(&B) -> A,
) -> Option<B> {
    let (address, prefix) = text.split_once('/')?;
    let address: A = address.parse().ok()?;
    let prefix: u8 = prefix.parse().ok().filter(|prefix| *prefix <= most)?;
    Some(around(address, prefix)).filter(|block| first(block) == address)
}

impl FromStr for Ipv4Cidr {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        parse_block(text, 32, Self::around, |block| block.address).ok_or_else(|| {
            let rule = "it is a block's first address and its prefix, such as 10.0.0.0/24";
            Invalid::new("IPv4 block", text, rule)
        })
    }
}

impl FromStr for Ipv6Cidr {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        parse_block(text, 128, Self::around, |block| block.address).ok_or_else(|| {
            let rule = "it is a block's first address and its prefix, such as 2001:db8::/64";
            Invalid::new("IPv6 block", text, rule)
        })
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            let colon = if index == 0 { "" } else { ":" };
            write!(f, "{colon}{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Ipv4Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl fmt::Display for Ipv6Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_hold_their_addresses() {
        let block: Ipv4Cidr = "10.0.16.0/20".parse().unwrap();
        assert_eq!(block, Ipv4Cidr::around("10.0.31.255".parse().unwrap(), 20));
        assert!(!block.contains("10.0.32.0".parse().unwrap()));
        assert!(Ipv4Cidr::around(Ipv4Addr::LOCALHOST, 0).contains(Ipv4Addr::BROADCAST));
        let block: Ipv6Cidr = "2001:db8:1::/48".parse().unwrap();
        assert!(block.contains("2001:db8:1:2::3".parse().unwrap()));
        assert!(!block.contains("2001:db8:2::".parse().unwrap()));
        for bad in ["10.0.0.1/24", "10.0.0.0/33", "10.0.0.0", "10.0.0.0/", "::/0"] {
            assert!(bad.parse::<Ipv4Cidr>().is_err(), "{bad}");
        }
        for bad in ["2001:db8::1/64", "::/129", "2001:db8::", "0.0.0.0/0"] {
            assert!(bad.parse::<Ipv6Cidr>().is_err(), "{bad}");
        }
    }

    #[test]
    fn ipv6_blocks_can_be_written_in_full() {
        let block: Ipv6Cidr = "2600:1f16:67f:f201::/64".parse().unwrap();
        assert_eq!(block.to_string(), "2600:1f16:67f:f201::/64");
        assert_eq!(block.in_full(), "2600:1f16:67f:f201:0:0:0:0/64");
    }

    #[test]
    fn hardware_addresses_are_six_octets() {
        let mac: Mac = "0E:49:61:0f:c3:11".parse().unwrap();
        assert_eq!(mac.to_string(), "0e:49:61:0f:c3:11");
        for bad in
            ["", "0e:49:61:0f:c3", "0e:49:61:0f:c3:11:00", "0e:49:61:0f:c3:+1", "e:4:6:f:c:1"]
        {
            assert!(bad.parse::<Mac>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_address_is_assignable_or_not() {
        let of = |text: &str| is_assignable(text.parse().unwrap());
        for good in
            ["10.0.0.1", "127.0.0.7", "172.31.0.4", "240.0.0.1", "::1", "2001:db8::7", "fd00::1"]
        {
            assert!(of(good), "{good}");
        }
        for bad in [
            "0.0.0.0",
            "0.1.2.3",
            "169.254.1.1",
            "224.0.0.1",
            "239.1.1.1",
            "255.255.255.255",
            "::",
            "fe80::1",
            "ff02::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(!of(bad), "{bad}");
        }
    }
}
