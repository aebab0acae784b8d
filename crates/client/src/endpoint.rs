//! Where the service is.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

const V4: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)), 80);
const V6: SocketAddr =
    SocketAddr::new(IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)), 80);

/// Which of the service's own addresses to use.
///
/// Parsed from `IPv4` or `IPv6`, in any case of letters.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum EndpointMode {
    /// `169.254.169.254`.
    Ipv4,
    /// `fd00:ec2::254`.
    Ipv6,
    /// Whichever accepts a connection first; IPv4 starts 100 ms earlier. The address that worked is
    /// remembered and tried first. The default; the settings of the AWS SDKs have no value for it.
    #[default]
    Either,
}

impl EndpointMode {
    /// The service's own addresses, in the order to try them.
    pub fn endpoint(self) -> Endpoint {
        let (host, addresses) = match self {
            Self::Ipv4 => ("169.254.169.254", vec![V4]),
            Self::Ipv6 => ("[fd00:ec2::254]", vec![V6]),
            Self::Either => ("169.254.169.254", vec![V4, V6]),
        };
        let host = host.to_owned();
        Endpoint { host, location: Location::Addresses(addresses), prefix: String::new() }
    }
}

/// Text that is not an [`EndpointMode`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected IPv4 or IPv6")]
pub struct ParseEndpointModeError(());

impl FromStr for EndpointMode {
    type Err = ParseEndpointModeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_ascii_lowercase().as_str() {
            "ipv4" => Ok(Self::Ipv4),
            "ipv6" => Ok(Self::Ipv6),
            _ => Err(ParseEndpointModeError(())),
        }
    }
}

/// The service's URL: `http://host[:port][/prefix]`.
///
/// ```
/// # use imds_client::Endpoint;
/// let endpoint: Endpoint = "http://127.0.0.1:1338/".parse()?;
/// assert_eq!(endpoint.to_string(), "http://127.0.0.1:1338");
/// assert!("https://example.com".parse::<Endpoint>().is_err());
/// # Ok::<_, imds_client::ParseEndpointError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Endpoint {
    /// As the `Host` field has it: with the port, if it is not 80.
    host: String,
    location: Location,
    /// What precedes every path; starts with a slash and ends without one, or is empty.
    prefix: String,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum Location {
    /// In the order to try them.
    Addresses(Vec<SocketAddr>),
    Name(String, u16),
}

impl Endpoint {
    /// The `Host` field of a request that is sent to this address.
    pub(crate) fn host_at(&self, address: SocketAddr) -> String {
        match &self.location {
            Location::Addresses(addresses) if addresses.len() > 1 => host(address),
            _ => self.host.clone(),
        }
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The addresses to connect to; none if the name cannot be resolved.
    pub(crate) async fn addresses(&self) -> Vec<SocketAddr> {
        match &self.location {
            Location::Addresses(addresses) => addresses.clone(),
            Location::Name(name, port) => tokio::net::lookup_host((name.as_str(), *port))
                .await
                .map(Iterator::collect)
                .unwrap_or_default(),
        }
    }
}

/// An address as a URL has it.
fn host(address: SocketAddr) -> String {
    match (address.ip(), address.port()) {
        (IpAddr::V4(ip), 80) => ip.to_string(),
        (IpAddr::V6(ip), 80) => format!("[{ip}]"),
        _ => address.to_string(),
    }
}

/// Text that is not an [`Endpoint`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected http://host, http://host:port or http://host:port/prefix")]
pub struct ParseEndpointError(());

impl FromStr for Endpoint {
    type Err = ParseEndpointError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const INVALID: ParseEndpointError = ParseEndpointError(());
        let rest = text.trim().strip_prefix("http://").ok_or(INVALID)?;
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"@?#\\".contains(&byte);
        if !rest.bytes().all(is_plain) {
            return Err(INVALID);
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (name, port) = match authority.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => {
                (name, port.parse().map_err(|_| INVALID)?)
            }
            _ => (authority, 80),
        };
        let bracketed = name.strip_prefix('[').and_then(|inner| inner.strip_suffix(']'));
        let address = match bracketed {
            Some(inner) => Some(IpAddr::V6(inner.parse().map_err(|_| INVALID)?)),
            None => name.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
        };
        if name.is_empty() || (bracketed.is_none() && name.contains(':')) {
            return Err(INVALID);
        }
        let location = match address {
            Some(address) => Location::Addresses(vec![SocketAddr::new(address, port)]),
            None => Location::Name(name.to_owned(), port),
        };
        let prefix = path.trim_end_matches('/').to_owned();
        Ok(Self { host: authority.to_owned(), location, prefix })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.host, self.prefix)?;
        match &self.location {
            Location::Addresses(addresses) if addresses.len() > 1 => {
                addresses[1..].iter().try_for_each(|it| write!(f, " or http://{}", host(*it)))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_addresses_names_ports_and_prefixes() {
        for (text, shown) in [
            ("http://169.254.169.254", "http://169.254.169.254"),
            ("http://169.254.169.254/", "http://169.254.169.254"),
            ("http://[fd00:ec2::254]", "http://[fd00:ec2::254]"),
            ("http://[::1]:1338/", "http://[::1]:1338"),
            ("http://imds.local:8080/mock/", "http://imds.local:8080/mock"),
        ] {
            assert_eq!(text.parse::<Endpoint>().map(|e| e.to_string()), Ok(shown.into()), "{text}");
        }
    }

    #[test]
    fn rejects_what_is_not_an_http_url() {
        assert_eq!(
            EndpointMode::Either.endpoint().to_string(),
            "http://169.254.169.254 or http://[fd00:ec2::254]"
        );
        for text in [
            "",
            "169.254.169.254",
            "https://x",
            "http://",
            "http://a:b",
            "http://a b",
            "http://::1",
            "http://[::1",
            "http://u@h",
            "http://h/?q",
            "http://h\r\nX: y",
        ] {
            assert!(text.parse::<Endpoint>().is_err(), "{text:?}");
        }
    }
}
