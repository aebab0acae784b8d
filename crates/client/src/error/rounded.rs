//! Durations in messages.

use std::time::Duration;

/// A duration as people read it: `0.4 ms`, `230 ms`, `1.5 s`.
pub(crate) fn rounded(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds >= 0.9995 {
        format!("{seconds:.1} s")
    } else if seconds >= 0.000_95 {
        format!("{:.0} ms", seconds * 1e3)
    } else {
        format!("{:.1} ms", seconds * 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Error, Silence, Unreachable};

    #[test]
    fn durations_are_rounded() {
        for (microseconds, text) in [
            (0, "0.0 ms"),
            (431, "0.4 ms"),
            (1_004, "1 ms"),
            (229_631, "230 ms"),
            (999_400, "999 ms"),
            (999_900, "1.0 s"),
            (5_000_123, "5.0 s"),
        ] {
            assert_eq!(rounded(Duration::from_micros(microseconds)), text);
        }
        let waited = Duration::from_micros(1_000_321);
        let error = Error::TimedOut { endpoint: "x".into(), waited, silence: Silence::Slow };
        assert!(error.to_string().starts_with("no response from x within 1.0 s: "), "{error}");
    }

    #[test]
    fn messages_name_attempts_and_error_codes() {
        let unreachable = |reason, attempts| {
            Error::Unreachable { endpoint: "http://x".into(), reason, attempts }.to_string()
        };
        assert!(unreachable(Unreachable::Prohibited, 1).contains("EACCES"));
        assert!(unreachable(Unreachable::Filtered, 1).contains("EPERM"));
        assert!(unreachable(Unreachable::TimedOut, 4).contains("http://x in 4 attempts: "));
    }
}
