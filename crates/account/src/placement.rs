//! Which hosts serve an instance, and how they are told of its changes.
//!
//! A host that follows linked instances alone sees nothing of the others. Each instance that it has a way to
//! is *placed* on it ([`place`]), and whatever commit changes the instance writes a notice to the host:
//! [`Store::commit`] sees to that. A placement that is made at the same time conflicts with that commit, or
//! comes after it; then the host, which reads the instance once it is placed, reads what was committed.

use std::collections::{BTreeMap, BTreeSet};

use imds_core::InstanceId;
use imds_core::placement::Region;
use imds_kv::Revision;

use crate::host_name::HostName;
use crate::keys;
use crate::records::{Notice, ServedBy};
use crate::store::{Store, StoreError, Stored, Transaction};
use crate::zones::REGIONS;

/// How many instances are placed, or no longer, in one commit: well below what every engine can.
const AT_ONCE: usize = 32;

/// Places instances on this host. Returns the commit that tells it of the last of them: once the host's agent
/// has come to it, it serves them.
///
/// # Errors
/// If the state cannot be read or written; some of them may be placed then.
pub fn place(store: &Store, ids: &BTreeSet<InstanceId>) -> Result<Revision, StoreError> {
    let mut last = Revision::ZERO;
    let Some(host) = store.host() else { return Ok(last) };
    let all: Vec<_> = ids.iter().collect();
    for ids in all.chunks(AT_ONCE) {
        update(store, ids, |served_by, transaction, _| {
            (served_by.hosts.insert(host.clone()), transaction)
        })?;
        last = begin_telling(store, host, ids)?;
    }
    Ok(last)
}

/// Tells this host of instances that were just placed on it. A launch in between has seen the placement, and
/// has told it as well; one before is seen here.
fn begin_telling(
    store: &Store,
    host: &HostName,
    ids: &[&InstanceId],
) -> Result<Revision, StoreError> {
    loop {
        let keys: Vec<_> = ids.iter().map(|id| keys::notice(host, id)).collect();
        let texts: Vec<_> = keys.iter().map(keys::Key::as_str).collect();
        let told = store.read_many(&texts)?;
        let told: Vec<_> = keys.iter().map(|key| told.read(key)).collect::<Result<_, _>>()?;
        // Where a Region is known, whoever changes the instance has kept it right since it was placed.
        let has_region = |told: &Option<Stored<Notice>>| {
            told.as_ref().is_some_and(|told| told.record.region.is_some())
        };
        let unknown: Vec<_> = ids
            .iter()
            .zip(&told)
            .filter(|(_, told)| !has_region(told))
            .map(|(id, _)| *id)
            .collect();
        let mut regions = regions_of(store, &unknown)?;
        let mut transaction = Transaction::new();
        for ((id, key), before) in ids.iter().zip(&keys).zip(told) {
            let known = before.as_ref().and_then(|before| before.record.region.clone());
            let notice = Notice { region: known.or_else(|| regions.remove(*id)) };
            transaction = transaction.if_unchanged(key, before.as_ref()).write(key, &notice);
        }
        match store.commit_alone(transaction) {
            Err(StoreError::Conflict { .. }) => {}
            outcome => return outcome,
        }
    }
}

/// Places instances on this host no longer: it hears of them no more.
///
/// # Errors
/// If the state cannot be read or written; some of them may still be placed then.
pub fn withdraw(store: &Store, ids: &BTreeSet<InstanceId>) -> Result<(), StoreError> {
    let Some(host) = store.host() else { return Ok(()) };
    let all: Vec<_> = ids.iter().collect();
    all.chunks(AT_ONCE).try_for_each(|ids| {
        update(store, ids, |served_by, transaction, id| {
            served_by.hosts.remove(host);
            (true, transaction.remove(&keys::notice(host, id)))
        })
    })
}

/// Places these instances on this host, and no others.
///
/// # Errors
/// As [`place`] and [`withdraw`].
pub fn place_only(store: &Store, ids: &BTreeSet<InstanceId>) -> Result<(), StoreError> {
    let Some(host) = store.host() else { return Ok(()) };
    let known = store.names(&keys::notices(host))?;
    let known: BTreeSet<_> = known.iter().filter_map(|name| name.parse().ok()).collect();
    withdraw(store, &known.difference(ids).cloned().collect())?;
    // Those that are known as well: a placement may be lost where a state was restored.
    place(store, ids).map(drop)
}

/// The hosts that follow linked instances and serve this one.
pub fn hosts(store: &Store, id: &InstanceId) -> Result<BTreeSet<HostName>, StoreError> {
    let stored = store.read(&keys::served_by(id))?;
    Ok(stored.map(|stored| stored.record.hosts).unwrap_or_default())
}

/// The Regions of those instances that there are.
pub fn regions_of(
    store: &Store,
    ids: &[&InstanceId],
) -> Result<BTreeMap<InstanceId, Region>, StoreError> {
    // First where most instances are: the names of all of them are many.
    let listed = REGIONS.iter().filter_map(|(name, _)| name.parse::<Region>().ok());
    let places: Vec<_> =
        listed.flat_map(|region| ids.iter().map(move |id| (region.clone(), *id))).collect();
    let keys: Vec<_> =
        places.iter().map(|(region, id)| keys::instance(region, id.as_str())).collect();
    let texts: Vec<_> = keys.iter().map(keys::Key::as_str).collect();
    let there = store.read_many(&texts)?;
    let found = places.into_iter().zip(&keys).filter(|(_, key)| there.has(key));
    let mut found: BTreeMap<_, _> = found.map(|((region, id), _)| (id.clone(), region)).collect();
    if ids.iter().any(|id| !found.contains_key(id)) {
        let names = store.names(&keys::every_instance())?;
        let places = names.iter().filter_map(|name| keys::region_and_id(name));
        let others = places.filter(|(_, id)| ids.contains(&id));
        for (region, id) in others {
            found.entry(id).or_insert(region);
        }
    }
    Ok(found)
}

/// Changes who serves instances, until nobody was in the way. `change` tells whether a record is to be
/// written.
fn update(
    store: &Store,
    ids: &[&InstanceId],
    change: impl Fn(&mut ServedBy, Transaction, &InstanceId) -> (bool, Transaction),
) -> Result<(), StoreError> {
    let keys: Vec<_> = ids.iter().map(|id| keys::served_by(id)).collect();
    let texts: Vec<_> = keys.iter().map(keys::Key::as_str).collect();
    loop {
        let read = store.read_many(&texts)?;
        let mut transaction = Transaction::new();
        for (id, key) in ids.iter().zip(&keys) {
            let stored = read.read(key)?;
            let mut served_by = stored.as_ref().map(|it| it.record.clone()).unwrap_or_default();
            let is_changed;
            (is_changed, transaction) = change(&mut served_by, transaction, id);
            if !is_changed {
                continue;
            }
            transaction = transaction.if_unchanged(key, stored.as_ref());
            transaction = if served_by.hosts.is_empty() {
                transaction.remove(key)
            } else {
                transaction.write(key, &served_by)
            };
        }
        match store.commit_alone(transaction) {
            Err(StoreError::Conflict { .. }) => {}
            outcome => return outcome.map(drop),
        }
    }
}

#[cfg(test)]
mod tests;
