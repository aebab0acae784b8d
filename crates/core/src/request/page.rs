//! Whether a page in a browser may have sent a request.
//!
//! A browser lets any page send requests to this machine, and by DNS rebinding read the answers: the page's
//! own host name is made to mean this machine. It tells by header fields that programs do not send. A page
//! cannot change them.

use std::net::IpAddr;

use super::field::Field;

/// The header fields that tell.
#[derive(Clone, Copy, Debug)]
pub struct Sender<'a> {
    /// `Host`.
    pub host: Field<'a>,
    /// `Referer`.
    pub referer: Field<'a>,
    /// `Sec-Fetch-Site`. Of its family only this one tells: Node.js sends `Sec-Fetch-Mode` too.
    pub fetch_site: Field<'a>,
    /// Whether there is an `Origin`.
    pub has_origin: bool,
}

/// Endings of names that nobody can register, so that no page has such a name.
const RESERVED: [&str; 3] = [".localhost", ".internal", ".test"];

impl Sender<'_> {
    /// Nothing is known.
    pub const UNKNOWN: Self = Self {
        host: Field::Absent,
        referer: Field::Absent,
        fetch_site: Field::Absent,
        has_origin: false,
    };

    /// Whether a page in a browser may have sent it. A person who types the address has not a page do it.
    pub fn is_page(&self) -> bool {
        let is_foreign = |field: Field<'_>, is_local: fn(&[u8]) -> bool| match field {
            Field::Absent => false,
            Field::Given(value) => !is_local(value),
            Field::Repeated => true,
        };
        self.has_origin
            || is_foreign(self.fetch_site, |site| site == b"none")
            || is_foreign(self.host, is_local_authority)
            || is_foreign(self.referer, is_local_url)
    }
}

/// Whether `host`, with or without a port, cannot be the name of a page elsewhere.
fn is_local_authority(authority: &[u8]) -> bool {
    let Ok(authority) = std::str::from_utf8(authority) else { return false };
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => authority.split(':').next().unwrap_or(authority),
    };
    if host.parse::<IpAddr>().is_ok() {
        return true;
    }
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    !name.contains('.') || RESERVED.iter().any(|ending| name.ends_with(ending))
}

fn is_local_url(url: &[u8]) -> bool {
    let Ok(url) = std::str::from_utf8(url) else { return false };
    let rest = url.split_once("://").map(|(_, rest)| rest);
    let authority = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    authority.is_some_and(|it| !it.contains('@') && is_local_authority(it.as_bytes()))
}

#[cfg(test)]
mod tests {
    use crate::request::{Parsed, Request};

    fn is_page(fields: &str) -> bool {
        let request = format!("GET / HTTP/1.1\r\n{fields}\r\n");
        match Request::parse(request.as_bytes()) {
            Parsed::Complete(request, _) => request.sender.is_page(),
            other => panic!("{fields}: {other:?}"),
        }
    }

    #[test]
    fn programs_are_not_pages() {
        for host in [
            "169.254.169.254",
            "[fd00:ec2::254]",
            "[::1]:1338",
            "127.0.0.1:1338",
            "127.0.0.2",
            "localhost:1338",
            "LOCALHOST.",
            "imds.localhost",
            "instance-data",
            "instance-data.ec2.internal",
            "host.docker.internal:1338",
            // A container's name, and a service's in Docker Compose.
            "imds:1338",
            "",
        ] {
            assert!(!is_page(&format!("Host: {host}\r\n")), "{host}");
        }
        assert!(!is_page(""), "HTTP/1.0");
        assert!(!is_page("Host: localhost\r\nSec-Fetch-Mode: cors\r\nUser-Agent: node\r\n"));
        let typed = "Host: localhost\r\nSec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\n";
        assert!(!is_page(typed));
        assert!(!is_page("Host: localhost\r\nReferer: http://localhost:1338/latest/\r\n"));
    }

    #[test]
    fn pages_are_known_by_what_browsers_send() {
        for fields in [
            "Host: page.example\r\n",
            "Host: page.example.:1338\r\n",
            "Host: localhost.page.example\r\n",
            "Host: 127.0.0.1.page.example\r\n",
            "Host: localhost\r\nHost: page.example\r\n",
            "Host: localhost\r\nOrigin: http://page.example\r\n",
            "Host: localhost\r\nOrigin: null\r\n",
            "Host: localhost\r\nSec-Fetch-Site: cross-site\r\n",
            "Host: localhost\r\nSEC-FETCH-SITE: same-origin\r\n",
            "Host: localhost\r\nReferer: https://page.example/\r\n",
            "Host: localhost\r\nReferer: http://localhost@page.example/\r\n",
            "Host: localhost\r\nReferer: about:blank\r\n",
        ] {
            assert!(is_page(fields), "{fields}");
        }
    }
}
