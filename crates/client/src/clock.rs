//! The one place that reads clocks and random numbers.

use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, SystemTime};

/// The wall clock, for times that the service states.
#[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}

/// Time since the machine's boot, suspension included: a token's life goes on while a laptop or a
/// hibernated instance sleeps, and no correction of the wall clock changes it.
#[cfg(target_os = "linux")]
pub(crate) fn since_boot() -> Duration {
    use rustix::time::{ClockId, clock_gettime};

    let time = clock_gettime(ClockId::Boottime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Time since the first call, by the clock of [`std::time::Instant`]. Where that clock stops while the
/// machine sleeps, the service refuses a token that expired meanwhile, and it is replaced.
#[cfg(not(target_os = "linux"))]
pub(crate) fn since_boot() -> Duration {
    use std::sync::OnceLock;
    use std::time::Instant;

    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

/// A fraction from 0 to 1, different each time, so that processes that fail together do not retry
/// together.
pub(crate) fn random_fraction() -> f64 {
    // The standard library seeds this from the system's random numbers, and counts up for each.
    let sample = RandomState::new().hash_one(0_u8);
    f64::from(u32::try_from(sample >> 32).unwrap_or(0)) / f64::from(u32::MAX)
}
