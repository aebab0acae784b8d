//! Launches of more instances than one commit can write.
//!
//! The first commit says what is about to be made ([`LaunchInParts`]), further ones write it, and the last one says
//! that it is complete. Until then nobody sees any of it. A launch that breaks off is undone ([`undo`]), by whoever
//! made it or, where that has died, by the sweep; whoever undoes it writes its record first, so that no further part
//! can be written.
//!
//! The record stays for a while after the end: whoever read instances while some were missing can tell
//! ([`Launches`]). Where there is none, the launch ended long ago.

use std::collections::{BTreeMap, BTreeSet};

use imds_core::InstanceId;
use imds_core::placement::Region;
use imds_kv::{KvError, Revision};

use crate::keys::{self, Key};
use crate::records::{Instance, LaunchInParts, LaunchStage};
use crate::store::{Store, StoreError, Stored, Transaction};
use crate::{hosts, launch};

/// How many keys more than its own a piece may write: hosts that serve an instance are told, two while it moves.
const TOLD: usize = 2;

/// A launch that is to be written.
pub struct NewLaunch<I, F> {
    /// Where it is said how far it has come, if it is written in parts.
    pub key: Key<LaunchInParts>,
    /// Where it launches.
    pub region: Region,
    /// The ids of all that it makes and that may have tags.
    pub made: Vec<String>,
    /// Its instances.
    pub instances: Vec<I>,
    /// Adds to a transaction all that is kept of one of them, whose launch is written in parts or not.
    pub keep: F,
    /// What it depends on, and what is written beside its instances.
    pub end: Transaction,
}

/// Commits all of a launch or nothing, in one commit if that is possible.
///
/// # Errors
/// As [`Store::commit`]. [`KvError::TooLarge`] also while a host of an earlier release lives, which would show a part.
pub fn commit<I, F>(store: &Store, launch: &NewLaunch<I, F>) -> Result<(), StoreError>
where
    I: Copy,
    F: Fn(Transaction, I, bool) -> Transaction,
{
    let (all, is_one) = (launch.instances.iter().copied(), launch.instances.len() == 1);
    let whole = all.fold(launch.end.clone(), |whole, one| (launch.keep)(whole, one, false));
    let too_large = match store.commit(whole) {
        Err(error @ StoreError::Kv(KvError::TooLarge { .. })) if !is_one => error,
        outcome => return outcome.map(drop),
    };
    if hosts::silent(store)?.is_some() {
        return Err(too_large);
    }
    let written = write(store, launch);
    if written.is_ok() {
        return written;
    }
    match undo(store, &launch.key) {
        // It was not known whether the last commit was made.
        Ok(LaunchStage::Complete) => Ok(()),
        Ok(_) => written,
        Err(error) => {
            tracing::warn!(%error, launch = launch.key.as_str(), "a launch that broke off is undone later");
            written
        }
    }
}

fn write<I, F>(store: &Store, launch: &NewLaunch<I, F>) -> Result<(), StoreError>
where
    I: Copy,
    F: Fn(Transaction, I, bool) -> Transaction,
{
    let (key, region) = (&launch.key, launch.region.clone());
    let record = LaunchInParts { region, made: launch.made.clone(), stage: LaunchStage::Begun };
    let begun = Transaction::new().if_unchanged(key, None).write(key, &record);
    let mut begun = Stored { revision: store.commit(begun)?, record };
    let held = Transaction::new().if_unchanged(key, Some(&begun));
    let all = launch.instances.iter().copied();
    let pieces = all.map(|one| (launch.keep)(Transaction::new(), one, true));
    commit_all(store, &held, pieces)?;
    begun.record.stage = LaunchStage::Complete;
    store.commit(held.and(launch.end.clone()).write(key, &begun.record)).map(drop)
}

/// Commits all of `pieces`, as many at once as the engine can, and `held` with each commit.
fn commit_all(
    store: &Store,
    held: &Transaction,
    pieces: impl Iterator<Item = Transaction>,
) -> Result<(), StoreError> {
    let room = store.kv().limits();
    let (mut part, mut count) = (held.clone(), 0);
    for piece in pieces {
        let operations = part.operations() + piece.operations() + TOLD * (count + 1);
        // Values may be longer once they are sealed.
        let is_full = operations > room.operations || part.bytes() + piece.bytes() > room.bytes / 2;
        if is_full && count > 0 {
            store.commit(std::mem::replace(&mut part, held.clone()))?;
            count = 0;
        }
        part = part.and(piece);
        count += 1;
    }
    if count > 0 { store.commit(part).map(drop) } else { Ok(()) }
}

/// Undoes a launch that has not come to its end, and says how it ended.
///
/// # Errors
/// If the state cannot be read or written. What is left is undone by the next attempt.
pub fn undo(store: &Store, key: &Key<LaunchInParts>) -> Result<LaunchStage, StoreError> {
    loop {
        match try_undo(store, key) {
            Err(StoreError::Conflict { .. }) => {}
            outcome => return outcome,
        }
    }
}

fn try_undo(store: &Store, key: &Key<LaunchInParts>) -> Result<LaunchStage, StoreError> {
    let Some(mut launch) = store.read(key)? else { return Ok(LaunchStage::Undone) };
    if launch.record.stage != LaunchStage::Begun {
        return Ok(launch.record.stage);
    }
    let again = Transaction::new().if_unchanged(key, Some(&launch)).write(key, &launch.record);
    launch.revision = store.commit(again)?;
    let held = Transaction::new().if_unchanged(key, Some(&launch));
    let made = launch.record.made.iter();
    let pieces: Vec<_> =
        made.map(|id| unmade(store, &launch.record.region, id)).collect::<Result<_, _>>()?;
    commit_all(store, &held, pieces.into_iter().filter(|piece| piece.operations() > 0))?;
    let undone = LaunchInParts { stage: LaunchStage::Undone, ..launch.record };
    store.commit(held.write(key, &undone))?;
    Ok(LaunchStage::Undone)
}

