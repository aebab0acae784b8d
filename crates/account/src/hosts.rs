//! The hosts that share a state: which there are, and how far each has come.
//!
//! A host that lives has a claim and a watermark, under one lease. What was committed is in force
//! everywhere once the watermarks of all hosts that live have reached it: a host that comes later serves
//! nothing before it has brought into force what was committed before its claim.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use imds_core::InstanceId;
use imds_kv::Revision;
use serde::{Deserialize, Serialize};

use crate::keys;
use crate::records::WhenCutOff;
use crate::store::{Store, StoreError};

/// A host among those that share a state.
#[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct HostFacts {
    /// Its name.
    pub name: String,
    /// Whether its lease has not ended.
    pub is_alive: bool,
    /// Up to which revision it has brought the state into force.
    pub revision: Option<u64>,
    /// How many revisions of the state it is behind the newest change of an instance.
    pub behind: Option<u64>,
    /// When it was started, in seconds since 1970.
    pub since: Option<u64>,
    /// The release that it runs.
    pub release: Option<String>,
    /// What it does while it is cut off.
    pub when_cut_off: Option<WhenCutOff>,
    /// Where its EC2 API answers, or did.
    pub control: Option<SocketAddr>,
    /// Its default instance.
    pub default_instance: Option<InstanceId>,
}

/// All hosts that have, or once had, the state, by name.
///
/// Each host that has not reached `newest` is behind.
pub fn list(store: &Store, newest: Revision) -> Result<Vec<HostFacts>, StoreError> {
    let claims = store.scan(&keys::host_claims())?;
    let watermarks = store.scan(&keys::watermarks())?;
    let mut names: BTreeSet<_> = store.names(&keys::hosts())?.into_iter().collect();
    names = names.iter().filter_map(|name| Some(name.split_once('/')?.0.to_owned())).collect();
    // A claim of another release may be unreadable; its host lives all the same.
    let alive = store.names(&keys::host_claims())?;
    names.extend(alive.iter().cloned());
    let watermarks = watermarks.records.into_iter().map(|(name, it)| (name, it.record));
    let watermarks: BTreeMap<_, _> = watermarks.collect();
    let claims = claims.records.into_iter().map(|(name, claim)| (name, claim.record));
    let mut claims: BTreeMap<_, _> = claims.collect();
    let facts = |name: String| {
        let host = name.parse().ok();
        let control = keys::control_address(host.as_ref());
        let default = keys::default_instance(host.as_ref());
        let own = store.read_many(&[control.as_str(), default.as_str()])?;
        let claim = claims.remove(&name);
        let watermark = watermarks.get(&name);
        let revision = watermark.map(|watermark| watermark.revision);
        Ok(HostFacts {
            is_alive: alive.contains(&name),
            revision,
            behind: revision.map(|revision| newest.get().saturating_sub(revision)),
            since: claim.as_ref().map(|claim| claim.since),
            when_cut_off: watermark.map(|watermark| watermark.when_cut_off),
            release: claim.map(|claim| claim.release),
            // What cannot be read does not hide the host.
            control: own.read(&control).ok().flatten().map(|stored| stored.record),
            default_instance: own.read(&default).ok().flatten().map(|it| it.record.instance),
            name,
        })
    };
    names.into_iter().map(facts).collect()
}

/// The revision up to which everything is in force on all hosts that live, as of now; `None` where one
/// of them has not said how far it is, or said it in words of another release.
pub fn reached_by_all(store: &Store) -> Result<Option<Revision>, StoreError> {
    let watermarks = store.scan(&keys::watermarks())?;
    if !watermarks.unreadable.is_empty() {
        return Ok(None);
    }
    let revisions = watermarks.records.into_iter().map(|(_, stored)| stored.record.revision);
    Ok(revisions.min().map(Revision::new))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::{HostClaim, Watermark};
    use crate::store::Transaction;

    fn host(name: &str, revision: u64) -> Transaction {
        let name = name.parse().unwrap();
        let claim = HostClaim { release: "0.1.0".to_owned(), since: 7 };
        let watermark = Watermark { revision, when_cut_off: WhenCutOff::Refuse };
        Transaction::new()
            .write(&keys::host_claim(&name), &claim)
            .write(&keys::watermark(&name), &watermark)
            .write(&keys::control_address(Some(&name)), &"127.0.0.1:1339".parse().unwrap())
    }

    #[test]
    fn the_slowest_host_that_lives_decides() {
        let store = Store::in_memory();
        let reached = || reached_by_all(&store).unwrap().map(Revision::get);
        assert_eq!(reached(), None, "this host is not there yet");
        store.commit(host("a", 7)).unwrap();
        store.commit(host("b", 5)).unwrap();
        assert_eq!(reached(), Some(5));
        let b = "b".parse().unwrap();
        store.commit(Transaction::new().remove(&keys::watermark(&b))).unwrap();
        assert_eq!(reached(), Some(7));
        let unreadable = imds_kv::Transaction::new().put("watermarks/c", b"of another release");
        store.kv().commit(unreadable).unwrap();
        assert_eq!(reached(), None);
    }

    #[test]
    fn hosts_that_are_gone_stay_in_the_list() {
        let store = Store::in_memory();
        store.commit(host("a", 7)).unwrap();
        store.commit(host("b", 5)).unwrap();
        let b = "b".parse().unwrap();
        let gone = Transaction::new().remove(&keys::watermark(&b)).remove(&keys::host_claim(&b));
        let facts = |name: &str| {
            list(&store, Revision::new(7))
                .unwrap()
                .into_iter()
                .find(|host| host.name == name)
                .unwrap()
        };
        assert_eq!((facts("a").behind, facts("b").behind), (Some(0), Some(2)));
        assert!(facts("b").is_alive && facts("b").since == Some(7));
        store.commit(gone).unwrap();
        assert_eq!(list(&store, Revision::ZERO).unwrap().len(), 2);
        assert!(!facts("b").is_alive && facts("b").revision.is_none());
        assert!(facts("b").control.is_some());
    }
}
