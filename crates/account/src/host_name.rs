//! The hosts that share a state.

use std::fmt;
use std::str::FromStr;

use imds_core::InstanceId;
use imds_core::ids::resource_id;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The name of a host among those that share a state: 1 to 63 letters, digits, `.`, `-` and `_`.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(into = "String", try_from = "String")]
pub struct HostName(String);

/// Why a text is no name of a host.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no name of a host: use 1 to 63 letters, digits, `.`, `-` and `_`")]
pub struct InvalidHostName(String);

impl FromStr for HostName {
    type Err = InvalidHostName;

    fn from_str(text: &str) -> Result<Self, InvalidHostName> {
        let is_right = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        if (1..=63).contains(&text.len()) && text.bytes().all(is_right) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidHostName(text.to_owned()))
        }
    }
}

impl TryFrom<String> for HostName {
    type Error = InvalidHostName;

    fn try_from(text: String) -> Result<Self, InvalidHostName> {
        text.parse()
    }
}

impl From<HostName> for String {
    fn from(name: HostName) -> Self {
        name.0
    }
}

impl HostName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id that this host's default instance has unless the operator chooses one: always the same.
    pub fn default_instance_id(&self) -> Option<InstanceId> {
        let hash = Sha256::digest(self.0.as_bytes());
        resource_id("i-", &hash.into()).parse().ok()
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parts_of_keys_and_no_more() {
        for name in ["a", "node-1.example.com", "A_b", &"x".repeat(63)] {
            assert!(name.parse::<HostName>().unwrap().default_instance_id().is_some(), "{name}");
        }
        for text in ["", "a/b", "a b", "é", "a\n", &"x".repeat(64)] {
            assert!(text.parse::<HostName>().is_err(), "{text:?}");
        }
        let id = |name: &str| name.parse::<HostName>().unwrap().default_instance_id();
        assert_ne!(id("a"), id("b"));
    }
}