/// What removes one of the things that a launch has made, if it was made.
fn unmade(store: &Store, region: &Region, id: &str) -> Result<Transaction, StoreError> {
    let Ok(instance) = id.parse() else {
        return Ok(Transaction::new().remove(&keys::tags(region, id)));
    };
    let key = keys::instance(region, id);
    let Some(kept) = store.read(&key)? else { return Ok(Transaction::new()) };
    let unmade = Transaction::new().if_unchanged(&key, Some(&kept));
    Ok(launch::withdraw(unmade, region, &instance, &kept.record))
}

/// Undoes a launch that has not come on for long, or forgets one that ended long ago.
///
/// # Errors
/// If the state cannot be read or written.
pub(crate) fn forget(
    store: &Store,
    key: &Key<LaunchInParts>,
    launch: &Stored<LaunchInParts>,
) -> Result<(), StoreError> {
    if launch.record.stage == LaunchStage::Begun {
        tracing::warn!(launch = key.as_str(), "undoes a launch that broke off");
        return undo(store, key).map(drop);
    }
    store.commit(Transaction::new().if_unchanged(key, Some(launch)).remove(key)).map(drop)
}

/// The commit that completed the launch of an instance, whose record was read before: zero where it was written at
/// once, or long ago; `None` as long as nobody is to see the instance.
///
/// # Errors
/// If the state cannot be read.
pub fn completion(store: &Store, instance: &Instance) -> Result<Option<Revision>, StoreError> {
    if !instance.in_parts {
        return Ok(Some(Revision::ZERO));
    }
    let region = instance.zone.region();
    let key = keys::launch_in_parts(region, instance.reservation_id.as_str());
    Ok(completed(store.read(&key)?.as_ref(), Revision::new(u64::MAX)))
}

/// The record of an instance that is to be seen.
///
/// # Errors
/// If the state, or the record, cannot be read.
pub fn find(
    store: &Store,
    region: &Region,
    id: &InstanceId,
) -> Result<Option<Stored<Instance>>, StoreError> {
    let Some(stored) = store.read(&keys::instance(region, id.as_str()))? else { return Ok(None) };
    Ok(completion(store, &stored.record)?.map(|_| stored))
}

/// As [`completion`], of what was read at a revision.
fn completed(launch: Option<&Stored<LaunchInParts>>, read_at: Revision) -> Option<Revision> {
    let Some(launch) = launch else { return Some(Revision::ZERO) };
    let is_whole = launch.record.stage == LaunchStage::Complete && launch.revision <= read_at;
    is_whole.then_some(launch.revision)
}

/// The launches of a Region that were written in parts and have not ended long ago.
#[derive(Debug, Default)]
pub struct Launches(BTreeMap<String, Stored<LaunchInParts>>);

impl Launches {
    /// Reads them.
    ///
    /// # Errors
    /// If the state cannot be read.
    pub fn read(store: &Store, region: &Region) -> Result<Self, StoreError> {
        let launches = store.scan(&keys::launches_in_parts(region))?.records;
        Ok(Self(launches.into_iter().collect()))
    }

    /// As [`completion`], of an instance that was read at this revision, before these.
    pub fn completion(&self, instance: &Instance, read_at: Revision) -> Option<Revision> {
        if !instance.in_parts {
            return Some(Revision::ZERO);
        }
        completed(self.0.get(instance.reservation_id.as_str()), read_at)
    }

    /// The ids of all that nobody is to see of what was read at this revision, before these.
    pub fn hidden(&self, read_at: Revision) -> BTreeSet<&str> {
        let launches = self.0.values();
        let hidden = launches.filter(|launch| completed(Some(launch), read_at).is_none());
        hidden.flat_map(|launch| launch.record.made.iter().map(String::as_str)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against showing a part of a launch that came to its end after instances were read.
    #[test]
    fn what_was_read_before_the_end_of_a_launch_is_a_part_of_it() {
        let launch = |stage| Stored {
            record: LaunchInParts {
                region: "us-east-1".parse().unwrap(),
                made: vec!["i-11111111".to_owned()],
                stage,
            },
            revision: Revision::new(7),
        };
        for (stage, read_at, expected) in [
            (None, 6, Some(0)),
            (Some(LaunchStage::Begun), 6, None),
            (Some(LaunchStage::Begun), 8, None),
            (Some(LaunchStage::Complete), 6, None),
            (Some(LaunchStage::Complete), 7, Some(7)),
            (Some(LaunchStage::Undone), 6, None),
            (Some(LaunchStage::Undone), 8, None),
        ] {
            let launch = stage.map(launch);
            let at = completed(launch.as_ref(), Revision::new(read_at));
            assert_eq!(at.map(Revision::get), expected, "{stage:?} at {read_at}");
            let launches = launch.map(|launch| ("r-1".to_owned(), launch)).into_iter();
            let launches = Launches(launches.collect());
            let is_hidden = !launches.hidden(Revision::new(read_at)).is_empty();
            assert_eq!(is_hidden, expected.is_none(), "{stage:?} at {read_at}");
        }
    }
}
