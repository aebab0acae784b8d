//! Durations as text.

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Span, SpanRelativeTo};

/// A duration above 0 such as `200ms`, `5m` or `1d`, up to `most`.
pub(super) fn duration(text: &str, most: Duration) -> Option<Duration> {
    let duration = Duration::try_from(signed_duration(text)?).ok()?;
    (!duration.is_zero() && duration <= most).then_some(duration)
}

/// A duration, or one with a minus sign; a day has 24 hours.
pub(super) fn signed_duration(text: &str) -> Option<SignedDuration> {
    let span: Span = text.parse().ok()?;
    span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()
}

/// Writes a duration as [`duration`] reads it, without blanks.
pub(super) fn write_duration(out: &mut fmt::Formatter<'_>, duration: Duration) -> fmt::Result {
    let nanos = duration.as_nanos();
    let units = [
        (3_600_000_000_000, "h"),
        (60_000_000_000, "m"),
        (1_000_000_000, "s"),
        (1_000_000, "ms"),
        (1000, "us"),
        (1, "ns"),
    ];
    let (size, unit) =
        units.into_iter().find(|(size, _)| nanos.is_multiple_of(*size)).unwrap_or((1, "ns"));
    write!(out, "{}{unit}", nanos / size)
}
