//! The one place that asks what time it is.

use std::cell::Cell;
use std::time::{SystemTime, UNIX_EPOCH};

use imds_core::Moment;

/// Makes the [`Moment`] of each request that a thread answers.
pub struct Clock {
    /// Random at first, so that no two threads or runs count alike, and then counted up.
    serial: Cell<u64>,
}

impl Clock {
    /// A clock with a count of its own.
    pub fn new() -> Result<Self, getrandom::Error> {
        Ok(Self { serial: Cell::new(getrandom::u64()?) })
    }

    /// The present moment; no two are alike.
    pub fn now(&self) -> Moment {
        let serial = self.serial.get().wrapping_add(1);
        self.serial.set(serial);
        Moment { unix_ms: unix_ms(), serial }
    }
}

/// Milliseconds since 1970; 0 on a machine whose clock stands before that.
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
pub fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_secs() * 1000 + u64::from(since.subsec_millis())
}
