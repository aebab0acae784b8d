//! Our keys among those of a cluster: all have one prefix.

use super::wire::{KeyValue, RangeRequest};
use crate::entry::{Change, Entry, UnreadableEntry};
use crate::revision::Revision;

/// The part of a cluster's keys that is ours.
#[derive(Clone)]
pub(super) struct Keys {
    /// Ends in `/`.
    prefix: String,
}

/// Keys from one on, and up to another one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct KeyRange {
    pub(super) start: Vec<u8>,
    /// Not in the range.
    pub(super) end: Vec<u8>,
}

impl Keys {
    pub(super) fn below(prefix: &str) -> Self {
        Self { prefix: format!("{prefix}/") }
    }

    /// A key as the cluster has it.
    pub(super) fn outer(&self, key: &str) -> Vec<u8> {
        format!("{}{key}", self.prefix).into_bytes()
    }

    /// A key of ours as callers know it; what is no text is shown as well as it can be.
    fn inner(&self, key: &[u8]) -> Result<String, String> {
        let rest = key.strip_prefix(self.prefix.as_bytes()).unwrap_or(key);
        let lossy = || String::from_utf8_lossy(rest).into_owned();
        String::from_utf8(rest.to_vec()).map_err(|_| lossy())
    }

    /// All keys that begin with `prefix`.
    pub(super) fn with_prefix(&self, prefix: &str) -> KeyRange {
        let start = self.outer(prefix);
        let end = successor(start.clone());
        KeyRange { start, end }
    }

    /// The same, but for those up to `after`.
    pub(super) fn page(&self, prefix: &str, after: Option<&str>) -> KeyRange {
        let KeyRange { start, end } = self.with_prefix(prefix);
        let next = after.map(|after| self.outer(&format!("{after}\0")));
        KeyRange { start: next.map_or(start.clone(), |next| next.max(start)), end }
    }

    /// The smallest range with all keys that begin with one of `prefixes`; `None` without any.
    pub(super) fn spanning(&self, prefixes: &[String]) -> Option<KeyRange> {
        let ranges = prefixes.iter().map(|prefix| self.with_prefix(prefix));
        ranges.reduce(|one, other| KeyRange {
            start: one.start.min(other.start),
            end: one.end.max(other.end),
        })
    }

    pub(super) fn entry(&self, pair: KeyValue) -> Result<Entry, UnreadableEntry> {
        let revision = revision(pair.mod_revision);
        match self.inner(&pair.key) {
            Ok(key) => Ok(Entry { key, value: pair.value, revision }),
            Err(key) => Err(no_text(key)),
        }
    }

    pub(super) fn change(&self, pair: KeyValue, is_deleted: bool) -> Change {
        match self.inner(&pair.key) {
            Err(key) => Change::Unreadable(no_text(key)),
            Ok(key) if is_deleted => Change::Deleted { key },
            Ok(key) => {
                let revision = revision(pair.mod_revision);
                Change::Put(Entry { key, value: pair.value, revision })
            }
        }
    }
}

impl KeyRange {
    /// Asks for all of its entries as they are now.
    pub(super) fn request(self) -> RangeRequest {
        RangeRequest { key: self.start, range_end: self.end, ..RangeRequest::default() }
    }
}

/// etcd's revisions are never negative.
pub(super) fn revision(number: i64) -> Revision {
    Revision::new(u64::try_from(number).unwrap_or_default())
}

/// A revision for etcd, which has none greater than this.
pub(super) fn number(revision: Revision) -> i64 {
    i64::try_from(revision.get()).unwrap_or(i64::MAX)
}

fn no_text(key: String) -> UnreadableEntry {
    UnreadableEntry { key, reason: "another program wrote it: the key is no text".to_owned() }
}

/// The first key after all those that begin with `prefix`. There is one: it begins with text.
fn successor(mut prefix: Vec<u8>) -> Vec<u8> {
    while let Some(last) = prefix.pop() {
        if let Some(next) = last.checked_add(1) {
            prefix.push(next);
            break;
        }
    }
    prefix
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_what_begins_with_a_prefix() {
        let keys = Keys::below("imds");
        let range = |start: &[u8], end: &[u8]| KeyRange { start: start.into(), end: end.into() };
        assert_eq!(keys.with_prefix(""), range(b"imds/", b"imds0"));
        assert_eq!(keys.with_prefix("a/"), range(b"imds/a/", b"imds/a0"));
        let last = keys.with_prefix("\u{10ffff}");
        assert_eq!(last, range("imds/\u{10ffff}".as_bytes(), b"imds/\xf4\x8f\xbf\xc0"));
        assert_eq!(keys.page("a/", Some("a/b")), range(b"imds/a/b\0", b"imds/a0"));
        assert_eq!(keys.page("a/", Some("")), range(b"imds/a/", b"imds/a0"));
        assert!(keys.page("a/", Some("b")).request().is_empty());
        let spanning = keys.spanning(&["b".to_owned(), "a/".to_owned(), "az".to_owned()]);
        assert_eq!(spanning, Some(range(b"imds/a/", b"imds/c")));
        assert_eq!(keys.spanning(&[]), None);
    }
}
