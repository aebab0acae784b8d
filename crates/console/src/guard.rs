//! What tells a request of the console's own pages, or of a program, from one that another site has a browser
//! send. It is checked before anything else, and for reading as well.

use std::net::{IpAddr, Ipv6Addr};

use hyper::header::{HOST, HeaderMap, HeaderName, ORIGIN};
use hyper::http::request::Parts;

/// Where a one-time code is shown: the only page to which other sites may lead.
pub(crate) const SIGN_IN: &str = "/sign-in";

/// Why a request is refused, whoever sends it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Forgery {
    /// It was sent to a name. Any name can be made to lead to this machine (DNS rebinding).
    Host,
    /// A page of another site sent it.
    Site,
}

impl Forgery {
    /// The reason, for whoever reads the response.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Host => "the Host header must name an IP address or localhost",
            Self::Site => "the request comes from a page of another site",
        }
    }
}

/// Refuses what another site may have sent. A program sends neither `Origin` nor `Sec-Fetch-Site`.
pub(crate) fn check(head: &Parts) -> Result<(), Forgery> {
    let host = one(&head.headers, &HOST).filter(|_| head.uri.authority().is_none());
    let host = host.filter(|host| is_address(host)).ok_or(Forgery::Host)?;
    let is_way_in = head.uri.path() == SIGN_IN && head.method.is_safe();
    let fetch_site = one_if_any(&head.headers, &HeaderName::from_static("sec-fetch-site"))?;
    let origin = one_if_any(&head.headers, &ORIGIN)?;
    let is_ours = match fetch_site {
        Some(site) => {
            is_way_in || site == "same-origin" || (site == "none" && head.method.is_safe())
        }
        None => true,
    };
    let is_from_here = origin.is_none_or(|origin| origin.strip_prefix("http://") == Some(host));
    if is_ours && is_from_here { Ok(()) } else { Err(Forgery::Site) }
}

/// Whether a host, which may have a port, is an IP address or `localhost`. Those cannot be made to lead
/// elsewhere, and a forwarded port (`ssh -L`) may have any number.
fn is_address(host: &str) -> bool {
    if let Some(rest) = host.strip_prefix('[') {
        let Some((address, port)) = rest.split_once(']') else { return false };
        let has_port = port.strip_prefix(':').is_some_and(is_port);
        return address.parse::<Ipv6Addr>().is_ok() && (port.is_empty() || has_port);
    }
    let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    let is_local = name == "localhost" || matches!(name.parse(), Ok(IpAddr::V4(_)));
    is_local && port.is_none_or(is_port)
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok()
}

/// The value of a field that is there once.
fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut all = headers.get_all(name).iter();
    let first = all.next()?.to_str().ok()?;
    all.next().is_none().then_some(first)
}

/// The value of a field that is there once or not at all.
fn one_if_any<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Forgery> {
    if headers.contains_key(name) {
        one(headers, name).map(Some).ok_or(Forgery::Site)
    } else {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    fn checked(method: &str, uri: &str, headers: &[(&str, &str)]) -> Result<(), Forgery> {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        check(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn only_addresses_and_localhost_are_hosts() {
        for host in
            ["127.0.0.1:1340", "localhost", "localhost:8080", "[::1]:1340", "[::1]", "192.0.2.1"]
        {
            assert_eq!(checked("GET", "/", &[("host", host)]), Ok(()), "{host}");
        }
        for host in [
            "console.example",
            "127.0.0.1.example:1340",
            "localhost.example",
            "",
            "::1",
            "[::1",
            "a@127.0.0.1",
        ] {
            assert_eq!(checked("GET", "/", &[("host", host)]), Err(Forgery::Host), "{host}");
        }
        assert_eq!(checked("GET", "/", &[]), Err(Forgery::Host));
        let twice = [("host", "127.0.0.1"), ("host", "a.example")];
        assert_eq!(checked("GET", "/", &twice), Err(Forgery::Host));
        let absolute = checked("GET", "http://a.example/", &[("host", "127.0.0.1")]);
        assert_eq!(absolute, Err(Forgery::Host));
    }

    #[test]
    fn other_sites_are_refused() {
        let here = ("host", "127.0.0.1:1340");
        for (method, path, header, is_allowed) in [
            ("POST", "/", ("origin", "http://127.0.0.1:1340"), true),
            ("POST", "/", ("origin", "http://127.0.0.1:8000"), false),
            ("POST", "/", ("origin", "http://localhost:1340"), false),
            ("POST", "/", ("origin", "https://127.0.0.1:1340"), false),
            ("POST", "/", ("origin", "null"), false),
            ("GET", "/", ("origin", "http://a.example"), false),
            ("POST", "/", ("sec-fetch-site", "same-origin"), true),
            ("POST", "/", ("sec-fetch-site", "none"), false),
            ("GET", "/", ("sec-fetch-site", "none"), true),
            ("GET", "/", ("sec-fetch-site", "same-site"), false),
            ("GET", "/", ("sec-fetch-site", "cross-site"), false),
            ("GET", SIGN_IN, ("sec-fetch-site", "cross-site"), true),
            ("POST", SIGN_IN, ("sec-fetch-site", "cross-site"), false),
            ("POST", "/", ("user-agent", "curl"), true),
        ] {
            let outcome = checked(method, path, &[here, header]);
            assert_eq!(outcome.is_ok(), is_allowed, "{method} {path} {header:?}");
        }
        let both = [here, ("origin", "http://127.0.0.1:1340"), ("origin", "http://a.example")];
        assert_eq!(checked("POST", "/", &both), Err(Forgery::Site));
    }
}
