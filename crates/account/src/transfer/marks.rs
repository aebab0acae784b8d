//! What says that a state is not to be used.

use imds_kv::{Kv, KvError, Listing, Transaction};

use crate::keys::kinds::{MOVED, UNFINISHED};
use crate::record;

/// Why a state is not to be used.
#[derive(Debug, thiserror::Error)]
pub enum NotUsable {
    /// An import has not come to its end.
    #[error("it is incomplete: an import of {from} has not come to its end")]
    Unfinished {
        /// What was being imported.
        from: String,
    },
    /// It was moved.
    #[error("it was moved to {to}, and is only kept as it was then")]
    Moved {
        /// Where it is now.
        to: String,
    },
    /// Whether it is, cannot be read.
    #[error(transparent)]
    Kv(#[from] KvError),
}

/// Refuses a state that is incomplete, or was moved.
pub fn check_usable(kv: &dyn Kv) -> Result<(), NotUsable> {
    if let Some(from) = unfinished(kv)? {
        return Err(NotUsable::Unfinished { from });
    }
    moved_to(kv)?.map_or(Ok(()), |to| Err(NotUsable::Moved { to }))
}

/// The same of a state that was read.
pub fn check_listing(listing: &Listing) -> Result<(), NotUsable> {
    check_whole(listing)?;
    marked(listing, MOVED).map_or(Ok(()), |to| Err(NotUsable::Moved { to }))
}

/// Refuses what was read of an incomplete state.
pub fn check_whole(listing: &Listing) -> Result<(), NotUsable> {
    marked(listing, UNFINISHED).map_or(Ok(()), |from| Err(NotUsable::Unfinished { from }))
}

/// What is being imported, if an import has not come to its end.
pub(super) fn unfinished(kv: &dyn Kv) -> Result<Option<String>, KvError> {
    text(kv, UNFINISHED)
}

/// Where the state was moved, if it was.
pub fn moved_to(kv: &dyn Kv) -> Result<Option<String>, KvError> {
    text(kv, MOVED)
}

/// Says of a state that it was moved: from now on it is refused.
pub fn mark_moved(kv: &dyn Kv, to: &str) -> Result<(), KvError> {
    let mark = record::encode(&to.to_owned());
    kv.commit(Transaction::new().put(MOVED, mark)).map(drop)
}

/// A mark that cannot be read is one all the same.
fn text(kv: &dyn Kv, key: &str) -> Result<Option<String>, KvError> {
    Ok(kv.get(key)?.map(|entry| said(&entry.value)))
}

fn marked(listing: &Listing, key: &str) -> Option<String> {
    let mark = listing.entries.iter().find(|entry| entry.key == key);
    mark.map(|entry| said(&entry.value))
}

fn said(value: &[u8]) -> String {
    record::decode(value).unwrap_or_else(|_| "something".to_owned())
}

#[cfg(test)]
mod tests {
    use imds_kv::Memory;

    use super::*;

    #[test]
    fn a_marked_state_is_refused() {
        let kv = Memory::new();
        check_usable(&kv).unwrap();
        mark_moved(&kv, "etcd://a:1/imds").unwrap();
        let text = check_usable(&kv).unwrap_err().to_string();
        assert!(text.contains("moved to etcd://a:1/imds"), "{text}");
        kv.commit(Transaction::new().put(UNFINISHED, "of a later release")).unwrap();
        let text = check_usable(&kv).unwrap_err().to_string();
        assert!(text.contains("import of something"), "{text}");
    }
}
