//! IPv4 and IPv6, and the service's address in each.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The service's addresses, as on EC2.
pub(super) const SERVICE_V4: SocketAddr =
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)), 80);
pub(super) const SERVICE_V6: SocketAddr =
    SocketAddr::new(IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)), 80);

/// IPv4 or IPv6.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[allow(missing_docs)]
pub enum Family {
    Ipv4,
    Ipv6,
}

impl Family {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Ipv4, Self::Ipv6];

    /// Where the service is.
    pub fn service(self) -> SocketAddr {
        match self {
            Self::Ipv4 => SERVICE_V4,
            Self::Ipv6 => SERVICE_V6,
        }
    }

    /// As in a test's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
        }
    }
}
