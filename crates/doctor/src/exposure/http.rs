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
    /// Further header fields, each with its line end; for a tunnel, those of the request for it.
    pub(super) fields: String,
    /// The server at the other end of a tunnel through a proxy, with its port.
    pub(super) tunnel: Option<String>,
}

/// Why nobody can be asked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Unasked {
    /// There is nobody.
    Nobody(String),
    /// It would take a protocol that is not spoken here.
    Untried(String),
}

/// The parts of a response that matter here.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) location: Option<String>,
    pub(super) body: String,
}

impl Origin {
    pub(super) fn of_address(address: SocketAddr, host: String) -> Self {
        let (prefix, fields) = (String::new(), String::new());
        Self { address, host, prefix, fields, tunnel: None }
    }

    /// The server of a URL with the scheme `http`, and the path in it.
    pub(super) fn of_url(url: &str) -> Result<(Self, String), Unasked> {
        let Some(rest) = url.strip_prefix("http://") else {
            let scheme = url.split("://").next().unwrap_or(url);
            return Err(Unasked::Untried(format!("not tried: {scheme} is not spoken here")));
        };
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        // Without user and password.
        let host = host.rsplit('@').next().unwrap_or(host);
        let has_port = host.rsplit_once(':').is_some_and(|(name, port)| {
            (!name.contains(':') || name.ends_with(']')) && port.parse::<u16>().is_ok()
        });
        let with_port = if has_port { host.to_owned() } else { format!("{host}:80") };
        let address = with_port.to_socket_addrs().ok().and_then(|mut all| all.next());
        let address = address.ok_or_else(|| Unasked::Nobody(format!("{host} has no address")))?;
        Ok((Self::of_address(address, host.to_owned()), path.to_owned()))
    }

    /// Sends a request and reads the response; else what happened. `fields` end with a line end each.
    pub(super) fn ask(
        &self,
        method: &str,
        path: &str,
        fields: &str,
        patience: Duration,
    ) -> Result<Answer, String> {
        let mut connection = Connection::open(self.address, patience)?;
        let mut own_fields = &*self.fields;
        if let Some(server) = &self.tunnel {
            let head = format!("CONNECT {server} HTTP/1.1\r\nHost: {server}\r\n{own_fields}\r\n");
            let answer = connection.exchange(&head, Expected::Head)?;
            if answer.status != 200 {
                return Err(format!("no tunnel, {}", answer.status));
            }
            own_fields = "";
        }
        let mut head =
            format!("{method} {}{path} HTTP/1.1\r\nHost: {}\r\n", self.prefix, self.host);
        // Writing to a string cannot fail.
        let _ = write!(
            head,
            "User-Agent: imds-doctor/{}\r\nAccept: */*\r\nConnection: close\r\n{own_fields}{fields}\r\n",
            env!("CARGO_PKG_VERSION"),
        );
        connection.exchange(&head, Expected::Body)
    }
}

/// How much of a response there will be.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Expected {
    /// A tunnel begins after the head.
    Head,
    Body,
}

struct Connection {
    stream: TcpStream,
    patience: Duration,
    deadline: Instant,
}

impl Connection {
    fn open(address: SocketAddr, patience: Duration) -> Result<Self, String> {
        let deadline = Instant::now() + patience;
        let stream = TcpStream::connect_timeout(&address, CONNECT.min(patience))
            .map_err(|error| format!("no connection ({error})"))?;
        Ok(Self { stream, patience, deadline })
    }

    fn exchange(&mut self, head: &str, expected: Expected) -> Result<Answer, String> {
        // A failure to send shows when the response is read.
        let _ = self.stream.write_all(head.as_bytes());
        let mut bytes = Vec::new();
        loop {
            let is_all = self.read(&mut bytes)?;
            let is_head = expected == Expected::Head && bytes.ends_with(b"\r\n\r\n");
            if let Some(answer) = parse(&bytes, is_all || is_head)? {
                return Ok(answer);
            }
        }
    }

    /// Reads what has come; whether no more will.
    fn read(&mut self, bytes: &mut Vec<u8>) -> Result<bool, String> {
        let mut buffer = [0; 4096];
        let left = self.deadline.saturating_duration_since(Instant::now());
        let no_response =
            || Err(format!("no response within {:.1} s", self.patience.as_secs_f64()));
        if left.is_zero() {
            return no_response();
        }
        match self.stream.set_read_timeout(Some(left)).and_then(|()| self.stream.read(&mut buffer))
        {
            Ok(count) => {
                bytes.extend_from_slice(&buffer[..count]);
                Ok(count == 0 || bytes.len() > LIMIT)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(false),
            Err(error) if error.kind() == ErrorKind::WouldBlock => no_response(),
            // A reset after the last byte is an end like any other.
            Err(_) => Ok(true),
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
    let is_chunked = field("transfer-encoding").is_some_and(|it| it.ends_with("chunked"));
    let wanted = field("content-length").and_then(|length| length.parse::<usize>().ok());
    let body = &bytes[length..];
    let (body, is_complete) = match wanted {
        _ if is_chunked => unchunk(body),
        Some(wanted) if body.len() >= wanted => (body[..wanted].to_vec(), true),
        _ => (body.to_vec(), false),
    };
    Ok((is_complete || is_all).then(|| Answer {
        status: head.code.unwrap_or_default(),
        location: field("location").map(str::to_owned),
        body: String::from_utf8_lossy(&body).into_owned(),
    }))
}

/// The bytes of all chunks so far, and whether the last one is among them.
fn unchunk(mut bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let Ok(httparse::Status::Complete((begin, size))) = httparse::parse_chunk_size(bytes)
        else {
            return (body, false);
        };
        let chunk = usize::try_from(size).ok().and_then(|size| begin.checked_add(size));
        let Some(chunk) = chunk.and_then(|end| bytes.get(begin..end)) else {
            return (body, false);
        };
        if chunk.is_empty() {
            return (body, true);
        }
        body.extend_from_slice(chunk);
        let rest = &bytes[begin + chunk.len()..];
        bytes = rest.strip_prefix(b"\r\n").unwrap_or(rest);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
        let chunked =
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nwe\r\n1\r\nb\r\n0\r\n\r\n";
        assert_eq!(parse(chunked, false).unwrap().unwrap().body, "web");
        assert_eq!(parse(&chunked[..chunked.len() - 5], false), Ok(None));
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
        for url in ["https://127.0.0.1/", "socks5://127.0.0.1/"] {
            assert!(matches!(Origin::of_url(url), Err(Unasked::Untried(_))), "{url}");
        }
    }

    proptest! {
        /// Whatever comes is a response, not yet one, or an error.
        #[test]
        fn any_bytes_are_read(body: Vec<u8>, is_all: bool, is_chunked: bool) {
            let head = if is_chunked { "Transfer-Encoding: chunked" } else { "Content-Length: 3" };
            let mut bytes = format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n").into_bytes();
            bytes.extend(&body);
            let answer = parse(&bytes, is_all).unwrap();
            prop_assert!(answer.is_some() || !is_all);
            let _ = parse(&body, is_all);
        }
    }
}
