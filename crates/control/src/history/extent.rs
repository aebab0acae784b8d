//! Values put together: what `CloudWatch` calls a statistic set.

use std::ops::AddAssign;

/// How many values there are, their sum, the least and the greatest.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Extent {
    /// How many values.
    pub count: u64,
    /// Their sum.
    pub sum: u64,
    /// The least; 0 without a value.
    pub min: u64,
    /// The greatest; 0 without a value.
    pub max: u64,
}

impl Extent {
    /// One value.
    pub fn of(value: u64) -> Self {
        Self { count: 1, sum: value, min: value, max: value }
    }
}

impl AddAssign for Extent {
    fn add_assign(&mut self, other: Self) {
        match (self.count, other.count) {
            (_, 0) => {}
            (0, _) => *self = other,
            _ => {
                self.count += other.count;
                self.sum = self.sum.saturating_add(other.sum);
                self.min = self.min.min(other.min);
                self.max = self.max.max(other.max);
            }
        }
    }
}
