//! Paths of the metadata.

use std::fmt;

use crate::error::Error;

/// A path below the endpoint, safe to send.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct MetadataPath(String);

impl MetadataPath {
    /// The token's path.
    pub(crate) fn token() -> Self {
        Self("/latest/api/token".to_owned())
    }

    /// Parses a path as people type it. One that begins with a slash or with `latest` is complete,
    /// `dynamic/…`, `meta-data/…`, `user-data` and `api/…` are below `/latest/`, and everything else
    /// is below `/latest/meta-data/`. Bytes that cannot be in a path are percent-encoded.
    ///
    /// ```
    /// # use imds_client::MetadataPath;
    /// assert_eq!(MetadataPath::new("instance-id")?.as_str(), "/latest/meta-data/instance-id");
    /// assert_eq!(MetadataPath::new("/2021-07-15/user-data")?.as_str(), "/2021-07-15/user-data");
    /// assert_eq!(MetadataPath::new("tags/instance/My name")?.as_str(), "/latest/meta-data/tags/instance/My%20name");
    /// assert!(MetadataPath::new("a\r\nHost: b").is_err());
    /// # Ok::<_, imds_client::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidPath`] for control characters.
    pub fn new(text: &str) -> Result<Self, Error> {
        if text.chars().any(char::is_control) {
            return Err(Error::InvalidPath { path: text.to_owned() });
        }
        let prefix = match text.split('/').next().unwrap_or_default() {
            "" if !text.is_empty() => "",
            "latest" => "/",
            "dynamic" | "meta-data" | "user-data" | "api" => "/latest/",
            _ => "/latest/meta-data/",
        };
        let mut path = prefix.to_owned();
        for byte in text.bytes() {
            push_byte(&mut path, byte, |byte| byte.is_ascii_graphic() && !b"?#".contains(&byte));
        }
        Ok(Self(path))
    }

    /// The path of an entry of this directory, whatever characters are in the entry's name.
    ///
    /// # Errors
    /// [`Error::InvalidPath`] for control characters.
    pub fn entry(&self, name: &str) -> Result<Self, Error> {
        if name.chars().any(char::is_control) {
            return Err(Error::InvalidPath { path: name.to_owned() });
        }
        let mut path = self.0.clone();
        if !path.ends_with('/') {
            path.push('/');
        }
        for byte in name.bytes() {
            push_byte(&mut path, byte, |byte| {
                byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte)
            });
        }
        Ok(Self(path))
    }

    /// The path as it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the value may be a secret: credentials and user data.
    pub(crate) fn is_secret(&self) -> bool {
        // A path that could be another spelling of a secret one counts as secret.
        let plain = self.0.to_ascii_lowercase();
        ["user-data", "credentials", "%", "//", "/."].iter().any(|word| plain.contains(word))
    }

    /// How long the response may be, in bytes.
    pub(crate) fn max_bytes(&self) -> usize {
        if self.0.contains("credentials") || *self == Self::token() { 64 << 10 } else { 1 << 20 }
    }
}

fn push_byte(path: &mut String, byte: u8, is_plain: impl Fn(u8) -> bool) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    if is_plain(byte) {
        path.push(char::from(byte));
    } else {
        path.push('%');
        path.push(char::from(DIGITS[usize::from(byte >> 4)]));
        path.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

impl AsRef<str> for MetadataPath {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MetadataPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_parsed_as_people_type_them() {
        for (typed, sent) in [
            ("instance-id", "/latest/meta-data/instance-id"),
            ("", "/latest/meta-data/"),
            ("meta-data/tags/instance/", "/latest/meta-data/tags/instance/"),
            ("user-data", "/latest/user-data"),
            ("dynamic/instance-identity/document", "/latest/dynamic/instance-identity/document"),
            ("latest/user-data", "/latest/user-data"),
            ("/2021-03-23/meta-data/", "/2021-03-23/meta-data/"),
            ("a b?c#é", "/latest/meta-data/a%20b%3Fc%23%C3%A9"),
        ] {
            let path = MetadataPath::new(typed).unwrap();
            assert_eq!(path.as_str(), sent);
            assert_eq!(MetadataPath::new(path.as_ref()).unwrap(), path, "parsed again");
        }
    }

    #[test]
    fn control_characters_are_rejected() {
        assert!(MetadataPath::new("role\n").is_err());
        assert!(MetadataPath::new("x\r\nHost: y").is_err());
        assert!(MetadataPath::new("iam/").unwrap().entry("role\n").is_err());
    }

    #[test]
    fn entries_may_have_any_name() {
        let tags = MetadataPath::new("tags/instance/").unwrap();
        assert_eq!(
            tags.entry("a/b %").unwrap().as_str(),
            "/latest/meta-data/tags/instance/a%2Fb%20%25"
        );
    }

    #[test]
    fn secrets_are_recognised_in_every_spelling() {
        for path in [
            "user-data",
            "iam/security-credentials/role",
            "/latest//user-data",
            "iam%2Fx",
            "identity-credentials/ec2/security-credentials/ec2-instance",
            "USER-DATA",
        ] {
            assert!(MetadataPath::new(path).unwrap().is_secret(), "{path}");
        }
        assert!(!MetadataPath::new("instance-id").unwrap().is_secret());
    }
}
