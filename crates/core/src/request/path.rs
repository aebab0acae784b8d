//! A request target as the path that the service looks up.

use std::borrow::Cow;

/// A request target without its query, its slashes made plain: `//latest/meta-data/` is
/// `latest/meta-data`, because the service does not tell the two apart.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Path<'a> {
    text: Cow<'a, str>,
    trailing_slash: bool,
    sent: &'a str,
}

impl<'a> Path<'a> {
    /// Makes a request target plain.
    pub fn parse(target: &'a str) -> Self {
        if is_plain(target) {
            // Nearly every target is.
            let trailing_slash = target.len() > 1 && target.ends_with('/');
            return Self { text: target.trim_matches('/').into(), trailing_slash, sent: target };
        }
        let path = target.split_once(['?', '#']).map_or(target, |(path, _)| path);
        let sent = origin_form(path);
        let path = decode(sent);
        let trailing_slash = path.len() > 1 && path.ends_with('/');
        let text = match path {
            Cow::Borrowed(path) => single_slashes(path),
            Cow::Owned(path) => Cow::Owned(single_slashes(&path).into_owned()),
        };
        Self { text, trailing_slash, sent }
    }

    /// The path without slashes around it; empty for `/`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The path as the client wrote it, without query, scheme and host, where the service reads it as
    /// another: not `/` and [`as_str`](Self::as_str).
    pub fn sent_otherwise(&self) -> Option<&'a str> {
        Some(self.sent).filter(|sent| sent.strip_prefix('/') != Some(self.as_str()))
    }

    /// Whether the target ended in a slash; `/` itself does not.
    pub fn has_trailing_slash(&self) -> bool {
        self.trailing_slash
    }
}

/// Whether a target is a path and nothing in it has to be changed but slashes at its ends.
fn is_plain(target: &str) -> bool {
    let mut last = 0;
    target.starts_with('/')
        && target.bytes().all(|byte| {
            let is_double = byte == b'/' && last == b'/';
            last = byte;
            !is_double && !matches!(byte, b'?' | b'#' | b'%')
        })
}

/// A target may name scheme and host, as clients write it to a proxy (RFC 9112, 3.2.2).
fn origin_form(target: &str) -> &str {
    let Some((scheme, rest)) = target.split_once("://") else { return target };
    if scheme.starts_with('/') {
        return target;
    }
    rest.find('/').map_or("/", |slash| &rest[slash..])
}

/// Undoes percent encoding, which some clients use for the `:` or `@` in a tag key. A sequence
/// that is not valid stays as it is, and then names nothing.
fn decode(text: &str) -> Cow<'_, str> {
    let mut parts = text.as_bytes().split(|&byte| byte == b'%');
    let mut decoded = match parts.next() {
        Some(start) if start.len() < text.len() => start.to_vec(),
        _ => return text.into(),
    };
    for part in parts {
        let (byte, rest) = escaped(part).unwrap_or((b'%', part));
        decoded.push(byte);
        decoded.extend_from_slice(rest);
    }
    String::from_utf8(decoded).map_or(text.into(), Cow::Owned)
}

/// The byte that the two hexadecimal digits in front stand for, and what follows them.
fn escaped(part: &[u8]) -> Option<(u8, &[u8])> {
    let (&[high, low], rest) = part.split_first_chunk()?;
    let digit = |byte: u8| char::from(byte).to_digit(16);
    Some((u8::try_from(digit(high)? * 16 + digit(low)?).ok()?, rest))
}

/// Without slashes at either end, and never two in a row.
fn single_slashes(path: &str) -> Cow<'_, str> {
    let trimmed = path.trim_matches('/');
    if !trimmed.contains("//") {
        return trimmed.into();
    }
    let parts = trimmed.split('/').filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("/").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_made_plain() {
        for (target, text, slash) in [
            ("/", "", false),
            ("//", "", true),
            ("/latest", "latest", false),
            ("/latest/", "latest", true),
            ("//latest//meta-data///mac", "latest/meta-data/mac", false),
            ("/a?b//c", "a", false),
            ("http://169.254.169.254/latest/", "latest", true),
            ("http://169.254.169.254", "", false),
            ("http://169.254.169.254?to=/latest", "", false),
            ("/latest?from=http://a/b", "latest", false),
            ("/x://y", "x:/y", false),
            ("%2Flatest%2f%2Fmac%2F", "latest/mac", true),
            ("/tags/aws%3Aname", "tags/aws:name", false),
            ("/a%", "a%", false),
            ("/a%zz%4", "a%zz%4", false),
            ("/a%+1", "a%+1", false),
            ("/%ff", "%ff", false),
            ("*", "*", false),
        ] {
            let path = Path::parse(target);
            assert_eq!((path.as_str(), path.has_trailing_slash()), (text, slash), "{target}");
        }
    }

    #[test]
    fn what_was_sent_is_kept_where_it_differs_and_never_a_query() {
        for (target, sent) in [
            ("/", None),
            ("/latest/meta-data", None),
            ("/latest/meta-data?token=secret", None),
            ("http://user:secret@169.254.169.254/latest", None),
            ("/latest/", Some("/latest/")),
            ("//latest//meta-data?token=secret", Some("//latest//meta-data")),
            ("/tags/aws%3Aname#part", Some("/tags/aws%3Aname")),
            ("http://169.254.169.254/latest/?token=secret", Some("/latest/")),
            ("*", Some("*")),
        ] {
            assert_eq!(Path::parse(target).sent_otherwise(), sent, "{target}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_target_is_made_plain(target in "[a/%2Ff?#:é]*") {
            let path = Path::parse(&target);
            let text = path.as_str();
            proptest::prop_assert!(!text.starts_with('/') && !text.ends_with('/'));
            proptest::prop_assert!(!text.contains("//"));
        }
    }
}
