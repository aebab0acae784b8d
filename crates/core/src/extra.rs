//! Paths beside those of EC2, or instead of them, for platforms with metadata of their own.

use std::fmt;
use std::str::FromStr;

use crate::ids::Invalid;

/// A value that overrides the instance's own metadata at a path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Extra {
    /// Where.
    pub path: ExtraPath,
    /// What is served there, byte by byte.
    pub value: Vec<u8>,
}

/// A path below the version, such as `meta-data/my-platform/rack`: parts of 1 to 255 bytes with a
/// slash between them. The first is not `api`, which holds no metadata.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ExtraPath(Box<str>);

/// Why a value cannot be where it should.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Conflict {
    /// There is a directory.
    Directory,
    /// What would be its directory is a value: the path of that one.
    BelowValue(String),
}

/// The most that the extra paths and values of an instance may take together: 16 MiB.
pub const MAX_EXTRA: usize = 16 * 1024 * 1024;

impl ExtraPath {
    /// The path, without a slash at either end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ExtraPath {
    type Err = Invalid;

    /// Parses a path; a slash at either end does not count.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let path = text.strip_prefix('/').unwrap_or(text);
        let path = path.strip_suffix('/').unwrap_or(path);
        let is_name =
            |part: &str| (1..=255).contains(&part.len()) && !part.contains(char::is_control);
        if path.split('/').all(is_name) && path.split('/').next() != Some("api") {
            return Ok(Self(path.into()));
        }
        let rule = "it is names with a slash between them, such as meta-data/rack, and the first \
                    is not api";
        Err(Invalid::new("metadata path", text, rule))
    }
}

impl fmt::Display for ExtraPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory => f.write_str("it is a directory"),
            Self::BelowValue(path) => write!(f, "{path} is a value, not a directory"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_names_and_slashes() {
        for good in ["rack", "/meta-data/a b/é/", "meta-data/..", "openstack/latest/x.json"] {
            let parsed: ExtraPath = good.parse().unwrap();
            assert_eq!(parsed.as_str(), good.trim_matches('/'));
        }
        let long = "x".repeat(256);
        for bad in ["", "/", "a//b", "//a", "a\nb", "api/token", "api", &long] {
            assert!(bad.parse::<ExtraPath>().is_err(), "{bad:?}");
        }
    }
}
