//! Which instances have series of their own.
//!
//! A counter must never fall. So an instance that was once counted under `other` stays there, and one
//! that has a series keeps it while it is served.

use std::collections::{BTreeMap, HashMap};

use imds_core::InstanceId;
use imds_core::response::{ImdsVersion, Status};
use imds_dataplane::{CounterSnapshot, Counts};

/// How many instances have series of their own.
pub(crate) const SERIES: usize = 1000;

/// The label of the sum of all others.
pub(crate) const OTHER: &str = "other";

/// Requests without a token, as EC2's metrics in `CloudWatch` count them.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Tokenless {
    /// `MetadataNoToken`: those that were answered.
    pub(crate) answered: u64,
    /// `MetadataNoTokenRejected`: those that were refused because tokens are required.
    pub(crate) rejected: u64,
}

impl Tokenless {
    fn of(counts: &Counts) -> Self {
        Self {
            answered: counts.requests(ImdsVersion::V1, Status::Ok),
            rejected: counts.requests(ImdsVersion::V1, Status::Unauthorized),
        }
    }
}

/// The instances that were seen to use IMDSv1: whether each has a series of its own.
#[derive(Debug, Default)]
pub(crate) struct Callers {
    has_series: HashMap<InstanceId, bool>,
    series: usize,
}

impl Callers {
    /// The series of instances that use IMDSv1, and the sum of all others.
    pub(crate) fn series(
        &mut self,
        snapshot: &CounterSnapshot,
    ) -> (BTreeMap<InstanceId, Tokenless>, Tokenless) {
        self.has_series.retain(|id, has_series| {
            let stays = snapshot.instances.contains_key(id);
            self.series -= usize::from(*has_series && !stays);
            stays
        });
        let mut own = BTreeMap::new();
        let mut other = Tokenless::of(&snapshot.all);
        for (id, counts) in &snapshot.instances {
            let counts = Tokenless::of(counts);
            if counts == Tokenless::default() {
                continue;
            }
            let has_series = *self.has_series.entry(id.clone()).or_insert_with(|| {
                let is_free = self.series < SERIES;
                self.series += usize::from(is_free);
                is_free
            });
            if has_series {
                other.answered -= counts.answered;
                other.rejected -= counts.rejected;
                own.insert(id.clone(), counts);
            }
        }
        (own, other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(instances: impl IntoIterator<Item = (usize, u64)>, gone: u64) -> CounterSnapshot {
        let mut snapshot = CounterSnapshot::default();
        snapshot.all.add_requests(ImdsVersion::V1, Status::Ok, gone);
        for (number, count) in instances {
            let mut counts = Counts::default();
            counts.add_requests(ImdsVersion::V1, Status::Ok, count);
            counts.add_requests(ImdsVersion::V2, Status::Ok, 7);
            snapshot.all += &counts;
            snapshot.instances.insert(format!("i-{number:08x}").parse().unwrap(), counts);
        }
        snapshot
    }

    #[test]
    fn only_instances_that_use_v1_have_series() {
        let (own, other) = Callers::default().series(&snapshot([(1, 5), (2, 0)], 3));
        let own: Vec<_> = own.iter().map(|(id, counts)| (id.as_str(), counts.answered)).collect();
        assert_eq!(own, [("i-00000001", 5)]);
        assert_eq!(other.answered, 3, "of instances that are gone");
    }

    /// A sum that falls would look like a restart, and rates would be wrong.
    #[test]
    fn no_count_ever_falls() {
        let mut callers = Callers::default();
        let (own, other) = callers.series(&snapshot((0..SERIES + 10).map(|it| (it, 1)), 0));
        assert_eq!((own.len(), other.answered), (SERIES, 10));
        // Five with series are gone; those without keep their place under `other`.
        let (own, other) = callers.series(&snapshot((5..SERIES + 10).map(|it| (it, 2)), 5));
        assert_eq!((own.len(), other.answered), (SERIES - 5, 25));
        // Newcomers take the places that are free.
        let (own, other) = callers.series(&snapshot((5..SERIES + 20).map(|it| (it, 2)), 5));
        assert_eq!((own.len(), other.answered), (SERIES, 35));
    }
}
