//! How long to wait before another try.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(1);

/// The pause after `failures` failures in a row: anything up to 50 ms, 100 ms, 200 ms, … 1 s, by
/// `fraction`, a random number from 0 to 1. `Retry-After` is a lower bound.
pub(crate) fn pause(failures: u32, fraction: f64, retry_after: Option<Duration>) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let full = FIRST.saturating_mul(1 << doublings).min(LONGEST);
    full.mul_f64(fraction.clamp(0.0, 1.0)).max(retry_after.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_a_second() {
        let pauses: Vec<_> = (1..8).map(|n| pause(n, 1.0, None).as_millis()).collect();
        assert_eq!(pauses, [50, 100, 200, 400, 800, 1000, 1000]);
        assert_eq!(pause(u32::MAX, 1.0, None), LONGEST);
    }

    #[test]
    fn takes_any_part_of_it() {
        assert_eq!(pause(3, 0.0, None), Duration::ZERO);
        assert_eq!(pause(3, 0.5, None), Duration::from_millis(100));
    }

    #[test]
    fn waits_as_long_as_the_service_wants() {
        let wanted = Duration::from_secs(3);
        assert_eq!(pause(1, 0.2, Some(wanted)), wanted);
    }
}
