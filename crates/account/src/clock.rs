//! The one place that asks what time it is.

use std::cell::Cell;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use imds_core::Moment;

/// Makes the [`Moment`] of each request that a thread answers.
pub struct Clock {
    /// Random at first, so that no two threads or runs count alike, and then counted up.
    serial: Cell<u64>,
    /// What was read last, and for events of when.
    read: Cell<Option<(Instant, Moment)>>,
}

impl Clock {
    /// A clock with a count of its own.
    pub fn new() -> Result<Self, getrandom::Error> {
        Ok(Self { serial: Cell::new(getrandom::u64()?), read: Cell::default() })
    }

    /// The moment of a request that came at `came`; no two are alike. The time of day is read once for all that
    /// came together.
    pub fn at(&self, came: Instant) -> Moment {
        let serial = self.serial.get().wrapping_add(1);
        self.serial.set(serial);
        let moment = match self.read.get() {
            Some((of, moment)) if of == came => moment,
            _ => read(came),
        };
        self.read.set(Some((came, moment)));
        Moment { serial, ..moment }
    }
}

fn read(came: Instant) -> Moment {
    static STEADY: SteadyClock = SteadyClock::new();
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);

    let unix_ms = unix_ms();
    let running = came.saturating_duration_since(*START);
    let running_ms = u64::try_from(running.as_millis()).unwrap_or(u64::MAX);
    Moment { unix_ms, steady_ms: STEADY.now(unix_ms, running_ms), serial: 0 }
}

/// Milliseconds since 1970; 0 on a machine whose clock stands before that.
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
pub fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_secs() * 1000 + u64::from(since.subsec_millis())
}

/// Milliseconds since the machine was started, those in which it slept as well. Nobody sets it.
pub fn boot_ms() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let (seconds, nanoseconds) = (time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs());
    seconds * 1000 + nanoseconds / 1_000_000
}

/// A time of day that goes on where the machine's clock is set back. All threads have the same.
struct SteadyClock {
    /// How far the time of day was ever ahead of the time since the start, in milliseconds. Written only
    /// when that grows, so that threads do not wait for each other.
    ahead_ms: AtomicU64,
}

impl SteadyClock {
    const fn new() -> Self {
        Self { ahead_ms: AtomicU64::new(0) }
    }

    fn now(&self, unix_ms: u64, running_ms: u64) -> u64 {
        let ahead = unix_ms.saturating_sub(running_ms);
        let most = self.ahead_ms.load(Ordering::Relaxed);
        let most = if ahead > most {
            self.ahead_ms.fetch_max(ahead, Ordering::Relaxed).max(ahead)
        } else {
            most
        };
        running_ms.saturating_add(most)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn requests_that_came_together_have_one_time_and_a_number_each() {
        let (clock, came) = (Clock::new().unwrap(), Instant::now());
        let (one, other) = (clock.at(came), clock.at(came));
        assert_eq!((one.unix_ms, one.steady_ms), (other.unix_ms, other.steady_ms));
        assert_ne!(one.serial, other.serial);
        let later = clock.at(came + Duration::from_secs(5));
        assert!(later.steady_ms > one.steady_ms + 4_000, "{one:?}, {later:?}");
    }

    #[test]
    fn a_clock_that_is_set_back_changes_nothing_and_one_set_forward_is_followed() {
        const DAY: u64 = 86_400_000;
        let clock = SteadyClock::new();
        assert_eq!(clock.now(DAY, 0), DAY);
        assert_eq!(clock.now(DAY + 5, 5), DAY + 5);
        assert_eq!(clock.now(0, 1_000), DAY + 1_000, "set back");
        assert_eq!(clock.now(7, 2_000), DAY + 2_000);
        assert_eq!(clock.now(3 * DAY, 3_000), 3 * DAY, "set forward");
        assert_eq!(clock.now(2 * DAY, 4_000), 3 * DAY + 1_000);
        assert_eq!(clock.now(u64::MAX, u64::MAX), u64::MAX);
    }
}
