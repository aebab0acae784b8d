//! What to ask for.

use std::fmt;

use crate::error::Error;

/// A path below the endpoint, safe to be sent.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Path(String);

impl Path {
    /// The token's path.
    pub(crate) fn token() -> Self {
        Self("/latest/api/token".to_owned())
    }

    /// Understands a path as people type it: `/latest/meta-data/instance-id` as it is,
    /// `dynamic/…`, `meta-data/…`, `user-data` and `api/…` below `/latest/`, and everything else
    /// below `/latest/meta-data/`. Bytes that cannot be in a path are percent-encoded.
    ///
    /// ```
    /// # use imds_client::Path;
    /// assert_eq!(Path::new("instance-id")?.as_str(), "/latest/meta-data/instance-id");
    /// assert_eq!(Path::new("/2021-07-15/user-data")?.as_str(), "/2021-07-15/user-data");
    /// assert_eq!(Path::new("tags/instance/My name")?.as_str(), "/latest/meta-data/tags/instance/My%20name");
    /// assert!(Path::new("a\r\nHost: b").is_err());
    /// # Ok::<_, imds_client::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Path`] for control characters.
    pub fn new(text: &str) -> Result<Self, Error> {
        if text.chars().any(char::is_control) {
            return Err(Error::Path { path: text.to_owned() });
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

    /// The path of one entry of the directory that this is, whatever characters are in its name.
    ///
    /// # Errors
    /// [`Error::Path`] for control characters.
    pub fn entry(&self, name: &str) -> Result<Self, Error> {
        if name.chars().any(char::is_control) {
            return Err(Error::Path { path: name.to_owned() });
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

    /// As it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether what is there may be worth stealing: credentials and user data.
    pub(crate) fn is_secret(&self) -> bool {
        // However it is spelt: what could stand for another path is taken for secret.
        let plain = self.0.to_ascii_lowercase();
        ["user-data", "credentials", "%", "//", "/."].iter().any(|word| plain.contains(word))
    }

    /// How long an answer may be, in bytes.
    pub(crate) fn most_bytes(&self) -> usize {
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

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_understood_as_people_type_it() {
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
            assert_eq!(Path::new(typed).unwrap().as_str(), sent);
        }
    }

    #[test]
    fn control_characters_are_refused() {
        assert!(Path::new("role\n").is_err());
        assert!(Path::new("x\r\nHost: y").is_err());
        assert!(Path::new("iam/").unwrap().entry("role\n").is_err());
    }

    #[test]
    fn entries_may_have_any_name() {
        let tags = Path::new("tags/instance/").unwrap();
        assert_eq!(
            tags.entry("a/b %").unwrap().as_str(),
            "/latest/meta-data/tags/instance/a%2Fb%20%25"
        );
    }

    #[test]
    fn secrets_are_known_however_they_are_spelt() {
        for path in [
            "user-data",
            "iam/security-credentials/role",
            "/latest//user-data",
            "iam%2Fx",
            "identity-credentials/ec2/security-credentials/ec2-instance",
            "USER-DATA",
        ] {
            assert!(Path::new(path).unwrap().is_secret(), "{path}");
        }
        assert!(!Path::new("instance-id").unwrap().is_secret());
    }
}
