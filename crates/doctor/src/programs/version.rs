//! Versions of packages.

use std::fmt;

/// The numbers of a version, as in 2.31.2; a suffix such as `-rc1` is dropped.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Version(Vec<u64>);

impl Version {
    /// Reads the numbers at the beginning of `text`; `None` if it does not begin with a digit.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let numbers = text[..end].split('.').map_while(|number| number.parse().ok());
        let numbers: Vec<_> = numbers.collect();
        (!numbers.is_empty()).then_some(Self(numbers))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<_> = self.0.iter().map(u64::to_string).collect();
        f.write_str(&numbers.join("."))
    }
}
