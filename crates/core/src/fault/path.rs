//! Which paths a rule is about.

use std::fmt;
use std::str::FromStr;

use crate::request::{Path, PathGroup};

/// The paths that a rule is about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FaultPath {
    /// All: `all`.
    All,
    /// A group, below any version: `token`, `credentials`, `identity`, `user-data` or `meta-data`.
    Group(PathGroup),
    /// A path and what is below it: `/latest/meta-data/iam` in this version, `meta-data/iam` in any.
    Below(String),
}

/// The names of groups; `dynamic/` has the identity document and its signatures, and nothing else.
const GROUPS: [(&str, PathGroup); 5] = [
    ("token", PathGroup::Token),
    ("credentials", PathGroup::Credentials),
    ("identity", PathGroup::Dynamic),
    ("user-data", PathGroup::UserData),
    ("meta-data", PathGroup::MetaData),
];

impl FaultPath {
    /// Whether a plain path belongs to it.
    pub(super) fn matches(&self, path: &str) -> bool {
        match self {
            Self::All => true,
            Self::Group(group) => PathGroup::of(path) == *group,
            Self::Below(above) => match above.strip_prefix('/') {
                Some(above) => is_below(path, above),
                None => path.split_once('/').is_some_and(|(_, path)| is_below(path, above)),
            },
        }
    }
}

/// Whether whole parts of `path` begin with `above`.
fn is_below(path: &str, above: &str) -> bool {
    let rest = path.strip_prefix(above);
    rest.is_some_and(|rest| above.is_empty() || rest.is_empty() || rest.starts_with('/'))
}

impl FromStr for FaultPath {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "all" {
            return Ok(Self::All);
        }
        if let Some((_, group)) = GROUPS.iter().find(|(name, _)| *name == text) {
            return Ok(Self::Group(*group));
        }
        let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        if !text.contains('/') || !is_plain(text) || text.contains(['?', '#', '%']) {
            return Err(
                "write token, credentials, identity, user-data, meta-data, all, or a path such \
                        as meta-data/placement or /latest/user-data",
            );
        }
        let plain = Path::parse(text);
        let root = if text.starts_with('/') { "/" } else { "" };
        Ok(Self::Below(format!("{root}{}", plain.as_str())))
    }
}

impl fmt::Display for FaultPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => formatter.write_str("all"),
            Self::Group(group) => {
                let name = GROUPS.iter().find(|(_, it)| it == group).map(|(name, _)| *name);
                formatter.write_str(name.unwrap_or(group.as_str()))
            }
            Self::Below(path) => formatter.write_str(path),
        }
    }
}
