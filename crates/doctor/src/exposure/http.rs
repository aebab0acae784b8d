//! One request on a connection of its own, and its response. Blocks.

use std::fmt::Write as _;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::{Duration, Instant};

/// How long a connection may take. TCP sends a lost SYN again after 1 s.
const CONNECT: Duration = Duration::from_millis(1200);
/// The longest response, in bytes: credentials take about 1,500.
const LIMIT: usize = 64 << 10;
const MAX_FIELDS: usize = 64;

/// Where a request goes: a server, and what its targets begin with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Origin {
    pub(super) address: SocketAddr,
    /// The `Host` field.
    pub(super) host: String,
    /// What comes before a path: empty, or `http://169.254.169.254` for a proxy.
    pub(super) prefix: String,
    /// Further header fields, each with its line end.
    pub(super) fields: String,
}

/// The parts of a response that matter here.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) location: Option<String>,
    pub(super) body: String,
}

impl Origin {
    /// The server of a URL with the scheme `http`, and the path in it.
    pub(super) fn of_url(url: &str) -> Result<(Self, String), String> {
        let rest = url.strip_prefix("http://").ok_or("it is not an http URL")?;
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        // Without user and password.
        let host = host.rsplit('@').next().unwrap_or(host);
        let has_port = host.rsplit_once(':').is_some_and(|(name, port)| {
            (!name.contains(':') || name.ends_with(']')) && port.parse::<u16>().is_ok()
        });
        let with_port = if has_port { host.to_owned() } else { format!("{host}:80") };
        let address = with_port.to_socket_addrs().ok().and_then(|mut all| all.next());
        let address = address.ok_or_else(|| format!("{host} has no address"))?;
        let origin =
            Self { address, host: host.to_owned(), prefix: String::new(), fields: String::new() };
        Ok((origin, path.to_owned()))
    }

    /// Sends a request and reads the response; else what happened. `fields` end with a line end each.
    pub(super) fn ask(
        &self,
        method: &str,
        path: &str,
        fields: &str,
        patience: Duration,
    ) -> Result<Answer, String> {
        let deadline = Instant::now() + patience;
        let mut stream = TcpStream::connect_timeout(&self.address, CONNECT.min(patience))
            .map_err(|error| format!("no connection ({error})"))?;
        let mut head =
            format!("{method} {}{path} HTTP/1.1\r\nHost: {}\r\n", self.prefix, self.host);
        // Writing to a string cannot fail.
        let _ = write!(
            head,
            "User-Agent: imds-doctor/{}\r\nAccept: */*\r\nConnection: close\r\n{}{fields}\r\n",
            env!("CARGO_PKG_VERSION"),
            self.fields
        );
        // A failure to send shows when the response is read.
        let _ = stream.write_all(head.as_bytes());
        let mut bytes = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let no_response = || format!("no response within {:.1} s", patience.as_secs_f64());
            if left.is_zero() {
                return Err(no_response());
            }
            let read = stream.set_read_timeout(Some(left)).and_then(|()| stream.read(&mut buffer));
            let is_all = match read {
                Ok(count) => {
                    bytes.extend_from_slice(&buffer[..count]);
                    count == 0 || bytes.len() > LIMIT
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => false,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Err(no_response()),
                // A reset after the last byte is an end like any other.
                Err(_) => true,
            };
            if let Some(answer) = parse(&bytes, is_all)? {
                return Ok(answer);
            }
        }
    }
}

/// The response in these bytes; `None` if more are needed.
fn parse(bytes: &[u8], is_all: bool) -> Result<Option<Answer>, String> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut head = httparse::Response::new(&mut fields);
    let length = match head.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) if is_all => {
            return Err("the connection ended without a response".to_owned());
        }
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err("the response is not HTTP".to_owned()),
    };
    let field = |name: &str| {
        let found = head.headers.iter().find(|field| field.name.eq_ignore_ascii_case(name));
        found.and_then(|field| std::str::from_utf8(field.value).ok()).map(str::trim)
    };
    let body = &bytes[length..];
    let wanted = field("content-length").and_then(|length| length.parse::<usize>().ok());
    let is_complete = is_all || wanted.is_some_and(|wanted| body.len() >= wanted);
    Ok(is_complete.then(|| Answer {
        status: head.code.unwrap_or_default(),
        location: field("location").map(str::to_owned),
        body: String::from_utf8_lossy(body).into_owned(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_are_read() {
        let complete = b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 2\r\n\r\nab";
        let expected =
            Answer { status: 302, location: Some("/x".to_owned()), body: "ab".to_owned() };
        assert_eq!(parse(complete, false), Ok(Some(expected)));
        for end in [0, 10, complete.len() - 1] {
            assert_eq!(parse(&complete[..end], false), Ok(None), "{end}");
        }
        let to_the_end = b"HTTP/1.0 200 OK\r\n\r\nweb";
        assert_eq!(parse(to_the_end, false), Ok(None));
        assert_eq!(parse(to_the_end, true).unwrap().unwrap().body, "web");
        assert!(parse(b"", true).unwrap_err().contains("without a response"));
        assert!(parse(b"SSH-2.0-x\r\n", true).unwrap_err().contains("not HTTP"));
    }

    #[test]
    fn urls_have_a_server_and_a_path() {
        for (url, address, host, path) in [
            ("http://127.0.0.1/latest", "127.0.0.1:80", "127.0.0.1", "/latest"),
            ("http://u:p@127.0.0.1:3128", "127.0.0.1:3128", "127.0.0.1:3128", ""),
            ("http://[::1]:81/x?y", "[::1]:81", "[::1]:81", "/x?y"),
            ("http://[::1]/", "[::1]:80", "[::1]", "/"),
        ] {
            let (origin, found) = Origin::of_url(url).unwrap();
            assert_eq!(
                (origin.address.to_string().as_str(), origin.host.as_str()),
                (address, host)
            );
            assert_eq!(found, path);
        }
        assert!(Origin::of_url("https://127.0.0.1/").is_err());
        assert!(Origin::of_url("socks5://127.0.0.1/").is_err());
    }
}
