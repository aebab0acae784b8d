//! A response: bytes in, one complete response or an error out. No sockets.

use std::time::{Duration, SystemTime};

use crate::timestamp;

/// The longest head of a response, in bytes; the real service's are below 500.
const MAX_HEAD: usize = 16 << 10;
const MAX_FIELDS: usize = 64;

/// A complete response.
#[derive(Clone)]
pub struct Response {
    /// 100 to 999.
    pub status: u16,
    /// Names in lower case; values that are not text are left out.
    fields: Vec<(String, String)>,
    /// The bytes after the head.
    pub body: Vec<u8>,
}

impl Response {
    /// A header field's value, by its name in lower case.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }

    /// The wait that `Retry-After` asks for: seconds, or until a date.
    pub(crate) fn retry_after(&self, now: SystemTime) -> Option<Duration> {
        let value = self.field("retry-after")?.trim();
        if let Ok(seconds) = value.parse() {
            return Some(Duration::from_secs(seconds));
        }
        timestamp::parse_http_date(value)?.duration_since(now).ok()
    }

    /// The `Date` field.
    pub fn date(&self) -> Option<SystemTime> {
        timestamp::parse_http_date(self.field("date")?)
    }
}

/// Why bytes are not a response.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum ParseError {
    Malformed(&'static str),
    TooLong,
    /// The connection ended early.
    Truncated,
}

/// Parses the bytes received so far. `None`: more are needed.
///
/// `is_all` says that no more will come; `max_body` is how long the body may be, in bytes.
pub(crate) fn parse(
    bytes: &[u8],
    is_all: bool,
    max_body: usize,
) -> Result<Option<Response>, ParseError> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut head = httparse::Response::new(&mut fields);
    let length = match head.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) if bytes.len() > MAX_HEAD => return Err(ParseError::TooLong),
        Ok(httparse::Status::Partial) if is_all => return Err(ParseError::Truncated),
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(ParseError::Malformed("it is not HTTP")),
    };
    let mut response = Response {
        status: head.code.unwrap_or_default(),
        fields: fields_of(head.headers),
        body: Vec::new(),
    };
    let body = match framing(&response)? {
        Framing::Length(length) if length > max_body => return Err(ParseError::TooLong),
        Framing::Length(wanted) => bytes.get(length..length + wanted).map(<[u8]>::to_vec),
        Framing::Chunks => unchunk(&bytes[length..], max_body)?,
        Framing::End if bytes.len() - length > max_body => return Err(ParseError::TooLong),
        Framing::End => is_all.then(|| bytes[length..].to_vec()),
    };
    match body {
        Some(body) => {
            response.body = body;
            Ok(Some(response))
        }
        None if is_all => Err(ParseError::Truncated),
        None => Ok(None),
    }
}

fn fields_of(headers: &[httparse::Header<'_>]) -> Vec<(String, String)> {
    let text = |header: &httparse::Header<'_>| {
        let value = std::str::from_utf8(header.value).ok()?;
        Some((header.name.to_ascii_lowercase(), value.to_owned()))
    };
    headers.iter().filter_map(text).collect()
}

/// How the end of a body is known.
enum Framing {
    Length(usize),
    Chunks,
    End,
}

fn framing(response: &Response) -> Result<Framing, ParseError> {
    if response.status == 204 || response.status == 304 {
        return Ok(Framing::Length(0));
    }
    if let Some(coding) = response.field("transfer-encoding") {
        let is_known = coding.eq_ignore_ascii_case("chunked");
        return is_known
            .then_some(Framing::Chunks)
            .ok_or(ParseError::Malformed("its Transfer-Encoding is unknown"));
    }
    let Some(length) = response.field("content-length") else { return Ok(Framing::End) };
    let is_one =
        response.fields.iter().all(|(name, value)| name != "content-length" || value == length);
    let is_number = length.bytes().all(|byte| byte.is_ascii_digit());
    match length.parse() {
        Ok(length) if is_one && is_number => Ok(Framing::Length(length)),
        _ => Err(ParseError::Malformed("its Content-Length is not a number")),
    }
}

