//! A minute, or an hour of the farther past.

use std::collections::BTreeMap;
use std::ops::{AddAssign, Range};

use serde::Serialize;

use super::extent::Extent;
use super::metric::Metric;

/// An hour, in minutes.
pub(super) const HOUR: u32 = 60;

/// Requests of all instances.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Traffic {
    /// Requests without a token, whatever was answered.
    pub v1: u64,
    /// Those of them that were answered with 401.
    pub v1_rejected: u64,
    /// Requests with a token, and for one.
    pub v2: u64,
    /// Session tokens that were sent to clients beyond the hop limit.
    pub tokens_lost: u64,
}

impl Traffic {
    /// What was added since `before`.
    pub(super) fn since(&self, before: &Self) -> Self {
        let Self { v1, v1_rejected, v2, tokens_lost } = self;
        Self {
            v1: v1.saturating_sub(before.v1),
            v1_rejected: v1_rejected.saturating_sub(before.v1_rejected),
            v2: v2.saturating_sub(before.v2),
            tokens_lost: tokens_lost.saturating_sub(before.tokens_lost),
        }
    }
}

impl AddAssign for Traffic {
    fn add_assign(&mut self, other: Self) {
        let Self { v1, v1_rejected, v2, tokens_lost } = other;
        self.v1 += v1;
        self.v1_rejected += v1_rejected;
        self.v2 += v2;
        self.tokens_lost += tokens_lost;
    }
}

/// What an instance did: only values that are not 0 are kept.
#[derive(Clone, Copy)]
struct Values {
    /// How many.
    minutes: u8,
    sum: u32,
    min: u32,
    max: u32,
}

/// What was counted in a minute, or in an hour.
pub(super) struct Slot {
    /// The first minute.
    pub(super) start: u32,
    /// How many minutes it has: 1, or 60.
    pub(super) minutes: u32,
    pub(super) traffic: Traffic,
    /// Of all instances in a Region, by the Region's number and in the order of [`Metric::ALL`].
    regions: BTreeMap<u16, [Extent; 2]>,
    /// By an instance's number; `None` where there were too many to keep.
    points: Option<BTreeMap<(u32, Metric), Values>>,
}

impl Slot {
    pub(super) fn of_minute(start: u32) -> Self {
        Self {
            start,
            minutes: 1,
            traffic: Traffic::default(),
            regions: BTreeMap::new(),
            points: Some(BTreeMap::new()),
        }
    }

    /// The minutes of an hour together.
    pub(super) fn of_hour(hour: u32, minutes: impl Iterator<Item = Self>) -> Self {
        let mut all = Self { minutes: HOUR, ..Self::of_minute(hour * HOUR) };
        for slot in minutes {
            all.traffic += slot.traffic;
            for (region, extents) in slot.regions {
                let sums = all.regions.entry(region).or_default();
                sums.iter_mut().zip(extents).for_each(|(sum, extent)| *sum += extent);
            }
            all.points = all.points.zip(slot.points).map(|(mut all, points)| {
                for (key, values) in points {
                    all.entry(key).and_modify(|sum| sum.add(values)).or_insert(values);
                }
                all
            });
        }
        all
    }

    pub(super) fn span(&self) -> Range<u32> {
        self.start..self.start + self.minutes
    }

    /// Adds to what an instance did in this minute.
    pub(super) fn add(&mut self, instance: u32, metric: Metric, more: u64) {
        let more = u32::try_from(more).unwrap_or(u32::MAX);
        let Some(points) = self.points.as_mut().filter(|_| more > 0) else { return };
        let before = points.get(&(instance, metric)).map_or(0, |values| values.sum);
        let sum = before.saturating_add(more);
        points.insert((instance, metric), Values { minutes: 1, sum, min: sum, max: sum });
    }

    /// Adds up the Regions anew, from the numbers of their instances in this minute.
    pub(super) fn add_up(&mut self, instances: impl Iterator<Item = (u16, u32)>) {
        let mut regions: BTreeMap<u16, [Extent; 2]> = BTreeMap::new();
        for (region, instance) in instances {
            let sums = regions.entry(region).or_default();
            for metric in Metric::ALL {
                let Some(extent) = self.of_instance(instance, metric, 1) else { return };
                sums[metric as usize] += extent;
            }
        }
        self.regions = regions;
    }

    /// The values of an instance that was served in so many of the minutes.
    pub(super) fn of_instance(&self, instance: u32, metric: Metric, served: u32) -> Option<Extent> {
        let points = self.points.as_ref().filter(|_| served > 0)?;
        let zeros = Extent { count: served.into(), ..Extent::default() };
        let Some(values) = points.get(&(instance, metric)) else { return Some(zeros) };
        let has_zero = served > values.minutes.into();
        Some(Extent {
            sum: values.sum.into(),
            min: if has_zero { 0 } else { values.min.into() },
            max: values.max.into(),
            ..zeros
        })
    }

    /// The values of all instances in a Region.
    pub(super) fn of_region(&self, region: u16, metric: Metric) -> Option<Extent> {
        self.regions.get(&region).map(|extents| extents[metric as usize])
    }

    /// How many values of single instances it has.
    pub(super) fn points(&self) -> usize {
        self.points.as_ref().map_or(0, BTreeMap::len)
    }

    /// Forgets what single instances did; gives how many values that were.
    pub(super) fn drop_points(&mut self) -> usize {
        self.points.take().map_or(0, |points| points.len())
    }
}

impl Values {
    fn add(&mut self, other: Self) {
        self.minutes = self.minutes.saturating_add(other.minutes);
        self.sum = self.sum.saturating_add(other.sum);
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }
}
