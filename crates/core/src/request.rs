//! Bytes in: one HTTP/1 request, parsed once into the few facts that decide the response.

mod field;
mod group;
mod page;
mod path;

use std::mem::MaybeUninit;

pub use field::Field;
pub use group::PathGroup;
pub use page::Sender;
pub use path::Path;

use crate::refusal::Refusal;

/// The most header fields a request may have; one with more is malformed.
pub const MAX_HEADERS: usize = 64;

/// The longest request head, in bytes: request line and header fields together.
pub const MAX_HEAD: usize = 16 * 1024;

/// A request method, as far as the service tells them apart.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Method {
    /// `GET`
    Get,
    /// `HEAD`
    Head,
    /// `PUT`
    Put,
    /// `OPTIONS`
    Options,
    /// Any other.
    Other,
}

/// What the client wants of the connection after the response.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Persistence {
    /// No `Connection` field.
    Unsaid,
    /// `Connection: close`
    Close,
    /// `Connection: keep-alive`
    KeepAlive,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The method.
    pub method: Method,
    /// The minor HTTP version: 0 or 1.
    pub minor_version: u8,
    /// The requested path.
    pub path: Path<'a>,
    /// `X-aws-ec2-metadata-token`.
    pub token: Field<'a>,
    /// `X-aws-ec2-metadata-token-ttl-seconds`.
    pub token_ttl: Field<'a>,
    /// Whether there is an `X-Forwarded-For`: a proxy forwarded the request.
    pub forwarded: bool,
    /// Whether the client waits for `100 Continue` or the like (`Expect`).
    pub expects: bool,
    /// What the client wants of the connection.
    pub persistence: Persistence,
    /// What tells a page in a browser from a program.
    pub sender: Sender<'a>,
    /// `User-Agent`: what the client calls itself.
    pub agent: Field<'a>,
    /// Whether a body follows, which the service never wants.
    pub has_body: bool,
}

/// What became of the bytes read so far.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a box would be an allocation for each request")]
pub enum Parsed<'a> {
    /// A whole request head, and how many bytes it took.
    Complete(Request<'a>, usize),
    /// The head has not ended yet.
    Partial,
    /// No request, and why: the connection cannot go on.
    Malformed(Refusal),
}

impl<'a> Request<'a> {
    /// Parses the first request in `bytes`. Empty lines before it are skipped (RFC 9112, 2.2).
    pub fn parse(bytes: &'a [u8]) -> Parsed<'a> {
        let mut headers = [const { MaybeUninit::uninit() }; MAX_HEADERS];
        let mut raw = httparse::Request::new(&mut []);
        match raw.parse_with_uninit_headers(bytes, &mut headers) {
            Ok(httparse::Status::Complete(length)) if length <= MAX_HEAD => {
                match Self::from_raw(&raw) {
                    Ok(request) => Parsed::Complete(request, length),
                    Err(refusal) => Parsed::Malformed(refusal),
                }
            }
            Ok(httparse::Status::Partial) if bytes.len() < MAX_HEAD => Parsed::Partial,
            Ok(_) => Parsed::Malformed(Refusal::HeadTooLong),
            Err(httparse::Error::TooManyHeaders) => Parsed::Malformed(Refusal::TooManyFields),
            Err(_) => Parsed::Malformed(Refusal::NotHttp),
        }
    }

    fn from_raw(raw: &httparse::Request<'_, 'a>) -> Result<Self, Refusal> {
        let (Some(method), Some(minor_version), Some(target)) = (raw.method, raw.version, raw.path)
        else {
            return Err(Refusal::NotHttp);
        };
        let mut request = Self {
            method: Method::parse(method),
            minor_version,
            path: Path::parse(target),
            token: Field::Absent,
            token_ttl: Field::Absent,
            forwarded: false,
            expects: false,
            persistence: Persistence::Unsaid,
            sender: Sender::UNKNOWN,
            agent: Field::Absent,
            has_body: false,
        };
        let mut content_length = None;
        for header in &*raw.headers {
            // By length first: nearly every field of a request is one we do not read.
            match header.name.len() {
                4 if is(header, "host") => request.sender.host.put(header.value),
                6 if is(header, "expect") => request.expects = true,
                6 if is(header, "origin") => request.sender.has_origin = true,
                7 if is(header, "referer") => request.sender.referer.put(header.value),
                10 if is(header, "user-agent") => request.agent.put(header.value),
                10 if is(header, "connection") => request.persistence.update(header.value),
                14 if is(header, "content-length") => {
                    let length = parse_decimal(header.value).ok_or(Refusal::ContentLength)?;
                    if content_length.replace(length).is_some_and(|other| other != length) {
                        return Err(Refusal::ContentLength);
                    }
                }
                14 if is(header, "sec-fetch-site") => request.sender.fetch_site.put(header.value),
                15 if is(header, "x-forwarded-for") => request.forwarded = true,
                17 if is(header, "transfer-encoding") => request.has_body = true,
                24 if is(header, "x-aws-ec2-metadata-token") => request.token.put(header.value),
                36 if is(header, "x-aws-ec2-metadata-token-ttl-seconds") => {
                    request.token_ttl.put(header.value);
                }
                _ => {}
            }
        }
        request.has_body |= content_length.is_some_and(|length| length > 0);
        Ok(request)
    }
}

fn is(header: &httparse::Header<'_>, name: &str) -> bool {
    header.name.eq_ignore_ascii_case(name)
}

/// Digits only: no sign, no blank, no fraction. Too many digits are no number either.
pub(crate) fn parse_decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 18 || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(text.iter().fold(0, |value, digit| value * 10 + u64::from(digit - b'0')))
}

