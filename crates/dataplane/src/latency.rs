//! How long responses took: a histogram of each thread, and their sum.

use crate::count::Count;

/// The upper bounds of the buckets, in microseconds. Most responses take a few; one that waits for a
/// signature of the identity document may take a second.
const BOUNDS: [u64; 14] =
    [10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 50_000, 100_000, 500_000, 1_000_000];

/// How many responses took how long.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Latency {
    /// Responses in each bucket alone; the last has those above all bounds.
    buckets: [u64; BOUNDS.len() + 1],
    /// The sum of all times, in microseconds.
    pub micros: u64,
}

impl Latency {
    /// Each bucket's upper bound in microseconds, and the responses in it alone; the last has no
    /// bound.
    pub fn buckets(&self) -> impl Iterator<Item = (Option<u64>, u64)> {
        let bounds = BOUNDS.into_iter().map(Some).chain([None]);
        bounds.zip(self.buckets)
    }
}

/// One thread's times.
#[derive(Debug, Default)]
pub(crate) struct Histogram {
    buckets: [Count; BOUNDS.len() + 1],
    micros: Count,
}

impl Histogram {
    pub(crate) fn observe(&self, micros: u64) {
        self.buckets[BOUNDS.partition_point(|&bound| bound < micros)].add(1);
        self.micros.add(micros);
    }

    pub(crate) fn add_to(&self, sum: &mut Latency) {
        // The sum of times first: it may be a response behind the buckets, but never ahead.
        sum.micros += self.micros.get();
        for (sum, bucket) in sum.buckets.iter_mut().zip(&self.buckets) {
            *sum += bucket.get();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_its_bucket() {
        let (one, other) = (Histogram::default(), Histogram::default());
        for micros in [0, 10, 11, 1_000_000] {
            one.observe(micros);
        }
        other.observe(1_000_001);
        let mut sum = Latency::default();
        one.add_to(&mut sum);
        other.add_to(&mut sum);
        let filled: Vec<_> = sum.buckets().filter(|&(_, count)| count > 0).collect();
        assert_eq!(filled, [(Some(10), 2), (Some(25), 1), (Some(1_000_000), 1), (None, 1)]);
        assert_eq!(sum.micros, 2_000_022);
    }
}
