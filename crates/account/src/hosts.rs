//! The hosts that share a state: which there are, and how far each has come.
//!
//! A host that lives has a claim and a watermark, under one lease. A change of an instance is in force
//! everywhere once the watermarks of all hosts that live and may serve it have reached it: a host that comes
//! later serves nothing before it has brought into force what was committed before its claim.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use imds_core::InstanceId;
use imds_kv::Revision;
use serde::{Deserialize, Serialize};

use crate::host_name::HostName;
use crate::records::{DefaultInstance, Follows, HostClaim, WhenCutOff};
use crate::store::{Store, StoreError, Stored, Transaction};
use crate::{keys, launch, placement};

/// A host among those that share a state.
#[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct HostFacts {
    /// Its name.
    pub name: String,
    /// Whether its lease has not ended.
    pub is_alive: bool,
    /// Up to which revision it has brought the state into force.
    pub revision: Option<u64>,
    /// How many revisions of the state it is behind the newest change of an instance; `None` where it follows
    /// linked instances alone, and that change may not concern it.
    pub behind: Option<u64>,
    /// Which instances it follows.
    pub follows: Option<Follows>,
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
            behind: watermark
                .filter(|it| it.follows == Follows::All)
                .map(|it| newest.get().saturating_sub(it.revision)),
            follows: watermark.map(|watermark| watermark.follows),
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

/// Whether this host has never had the state.
pub fn is_new(store: &Store) -> Result<bool, StoreError> {
    let Some(host) = store.host() else { return Ok(false) };
    Ok(store.names(&keys::own_of(host))?.is_empty())
}

/// A host that lives and runs an earlier release, whose commits do not keep what this one's do: see
/// [`HostClaim::tells`].
pub fn silent(store: &Store) -> Result<Option<(String, HostClaim)>, StoreError> {
    let claims = store.read_all(&keys::host_claims())?.records.into_iter();
    let mut silent = claims.map(|(name, claim)| (name, claim.record)).filter(|(_, it)| !it.tells);
    Ok(silent.next())
}

/// Forgets this host, which nobody has spoken to yet: its default instance, and all that is its own. Depends on
/// the `claim` with which it took its name.
///
/// # Errors
/// [`StoreError::Conflict`] if another process has taken the name since. If the state cannot be read or written.
pub fn forget(store: &Store, claim: &Stored<HostClaim>) -> Result<(), StoreError> {
    let Some(host) = store.host() else { return Ok(()) };
    let own = keys::own_of(host);
    let names = store.names(&own)?;
    let held = Transaction::new().if_unchanged(&keys::host_claim(host), Some(claim));
    let mut forgotten = names.iter().fold(held, |all, name| all.remove(&own.key(name)));
    if let Some(default) = store.read(&keys::default_instance(Some(host)))? {
        let DefaultInstance { region, instance: id, .. } = default.record;
        if let Some(instance) = store.read(&keys::instance(&region, id.as_str()))? {
            forgotten = launch::withdraw(forgotten, &region, &id, &instance.record);
        }
    }
    store.commit(forgotten)?;
    placement::place_only(store, &BTreeSet::new())
}

/// How far the hosts that live had come when it was read.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Reach {
    /// When it was read.
    pub read_at: Revision,
    /// Up to where everything is in force on all of them; zero where one has not said how far it is, or said
    /// it in words of another release.
    pub everywhere: Revision,
    /// The same for those that follow all instances; the greatest revision where there is none of them.
    of_all: Revision,
    /// How far those have come that follow linked instances.
    linked: BTreeMap<HostName, Revision>,
}

impl Reach {
    /// Where nobody knows how far any of them has come.
    pub const fn unknown() -> Self {
        Self {
            read_at: LAST,
            everywhere: Revision::ZERO,
            of_all: Revision::ZERO,
            linked: BTreeMap::new(),
        }
    }

