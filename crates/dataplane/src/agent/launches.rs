//! Instances whose launch is written in parts and has not come to its end: nobody is served as one of them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use imds_account::records::Instance;
use imds_account::{Store, StoreError, in_parts};
use imds_core::InstanceId;
use imds_core::placement::Region;

/// How many launches are remembered that came to an end. To look one up again is one read.
const REMEMBERED: usize = 1000;

/// What is known of launches, each by its Region and reservation. What comes to an end is looked up once.
#[derive(Default)]
pub(super) struct Launches {
    complete: RefCell<BTreeSet<String>>,
    /// The instances that were left out.
    incomplete: RefCell<BTreeMap<String, BTreeSet<(Region, InstanceId)>>>,
}

impl Launches {
    /// Whether an instance, whose record was read, is to be left out until its launch is complete.
    pub(super) fn leave_out(
        &self,
        store: &Store,
        (region, id): (&Region, &InstanceId),
        record: &Instance,
    ) -> Result<bool, StoreError> {
        if !record.in_parts {
            return Ok(false);
        }
        let launch = format!("{region}/{}", record.reservation_id);
        if self.complete.borrow().contains(&launch) {
            return Ok(false);
        }
        let mut incomplete = self.incomplete.borrow_mut();
        if !incomplete.contains_key(&launch) && in_parts::completion(store, record)?.is_some() {
            let mut complete = self.complete.borrow_mut();
            if complete.len() == REMEMBERED {
                complete.clear();
            }
            complete.insert(launch);
            return Ok(false);
        }
        incomplete.entry(launch).or_default().insert((region.clone(), id.clone()));
        Ok(true)
    }

    /// The instances that were left out of a launch that has come on.
    pub(super) fn take(&self, launch: &str) -> BTreeSet<(Region, InstanceId)> {
        self.incomplete.borrow_mut().remove(launch).unwrap_or_default()
    }

    /// Looks everything up again.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use arc_swap::ArcSwap;
    use imds_account::records::{Follows, LaunchInParts, LaunchStage};
    use imds_account::{Network, Overrides, Transaction, keys, launch};
    use imds_core::Launch;

    use super::super::Agent;
    use super::*;

    const IDS: [&str; 2] = ["i-11111111", "i-22222222"];

    /// The key of a launch, and what writes its two parts.
    fn parts() -> (keys::Key<LaunchInParts>, [Transaction; 2]) {
        let reservation = "r-11111111".parse().ok();
        let parts = IDS.map(|id| {
            let instance_id = id.parse().ok();
            let launch =
                Launch { instance_id, reservation_id: reservation.clone(), ..Launch::default() };
            let network = Network::of(&launch);
            let instance = launch.resolve().unwrap();
            let mut record = launch::record(&instance, &network, String::new);
            record.in_parts = true;
            launch::keep(Transaction::new(), &instance, &record)
        });
        (keys::launch_in_parts(&"us-east-1".parse().unwrap(), "r-11111111"), parts)
    }

    fn stage(key: &keys::Key<LaunchInParts>, stage: LaunchStage) -> Transaction {
        let (region, made) = ("us-east-1".parse().unwrap(), IDS.map(str::to_owned).to_vec());
        Transaction::new().write(key, &LaunchInParts { region, made, stage })
    }

    fn begin(store: &Store) -> (Agent, crate::table::CurrentTable) {
        Agent::start(store.clone(), Overrides::default(), Follows::All, true).unwrap()
    }

    fn are_served(table: &ArcSwap<crate::table::Table>) -> [bool; 2] {
        IDS.map(|id| table.load().instance(&id.parse().unwrap()).is_some())
    }

    /// Guards against an instance being served that may never have been launched.
    #[test]
    fn instances_are_served_once_their_launch_is_complete() {
        for end in [LaunchStage::Complete, LaunchStage::Undone] {
            let store = Store::in_memory();
            let (agent, current) = begin(&store);
            let (key, parts) = parts();
            store.commit(stage(&key, LaunchStage::Begun)).unwrap();
            let mut last = imds_account::Revision::ZERO;
            for part in parts {
                last = store.commit(part).unwrap();
                while agent.progress().revision() < last {
                    std::thread::yield_now();
                }
                assert_eq!(are_served(&current), [false; 2]);
                assert_eq!(are_served(&begin(&store).1), [false; 2], "one that begins");
            }
            last = last.max(store.commit(stage(&key, end)).unwrap());
            while agent.progress().revision() < last {
                std::thread::yield_now();
            }
            let expected = [end == LaunchStage::Complete; 2];
            assert_eq!([are_served(&current), are_served(&begin(&store).1)], [expected; 2]);
            if end == LaunchStage::Complete {
                store.commit(Transaction::new().remove(&key)).unwrap();
                assert_eq!(are_served(&begin(&store).1), expected, "long after");
            }
        }
    }
}
