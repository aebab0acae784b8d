//! The instance metadata service: with a token and without, at each of its addresses, through proxies and
//! along redirects.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::http::{Answer, Origin, Unasked};
use super::way::{Access, Scope, Way, at_once};

const IPV4: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);
const IPV6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

const TOKEN: &str = "/latest/api/token";
const ROLES: &str = "/latest/meta-data/iam/security-credentials/";
const INSTANCE_ID: &str = "/latest/meta-data/instance-id";

/// How many redirects are followed, one after the other.
const REDIRECTS: usize = 3;

/// Variables that name a proxy for http URLs.
const PROXIES: [&str; 4] = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];

/// Variables that name a proxy whose requests may be tunnelled.
const TUNNELS: [&str; 2] = ["https_proxy", "HTTPS_PROXY"];

/// An address of the service, and how it is asked.
#[derive(Clone, Debug)]
pub(super) struct Place {
    name: String,
    origin: Result<Origin, Unasked>,
}

/// All places in this process's own network.
pub(super) fn places(scope: &Scope) -> Vec<Place> {
    let mut places = usual("");
    // A filter of IPv4 connections may not see these.
    let mapped = IpAddr::V6(IPV4.to_ipv6_mapped());
    let origin = Origin::of_address(SocketAddr::new(mapped, 80), IPV4.to_string());
    places.push(Place { name: format!("[{mapped}]"), origin: Ok(origin) });
    let of_environment = scope.variables.get("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    let urls = scope.endpoint.iter().chain(of_environment);
    places.extend(urls.map(|url| {
        let origin = Origin::of_url(url).map(|(origin, path)| Origin {
            prefix: path.trim_end_matches('/').to_owned(),
            ..origin
        });
        Place { name: server_of(url).to_owned(), origin }
    }));
    let set = |names: &[&str]| -> BTreeSet<&String> {
        let values = names.iter().filter_map(|name| scope.variables.get(*name));
        values.filter(|value| !value.is_empty()).collect()
    };
    let plain = set(&PROXIES);
    let tunnels = plain.union(&set(&TUNNELS)).copied().collect::<BTreeSet<_>>();
    for host in [IPV4.to_string(), format!("[{IPV6}]")] {
        for proxy in &plain {
            let name = format!("{host} by the proxy {}", server_of(proxy));
            places.push(Place { name, origin: by_proxy(proxy, &host) });
        }
        for proxy in &tunnels {
            let name = format!("{host} through a tunnel of the proxy {}", server_of(proxy));
            places.push(Place { name, origin: through_tunnel(proxy, &host) });
        }
    }
    places
}

/// The addresses of the service; `network` says in which network.
pub(super) fn usual(network: &str) -> Vec<Place> {
    let place = |address: IpAddr, host: String| Place {
        name: format!("{host}{network}"),
        origin: Ok(Origin::of_address(SocketAddr::new(address, 80), host)),
    };
    vec![place(IPV4.into(), IPV4.to_string()), place(IPV6.into(), format!("[{IPV6}]"))]
}

/// A URL's server, without a user and password.
fn server_of(url: &str) -> &str {
    let server = url.split_once("://").map_or(url, |(_, server)| server);
    server.rsplit_once('@').map_or(server, |(_, server)| server)
}

fn by_proxy(proxy: &str, host: &str) -> Result<Origin, Unasked> {
    let origin = of_proxy(proxy)?;
    Ok(Origin { host: host.to_owned(), prefix: format!("http://{host}"), ..origin })
}

fn through_tunnel(proxy: &str, host: &str) -> Result<Origin, Unasked> {
    let origin = of_proxy(proxy)?;
    Ok(Origin { host: host.to_owned(), tunnel: Some(format!("{host}:80")), ..origin })
}

/// The proxy itself, with its password in a field.
fn of_proxy(proxy: &str) -> Result<Origin, Unasked> {
    // One without a scheme is one for http.
    let url = if proxy.contains("://") { proxy.to_owned() } else { format!("http://{proxy}") };
    let (origin, _) = Origin::of_url(&url)?;
    let user = url.split_once("://").and_then(|(_, rest)| Some(rest.rsplit_once('@')?.0));
    let fields = user.map_or_else(String::new, |user| {
        format!("Proxy-Authorization: Basic {}\r\n", STANDARD.encode(user))
    });
    Ok(Origin { fields, ..origin })
}

/// Asks at all places at once.
pub(super) fn ask_all(places: &[Place], patience: Duration) -> Vec<Way> {
    at_once(places, |place| place.ask(patience)).into_iter().flatten().collect()
}

/// What requests to a place show.
enum Seen {
    /// Metadata, as these words say.
    Metadata(String),
    /// Something else, or nothing.
    Nothing(String),
    /// Nothing is known.
    Untried(String),
}

impl From<Unasked> for Seen {
    fn from(unasked: Unasked) -> Self {
        match unasked {
            Unasked::Nobody(reason) => Self::Nothing(reason),
            Unasked::Untried(reason) => Self::Untried(reason),
        }
    }
}

impl Place {
    /// The ways to this place: without a token, and with one.
    fn ask(&self, patience: Duration) -> [Way; 2] {
        let way = |kind, open, seen| {
            let (access, seen) = match seen {
                Seen::Metadata(seen) => (open, seen),
                Seen::Nothing(seen) => (Access::Closed, seen),
                Seen::Untried(seen) => (Access::Untried, seen),
            };
            Way { kind, place: self.name.clone(), access, seen }
        };
        let (without, with) = match &self.origin {
            Ok(origin) => (look(origin, "", patience), with_token(origin, patience)),
            Err(unasked) => (unasked.clone().into(), unasked.clone().into()),
        };
        [way("IMDSv1", Access::WithoutToken, without), way("token", Access::WithToken, with)]
    }
}

fn with_token(origin: &Origin, patience: Duration) -> Seen {
    let fields = "X-aws-ec2-metadata-token-ttl-seconds: 60\r\nContent-Length: 0\r\n";
    match origin.ask("PUT", TOKEN, fields, patience) {
        Ok(Answer { status: 200, body, .. }) if is_field_value(body.trim()) => {
            look(origin, &format!("X-aws-ec2-metadata-token: {}\r\n", body.trim()), patience)
        }
        Ok(Answer { status, .. }) => Seen::Nothing(format!("no token, {status}")),
        Err(reason) => Seen::Nothing(format!("no token: {reason}")),
    }
}

/// Asks for the role, and if there is none for the instance's id. `fields` may hold a token.
fn look(origin: &Origin, fields: &str, patience: Duration) -> Seen {
    match follow(origin, ROLES, fields, patience) {
        Ok((Answer { status: 200, body, .. }, via)) if is_role(body.trim()) => {
            Seen::Metadata(format!("gives the credentials of the role {}{via}", body.trim()))
        }
        Ok((Answer { status: 404 | 200, .. }, _)) => {
            match follow(origin, INSTANCE_ID, fields, patience) {
                Ok((Answer { status: 200, body, .. }, via)) if body.trim().starts_with("i-") => {
                    Seen::Metadata(format!(
                        "gives metadata, and credentials as soon as the instance has a role{via}"
                    ))
                }
                Ok((Answer { status, .. }, _)) => {
                    Seen::Nothing(format!("answers with {status}, not with metadata"))
                }
                Err(seen) => seen,
            }
        }
        Ok((Answer { status, .. }, _)) => Seen::Nothing(format!("refused with {status}")),
        Err(seen) => seen,
    }
}

/// A GET that follows redirects; the second value names the last place where one led.
fn follow(
    origin: &Origin,
    path: &str,
    fields: &str,
    patience: Duration,
) -> Result<(Answer, String), Seen> {
    let get = |origin: &Origin, path: &str| {
        origin.ask("GET", path, fields, patience).map_err(Seen::Nothing)
    };
    let mut answer = get(origin, path)?;
    let mut origin = origin.clone();
    let mut via = String::new();
    for _ in 0..REDIRECTS {
        let (300..=399, Some(location)) = (answer.status, answer.location.take()) else { break };
        let path = if location.starts_with('/') {
            location
        } else {
            let (next, path) = Origin::of_url(&location)?;
            origin = next;
            path
        };
        via = format!(", redirected to {}", origin.host);
        answer = get(&origin, &path)?;
    }
    Ok((answer, via))
}

/// Whether a body may be a list of roles, not a page that answers everything.
fn is_role(body: &str) -> bool {
    // IAM's rule for names.
    let is_name = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
    (1..=64).contains(&body.len()) && body.chars().all(is_name)
}

fn is_field_value(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_told_from_pages() {
        assert!(is_role("web") && is_role("my.Role_1+x=y,z@a-b"));
        for page in ["", "<html>", "a b", "role\nother", &"x".repeat(65)] {
            assert!(!is_role(page), "{page}");
        }
    }

    #[test]
    fn proxies_get_absolute_targets_and_their_password() {
        let origin = by_proxy("http://user:word@127.0.0.1:3128", "169.254.169.254").unwrap();
        assert_eq!(origin.address.to_string(), "127.0.0.1:3128");
        assert_eq!(origin.prefix, "http://169.254.169.254");
        assert_eq!(origin.fields, "Proxy-Authorization: Basic dXNlcjp3b3Jk\r\n");
        assert!(by_proxy("127.0.0.1:3128", "x").is_ok());
        let tunnel = through_tunnel("http://127.0.0.1:3128", "[fd00:ec2::254]").unwrap();
        assert_eq!(tunnel.tunnel.as_deref(), Some("[fd00:ec2::254]:80"));
        assert!(matches!(by_proxy("socks5://127.0.0.1:1080", "x"), Err(Unasked::Untried(_))));
        assert_eq!(server_of("http://user:word@proxy:3128"), "proxy:3128");
    }
}