impl Method {
    fn parse(text: &str) -> Self {
        match text {
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            "PUT" => Self::Put,
            "OPTIONS" => Self::Options,
            _ => Self::Other,
        }
    }

    /// The method's name; of one that we do not tell apart, `OTHER`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Put => "PUT",
            Self::Options => "OPTIONS",
            Self::Other => "OTHER",
        }
    }
}

impl Persistence {
    /// `close` wins over `keep-alive` where a client sends both.
    fn update(&mut self, value: &[u8]) {
        for option in value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii) {
            if option.eq_ignore_ascii_case(b"close") {
                *self = Self::Close;
            } else if option.eq_ignore_ascii_case(b"keep-alive") && *self == Self::Unsaid {
                *self = Self::KeepAlive;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete(bytes: &str) -> Request<'_> {
        match Request::parse(bytes.as_bytes()) {
            Parsed::Complete(request, length) => {
                assert_eq!(length, bytes.len());
                request
            }
            other => panic!("{bytes:?}: {other:?}"),
        }
    }

    #[test]
    fn reads_the_facts_that_matter() {
        let request = complete(
            "\r\nPUT //latest/api/token?x=1 HTTP/1.1\r\nHOST: a\r\nContent-Length: 0\r\n\
             x-Aws-eC2-metadata-token-ttl-seconds:  60 \r\nX-Forwarded-For: b\r\n\
             Connection: foo, Keep-Alive\r\nUser-agent: curl/8.5.0\r\n\r\n",
        );
        assert_eq!(request.method, Method::Put);
        assert_eq!(request.path.as_str(), "latest/api/token");
        assert_eq!(request.token_ttl, Field::Given(b"60"));
        assert_eq!(request.token, Field::Absent);
        assert_eq!(request.agent, Field::Given(b"curl/8.5.0"));
        assert_eq!(request.persistence, Persistence::KeepAlive);
        assert!(request.forwarded && !request.has_body && !request.expects);
    }

    #[test]
    fn needs_neither_host_nor_length() {
        let request = complete("GET / HTTP/1.0\r\n\r\n");
        assert_eq!((request.minor_version, request.path.as_str()), (0, ""));
        assert!(!request.path.has_trailing_slash());
    }

    #[test]
    fn tells_partial_from_malformed() {
        let parse = |text: &str| Request::parse(text.as_bytes()).is_partial();
        let refused = |text: &str| match Request::parse(text.as_bytes()) {
            Parsed::Malformed(refusal) => Some(refusal),
            Parsed::Complete(..) | Parsed::Partial => None,
        };
        assert_eq!(parse(""), Some(true));
        assert_eq!(parse("\r\n"), Some(true));
        assert_eq!(parse("GET / HTTP/1.1\r\nHost: a"), Some(true));
        assert_eq!(parse("GET /\r\n\r\n"), Some(false), "HTTP/0.9");
        assert_eq!(parse("GET / HTTP/2.0\r\n\r\n"), Some(false));
        assert_eq!(
            parse("GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
            Some(false)
        );
        assert_eq!(parse("GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"), Some(false));
        assert_eq!(parse(&format!("GET /{} HTTP", "a".repeat(MAX_HEAD))), Some(false));
        let long = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(MAX_HEAD));
        assert_eq!(parse(&long), Some(false), "however it arrives");
        let fields = |count| format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(count));
        assert_eq!(parse(&fields(MAX_HEADERS)), None);
        assert_eq!(parse(&fields(MAX_HEADERS + 1)), Some(false));
        for (text, refusal) in [
            ("GET /\r\n\r\n", Refusal::NotHttp),
            ("GET / HTTP/2.0\r\n\r\n", Refusal::NotHttp),
            ("GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", Refusal::ContentLength),
            (&long, Refusal::HeadTooLong),
            (&fields(MAX_HEADERS + 1), Refusal::TooManyFields),
        ] {
            assert_eq!(refused(text), Some(refusal), "{text}");
        }
    }

    impl Parsed<'_> {
        fn is_partial(&self) -> Option<bool> {
            match self {
                Self::Complete(..) => None,
                Self::Partial => Some(true),
                Self::Malformed(_) => Some(false),
            }
        }
    }

    #[test]
    fn repeated_fields_are_seen() {
        let head =
            "GET / HTTP/1.1\r\nX-aws-ec2-metadata-token: a\r\nX-aws-ec2-metadata-token: b\r\n\r\n";
        assert_eq!(complete(head).token, Field::Repeated);
        let head = "GET / HTTP/1.1\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n";
        assert_eq!(complete(head).persistence, Persistence::Close);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = Request::parse(&bytes);
        }
    }
}
