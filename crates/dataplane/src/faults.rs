//! The faults in force: added, listed and removed while requests are answered.
//!
//! Threads read one immutable table. A connection looks its instance's faults up when the table has
//! changed, and has none in nearly every service: then a request costs one comparison more.

mod active;
mod allowance;
mod counts;
mod status;

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use arc_swap::ArcSwap;
use imds_core::InstanceId;
use imds_core::fault::FaultRule;

pub(crate) use active::{ActiveFault, Origin, Struck, strike};
pub(crate) use counts::FaultCounters;
pub use counts::FaultCounts;
pub use status::{FaultEnd, FaultState, FaultStatus};

/// How many faults there are at most, those that have ended included.
pub const MAX_FAULTS: usize = 100;

/// The table in force. Reading it takes no lock.
pub(crate) type CurrentFaults = Arc<ArcSwap<FaultTable>>;

/// All faults, in the order in which they were added.
#[derive(Default)]
pub(crate) struct FaultTable {
    /// Grows with each table that comes into force.
    generation: u64,
    faults: Vec<Arc<ActiveFault>>,
}

impl FaultTable {
    /// Tells one table from another.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// The faults of an instance's requests; `None` if there are none.
    pub(crate) fn of(&self, instance: &InstanceId) -> Option<Box<[Arc<ActiveFault>]>> {
        let faults = self.faults.iter().filter(|fault| fault.is_of(instance));
        let faults: Box<[_]> = faults.cloned().collect();
        (!faults.is_empty()).then_some(faults)
    }
}

/// The faults of a service. They end with it.
#[derive(Default)]
pub struct Faults {
    current: CurrentFaults,
    /// The last id. Locked by whoever changes the table.
    last_id: Mutex<u32>,
}

/// There are as many faults in force as there may be.
#[derive(Debug, thiserror::Error)]
#[error("there are {MAX_FAULTS} faults in force, and no more are allowed; remove one first")]
pub struct TooManyFaults;

impl Faults {
    /// Brings a rule into force; faults that have ended make room. A rule without a seed gets a random
    /// one where it matters.
    ///
    /// # Errors
    /// If [`MAX_FAULTS`] are in force.
    pub fn add(&self, mut rule: FaultRule) -> Result<FaultStatus, TooManyFaults> {
        if rule.seed.is_none() && rule.is_random() {
            // Half of its bits: easier to type again.
            rule.seed = Some(RandomState::new().hash_one(()) >> 32);
        }
        let now = Instant::now();
        let mut last_id = self.last_id.lock().unwrap_or_else(PoisonError::into_inner);
        let mut faults = self.current.load().faults.clone();
        if faults.len() >= MAX_FAULTS {
            let ended = faults.iter().position(|fault| !fault.status(now).is_active());
            faults.remove(ended.ok_or(TooManyFaults)?);
        }
        *last_id += 1;
        let fault = Arc::new(ActiveFault::new(*last_id, rule, now));
        let status = fault.status(now);
        faults.push(fault);
        self.replace(faults);
        Ok(status)
    }

    /// All faults, those that have ended included, in the order in which they were added.
    pub fn list(&self) -> Vec<FaultStatus> {
        let now = Instant::now();
        self.current.load().faults.iter().map(|fault| fault.status(now)).collect()
    }

    /// Removes a fault; `None` if there is none with this id.
    pub fn remove(&self, id: u32) -> Option<FaultStatus> {
        let mut removed = self.remove_if(|fault| fault.id() == id);
        removed.pop()
    }

    /// Removes all faults, and gives their last state.
    pub fn remove_all(&self) -> Vec<FaultStatus> {
        self.remove_if(|_| true)
    }

    fn remove_if(&self, is_it: impl Fn(&ActiveFault) -> bool) -> Vec<FaultStatus> {
        let _lock = self.last_id.lock().unwrap_or_else(PoisonError::into_inner);
        let faults = self.current.load().faults.clone();
        let (removed, kept): (Vec<_>, Vec<_>) = faults.into_iter().partition(|it| is_it(it));
        if !removed.is_empty() {
            self.replace(kept);
        }
        let now = Instant::now();
        removed.iter().map(|fault| fault.status(now)).collect()
    }

    /// Only whoever has the lock may call it.
    fn replace(&self, faults: Vec<Arc<ActiveFault>>) {
        let generation = self.current.load().generation + 1;
        self.current.store(Arc::new(FaultTable { generation, faults }));
    }

    pub(crate) fn current(&self) -> CurrentFaults {
        Arc::clone(&self.current)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_come_and_go_by_their_ids() {
        let faults = Faults::default();
        let add = |text: &str| faults.add(text.parse().unwrap()).unwrap().id;
        assert_eq!([add("reset"), add("instance=i-11111111,lost")], [1, 2]);
        let of = |id: &str| {
            let table = faults.current.load();
            table.of(&id.parse().unwrap()).unwrap_or_default().iter().map(|it| it.id()).collect()
        };
        let (one, other): (Vec<_>, Vec<_>) = (of("i-11111111"), of("i-22222222"));
        assert_eq!((one, other), (vec![1, 2], vec![1]));
        assert_eq!(faults.remove(1).map(|it| it.id), Some(1));
        assert!(faults.remove(1).is_none());
        assert!(faults.current.load().of(&"i-22222222".parse().unwrap()).is_none());
        assert_eq!(add("reset"), 3, "an id is never used twice");
        assert_eq!(faults.remove_all().len(), 2);
        assert!(faults.list().is_empty());
    }

    #[test]
    fn a_seed_is_chosen_where_it_matters() {
        let faults = Faults::default();
        let seed = |text: &str| faults.add(text.parse().unwrap()).unwrap().rule.seed;
        assert_eq!([seed("reset"), seed("reset,seed=7")], [None, Some(7)]);
        assert_ne!(seed("reset,share=5%"), seed("reset,share=5%"));
    }

    #[test]
    fn those_that_have_ended_make_room() {
        let faults = Faults::default();
        let add = |text: &str| faults.add(text.parse().unwrap());
        add("reset,for=1ns").unwrap();
        for _ in 1..MAX_FAULTS {
            add("lost").unwrap();
        }
        assert_eq!(add("lost").unwrap().id, 101);
        let listed = faults.list();
        assert_eq!((listed.len(), listed[0].id), (MAX_FAULTS, 2));
        assert!(add("lost").is_err());
    }
}
