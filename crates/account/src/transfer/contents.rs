//! All that a state keeps, in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use imds_kv::{Entry, Listing, UnreadableEntry};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::keys::kinds;
use crate::record;

/// How a state tells what is of one host alone.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// One host has the state: what is its own has keys like all else.
    Machine,
    /// Several hosts share it: what is of each is below its name.
    Hosts,
}

/// The records of a state by key, as bytes. What only a running process means is left out: where its API
/// listens, and how far it has come.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Contents(BTreeMap<String, Vec<u8>>);

/// Entries that cannot be read. Without them a copy would not be whole.
#[derive(Debug, thiserror::Error)]
#[error(
    "{} of its entries cannot be read, among them {}: {}",
    .0.len(),
    .0.first().map_or("", |entry| &entry.key),
    .0.first().map_or("", |entry| &entry.reason)
)]
pub struct UnreadableEntries(pub Vec<UnreadableEntry>);

impl Contents {
    /// What a listing of all keys has.
    ///
    /// # Errors
    /// If an entry is damaged, or sealed with another key than ours.
    pub fn of(listing: Listing) -> Result<Self, UnreadableEntries> {
        let Listing { entries, unreadable, .. } = listing;
        if !unreadable.is_empty() {
            return Err(UnreadableEntries(unreadable));
        }
        let kept = entries.into_iter().filter(|entry| !kinds::is_transient(&entry.key));
        Ok(Self(kept.map(|Entry { key, value, .. }| (key, value)).collect()))
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The records in the order of their keys' bytes.
    pub fn records(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_slice()))
    }

    /// How many records this release cannot read: a later one wrote them, or they are damaged. They go along.
    pub fn unreadable(&self) -> usize {
        let is_unreadable = |(key, value): &(&str, &[u8])| {
            kinds::check(key, value).is_some_and(|read| read.is_err())
        };
        self.records().filter(is_unreadable).count()
    }

    /// SHA-256 in hexadecimal of all records: of each, in the order of the keys' bytes, the length of the
    /// key, the key, the length of the value and the value. Lengths are 8 bytes, the highest first.
    pub fn digest(&self) -> String {
        let mut digest = Sha256::new();
        for part in self.0.iter().flat_map(|(key, value)| [key.as_bytes(), value]) {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        base16ct::lower::encode_string(&digest.finalize())
    }

    /// Adds a record. Tells whether its key comes after all others.
    pub(crate) fn push(&mut self, key: String, value: Vec<u8>) -> bool {
        let is_last = self.0.last_key_value().is_none_or(|(last, _)| *last < key);
        self.0.insert(key, value);
        is_last
    }

    /// The same records as another layout has them, and how many are left out because they are of a host
    /// that is not `host`: its default instance and its links.
    #[must_use]
    pub fn laid_out(self, from: Layout, to: Layout, host: Option<&str>) -> (Self, usize) {
        let before = self.0.len();
        let moved = self.0.into_iter().filter_map(|(key, value)| {
            let key = match (from, to) {
                (Layout::Machine, Layout::Hosts) if kinds::is_own(&key) => {
                    host.map(|host| kinds::of_host(host, &key))?
                }
                (Layout::Hosts, Layout::Machine) => match kinds::own_of_host(&key) {
                    Some((name, own)) => (host == Some(name)).then(|| own.to_owned())?,
                    None => key,
                },
                _ => key,
            };
            Some((key, value))
        });
        let moved: BTreeMap<_, _> = moved.collect();
        let left = before - moved.len();
        (Self(moved), left)
    }

    /// The names of the hosts that have something of their own: a default instance, or links.
    pub fn hosts(&self) -> BTreeSet<&str> {
        self.0.keys().filter_map(|key| Some(kinds::own_of_host(key)?.0)).collect()
    }

    /// Adds the keys that sign a Region's identity documents, as text.
    pub fn add_identity_keys(&mut self, region: &str, text: &str) {
        let key = format!("{}{region}", kinds::IDENTITY_KEYS);
        self.0.insert(key, record::encode(&text.to_owned()));
    }

    /// Takes out the keys that sign identity documents: the text of each Region.
    ///
    /// # Errors
    /// The key of a record that cannot be read.
    pub fn take_identity_keys(&mut self) -> Result<Vec<(String, String)>, String> {
        let (taken, kept): (BTreeMap<_, _>, _) = std::mem::take(&mut self.0)
            .into_iter()
            .partition(|(key, _)| key.starts_with(kinds::IDENTITY_KEYS));
        self.0 = kept;
        let text = |(key, value): (String, Vec<u8>)| {
            let text: String = record::decode(&value).map_err(|_| key.clone())?;
            Ok((key[kinds::IDENTITY_KEYS.len()..].to_owned(), text))
        };
        taken.into_iter().map(text).collect()
    }
}

/// How much there is, and no secret.
impl fmt::Debug for Contents {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} records", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(keys: &[&str]) -> Contents {
        Contents(keys.iter().map(|key| ((*key).to_owned(), key.as_bytes().to_vec())).collect())
    }

    #[test]
    fn what_is_of_a_host_goes_with_the_host_that_is_named() {
        const SHARED: &str = "instances/us-east-1/i-1";
        let machine = ["default-instance", SHARED, "last-link", "links/0000000001"];
        let hosts = ["hosts/a/default-instance", "hosts/a/last-link", "hosts/a/links/0000000001"];
        let others = ["hosts/ab/default-instance", SHARED];
        let all = [&hosts[..], &others].concat();
        let (one, many) = (Layout::Machine, Layout::Hosts);
        for (keys, from, to, host, expected, left) in [
            (&machine[..], one, one, None, &machine[..], 0),
            (&machine, one, many, None, &[SHARED], 3),
            (&machine, one, many, Some("a"), &[&hosts[..], &[SHARED]].concat(), 0),
            (&all, many, many, None, &all, 0),
            (&all, many, one, None, &[SHARED], 4),
            (&all, many, one, Some("a"), &machine, 1),
            (&all, many, one, Some("b"), &[SHARED], 4),
        ] {
            let (moved, out) = contents(keys).laid_out(from, to, host);
            let mut expected: Vec<_> = expected.to_vec();
            expected.sort_unstable();
            let found: Vec<_> = moved.records().map(|(key, _)| key).collect();
            assert_eq!((found, out), (expected, left), "{from:?} {to:?} {host:?}");
        }
        assert_eq!(contents(&all).hosts(), BTreeSet::from(["a", "ab"]));
        assert_eq!(contents(&machine).hosts(), BTreeSet::new());
    }

    #[test]
    fn the_digest_tells_records_apart() {
        let of = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter().map(|(key, value)| ((*key).into(), (*value).into()));
            Contents(pairs.collect()).digest()
        };
        // `sha256sum` of nothing, and of both lengths and bytes.
        assert_eq!(of(&[]), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_ne!(of(&[("a", "bc")]), of(&[("ab", "c")]));
        assert_ne!(of(&[("a", ""), ("b", "")]), of(&[("a", "b")]));
    }

    #[test]
    fn identity_keys_are_taken_out_as_they_were_added() {
        let mut some = contents(&["instances/us-east-1/i-1"]);
        some.add_identity_keys("us-east-1", "PEM");
        assert_eq!(some.len(), 2);
        let taken = some.take_identity_keys();
        assert_eq!(taken, Ok(vec![("us-east-1".to_owned(), "PEM".to_owned())]));
        assert_eq!(some.len(), 1);
    }
}
