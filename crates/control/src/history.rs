//! Requests of the past, by the minute: what `CloudWatch` has of them, and what the console's charts show.
//!
//! Counts only grow; each sample adds what they grew by to the minute of the sample before it. A sample is
//! taken every minute (`http`), and whenever somebody asks, so that nobody waits for a minute to end.
//!
//! The last three hours are kept by the minute, 15 days by the hour, all in memory. An instance costs memory
//! for the minutes in which it used `IMDSv1`; beyond `MOST_POINTS` of them, the oldest are forgotten.

mod book;
mod extent;
mod metric;
mod slot;

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use imds_core::InstanceId;
use imds_core::placement::Region;

use book::Book;
pub use extent::Extent;
pub use metric::{InstanceReading, Metric};
pub use slot::Traffic;
use slot::{HOUR, Slot};

/// How many minutes are kept by the minute.
const MINUTES: u32 = 180;

/// How many minutes are kept by the hour: 15 days.
const KEPT: u32 = 15 * 24 * HOUR;

/// How many values of single instances are kept, of less than 50 bytes each.
const MOST_POINTS: usize = 1_000_000;

/// How many instances are remembered, those that are gone included.
const MOST_INSTANCES: usize = 200_000;

/// How many instances are read whenever somebody asks.
const FEW_INSTANCES: usize = 1000;

/// All counts at one moment.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Of each instance that is served.
    pub instances: Vec<InstanceReading>,
    /// Of all instances, those that are gone included.
    pub traffic: Traffic,
}

/// What is kept of the past. Minutes are counted from 1970.
pub struct History {
    read: Box<dyn Fn() -> Reading + Send + Sync>,
    state: Mutex<State>,
}

/// Values of an instance, or of all in a Region, during a minute or an hour.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Sample {
    /// The first minute.
    pub minute: u32,
    /// How many minutes: 1 or 60.
    pub minutes: u32,
    /// The values, one a minute and instance.
    pub extent: Extent,
}

struct State {
    book: Book,
    slots: VecDeque<Slot>,
    /// When the last sample was taken, in seconds since 1970.
    sampled_at: Option<u64>,
    traffic: Traffic,
    most_points: usize,
}

impl History {
    /// A history of what `read` gives, which begins with the first sample.
    pub fn new(read: impl Fn() -> Reading + Send + Sync + 'static) -> Self {
        let state = State {
            book: Book::default(),
            slots: VecDeque::new(),
            sampled_at: None,
            traffic: Traffic::default(),
            most_points: MOST_POINTS,
        };
        Self { read: Box::new(read), state: Mutex::new(state) }
    }

    /// A history in which nothing ever happens.
    pub fn empty() -> Self {
        Self::new(Reading::default)
    }

    /// Reads all counts now; `now` is in seconds since 1970.
    pub fn sample(&self, now: u64) {
        let reading = (self.read)();
        self.state().add(reading, now);
    }

    /// The same, for somebody who asks. With many instances it takes long enough that it is done once a
    /// second at most.
    pub fn refresh(&self, now: u64) {
        let is_needed = {
            let state = self.state();
            let age = state.sampled_at.map(|before| now.saturating_sub(before));
            state.book.len() <= FEW_INSTANCES || age.is_none_or(|age| age >= 1)
        };
        if is_needed {
            self.sample(now);
        }
    }

    /// The instances of a Region that have values, in order, and whether they had one in the last three
    /// hours.
    pub fn instances(&self, region: &Region) -> Vec<(InstanceId, bool)> {
        let state = self.state();
        let since = state.now().saturating_sub(MINUTES);
        state.book.list(region, since)
    }

    /// The values of an instance (of all in the Region if it is `None`) in these minutes, in order.
    pub fn samples(
        &self,
        region: &Region,
        instance: Option<&InstanceId>,
        metric: Metric,
        minutes: &Range<u32>,
    ) -> Vec<Sample> {
        let state = self.state();
        let slots = state.slots.iter().filter(|slot| minutes.contains(&slot.start));
        let sample =
            |slot: &Slot, extent| Sample { minute: slot.start, minutes: slot.minutes, extent };
        match instance {
            None => {
                let Some(region) = state.book.region(region) else { return Vec::new() };
                slots
                    .filter_map(|slot| Some(sample(slot, slot.of_region(region, metric)?)))
                    .collect()
            }
            Some(id) => {
                let Some(known) = state.book.find(region, id) else { return Vec::new() };
                let of = |slot: &Slot| {
                    slot.of_instance(known.number, metric, known.minutes_in(slot.span()))
                };
                slots.filter_map(|slot| Some(sample(slot, of(slot)?))).collect()
            }
        }
    }

    /// All requests in these minutes, in order: the first minute, how many minutes, and what was counted.
    pub fn traffic(&self, minutes: &Range<u32>) -> Vec<(u32, u32, Traffic)> {
        let state = self.state();
        let slots = state.slots.iter().filter(|slot| minutes.contains(&slot.start));
        slots.map(|slot| (slot.start, slot.minutes, slot.traffic)).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The minute of the last slot.
    fn now(&self) -> u32 {
        self.slots.back().map_or(0, |slot| slot.start)
    }

    fn add(&mut self, reading: Reading, now: u64) {
        let before = self.sampled_at.replace(now);
        // A clock that is set back stays in the minute that was.
        let minute = minute(before.unwrap_or(now)).max(self.now());
        if self.slots.back().is_none_or(|slot| slot.start < minute) {
            self.slots.push_back(Slot::of_minute(minute));
        }
        if let Some(slot) = self.slots.back_mut() {
            // What was counted before the first sample is in its minute as well.
            slot.traffic += reading.traffic.since(&self.traffic);
            for instance in reading.instances {
                self.book.note(instance, slot);
            }
            slot.add_up(self.book.served_in(minute));
        }
        self.traffic = reading.traffic;
        self.fold();
        self.forget();
    }

    /// Whole hours of which no minute is needed any more become a slot each.
    fn fold(&mut self) {
        let first_needed = self.now().saturating_sub(MINUTES);
        while let Some(at) = self.slots.iter().position(|slot| slot.minutes == 1) {
            let hour = self.slots[at].start / HOUR;
            if (hour + 1) * HOUR > first_needed {
                break;
            }
            let of_hour = self.slots.iter().skip(at).take_while(|slot| slot.start / HOUR == hour);
            let end = at + of_hour.count();
            let of_hour = Slot::of_hour(hour, self.slots.drain(at..end));
            self.slots.insert(at, of_hour);
        }
    }

    fn forget(&mut self) {
        let oldest = self.now().saturating_sub(KEPT);
        while self.slots.front().is_some_and(|slot| slot.start < oldest) {
            self.slots.pop_front();
        }
        self.book.forget(oldest, MOST_INSTANCES);
        let mut points: usize = self.slots.iter().map(Slot::points).sum();
        for slot in &mut self.slots {
            if points <= self.most_points {
                break;
            }
            points -= slot.drop_points();
        }
    }
}

/// The minute of a time in seconds, both counted from 1970.
fn minute(time: u64) -> u32 {
    u32::try_from(time / 60).unwrap_or(u32::MAX - KEPT)
}

#[cfg(test)]
mod tests;
