//! Durations and times as text.

use std::time::Duration;

/// Parses a duration such as `2s`, `1m 30s`, `500ms` or `3d`; a day has 24 hours.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let span = text.parse().ok().and_then(|span: jiff::Span| {
        span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok()
    });
    let duration = span.ok_or_else(|| {
        format!("{text:?} is not a duration; write a number and a unit, such as 2s, 500ms or 3d")
    })?;
    Duration::try_from(duration).map_err(|_| format!("{text:?} is negative"))
}

/// Parses a time such as `2026-01-01T00:00:00Z` (RFC 3339), to seconds since 1970.
pub(crate) fn time(text: &str) -> Result<u64, String> {
    let parsed: Result<jiff::Timestamp, _> = text.parse();
    let seconds = parsed.ok().and_then(|time| u64::try_from(time.as_second()).ok());
    seconds.ok_or_else(|| format!("{text:?} is not a time such as 2026-01-01T00:00:00Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_number_and_a_unit_up_to_weeks() {
        for (text, milliseconds) in [
            ("500ms", 500),
            ("2s", 2000),
            ("1m 30s", 90_000),
            ("1h", 3_600_000),
            ("3d", 259_200_000),
            ("1w", 604_800_000),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for (text, rule) in
            [("3", "a unit"), ("soon", "a unit"), ("1mo", "a unit"), ("-2s", "is negative")]
        {
            let error = duration(text).unwrap_err();
            assert!(error.contains(text) && error.contains(rule), "{error}");
        }
    }
}
