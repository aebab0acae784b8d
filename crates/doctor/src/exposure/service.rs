//! The instance metadata service: with a token and without, at each of its addresses, through proxies and
//! along redirects.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::http::{Answer, Origin};
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

/// An address of the service, and how it is asked.
#[derive(Clone, Debug)]
pub(super) struct Place {
    name: String,
    origin: Result<Origin, String>,
}

/// All places in this process's own network.
pub(super) fn places(scope: &Scope) -> Vec<Place> {
    let mut places = usual("");
    // A filter of IPv4 connections may not see these.
    let mapped = SocketAddr::new(IpAddr::V6(IPV4.to_ipv6_mapped()), 80);
    places.push(Place {
        name: format!("[{}]", mapped.ip()),
        origin: Ok(direct(mapped, IPV4.to_string())),
    });
    let of_environment = scope.variables.get("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    let urls = scope.endpoint.iter().chain(of_environment);
    for url in urls {
        let origin = Origin::of_url(url).map(|(origin, path)| Origin {
            prefix: path.trim_end_matches('/').to_owned(),
            ..origin
        });
        places.push(Place { name: url.clone(), origin });
    }
    let mut proxies: Vec<_> =
        PROXIES.iter().filter_map(|name| scope.variables.get(*name)).collect();
    proxies.retain(|proxy| !proxy.is_empty());
    proxies.sort();
    proxies.dedup();
    for proxy in proxies {
        for host in [IPV4.to_string(), format!("[{IPV6}]")] {
            let server = proxy.rsplit('@').next().unwrap_or(proxy);
            let server = server.trim_start_matches("http://");
            places.push(Place {
                name: format!("{host} by the proxy {server}"),
                origin: by_proxy(proxy, &host),
            });
        }
    }
    places
}

/// The addresses of the service; `network` says in which network.
pub(super) fn usual(network: &str) -> Vec<Place> {
    let place = |address: IpAddr, host: String| Place {
        name: format!("{host}{network}"),
        origin: Ok(direct(SocketAddr::new(address, 80), host)),
    };
    vec![place(IPV4.into(), IPV4.to_string()), place(IPV6.into(), format!("[{IPV6}]"))]
}

fn direct(address: SocketAddr, host: String) -> Origin {
    Origin { address, host, prefix: String::new(), fields: String::new() }
}

fn by_proxy(proxy: &str, host: &str) -> Result<Origin, String> {
    // A proxy without a scheme is one for http.
    let url = if proxy.contains("://") { proxy.to_owned() } else { format!("http://{proxy}") };
    let (origin, _) = Origin::of_url(&url)?;
    let user = url.split_once("://").and_then(|(_, rest)| Some(rest.rsplit_once('@')?.0));
    let fields = user.map_or_else(String::new, |user| {
        format!("Proxy-Authorization: Basic {}\r\n", STANDARD.encode(user))
    });
    Ok(Origin { host: host.to_owned(), prefix: format!("http://{host}"), fields, ..origin })
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
}

impl Place {
    /// The ways to this place: without a token, and with one.
    fn ask(&self, patience: Duration) -> [Way; 2] {
        let way = |kind, open, seen| {
            let (access, seen) = match seen {
                Seen::Metadata(seen) => (open, seen),
                Seen::Nothing(seen) => (Access::Closed, seen),
            };
            Way { kind, place: self.name.clone(), access, seen }
        };
        let (without, with) = match &self.origin {
            Ok(origin) => (look(origin, "", patience), with_token(origin, patience)),
            Err(reason) => (Seen::Nothing(reason.clone()), Seen::Nothing(reason.clone())),
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
    let get = |path| follow(origin, path, fields, patience);
    match get(ROLES) {
        Ok((Answer { status: 200, body, .. }, via)) if is_role(body.trim()) => {
            Seen::Metadata(format!("gives the credentials of the role {}{via}", body.trim()))
        }
        Ok((Answer { status: 404 | 200, .. }, _)) => match get(INSTANCE_ID) {
            Ok((Answer { status: 200, body, .. }, via)) if body.trim().starts_with("i-") => {
                Seen::Metadata(format!(
                    "gives metadata, and credentials as soon as the instance has a role{via}"
                ))
            }
            Ok((Answer { status, .. }, _)) => {
                Seen::Nothing(format!("answers with {status}, not with metadata"))
            }
            Err(reason) => Seen::Nothing(reason),
        },
        Ok((Answer { status, .. }, _)) => Seen::Nothing(format!("refused with {status}")),
        Err(reason) => Seen::Nothing(reason),
    }
}

/// A GET that follows redirects; the second value names the last place where one led.
fn follow(
    origin: &Origin,
    path: &str,
    fields: &str,
    patience: Duration,
) -> Result<(Answer, String), String> {
    let mut answer = origin.ask("GET", path, fields, patience)?;
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
        answer = origin.ask("GET", &path, fields, patience)?;
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
        assert!(by_proxy("socks5://127.0.0.1:1080", "x").is_err());
    }
}
