//! Values that are more than a Rust primitive.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A time, stored as milliseconds since 1970. `Display` is EC2's format:
/// `2026-11-22T08:00:00.000Z`.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    serde::Deserialize,
    serde::Serialize,
)]
#[serde(into = "i64", try_from = "i64")]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// None beyond the year 9999.
    pub fn from_unix_ms(unix_ms: i64) -> Option<Self> {
        jiff::Timestamp::from_millisecond(unix_ms).ok().map(Self)
    }

    /// Milliseconds since 1970.
    pub fn unix_ms(self) -> i64 {
        self.0.as_millisecond()
    }

    /// ISO 8601 with an offset, as SDKs send it; a fraction of a millisecond is dropped.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let timestamp: jiff::Timestamp = text.parse().ok()?;
        Self::from_unix_ms(timestamp.as_millisecond())
    }
}

impl From<Timestamp> for i64 {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.unix_ms()
    }
}

impl TryFrom<i64> for Timestamp {
    type Error = &'static str;

    fn try_from(unix_ms: i64) -> Result<Self, Self::Error> {
        Self::from_unix_ms(unix_ms).ok_or("it is beyond the year 9999")
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.0)
    }
}

/// Bytes, which travel as base64. They may be user data, so `Debug` only counts them.
#[derive(Clone, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub struct Blob(pub Vec<u8>);

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blob({} bytes)", self.0.len())
    }
}

impl Blob {
    pub(crate) fn from_base64(text: &str) -> Option<Self> {
        STANDARD.decode(text).ok().map(Self)
    }

    pub(crate) fn to_base64(&self) -> String {
        STANDARD.encode(&self.0)
    }
}

/// Text that the model calls sensitive, such as user data. `Debug` shows nothing of it.
#[derive(Clone, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub struct Sensitive(pub String);

impl fmt::Debug for Sensitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sensitive(…)")
    }
}
