//! Which instances there were, and when they were served.

use std::collections::HashMap;
use std::ops::Range;

use imds_core::InstanceId;
use imds_core::placement::Region;

use super::metric::{InstanceReading, Metric};
use super::slot::Slot;

/// How many times of one instance are remembered between which it was not served.
const MOST_SPANS: usize = 16;

/// An instance that was served.
pub(super) struct Known {
    /// Its number in slots, which no other instance ever has.
    pub(super) number: u32,
    region: u16,
    counts: [u64; 2],
    /// When it was served: from a minute to another, both included; in order.
    spans: Vec<(u32, u32)>,
}

/// All instances that are remembered.
#[derive(Default)]
pub(super) struct Book {
    instances: HashMap<InstanceId, Known>,
    regions: Vec<Region>,
    numbers: u32,
}

impl Known {
    /// In how many of these minutes it was served.
    pub(super) fn minutes_in(&self, minutes: Range<u32>) -> u32 {
        let overlap = |&(first, last): &(u32, u32)| {
            (last + 1).min(minutes.end).saturating_sub(first.max(minutes.start))
        };
        self.spans.iter().map(overlap).sum()
    }

    fn last(&self) -> u32 {
        self.spans.last().map_or(0, |(_, last)| *last)
    }

    fn is_served_in(&mut self, minute: u32) {
        match self.spans.last_mut() {
            Some((_, last)) if minute <= *last + 1 => *last = minute,
            _ => self.spans.push((minute, minute)),
        }
        if self.spans.len() > MOST_SPANS {
            self.spans.remove(0);
        }
    }
}

impl Book {
    pub(super) fn len(&self) -> usize {
        self.instances.len()
    }

    /// Puts what an instance did since its last reading into the minute of `slot`.
    pub(super) fn note(&mut self, reading: InstanceReading, slot: &mut Slot) {
        let InstanceReading { id, region, counts } = reading;
        let region = self.number_of(region);
        let known = self.instances.entry(id).or_insert_with(|| {
            self.numbers = self.numbers.wrapping_add(1);
            Known { number: self.numbers, region, counts: [0; 2], spans: Vec::new() }
        });
        known.is_served_in(slot.start);
        for metric in Metric::ALL {
            let (now, before) = (counts[metric as usize], known.counts[metric as usize]);
            // It counts from 0 again once it was not served.
            slot.add(known.number, metric, now.checked_sub(before).unwrap_or(now));
        }
        known.counts = counts;
    }

    /// The numbers of Region and instance of those that were served in a minute.
    pub(super) fn served_in(&self, minute: u32) -> impl Iterator<Item = (u16, u32)> {
        let served = self.instances.values().filter(move |known| known.last() == minute);
        served.map(|known| (known.region, known.number))
    }

    /// The number of a Region, if an instance was ever in it.
    pub(super) fn region(&self, region: &Region) -> Option<u16> {
        let at = self.regions.iter().position(|known| known == region)?;
        u16::try_from(at).ok()
    }

    pub(super) fn find(&self, region: &Region, id: &InstanceId) -> Option<&Known> {
        self.instances.get(id).filter(|known| Some(known.region) == self.region(region))
    }

    /// The instances of a Region in order, and whether they were served since a minute.
    pub(super) fn list(&self, region: &Region, since: u32) -> Vec<(InstanceId, bool)> {
        let Some(region) = self.region(region) else { return Vec::new() };
        let of_region = self.instances.iter().filter(|(_, known)| known.region == region);
        let mut all: Vec<_> =
            of_region.map(|(id, known)| (id.clone(), known.last() >= since)).collect();
        all.sort();
        all
    }

    /// Forgets instances that were last served before a minute, and those that were not served for the
    /// longest time if there are more than `most`.
    pub(super) fn forget(&mut self, oldest: u32, most: usize) {
        self.instances.retain(|_, known| known.last() >= oldest);
        let excess = self.instances.len().saturating_sub(most);
        if excess > 0 {
            let mut last: Vec<_> = self.instances.values().map(Known::last).collect();
            let (_, limit, _) = last.select_nth_unstable(excess - 1);
            let limit = *limit;
            self.instances.retain(|_, known| known.last() > limit);
        }
    }

    fn number_of(&mut self, region: Region) -> u16 {
        self.region(&region).unwrap_or_else(|| {
            self.regions.push(region);
            u16::try_from(self.regions.len() - 1).unwrap_or(u16::MAX)
        })
    }
}