/// Joins chunks. `None`: more are needed.
fn unchunk(mut bytes: &[u8], max_body: usize) -> Result<Option<Vec<u8>>, ParseError> {
    const BAD: ParseError = ParseError::Malformed("its chunks are invalid");
    let mut body = Vec::new();
    loop {
        let (start, size) = match httparse::parse_chunk_size(bytes) {
            Ok(httparse::Status::Complete(found)) => found,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => return Err(BAD),
        };
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        if body.len().saturating_add(size) > max_body {
            return Err(ParseError::TooLong);
        }
        if size == 0 {
            return Ok(Some(body));
        }
        let Some(chunk) = bytes.get(start..start + size) else { return Ok(None) };
        body.extend_from_slice(chunk);
        match bytes.get(start + size..start + size + 2) {
            Some(b"\r\n") => bytes = &bytes[start + size + 2..],
            Some(_) => return Err(BAD),
            None => return Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(bytes: &str, is_all: bool) -> Result<Option<String>, ParseError> {
        let response = parse(bytes.as_bytes(), is_all, 10)?;
        Ok(response.map(|response| String::from_utf8(response.body).unwrap()))
    }

    #[test]
    fn bodies_end_where_they_say() {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n";
        assert_eq!(body(&format!("{head}ab"), false), Ok(None));
        assert_eq!(body(&format!("{head}ab"), true), Err(ParseError::Truncated));
        assert_eq!(body(&format!("{head}abcd"), false), Ok(Some("abc".into())));
        assert_eq!(body("HTTP/1.0 200 OK\r\n\r\nab", false), Ok(None));
        assert_eq!(body("HTTP/1.0 200 OK\r\n\r\nab", true), Ok(Some("ab".into())));
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(
            body(&format!("{chunked}2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"), false),
            Ok(Some("abc".into()))
        );
        assert_eq!(body(&format!("{chunked}2\r\nab\r\n"), true), Err(ParseError::Truncated));
    }

    #[test]
    fn long_and_invalid_responses_are_rejected() {
        let long = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n";
        assert_eq!(body(long, false), Err(ParseError::TooLong));
        assert_eq!(body("HTTP/1.1 200 OK\r\n\r\n01234567890", false), Err(ParseError::TooLong));
        assert_eq!(
            body(&"HTTP/1.1 200 OK\r\nA: b".repeat(2000), false).err(),
            Some(ParseError::Malformed("it is not HTTP"))
        );
        for invalid in ["+3", "-1", "3, 3", "99999999999999999999999"] {
            let text = format!("HTTP/1.1 200 OK\r\nContent-Length: {invalid}\r\n\r\nabc");
            assert!(matches!(body(&text, true), Err(ParseError::Malformed(_))), "{invalid}");
        }
        assert!(body("SSH-2.0-x\r\n", false).is_err());
        let huge = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n";
        assert_eq!(body(huge, false), Err(ParseError::TooLong));
    }

    #[test]
    fn any_prefix_and_any_damage_is_handled() {
        let whole = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
        for end in 0..whole.len() {
            let _ = parse(&whole[..end], true, 10);
            for byte in [0, b'\r', b'9', 0xff] {
                let mut damaged = whole.to_vec();
                damaged[end] = byte;
                let _ = parse(&damaged, true, 10);
            }
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = timestamp::parse_http_date("Thu, 01 Jan 2026 00:00:00 GMT").unwrap();
        let wait = |value: &str| {
            let text =
                format!("HTTP/1.1 503 X\r\nContent-Length: 0\r\nRetry-After: {value}\r\n\r\n");
            parse(text.as_bytes(), false, 10).unwrap().unwrap().retry_after(now)
        };
        assert_eq!(wait("2"), Some(Duration::from_secs(2)));
        assert_eq!(wait("Thu, 01 Jan 2026 00:00:07 GMT"), Some(Duration::from_secs(7)));
        assert_eq!(wait("Wed, 31 Dec 2025 23:00:00 GMT"), None);
        assert_eq!(wait("soon"), None);
    }
}
