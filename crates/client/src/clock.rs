//! The one place that asks what time it is, and for chance.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};

/// Time since the machine's boot, suspension included: a token's life goes on while a laptop or a
/// hibernated instance sleeps, and no correction of the wall clock moves it.
pub(crate) fn since_boot() -> Duration {
    let time = clock_gettime(ClockId::Boottime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// The wall clock, for times that the service states.
pub(crate) fn wall() -> Timestamp {
    Timestamp::now()
}

/// A fraction from 0 to 1, different each time, so that processes that fail together do not come
/// back together.
pub(crate) fn chance() -> f64 {
    // The standard library seeds this from the system's random numbers, and counts up for each.
    let sample = RandomState::new().hash_one(0_u8);
    f64::from(u32::try_from(sample >> 32).unwrap_or(0)) / f64::from(u32::MAX)
}
