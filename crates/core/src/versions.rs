//! The versions of the metadata, as `GET /` lists them.

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

/// The body of `GET /`.
pub fn listing() -> String {
    VERSIONS.join("\n")
}

/// Whether `version` is one the service knows.
pub fn is_known(version: &str) -> bool {
    version == LATEST || VERSIONS.binary_search(&version).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_sorted_as_strings() {
        assert!(VERSIONS.is_sorted());
        assert!(is_known("1.0") && is_known("latest") && is_known("2021-03-23"));
        assert!(!is_known("2021-03-24") && !is_known("") && !is_known("meta-data"));
        assert!(!listing().ends_with('\n'));
    }
}