    /// Reads it.
    pub fn read(store: &Store) -> Result<Self, StoreError> {
        let watermarks = store.scan(&keys::watermarks())?;
        let read_at = watermarks.revision;
        let nobody = Self { read_at, ..Self::unknown() };
        if !watermarks.unreadable.is_empty() || watermarks.records.is_empty() {
            return Ok(nobody);
        }
        let mut reach = Self { everywhere: LAST, of_all: LAST, ..nobody };
        for (name, Stored { record, .. }) in watermarks.records {
            let revision = Revision::new(record.revision);
            reach.everywhere = reach.everywhere.min(revision);
            match (record.follows, name.parse()) {
                (Follows::Linked, Ok(name)) => drop(reach.linked.insert(name, revision)),
                _ => reach.of_all = reach.of_all.min(revision),
            }
        }
        Ok(reach)
    }

    /// Whether the change of an instance at `revision` is in force on all hosts that may serve it. This must
    /// have been read after that change, or the answer is of no use.
    ///
    /// Who serves the instance is read later: a host on which it is placed after that reads it as it is then.
    pub fn has(
        &self,
        store: &Store,
        instance: &InstanceId,
        revision: Revision,
    ) -> Result<bool, StoreError> {
        if self.of_all < revision {
            return Ok(false);
        }
        let behind = |host: &HostName| self.linked.get(host).is_some_and(|it| *it < revision);
        if !self.linked.keys().any(behind) {
            return Ok(true);
        }
        Ok(!placement::hosts(store, instance)?.iter().any(behind))
    }
}

/// Greater than that of any commit.
const LAST: Revision = Revision::new(u64::MAX);

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::records::Watermark;

    fn host(name: &str, revision: u64) -> Transaction {
        host_that_follows(name, revision, Follows::All)
    }

    fn host_that_follows(name: &str, revision: u64, follows: Follows) -> Transaction {
        let name = name.parse().unwrap();
        let claim = HostClaim { release: "0.1.0".to_owned(), since: 7, tells: true };
        let watermark = Watermark { revision, when_cut_off: WhenCutOff::Refuse, follows };
        Transaction::new()
            .write(&keys::host_claim(&name), &claim)
            .write(&keys::watermark(&name), &watermark)
            .write(&keys::control_address(Some(&name)), &"127.0.0.1:1339".parse().unwrap())
    }

    #[test]
    fn the_slowest_host_that_lives_decides() {
        let store = Store::in_memory();
        let reached = || Reach::read(&store).unwrap().everywhere.get();
        assert_eq!(reached(), 0, "this host is not there yet");
        store.commit(host("a", 7)).unwrap();
        store.commit(host("b", 5)).unwrap();
        assert_eq!(reached(), 5);
        let b = "b".parse().unwrap();
        store.commit(Transaction::new().remove(&keys::watermark(&b))).unwrap();
        assert_eq!(reached(), 7);
        let unreadable = imds_kv::Transaction::new().put("watermarks/c", b"of another release");
        store.kv().commit(unreadable).unwrap();
        assert_eq!(reached(), 0);
    }

    #[test]
    fn a_host_of_linked_instances_decides_on_those_alone() {
        let store = Store::of_host(Arc::new(imds_kv::Memory::new()), "a".parse().unwrap());
        let (here, elsewhere) = ("i-11111111".parse().unwrap(), "i-22222222".parse().unwrap());
        placement::place(&store, &[InstanceId::clone(&here)].into()).unwrap();
        store.commit(host_that_follows("a", 50, Follows::Linked)).unwrap();
        store.commit(host("b", 90)).unwrap();
        let has = |revision| {
            let reach = Reach::read(&store).unwrap();
            [&here, &elsewhere].map(|id| reach.has(&store, id, Revision::new(revision)).unwrap())
        };
        assert_eq!(
            [has(50), has(51), has(90), has(91)],
            [[true, true], [false, true], [false, true], [false, false],]
        );
        assert_eq!(Reach::read(&store).unwrap().everywhere.get(), 50);
        placement::withdraw(&store, &[here.clone()].into()).unwrap();
        assert_eq!(has(51), [true, true]);
        let behind = list(&store, Revision::new(100)).unwrap();
        assert_eq!(behind.iter().map(|host| host.behind).collect::<Vec<_>>(), [None, Some(10)]);
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
