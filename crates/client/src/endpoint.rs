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
pub enum Mode {
    /// `169.254.169.254`.
    #[default]
    Ipv4,
    /// `fd00:ec2::254`.
    Ipv6,
    /// Whichever answers first; IPv4 starts a little earlier. Only programs can ask for it: the
    /// AWS SDKs know no such value.
    Either,
}

impl Mode {
    /// The service's own addresses, in the order to try them.
    pub(crate) fn endpoint(self) -> Endpoint {
        let (host, addresses) = match self {
            Self::Ipv4 => ("169.254.169.254", vec![V4]),
            Self::Ipv6 => ("[fd00:ec2::254]", vec![V6]),
            Self::Either => ("169.254.169.254", vec![V4, V6]),
        };
        let place = Place::Addresses(addresses);
        Endpoint { host: host.to_owned(), place, prefix: String::new() }
    }
}

/// Text that is no [`Mode`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("write IPv4 or IPv6")]
pub struct ParseModeError(());

impl FromStr for Mode {
    type Err = ParseModeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_ascii_lowercase().as_str() {
            "ipv4" => Ok(Self::Ipv4),
            "ipv6" => Ok(Self::Ipv6),
            _ => Err(ParseModeError(())),
        }
    }
}

/// An HTTP address: `http://host[:port][/prefix]`.
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
    place: Place,
    /// What goes before every path; starts with a slash and ends without one, or is empty.
    prefix: String,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum Place {
    /// In the order to try them.
    Addresses(Vec<SocketAddr>),
    Name(String, u16),
}

impl Endpoint {
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The addresses to connect to; none if the name is not known.
    pub(crate) async fn addresses(&self) -> Vec<SocketAddr> {
        match &self.place {
            Place::Addresses(addresses) => addresses.clone(),
            Place::Name(name, port) => tokio::net::lookup_host((name.as_str(), *port))
                .await
                .map(Iterator::collect)
                .unwrap_or_default(),
        }
    }
}

/// Text that is no [`Endpoint`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("write http://host, with :port where it is not 80")]
pub struct ParseEndpointError(());

impl FromStr for Endpoint {
    type Err = ParseEndpointError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const REFUSED: ParseEndpointError = ParseEndpointError(());
        let rest = text.trim().strip_prefix("http://").ok_or(REFUSED)?;
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"@?#\\".contains(&byte);
        if !rest.bytes().all(is_plain) {
            return Err(REFUSED);
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (name, port) = match authority.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => {
                (name, port.parse().map_err(|_| REFUSED)?)
            }
            _ => (authority, 80),
        };
        let bracketed = name.strip_prefix('[').and_then(|inner| inner.strip_suffix(']'));
        let address = match bracketed {
            Some(inner) => Some(IpAddr::V6(inner.parse().map_err(|_| REFUSED)?)),
            None => name.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
        };
        if name.is_empty() || (bracketed.is_none() && name.contains(':')) {
            return Err(REFUSED);
        }
        let place = match address {
            Some(address) => Place::Addresses(vec![SocketAddr::new(address, port)]),
            None => Place::Name(name.to_owned(), port),
        };
        let prefix = path.trim_end_matches('/').to_owned();
        Ok(Self { host: authority.to_owned(), place, prefix })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.host, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_addresses_names_ports_and_prefixes() {
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
    fn refuses_what_is_no_http_address() {
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
