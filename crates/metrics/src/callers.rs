//! Which instances have series of their own.
//!
//! A counter must never fall. What was once counted under `other` stays there: an instance that gets a series
//! after it had none begins at 0. One that has a series keeps it while it is served.

use std::collections::{BTreeMap, HashMap};
use std::ops::{AddAssign, SubAssign};

use imds_core::InstanceId;
use imds_core::response::{ImdsVersion, Status};
use imds_dataplane::{CounterSnapshot, Counts};

use crate::Visit;

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

impl AddAssign for Tokenless {
    fn add_assign(&mut self, other: Self) {
        self.answered += other.answered;
        self.rejected += other.rejected;
    }
}

impl SubAssign for Tokenless {
    /// Not below 0: a thread forgets what it counted of an instance while that is not served.
    fn sub_assign(&mut self, other: Self) {
        self.answered = self.answered.saturating_sub(other.answered);
        self.rejected = self.rejected.saturating_sub(other.rejected);
    }
}

/// The instances that use IMDSv1 and have a series each.
#[derive(Debug, Default)]
pub(crate) struct Callers {
    series: HashMap<InstanceId, Series>,
    /// Whether there was an instance without a place when the counters were read last.
    is_crowded: bool,
}

#[derive(Debug, Default)]
struct Series {
    /// What the instance has by now.
    counts: Tokenless,
    /// What of it was counted under `other`.
    elsewhere: Tokenless,
    is_new: bool,
    is_there: bool,
}

impl Callers {
    /// The counters, the series of instances that use IMDSv1, and the sum of all others.
    pub(crate) fn read(
        &mut self,
        counters: impl Fn(Visit<'_>) -> CounterSnapshot,
    ) -> (CounterSnapshot, BTreeMap<InstanceId, Tokenless>, Tokenless) {
        for series in self.series.values_mut() {
            (series.counts, series.is_there) = (Tokenless::default(), false);
        }
        let mut is_crowded = false;
        let snapshot = counters(&mut |id, counts| {
            let counts = Tokenless::of(counts);
            if counts != Tokenless::default() {
                is_crowded |= !self.note(id, counts);
            }
        });
        self.series.retain(|_, series| series.is_there);
        let (mut own, mut other) = (BTreeMap::new(), Tokenless::of(&snapshot.all));
        for (id, series) in &mut self.series {
            if std::mem::take(&mut series.is_new) && self.is_crowded {
                series.elsewhere = series.counts;
            }
            let mut counts = series.counts;
            counts -= series.elsewhere;
            other -= counts;
            own.insert(id.clone(), counts);
        }
        self.is_crowded = is_crowded;
        (snapshot, own, other)
    }

    /// Adds what one thread counted to the instance's series, if it has one or there is a free place.
    fn note(&mut self, id: &InstanceId, counts: Tokenless) -> bool {
        if let Some(series) = self.series.get_mut(id) {
            series.counts += counts;
            series.is_there = true;
            return true;
        }
        let is_free = self.series.len() < SERIES;
        if is_free {
            let series = Series { counts, is_new: true, is_there: true, ..<_>::default() };
            self.series.insert(id.clone(), series);
        }
        is_free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a scrape reads where instances have these counts, and those that are gone had so many.
    fn read(
        callers: &mut Callers,
        instances: &(impl IntoIterator<Item = (usize, u64)> + Clone),
        gone: u64,
    ) -> (BTreeMap<InstanceId, Tokenless>, Tokenless) {
        let counters = |visit: Visit<'_>| {
            let mut snapshot = CounterSnapshot::default();
            snapshot.all.add_requests(ImdsVersion::V1, Status::Ok, gone);
            for (number, count) in instances.clone() {
                let mut counts = Counts::default();
                counts.add_requests(ImdsVersion::V1, Status::Ok, count);
                counts.add_requests(ImdsVersion::V2, Status::Ok, 7);
                snapshot.all += &counts;
                visit(&format!("i-{number:08x}").parse().unwrap(), &counts);
            }
            snapshot
        };
        let (_, own, other) = callers.read(counters);
        (own, other)
    }

    #[test]
    fn only_instances_that_use_v1_have_series() {
        let (own, other) = read(&mut Callers::default(), &[(1, 5), (2, 0), (1, 2)], 3);
        let own: Vec<_> = own.iter().map(|(id, counts)| (id.as_str(), counts.answered)).collect();
        assert_eq!(own, [("i-00000001", 7)], "two threads answered for it");
        assert_eq!(other.answered, 3, "of instances that are gone");
    }

    /// A sum that falls would look like a restart, and rates would be wrong.
    #[test]
    fn no_count_ever_falls() {
        let callers = &mut Callers::default();
        let (own, other) = read(callers, &(0..SERIES + 10).map(|it| (it, 1)), 0);
        assert_eq!((own.len(), other.answered), (SERIES, 10));
        // Five with series are gone.
        let (own, other) = read(callers, &(5..SERIES + 10).map(|it| (it, 2)), 5);
        assert_eq!((own.len(), other.answered), (SERIES - 5, 25));
        // Others take the places that are free: what they had stays under `other`.
        let (own, other) = read(callers, &(5..SERIES + 20).map(|it| (it, 3)), 5);
        assert_eq!((own.len(), other.answered), (SERIES, 5 + 20 * 3));
        let of = |number: usize| own[&format!("i-{number:08x}").parse().unwrap()].answered;
        assert_eq!([of(5), of(SERIES), of(SERIES + 4)], [3, 0, 0]);
        let (own, other) = read(callers, &(5..SERIES + 20).map(|it| (it, 4)), 5);
        assert_eq!(own.values().map(|it| it.answered).sum::<u64>(), 995 * 4 + 5);
        assert_eq!(other.answered, 5 + 5 * 3 + 15 * 4);
    }

    /// Where all had places, whoever comes is new, and so is all that it has.
    #[test]
    fn a_newcomer_has_all_its_requests() {
        let callers = &mut Callers::default();
        read(callers, &[(1, 1)], 0);
        let (own, other) = read(callers, &[(1, 1), (2, 6)], 0);
        assert_eq!(own.values().map(|it| it.answered).collect::<Vec<_>>(), [1, 6]);
        assert_eq!(other.answered, 0);
    }
}
