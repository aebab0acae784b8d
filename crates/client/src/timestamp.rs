//! Times as the service writes them, to and from the standard library's type.

use std::time::SystemTime;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde::{Deserialize, Deserializer};

/// An HTTP date, such as `Thu, 01 Jan 2026 00:00:07 GMT`.
pub(crate) fn parse_http_date(text: &str) -> Option<SystemTime> {
    rfc2822::DateTimeParser::new().parse_timestamp(text).ok().map(SystemTime::from)
}

/// RFC 3339 in UTC, such as `2026-01-01T00:00:07Z`. Times that have no such form (before the year
/// -9999, after 9999) are written as the nearest that does.
pub(crate) fn rfc3339(time: SystemTime) -> String {
    let nearest = if time < SystemTime::UNIX_EPOCH { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::try_from(time).unwrap_or(nearest).to_string()
}

/// Reads RFC 3339 in a JSON document.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(source: D) -> Result<SystemTime, D::Error> {
    Timestamp::deserialize(source).map(SystemTime::from)
}

/// The same for a field that may be missing or null.
pub(crate) fn deserialize_optional<'de, D: Deserializer<'de>>(
    source: D,
) -> Result<Option<SystemTime>, D::Error> {
    Ok(Option::<Timestamp>::deserialize(source)?.map(SystemTime::from))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn both_forms_are_the_same_instant() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_607);
        assert_eq!(parse_http_date("Thu, 01 Jan 2026 00:00:07 GMT"), Some(time));
        assert_eq!(rfc3339(time), "2026-01-01T00:00:07Z");
        assert_eq!(parse_http_date("soon"), None);
    }
}
