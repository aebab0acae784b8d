//! Where the requests of an instance come from.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use imds_core::network::Ipv6Cidr;

/// An address, or a block of addresses, that an instance's requests may come from. As text it is
/// `172.31.0.9` or `2001:db8:0:0:1::/80`.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Source {
    /// One address. IPv4 blocks, which are small, are said address by address.
    Address(IpAddr),
    /// An IPv6 block that is delegated to an interface.
    Block(Ipv6Cidr),
}

/// A text that is neither an address nor a block of IPv6 addresses.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is neither an IP address nor an IPv6 block such as 2001:db8:0:0:1::/80")]
pub struct NoSource(String);

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Block(block) => block.fmt(f),
        }
    }
}

impl FromStr for Source {
    type Err = NoSource;

    fn from_str(text: &str) -> Result<Self, NoSource> {
        let block = || text.parse().map(Self::Block).map_err(|_| NoSource(text.to_owned()));
        text.parse().map(Self::Address).or_else(|_| block())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_read_as_it_is_written() {
        for text in ["172.31.0.9", "2001:db8::9", "2001:db8:0:0:1::/80"] {
            assert_eq!(text.parse::<Source>().unwrap().to_string(), text);
        }
        assert!("172.31.0.0/28".parse::<Source>().is_err());
        assert!("nowhere".parse::<Source>().is_err());
    }
}
