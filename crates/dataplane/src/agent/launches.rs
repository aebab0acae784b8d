//! Instances whose launch is written in parts and has not come to its end: nobody is served as one of them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use imds_account::records::Instance;
use imds_account::{Store, StoreError, in_parts};
use imds_core::InstanceId;
use imds_core::placement::Region;

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
            self.complete.borrow_mut().insert(launch);
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
