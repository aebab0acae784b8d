//! The text that is signed, and the signature. Signing and verifying share it.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use sha2::digest::Output;
use sha2::{Digest as _, Sha256};

use super::message::{Message, SecretKey};
use crate::form;

/// The only algorithm there is.
pub(super) const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Everything but RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where and when a key may sign: `20261122/us-east-1/ec2/aws4_request`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Scope {
    /// `YYYYMMDD`.
    pub(super) date: String,
    pub(super) region: String,
    pub(super) service: String,
}

impl Scope {
    /// An access key id and the scope behind it.
    pub(super) fn parse_credential(credential: &str) -> Option<(String, Self)> {
        let [key, date, region, service, "aws4_request"] =
            credential.split('/').collect::<Vec<_>>()[..]
        else {
            return None;
        };
        let is_whole = [key, date, region, service].iter().all(|part| !part.is_empty());
        let scope =
            Self { date: date.to_owned(), region: region.to_owned(), service: service.to_owned() };
        is_whole.then(|| (key.to_owned(), scope))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/aws4_request", self.date, self.region, self.service)
    }
}

/// `20261122T080000Z`.
#[derive(Debug)]
pub(super) struct AmzDate {
    text: String,
    unix: i64,
}

impl AmzDate {
    const FORMAT: &str = "%Y%m%dT%H%M%SZ";

    pub(super) fn parse(text: &str) -> Option<Self> {
        let civil = jiff::civil::DateTime::strptime(Self::FORMAT, text).ok()?;
        let unix = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second();
        // The parser takes more than is written, such as missing zeros.
        Self::from_unix(unix).filter(|date| date.text == text)
    }

    pub(super) fn from_unix(unix: i64) -> Option<Self> {
        let timestamp = jiff::Timestamp::from_second(unix).ok()?;
        Some(Self { text: timestamp.strftime(Self::FORMAT).to_string(), unix })
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn date(&self) -> &str {
        self.text.split_once('T').map_or("", |(date, _)| date)
    }

    pub(super) fn unix(&self) -> i64 {
        self.unix
    }
}

/// The canonical request: the same for everyone who means the same.
pub(super) fn request(
    message: &Message<'_>,
    signed_headers: &[String],
    body_hash: &str,
) -> Vec<u8> {
    let mut request = Vec::new();
    for line in [message.method, &path(message.path), &query(message.query)] {
        request.extend(line.as_bytes());
        request.push(b'\n');
    }
    for name in signed_headers {
        request.extend(name.as_bytes());
        request.push(b':');
        request.extend(header(message, name));
        request.push(b'\n');
    }
    request.extend(format!("\n{}\n{body_hash}", signed_headers.join(";")).as_bytes());
    request
}

/// The signature of a canonical request, in hexadecimal.
pub(super) fn signature(
    secret: &SecretKey,
    scope: &Scope,
    time: &AmzDate,
    request: &[u8],
) -> String {
    let hash = base16ct::lower::encode_string(&Sha256::digest(request));
    let string_to_sign = format!("{ALGORITHM}\n{}\n{scope}\n{hash}", time.as_str());
    let mut key = hmac(format!("AWS4{}", secret.0).as_bytes(), scope.date.as_bytes());
    for part in [scope.region.as_str(), &scope.service, "aws4_request"] {
        key = hmac(&key, part.as_bytes());
    }
    base16ct::lower::encode_string(&hmac(&key, string_to_sign.as_bytes()))
}

/// The path without `.`, `..` and empty parts, and encoded as it stands: what is percent-encoded
/// already is encoded twice, as every service but S3 has it.
fn path(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    let encoded: Vec<_> = parts.iter().map(|part| encoded(part.as_bytes())).collect();
    let is_directory = path.rsplit('/').next().is_some_and(|last| ["", ".", ".."].contains(&last));
    let ends_in_slash = !parts.is_empty() && is_directory;
    format!("/{}{}", encoded.join("/"), if ends_in_slash { "/" } else { "" })
}

/// The query's pairs, sorted by their encoded names and values, without the signature.
fn query(query: &str) -> String {
    let mut pairs: Vec<_> = form::pairs(query.as_bytes())
        .filter(|(name, _)| name != b"X-Amz-Signature")
        .map(|(name, value)| (encoded(&name), encoded(&value)))
        .collect();
    pairs.sort();
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// All values of the header `name`, in their order, with a single space wherever there is space.
fn header(message: &Message<'_>, name: &str) -> Vec<u8> {
    let values = message.headers.iter().filter(|(sent, _)| sent.eq_ignore_ascii_case(name));
    let trimmed = values.map(|(_, value)| {
        let words = value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        words.collect::<Vec<_>>().join(&b' ')
    });
    trimmed.collect::<Vec<_>>().join(&b',')
}

fn encoded(bytes: &[u8]) -> String {
    percent_encode(bytes, RESERVED).to_string()
}

fn hmac(key: &[u8], message: &[u8]) -> Output<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key)
        .unwrap_or_else(|_| unreachable!("HMAC takes a key of any length"));
    mac.update(message);
    mac.finalize().into_bytes()
}
