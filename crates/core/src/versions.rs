//! The versions of the metadata, as `GET /` lists them.

use std::sync::LazyLock;

/// Every version a capture of August 2024 showed, oldest first, then `latest`.
///
/// As strings they are also in order: a category released with version S is served under V if and
/// only if S ≤ V. The rule for categories whose release date is not in this list is our choice.
pub const VERSIONS: [&str; 30] = [
    "1.0",
    "2007-01-19",
    "2007-03-01",
    "2007-08-29",
    "2007-10-10",
    "2007-12-15",
    "2008-02-01",
    "2008-09-01",
    "2009-04-04",
    "2011-01-01",
    "2011-05-01",
    "2012-01-12",
    "2014-02-25",
    "2014-11-05",
    "2015-10-20",
    "2016-04-19",
    "2016-06-30",
    "2016-09-02",
    "2018-03-28",
    "2018-08-17",
    "2018-09-24",
    "2019-10-01",
    "2020-10-27",
    "2021-01-03",
    "2021-03-23",
    "2021-07-15",
    "2022-07-09",
    "2022-09-24",
    "2024-04-11",
    LATEST,
];

/// The version that has every category.
pub const LATEST: &str = "latest";

/// A version, by its place among all.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Version(u8);

impl Version {
    /// The version that has every category.
    pub(crate) const LATEST: Self = Self(29);

    /// The version of that name, if there is one.
    pub(crate) fn of(name: &str) -> Option<Self> {
        // Nearly every request names this one.
        if name == LATEST {
            return Some(Self::LATEST);
        }
        let version = Self::from(name);
        (VERSIONS[usize::from(version.0)] == name).then_some(version)
    }
}

impl From<&str> for Version {
    /// The first version not before `since`, which need not be the name of one.
    fn from(since: &str) -> Self {
        let place = VERSIONS.partition_point(|version| *version < since);
        u8::try_from(place).map_or(Self::LATEST, |place| Self(place).min(Self::LATEST))
    }
}

/// The body of `GET /`.
pub fn listing() -> &'static str {
    static LISTING: LazyLock<String> = LazyLock::new(|| VERSIONS.join("\n"));
    &LISTING
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_sorted_as_strings() {
        assert!(VERSIONS.is_sorted());
        for known in VERSIONS {
            assert_eq!(VERSIONS[usize::from(Version::of(known).unwrap().0)], known);
        }
        for unknown in ["2021-03-24", "", "meta-data", "zzz"] {
            assert_eq!(Version::of(unknown), None, "{unknown}");
        }
        assert_eq!(Version::of(LATEST), Some(Version::LATEST));
        assert_eq!(Version::from("2016-11-15"), Version::of("2018-03-28").unwrap());
        assert!(!listing().ends_with('\n'));
    }
}
