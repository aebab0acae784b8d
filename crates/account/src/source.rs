//! Where the requests of an instance come from.

use std::collections::HashSet;
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

impl Source {
    /// All sources that have `address`: itself, and blocks of each size.
    pub fn with(address: IpAddr) -> impl Iterator<Item = Self> {
        let blocks = match address {
            IpAddr::V4(_) => None,
            IpAddr::V6(address) => {
                Some((0..=128).map(move |size| Self::Block(Ipv6Cidr::around(address, size))))
            }
        };
        std::iter::once(Self::Address(address)).chain(blocks.into_iter().flatten())
    }
}

/// The sources that instances have.
#[derive(Default)]
pub struct Sources {
    all: HashSet<Source>,
    /// Those of `all` that are blocks.
    blocks: Vec<Ipv6Cidr>,
}

impl Sources {
    /// Whether `source` has an address that is in the set.
    pub fn overlap(&self, source: Source) -> bool {
        let is_in = |address| self.blocks.iter().any(|block| block.contains(address));
        self.all.contains(&source)
            || match source {
                Source::Address(IpAddr::V4(_)) => false,
                Source::Address(IpAddr::V6(address)) => is_in(address),
                Source::Block(block) => {
                    // Of two blocks with an address in common, one has the other's first.
                    is_in(block.address())
                        || self.all.iter().any(|other| match other {
                            Source::Address(IpAddr::V6(address)) => block.contains(*address),
                            Source::Address(IpAddr::V4(_)) => false,
                            Source::Block(other) => block.contains(other.address()),
                        })
                }
            }
    }
}

impl Extend<Source> for Sources {
    fn extend<T: IntoIterator<Item = Source>>(&mut self, sources: T) {
        for source in sources {
            if let (true, Source::Block(block)) = (self.all.insert(source), source) {
                self.blocks.push(block);
            }
        }
    }
}

impl FromIterator<Source> for Sources {
    fn from_iter<T: IntoIterator<Item = Source>>(sources: T) -> Self {
        let mut set = Self::default();
        set.extend(sources);
        set
    }
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

    #[test]
    fn an_address_is_in_sources_that_have_it() {
        let with: Vec<_> = Source::with("2001:db8:0:0:1::7".parse().unwrap()).collect();
        for (text, has_it) in [
            ("2001:db8:0:0:1::7", true),
            ("2001:db8:0:0:1::/80", true),
            ("2001:db8::/64", true),
            ("2001:db8:0:0:1::6/127", true),
            ("2001:db8:0:0:1::8", false),
            ("2001:db8:0:0:2::/80", false),
        ] {
            assert_eq!(with.contains(&text.parse().unwrap()), has_it, "{text}");
        }
        let address = "172.31.0.9".parse().unwrap();
        assert!(Source::with(address).eq([Source::Address(address)]));
    }

    #[test]
    fn sources_overlap_where_an_address_is_in_both() {
        let source = |text: &str| text.parse::<Source>().unwrap();
        let set: Sources =
            ["172.31.0.9", "2001:db8::9", "2001:db8:0:0:1::/80"].map(source).into_iter().collect();
        for (other, overlaps) in [
            ("172.31.0.9", true),
            ("172.31.0.10", false),
            ("2001:db8::9", true),
            ("2001:db8::8", false),
            ("2001:db8:0:0:1::7", true),
            ("2001:db8:0:0:2::7", false),
            ("2001:db8:0:0:1::/80", true),
            ("2001:db8:0:0:1:8000::/84", true),
            ("2001:db8::/80", true),
            ("2001:db8::/64", true),
            ("2001:db8:0:0:2::/80", false),
        ] {
            assert_eq!(set.overlap(source(other)), overlaps, "{other}");
        }
    }
}
