//! Time as an argument, and the ways the service writes it.

use jiff::Timestamp;
use jiff::fmt::strtime;

/// When a request is answered. The edge of the program makes it; nothing here asks a clock.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Moment {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub unix_ms: u64,
    /// The same by a clock that is never set back while the service runs: what tokens live by.
    pub steady_ms: u64,
    /// A number no other request to the same [`Keyring`](crate::Keyring) has had at this
    /// millisecond: what makes two tokens of one instant differ.
    pub serial: u64,
}

impl Moment {
    /// Whole seconds since 1970-01-01T00:00:00Z.
    pub fn unix_seconds(self) -> u64 {
        self.unix_ms / 1000
    }
}

/// A date as HTTP header fields have it: `Wed, 30 Jul 2025 08:00:00 GMT` (RFC 9110, IMF-fixdate).
#[derive(Clone, Debug)]
pub struct HttpDate {
    unix_seconds: u64,
    text: String,
}

impl HttpDate {
    /// The date of a second.
    pub fn new(unix_seconds: u64) -> Self {
        Self { unix_seconds, text: write("%a, %d %b %Y %H:%M:%S GMT", unix_seconds) }
    }

    /// Moves to `unix_seconds`; costs nothing while the second has not changed.
    pub fn advance(&mut self, unix_seconds: u64) {
        if self.unix_seconds != unix_seconds {
            *self = Self::new(unix_seconds);
        }
    }

    /// The 29 characters.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// A date as metadata documents have it: `2024-05-01T12:00:00Z`, UTC, no fractions (botocore reads
/// no other form).
pub fn iso8601(unix_seconds: u64) -> String {
    write("%Y-%m-%dT%H:%M:%SZ", unix_seconds)
}

/// A date as scheduled events have it, and nothing else: `21 Jan 2019 09:00:43 GMT`.
pub(crate) fn event_date(unix_seconds: u64) -> String {
    write("%-d %b %Y %H:%M:%S GMT", unix_seconds)
}

fn write(format: &str, unix_seconds: u64) -> String {
    let second = i64::try_from(unix_seconds).unwrap_or(i64::MAX);
    let timestamp = Timestamp::from_second(second).unwrap_or(Timestamp::MAX);
    strtime::format(format, timestamp).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_http_and_aws_write_them() {
        assert_eq!(HttpDate::new(1_548_063_150).as_str(), "Mon, 21 Jan 2019 09:32:30 GMT");
        assert_eq!(iso8601(1_548_063_150), "2019-01-21T09:32:30Z");
        assert_eq!(event_date(1_548_063_150), "21 Jan 2019 09:32:30 GMT");
        assert_eq!(HttpDate::new(0).as_str().len(), 29);
        assert!(!iso8601(u64::MAX).is_empty());
    }
}
